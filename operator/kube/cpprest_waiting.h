// The callbacks of what is under way, by its number. Core thread. Private to the transport.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kube/transport.h"

namespace processhub::kube::cpprest {

struct Waiting {
  std::unordered_map<uint64_t, std::function<void(Result<Response>)>> requests;
  std::unordered_map<uint64_t, std::shared_ptr<StreamCallbacks>> streams;
  std::unordered_map<uint64_t, std::function<void(Result<void>)>> connects;

  void end(uint64_t id, Result<Response> result) {
    if (const auto found = requests.find(id); found != requests.end()) {
      const auto done = std::move(found->second);
      requests.erase(found);
      done(std::move(result));
    } else if (const auto stream = streams.find(id); stream != streams.end()) {
      const auto callbacks = stream->second;
      streams.erase(stream);
      callbacks->end(std::move(result));
    }
  }

  void connected(uint64_t id, Result<void> result) {
    const auto found = connects.find(id);
    if (found == connects.end()) return;
    const auto done = std::move(found->second);
    connects.erase(found);
    done(std::move(result));
  }

  void opened(uint64_t id) {
    const auto stream = streams.find(id);
    if (stream == streams.end() || !stream->second->opened) return;
    const auto callbacks = stream->second;  // kept while it runs: it may drop the stream
    callbacks->opened();
  }

  void lines(uint64_t id, std::vector<std::string> lines) {
    const auto stream = streams.find(id);
    if (stream == streams.end()) return;
    const auto callbacks = stream->second;  // kept while it runs: it may drop the stream
    callbacks->lines(std::move(lines));
  }
};

}  // namespace processhub::kube::cpprest
