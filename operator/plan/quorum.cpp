#include "plan/quorum.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <utility>

#include "plan/labels.h"

namespace processhub::plan {
namespace {

// --- what DynamicQuorum remembers ---

void note_presence(std::vector<Presence>& history, WallTime since, int present) {
  // A wall clock that was set back must not turn the order round.
  if (!history.empty()) since = std::max(since, history.back().since);
  if (history.empty() || history.back().present != present) {
    history.push_back({.since = since, .present = present});
  }
}

// Those that have ended before `from` do not count any more.
void prune(std::vector<Presence>& history, WallTime from) {
  const auto ended = [&](size_t i) { return history[i + 1].since <= from; };
  size_t old = 0;
  while (old + 1 < history.size() && ended(old)) ++old;
  history.erase(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(old));
}

// What the nodes' own times tell of the time since `from`: one that is away since then was
// present before, and the other way round.
std::vector<Presence> reconstruct(const std::vector<QuorumInput::KnownNode>& nodes, WallTime from,
                                  WallTime now) {
  int present = 0;
  std::map<WallTime, int> changes;
  for (const QuorumInput::KnownNode& node : nodes) {
    const bool changed = node.since > from;
    if (node.present != changed) ++present;
    if (changed) changes[std::min(node.since, now)] += node.present ? 1 : -1;
  }
  std::vector<Presence> history{{.since = from, .present = present}};
  for (const auto& [when, by] : changes) note_presence(history, when, present += by);
  return history;
}

// --- the strategies ---

class Judge {
 public:
  explicit Judge(const QuorumInput& input) : in_(input) {
    out_.known = in_.known;
    out_.present = static_cast<int>(std::count_if(in_.nodes.begin(), in_.nodes.end(),
                                                  [](const auto& node) { return node.present; }));
  }

  Quorum judge() {
    using Kind = api::PartitionToleranceKind;
    switch (in_.spec.strategy) {
      case Kind::kDivergence:
        out_.reason = "Divergence";
        break;
      case Kind::kStaticQuorum:
        static_quorum();
        break;
      case Kind::kDynamicQuorum:
        dynamic_quorum();
        break;
      case Kind::kMajorityQuorum:
        majority_quorum();
        break;
    }
    return std::move(out_);
  }

 private:
  void static_quorum() {
    const api::StaticQuorumSpec& spec = in_.spec.static_quorum;
    out_.required = spec.size;
    out_.max_seen = greatest_seen(out_.present);
    if (no_node()) return;
    if (spec.size > out_.known) {
      return lock("SizeExceedsNodes",
                  fmt::format("partitionTolerance.staticQuorum.size is {}, but {} match "
                              "spec.nodes.selector: lower size, or add nodes.",
                              spec.size, nodes(out_.known)));
    }
    const bool confirmed = spec.startup_confirm || out_.max_seen >= spec.size;
    if (confirmed) {
      return compare("partitionTolerance.staticQuorum.size",
                     "Bring nodes back, or lower size if they are gone for good.");
    }
    hold(
        fmt::format("{}. Fewer will do until {} have been present for the first time "
                    "(partitionTolerance.staticQuorum.startupConfirm is false)",
                    counts(), spec.size));
  }

  void dynamic_quorum() {
    const api::DynamicQuorumSpec& spec = in_.spec.dynamic_quorum;
    const WallTime from = in_.now - spec.threshold;
    if (in_.previous != nullptr && !in_.previous->history.empty()) {
      out_.history = in_.previous->history;
      note_presence(out_.history, in_.now, out_.present);
    } else {
      out_.history = reconstruct(in_.nodes, from, in_.now);
    }
    prune(out_.history, from);
    int greatest = 0;
    for (const Presence& presence : out_.history) greatest = std::max(greatest, presence.present);
    // Of none at all, any percentage would be there.
    out_.required = std::max(1, (greatest * spec.percent + 99) / 100);
    look_again_at_the_end_of(greatest);
    if (no_node()) return;
    const auto seconds = spec.threshold.count();
    compare(fmt::format("{} % of the {} that were within the last {} s", spec.percent, greatest,
                        seconds),
            fmt::format("Bring nodes back; those that are left will do once no others have been "
                        "present for {} s.",
                        seconds));
  }

  void majority_quorum() {
    const api::MajorityQuorumSpec& spec = in_.spec.majority_quorum;
    if (spec.track_max_size) out_.max_seen = greatest_seen(out_.known);
    const int counted = spec.track_max_size ? out_.max_seen : out_.known;
    const int size = std::max(spec.initial_cluster_size, counted);
    out_.required = size / 2 + 1;
    if (no_node()) return;
    const std::string why = fmt::format("more than half of {}, {}", size, what_size_is(counted));
    if (spec.initial_cluster_size > counted) {
      return compare(why,
                     "Bring nodes back, or lower initialClusterSize if there are to be fewer.");
    }
    if (!spec.track_max_size) {
      return compare(why, "Bring nodes back, or delete the Nodes that are gone for good.");
    }
    compare(why, fmt::format("Bring nodes back; if some are gone for good, delete their Nodes and "
                             "annotate the hub with {}: \"N\", N being how many nodes there are "
                             "to be.",
                             kResetClusterSizeAnnotation));
  }

  [[nodiscard]] std::string what_size_is(int counted) const {
    const api::MajorityQuorumSpec& spec = in_.spec.majority_quorum;
    if (spec.initial_cluster_size > counted) {
      return "partitionTolerance.majorityQuorum.initialClusterSize";
    }
    return spec.track_max_size ? "the most Nodes that there ever were" : "the Nodes that there are";
  }

  [[nodiscard]] int greatest_seen(int now) const {
    if (in_.cluster_size) return std::max(*in_.cluster_size, now);
    const int before = in_.previous != nullptr ? in_.previous->max_seen : 0;
    return std::max({in_.max_seen, before, now});
  }

  // The answer changes when those that were the most have left the window.
  void look_again_at_the_end_of(int greatest) {
    if (greatest <= out_.present) return;
    for (size_t i = 0; i + 1 < out_.history.size(); ++i) {
      if (out_.history[i].present != greatest) continue;
      out_.look_again = out_.history[i + 1].since + in_.spec.dynamic_quorum.threshold;
    }
  }

  [[nodiscard]] bool no_node() {
    if (out_.known > 0) return false;
    lock("NoNodes", "no Node matches spec.nodes.selector: add nodes, or change the selector.");
    return true;
  }

  void compare(const std::string& why_so_many, const std::string& what_to_do) {
    const std::string text =
        fmt::format("{}, {} required: {}", counts(), out_.required, why_so_many);
    if (out_.present >= out_.required) return hold(text);
    lock("TooFewNodes", text + ". " + what_to_do);
  }

  void lock(std::string reason, std::string message) {
    out_.locked = true;
    out_.reason = std::move(reason);
    out_.message = std::move(message);
  }

  void hold(std::string message) {
    out_.reason = "QuorumHeld";
    out_.message = std::move(message);
  }

  static std::string nodes(int count) {
    return fmt::format("{} node{}", count, count == 1 ? "" : "s");
  }

  [[nodiscard]] std::string counts() const {
    return fmt::format("{} of {} present", out_.present, nodes(out_.known));
  }

  const QuorumInput& in_;
  Quorum out_;
};

}  // namespace

Quorum next_quorum(const QuorumInput& input) { return Judge(input).judge(); }

}  // namespace processhub::plan
