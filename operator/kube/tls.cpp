#include "kube/tls.h"

#include <cstdlib>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <utility>
#include <vector>

namespace processhub::kube {
namespace {

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
void free_bio(BIO* bio) { BIO_free_all(bio); }
using BioPtr = std::unique_ptr<BIO, Deleter<BIO, free_bio>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE, X509_STORE_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;

// What the environment said before disable_default_roots().
std::string& given_roots() {
  static std::string path;
  return path;
}

BioPtr reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<CertificatePtr> certificates_of(const std::string& pem) {
  std::vector<CertificatePtr> certificates;
  const BioPtr bio = reader(pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  ERR_clear_error();  // the end of the text is reported as an error
  return certificates;
}

std::string origin(const TextSource& source, const char* inline_name) {
  return source.file.empty() ? std::string(inline_name) : source.file;
}

Result<std::string> system_roots(const FileReader& files) {
  for (const std::string& path :
       {given_roots(), std::string("/etc/ssl/certs/ca-certificates.crt"),
        std::string("/etc/pki/tls/certs/ca-bundle.crt"), std::string("/etc/ssl/cert.pem")}) {
    if (path.empty()) continue;
    if (auto text = files.read(path); text) return text;
  }
  return fail(ErrorKind::kIo,
              "no CA is configured for the API server and the system has no certificate bundle: "
              "give certificate-authority in the kubeconfig, or install ca-certificates");
}

Result<void> trust(SSL_CTX* context, const ConnectionConfig& config, const FileReader& files) {
  const auto pem = config.ca.empty() ? system_roots(files) : config.ca.read(files);
  if (!pem) return tl::unexpected(pem.error());
  StorePtr store(X509_STORE_new());
  const auto certificates = certificates_of(*pem);
  if (certificates.empty()) {
    return fail(ErrorKind::kInvalid,
                "no certificate in " + origin(config.ca, "the configured certificate authority"));
  }
  for (const CertificatePtr& certificate : certificates) {
    X509_STORE_add_cert(store.get(), certificate.get());
  }
  // As with Go's clients, each of these certificates is trusted, a root or not.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_cert_store(context, store.release());
  return {};
}

int refuse_passphrase(char*, int, int, void*) { return 0; }  // never ask on the terminal

Result<void> identify(SSL_CTX* context, const ConnectionConfig& config, const FileReader& files) {
  if (config.certificate.empty()) return {};
  const auto pem = config.certificate.read(files);
  if (!pem) return tl::unexpected(pem.error());
  const auto chain = certificates_of(*pem);
  const std::string where = origin(config.certificate, "the configured client certificate");
  if (chain.empty()) return fail(ErrorKind::kInvalid, "no certificate in " + where);
  const auto key_pem = config.key.read(files);
  if (!key_pem) return tl::unexpected(key_pem.error());
  const KeyPtr key(
      PEM_read_bio_PrivateKey(reader(*key_pem).get(), nullptr, refuse_passphrase, nullptr));
  const std::string key_where = origin(config.key, "the configured client key");
  if (key == nullptr) {
    ERR_clear_error();
    return fail(ErrorKind::kInvalid, "no usable private key in " + key_where);
  }
  bool fits = SSL_CTX_use_certificate(context, chain.front().get()) == 1;
  for (size_t i = 1; fits && i < chain.size(); ++i) {
    fits = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  fits = fits && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
  if (!fits) {
    // Also while both files are being replaced: the next connection tries again.
    ERR_clear_error();
    return fail(ErrorKind::kInvalid, "the key in " + key_where + " is not that of " + where);
  }
  return {};
}

int verify(X509_STORE_CTX* chain, void* argument) {
  auto* problem = static_cast<std::string*>(argument);
  if (X509_verify_cert(chain) == 1) return 1;
  const int code = X509_STORE_CTX_get_error(chain);
  // asio's look at the host name refuses without a code of OpenSSL's.
  *problem =
      code == X509_V_OK || code == X509_V_ERR_UNSPECIFIED
          ? "its certificate is for another host name"
          : std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(code);
  return 0;
}

}  // namespace

void disable_default_roots() {
  if (given_roots().empty()) {
    if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr) given_roots() = file;
  }
  setenv("SSL_CERT_FILE", "/dev/null", 1);
  setenv("SSL_CERT_DIR", "", 1);
}

Result<void> set_up_tls(SSL_CTX* context, const ConnectionConfig& config, const FileReader& files,
                        std::string* verify_problem) {
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (!config.insecure_skip_tls_verify) {
    if (auto trusted = trust(context, config, files); !trusted) return trusted;
    SSL_CTX_set_cert_verify_callback(context, verify, verify_problem);
  }
  return identify(context, config, files);
}

}  // namespace processhub::kube
