// The bearer token: read again from its file as it rotates.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_reader.h"
#include "kube/credentials.h"

namespace processhub::kube {

class TokenSource {
 public:
  TokenSource(TextSource source, const FileReader& files, const Clock& clock, Duration lifetime)
      : source_(std::move(source)), files_(files), clock_(clock), lifetime_(lifetime) {}

  // Empty where there is none to send. The file is read where the token is older than
  // `lifetime`; should that fail, the last one is given on. kIo where there never was one.
  [[nodiscard]] Result<std::string> get();

  // After 401: the file is read the next time.
  void expire() { read_at_.reset(); }

 private:
  TextSource source_;
  const FileReader& files_;
  const Clock& clock_;
  Duration lifetime_;
  std::string token_;
  std::optional<SteadyTime> read_at_;
};

}  // namespace processhub::kube
