// Where a reflector puts what it reads: a store of typed objects (cache/store_sink.h),
// or a test.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "base/names.h"
#include "base/result.h"

namespace processhub::watch {

// All but the last two are set. Objects hold what the reflector's projection keeps. An Error of
// replace_item or upsert: the object cannot be read, and what was known of it stays.
struct ReflectorSink {
  // A whole list: begin, any number of items, end. After a begin that has no end, another
  // begin follows and the items in between do not count. An item may come twice.
  std::function<void()> replace_begin;
  std::function<Result<void>(nlohmann::json&&)> replace_item;
  std::function<void(const ResourceVersion&)> replace_end;

  std::function<Result<void>(nlohmann::json&&)> upsert;
  std::function<void(nlohmann::json&&)> remove;  // its last state, at the deletion's version
  std::function<void(const ResourceVersion&)> bookmark;

  // For who must know whether it would hear of a change. `opened`: the server has accepted a
  // watch. `broken`: a watch ended otherwise than in order, or none can be opened; may be told
  // several times.
  std::function<void()> opened = {};
  std::function<void()> broken = {};
};

}  // namespace processhub::watch
