// One request or stream that is under way. Private to the transport.
#pragma once

#include <atomic>
#include <boost/asio/io_service.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <pplx/pplxcancellation_token.h>
#include <pplx/threadpool.h>
#include <string>
#include <utility>

#include "kube/line_decoder.h"
#include "kube/transport.h"

namespace processhub::kube::cpprest {

inline boost::asio::io_service& library_thread() {
  return crossplat::threadpool::shared_instance().service();
}

// The library's thread alone, but for `pending`.
struct Operation {
  Operation(uint64_t number, Request what, std::optional<std::chrono::milliseconds> idle,
            size_t max_line)
      : id(number),
        request(std::move(what)),
        idle_limit(idle),
        body_size(request.body.size()),
        decoder(max_line),
        timer(library_thread()) {}

  [[nodiscard]] bool streaming() const { return idle_limit.has_value(); }

  const uint64_t id;
  Request request;
  const std::optional<std::chrono::milliseconds> idle_limit;  // none: an ordinary request
  const size_t body_size;

  pplx::cancellation_token_source cancellation;
  bool connected = false;  // the head of the request has left
  bool sent = false;       // all of it has left
  bool again = false;      // this is the second try
  bool answered = false;   // its end has been told to the core thread, or nobody asks
  std::optional<int> status;
  std::optional<std::chrono::milliseconds> wait;  // Retry-After
  std::string body;  // of the answer; of a stream only before or without a 200
  LineDecoder decoder;
  boost::asio::steady_timer timer;
  std::chrono::steady_clock::time_point heard = std::chrono::steady_clock::now();
  std::shared_ptr<std::atomic<size_t>> pending = std::make_shared<std::atomic<size_t>>(0);
};
using OperationPtr = std::shared_ptr<Operation>;

}  // namespace processhub::kube::cpprest
