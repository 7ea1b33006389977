// Just enough HTTP for the worker, by Boost.Beast, which links statically. Plain, blocking, one
// thread a connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace processhub::worker {

struct Request {
  std::string method;
  std::string path;
  std::string body;
};

struct Answer {
  int status = 200;
  std::string body = {};  // JSON
};

// Serves until the process ends; any thread may run `handler`. Returns why it could not.
std::string serve(const std::string& address, uint16_t port,
                  const std::function<Answer(const Request&)>& handler);

// The status of the answer to a POST; none where there was no answer in time. `url` has an IP
// address and a port, such as http://10.0.0.7:8080/processhub/handover.
[[nodiscard]] std::optional<int> post(const std::string& url, const std::string& body,
                                      std::chrono::milliseconds timeout);

}  // namespace processhub::worker
