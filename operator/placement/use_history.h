// What has been used of a node lately, as one number: the newest sample weighs 1, each older
// one `decay` times as much as the next (ProcessHub's weight_decay_factor).
#pragma once

#include <deque>
#include <optional>

namespace processhub::placement {

class UseHistory {
 public:
  // Of the samples so far, the newest `most` are kept.
  void add(double sample, size_t most) {
    samples_.push_front(sample);
    while (samples_.size() > most) samples_.pop_back();
  }

  // None without samples.
  [[nodiscard]] std::optional<double> mean(double decay) const {
    double sum = 0;
    double weights = 0;
    double weight = 1;
    for (const double sample : samples_) {
      sum += weight * sample;
      weights += weight;
      weight *= decay;
    }
    if (samples_.empty()) return std::nullopt;
    return sum / weights;
  }

 private:
  std::deque<double> samples_;  // newest first
};

}  // namespace processhub::placement
