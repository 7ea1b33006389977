#include "plan/frame.h"

#include <algorithm>
#include <utility>

#include "placement/consistent_hashing.h"
#include "placement/guided.h"

namespace processhub::plan {

namespace {

using Distribution = std::shared_ptr<const placement::DistributionStrategy>;

placement::ConsistentHashingOptions options_of(const api::ConsistentHashingSpec& spec) {
  placement::ConsistentHashingOptions options{.virtual_nodes = spec.virtual_nodes};
  if (spec.bound != api::Bound::kNone) {
    options.bound = placement::BoundOptions{.load_factor_percent = spec.load_factor_percent,
                                            .relaxed = spec.bound == api::Bound::kRelaxed};
  }
  return options;
}

// A ring is big: where only members differ, the one before is changed.
Distribution make_ring(const api::DistributionSpec& spec,
                       const std::vector<placement::Member>& members, const HubFrame* previous) {
  const auto* before =
      previous != nullptr && previous->hub->spec.distribution == spec
          ? dynamic_cast<const placement::ConsistentHashing*>(previous->distribution.get())
          : nullptr;
  if (before != nullptr) {
    return std::make_shared<placement::ConsistentHashing>(before->with(members));
  }
  return std::make_shared<placement::ConsistentHashing>(members,
                                                        options_of(spec.consistent_hashing));
}

Distribution make_distribution(const api::DistributionSpec& spec,
                               const std::vector<placement::Member>& members,
                               const NodeScores& scores, const HubFrame* previous) {
  const bool same = previous != nullptr && previous->membership.members == members &&
                    previous->hub->spec.distribution == spec;
  switch (spec.strategy) {
    case api::DistributionStrategyKind::kConsistentHashing:
      return same ? previous->distribution : make_ring(spec, members, previous);
    case api::DistributionStrategyKind::kGuided:
      return same ? previous->distribution : std::make_shared<placement::Guided>(members);
    case api::DistributionStrategyKind::kCentralizedLoadBalancer:
      break;
  }
  if (same && previous->scores == scores) return previous->distribution;
  return std::make_shared<placement::CentralizedLoadBalancer>(members, scores);
}

}  // namespace

std::shared_ptr<const HubFrame> make_frame(std::shared_ptr<const api::ProcessHub> hub,
                                           Membership membership, const HubFrame* previous,
                                           NodeScores scores) {
  auto frame = std::make_shared<HubFrame>();
  frame->key = hub->key();
  frame->uid = hub->meta.uid;

  std::vector<NodeName> names;
  names.reserve(membership.members.size());
  for (const placement::Member& member : membership.members) names.push_back(member.name);
  auto redundancy = redundancy::make_strategy(hub->spec.redundancy);
  redundancy->init(frame->key, names);
  frame->redundancy = std::move(redundancy);

  frame->distribution =
      make_distribution(hub->spec.distribution, membership.members, scores, previous);
  frame->scores = std::move(scores);
  frame->membership = std::move(membership);
  frame->hub = std::move(hub);
  return frame;
}

bool same_for_children(const HubFrame& a, const HubFrame& b) {
  const auto same_node = [](const auto& left, const auto& right) {
    if (left == right) return true;
    NodeState state = left.second;
    state.fingerprint = right.second.fingerprint;
    return left.first == right.first && state == right.second;
  };
  return a.uid == b.uid && a.hub->meta.generation == b.hub->meta.generation &&
         a.membership.members == b.membership.members &&
         a.membership.mass_loss == b.membership.mass_loss &&
         a.membership.quorum.locked == b.membership.quorum.locked &&
         std::equal(a.membership.nodes.begin(), a.membership.nodes.end(),
                    b.membership.nodes.begin(), b.membership.nodes.end(), same_node);
}

std::set<NodeName> with_other_health(const Membership& before, const Membership& after) {
  std::set<NodeName> changed;
  for (const auto& [name, was] : before.nodes) {
    const NodeState* is = after.node(name);
    if (is == nullptr || is->uid != was.uid || is->health != was.health ||
        is->suspect != was.suspect || is->dead != was.dead) {
      changed.insert(name);
    }
  }
  return changed;
}

std::set<NodeName> with_other_fingerprints(const Membership& before, const Membership& after) {
  std::set<NodeName> changed;
  for (const auto& [name, state] : after.nodes) {
    const NodeState* was = before.node(name);
    if (was != nullptr && was->fingerprint != state.fingerprint) changed.insert(name);
  }
  return changed;
}

}  // namespace processhub::plan
