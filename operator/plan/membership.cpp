#include "plan/membership.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using kube::Node;
using kube::Taint;

constexpr int kDefaultWeight = 100;
constexpr int kMaxWeight = 10'000;

// Kubernetes' own taints come and go under pressure and with the node's health,
// which is read from the Ready condition instead.
bool is_kubernetes_own(const Taint& taint) { return taint.key.starts_with("node.kubernetes.io/"); }

bool is_tolerated(const Taint& taint, const std::vector<api::Toleration>& tolerations) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const api::Toleration& t) { return t.tolerates(taint); });
}

bool announces_removal(const Taint& taint) {
  return taint.key == "ToBeDeletedByClusterAutoscaler" || taint.key == "karpenter.sh/disrupted";
}

bool says_dead(const Taint& taint) {
  return taint.key == "node.kubernetes.io/out-of-service" ||
         taint.key == "node.cloudprovider.kubernetes.io/shutdown";
}

bool is_said_to_be_off(const Node& node) {
  return std::any_of(node.taints.begin(), node.taints.end(), says_dead);
}

bool is_draining(const Node& node, api::OnCordon on_cordon) {
  if (on_cordon == api::OnCordon::kKeep) return false;
  return node.unschedulable ||
         std::any_of(node.taints.begin(), node.taints.end(), announces_removal);
}

bool has_untolerated(const Node& node, const api::NodesSpec& spec, bool also_no_schedule) {
  return std::any_of(node.taints.begin(), node.taints.end(), [&](const Taint& taint) {
    const bool counts =
        taint.effect == "NoExecute" || (also_no_schedule && taint.effect == "NoSchedule");
    return counts && !is_kubernetes_own(taint) && !is_tolerated(taint, spec.tolerations);
  });
}

NodeHealth health_of(const Node& node) {
  if (!node.ready_since) return NodeHealth::kUnknown;
  switch (node.ready) {
    case ConditionStatus::kTrue:
      return NodeHealth::kReady;
    case ConditionStatus::kFalse:
      return NodeHealth::kNotReady;
    case ConditionStatus::kUnknown:
      break;
  }
  return NodeHealth::kUnknown;
}

// The node's weight; a label that cannot be used counts as the default and is reported.
int weight_of(const Node& node, const std::string& label, std::vector<std::string>& problems) {
  if (label.empty()) return kDefaultWeight;
  const auto found = node.meta.labels.find(label);
  if (found == node.meta.labels.end()) return kDefaultWeight;
  const std::string& text = found->second;
  int weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error == std::errc() && end == text.data() + text.size() && weight >= 1 &&
      weight <= kMaxWeight) {
    return weight;
  }
  problems.push_back("node " + node.meta.name + ": label " + label + " is \"" + text +
                     "\", which is no integer from 1 to 10000; it counts as 100");
  return kDefaultWeight;
}

class Builder {
 public:
  explicit Builder(const MembershipInput& input) : in_(input) {}

  Membership build() {
    for (const Node* node : in_.nodes) {
      const NodeState state = state_of(*node);
      if (state.matches) {
        ++out_.matching;
        if (state.draining) ++out_.draining;
        if (state.health == NodeHealth::kReady) ++out_.present;
        if (state.suspect) ++out_.suspect;
      }
      out_.nodes.emplace(NodeName(node->meta.name), state);
    }
    out_.mass_loss = out_.suspect >= least_mass_loss();
    out_.quorum = quorum();
    if (out_.quorum.look_again) static_cast<void>(before(*out_.quorum.look_again));
    const bool over = in_.frozen_before && !out_.frozen();
    out_.losses_count_from = over ? in_.now : in_.losses_count_from;
    if (in_.previous == nullptr) {
      out_.losses_count_from = std::max(out_.losses_count_from, end_of_unseen_freeze());
    }
    for (auto& [name, state] : out_.nodes) {
      if (state.health == NodeHealth::kReady) continue;
      state.since = std::max(state.since, out_.losses_count_from);
    }
    if (out_.frozen() && in_.previous != nullptr) {
      keep_members();
    } else {
      for (const Node* node : in_.nodes) {
        const NodeState& state = out_.nodes.at(NodeName(node->meta.name));
        if (state.matches && belongs(*node, state)) add(*node, state);
      }
    }
    std::sort(out_.members.begin(), out_.members.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    std::sort(out_.problems.begin(), out_.problems.end());
    return std::move(out_);
  }

 private:
  [[nodiscard]] int least_mass_loss() const { return std::max(2, out_.matching / 2 + 1); }

  // At the operator's start: nodes that are Ready were down before they became so. When, by
  // that, so many had last been down that it was a MassLoss, or that too few were present.
  [[nodiscard]] WallTime end_of_unseen_freeze() const {
    return std::max(last_down(least_mass_loss() - out_.suspect),
                    last_down(out_.present - out_.quorum.required + 1));
  }

  // When at least so many of those that are Ready now were last down.
  [[nodiscard]] WallTime last_down(int needed) const {
    std::vector<WallTime> back;
    for (const auto& [name, state] : out_.nodes) {
      if (state.matches && state.health == NodeHealth::kReady) back.push_back(state.since);
    }
    if (needed < 1 || needed > static_cast<int>(back.size())) return {};
    std::nth_element(back.begin(), back.begin() + needed - 1, back.end(), std::greater<>());
    return back[static_cast<size_t>(needed) - 1];
  }

  [[nodiscard]] NodeState state_of(const Node& node) const {
    const NodeHealth health = health_of(node);
    const auto suspicion = in_.suspected(NodeName(node.meta.name));
    return {.uid = node.meta.uid,
            .health = health,
            .since = node.ready_since.value_or(node.meta.created),
            .matches = in_.hub.nodes.selector.matches(node.meta.labels) && !node.meta.deleted,
            .draining = is_draining(node, in_.hub.nodes.on_cordon),
            .suspect = health != NodeHealth::kReady || suspicion.has_value(),
            .stale_lease = suspicion ? suspicion->stale_lease : "",
            .dead = is_declared_dead(node),
            .fingerprint = node.fingerprint};
  }

  [[nodiscard]] Quorum quorum() const {
    QuorumInput input{.spec = in_.hub.partition_tolerance,
                      .known = out_.matching,
                      .previous = in_.quorum,
                      .max_seen = in_.max_seen,
                      .now = in_.now,
                      .cluster_size = in_.cluster_size};
    for (const auto& [name, state] : out_.nodes) {
      if (!state.matches) continue;
      input.nodes.push_back({.present = state.health == NodeHealth::kReady, .since = state.since});
    }
    return next_quorum(input);
  }

  // Nobody leaves, joins or drains, and no share changes. A Node that was deleted may have been
  // so by mistake; one of its name with another UID is another node.
  void keep_members() {
    for (const placement::Member& member : *in_.previous) {
      const NodeState* node = out_.node(member.name);
      if (node != nullptr && node->uid != member.uid) continue;
      if (node != nullptr && node->health == NodeHealth::kReady) ++out_.ready;
      out_.members.push_back(member);
    }
  }

  [[nodiscard]] bool was_member(const Node& node) const {
    const NodeName name(node.meta.name);
    if (in_.previous == nullptr) return in_.holds_pods(name);
    const auto found = std::lower_bound(
        in_.previous->begin(), in_.previous->end(), name,
        [](const placement::Member& member, const NodeName& n) { return member.name < n; });
    return found != in_.previous->end() && found->name == name && found->uid == node.meta.uid;
  }

  bool belongs(const Node& node, const NodeState& state) {
    // It is back while somebody still says that it is off: no pod would find room there.
    const bool unbelieved = node.ready == ConditionStatus::kTrue && is_said_to_be_off(node);
    if (state.draining || unbelieved) return false;
    return was_member(node) ? stays(node, state) : enters(node, state);
  }

  bool stays(const Node& node, const NodeState& state) {
    if (has_untolerated(node, in_.hub.nodes, false)) return false;
    if (state.health == NodeHealth::kReady || out_.frozen()) return true;
    return before(state.since + in_.hub.failover.replace_after);
  }

  bool enters(const Node& node, const NodeState& state) {
    if (state.health != NodeHealth::kReady) return false;
    if (has_untolerated(node, in_.hub.nodes, true)) return false;
    if (in_.previous == nullptr) return true;
    return !before(state.since + in_.hub.nodes.join_after);
  }

  // Whether `due` is still to come; then it is an instant to look again at.
  bool before(WallTime due) {
    if (in_.now >= due) return false;
    if (!out_.look_again || due < *out_.look_again) out_.look_again = due;
    return true;
  }

  void add(const Node& node, const NodeState& state) {
    if (state.health == NodeHealth::kReady) ++out_.ready;
    out_.members.push_back(
        {.name = NodeName(node.meta.name),
         .uid = node.meta.uid,
         .zone =
             kube::value_of(node.meta.labels, in_.hub.distribution.consistent_hashing.topology_key),
         .weight = weight_of(node, in_.hub.nodes.weight_label, out_.problems)});
  }

  const MembershipInput& in_;
  Membership out_;
};

}  // namespace

const placement::Member* Membership::member(const NodeName& name) const {
  const auto found =
      std::lower_bound(members.begin(), members.end(), name,
                       [](const placement::Member& m, const NodeName& n) { return m.name < n; });
  return found != members.end() && found->name == name ? &*found : nullptr;
}

const NodeState* Membership::node(const NodeName& name) const {
  const auto found = nodes.find(name);
  return found == nodes.end() ? nullptr : &found->second;
}

bool is_declared_dead(const Node& node) {
  return node.ready != ConditionStatus::kTrue && is_said_to_be_off(node);
}

Membership next_membership(const MembershipInput& input) { return Builder(input).build(); }

}  // namespace processhub::plan
