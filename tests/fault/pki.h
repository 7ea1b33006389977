// Certificates made on the spot for tests.
#pragma once

#include <memory>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string>

namespace processhub::fault {

struct Identity {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

// A certificate authority of its own, with a fresh key.
class Authority {
 public:
  explicit Authority(const std::string& name);
  ~Authority();
  [[nodiscard]] const std::string& certificate() const { return pem_; }
  // `names`: subjectAltName as OpenSSL writes it, "DNS:localhost,IP:127.0.0.1".
  [[nodiscard]] Identity issue(const std::string& common_name, const std::string& names);

 private:
  EVP_PKEY* key_;
  X509* certificate_;
  std::string pem_;
  long serial_ = 2;
};

}  // namespace processhub::fault
