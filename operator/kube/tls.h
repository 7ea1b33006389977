// TLS as the API server needs it, on an OpenSSL context: its own CA and nothing else,
// TLS 1.2 at least, the client's certificate. Files are read at each call, so that what
// rotates is picked up by the next connection.
#pragma once

#include <openssl/ssl.h>
#include <string>

#include "base/file_reader.h"
#include "base/result.h"
#include "kube/credentials.h"

namespace processhub::kube {

// Makes OpenSSL's own default roots empty for this process (parsing them would cost 20 ms a
// connection); where a config has no CA, set_up_tls reads the system's itself. Call it
// before any thread exists: it changes the environment.
void disable_default_roots();

// `verify_problem` gets the reason when the server's certificate is refused; it must live as
// long as the connections of `context`. Errors (kIo, kInvalid) name the file.
[[nodiscard]] Result<void> set_up_tls(SSL_CTX* context, const ConnectionConfig& config,
                                      const FileReader& files, std::string* verify_problem);

}  // namespace processhub::kube
