// This process in figures, read from /proc at each scrape: process_cpu_seconds_total,
// process_resident_memory_bytes, process_open_fds, process_start_time_seconds.
// What cannot be read is left out. Any thread.
#pragma once

#include <prometheus/metric_family.h>
#include <vector>

namespace processhub::server {

[[nodiscard]] std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace processhub::server
