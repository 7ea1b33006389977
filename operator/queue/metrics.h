// What a work queue tells about itself, under the names of client-go's workqueue_*
// metrics. Every function may be empty.
#pragma once

#include <functional>

#include "base/clock.h"

namespace processhub::queue {

struct QueueMetrics {
  std::function<void(size_t)> depth = {};             // keys that wait to be worked
  std::function<void()> adds = {};                    // keys added that did not wait already
  std::function<void()> retries = {};                 // delayed adds, retries included
  std::function<void(Duration)> queue_duration = {};  // how long a key waited
  std::function<void(Duration)> work_duration = {};   // how long its work took
};

}  // namespace processhub::queue
