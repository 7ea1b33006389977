// All that the children of one hub have in common when they are planned.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "api/types.h"
#include "placement/centralized_load_balancer.h"
#include "placement/distribution_strategy.h"
#include "plan/membership.h"
#include "redundancy/redundancy_strategy.h"

namespace processhub::plan {

using NodeScores = std::unordered_map<NodeName, placement::NodeScore>;

// Immutable once made; shared by all plans until the hub or its nodes change.
struct HubFrame {
  HubKey key;
  Uid uid;
  std::shared_ptr<const api::ProcessHub> hub;
  Membership membership;
  NodeScores scores;  // for CentralizedLoadBalancer
  std::shared_ptr<const placement::DistributionStrategy> distribution;
  std::shared_ptr<const redundancy::RedundancyStrategy> redundancy;
};

// `previous` may be null; its ring is kept where members and settings are the same.
[[nodiscard]] std::shared_ptr<const HubFrame> make_frame(std::shared_ptr<const api::ProcessHub> hub,
                                                         Membership membership,
                                                         const HubFrame* previous,
                                                         NodeScores scores = {});

// Whether all children would be planned alike with either. Fingerprints of nodes do not count:
// they concern the few children that a node had no room for.
[[nodiscard]] bool same_for_children(const HubFrame& a, const HubFrame& b);
// Nodes that fare otherwise now, or are gone.
[[nodiscard]] std::set<NodeName> with_other_health(const Membership& before,
                                                   const Membership& after);
// Nodes that may have room now where they had none.
[[nodiscard]] std::set<NodeName> with_other_fingerprints(const Membership& before,
                                                         const Membership& after);

// A child's pod template after the merge of the hub's and its own.
struct PodTemplate {
  enum class State {
    kUnchecked,  // the API server has not been asked yet
    kValid,
    kInvalid,
  };
  api::JsonPtr json;     // null where the merge itself failed
  std::string revision;  // of `json` and `pinning`
  api::Pinning pinning = api::Pinning::kAffinity;
  State state = State::kUnchecked;
  std::string message = {};  // why it is invalid, or why it could not be checked
  // Where it is invalid: what was valid before, of which lost pods are made meanwhile.
  std::shared_ptr<const PodTemplate> accepted = {};

  // Of which pods can be made; null where there is none.
  [[nodiscard]] const PodTemplate* usable() const {
    return state == State::kValid ? this : accepted.get();
  }
};

}  // namespace processhub::plan
