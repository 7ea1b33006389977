// One child's pods beside its hub's nodes: whose they are, where they run, and whether their
// nodes are lost to the child.
#pragma once

#include <optional>
#include <vector>

#include "plan/child_plan.h"

namespace processhub::plan {

enum class Host {
  kUp,        // its Node is Ready
  kNotReady,  // Ready=False
  kUnknown,   // Ready=Unknown
  kReplaced,  // another Node has its name now
  kGone,      // there is no such Node
};

// A kubelet is there and ends the pods that are deleted: they are waited for.
[[nodiscard]] bool ends_pods(Host host);

// A pod serves: Ready, not on its way out, and the Node that it was made for is Ready.
[[nodiscard]] bool serves(const kube::Pod& pod, const Membership& membership);

class ChildView {
 public:
  // `input` outlives it.
  explicit ChildView(const ChildInput& input);

  // Pods that the child owns and that have a slot.
  [[nodiscard]] const std::vector<const kube::Pod*>& own() const { return own_; }
  // The one of that uid; null where there is none.
  [[nodiscard]] const kube::Pod* own(const Uid& uid) const;
  // The same among all of them, the foreign ones too.
  [[nodiscard]] const kube::Pod* find(const Uid& uid) const;
  // Others that carry its labels; by name.
  [[nodiscard]] const std::vector<const kube::Pod*>& foreign() const { return foreign_; }

  [[nodiscard]] Host host_of(const kube::Pod& pod) const;
  // That it is still so can be asked for just before a write.
  [[nodiscard]] static NodeIsDown down(const kube::Pod& pod);

  // The same of a pod that is being deleted, so that its slot may be used again: with fence
  // NodeConfirmed somebody must have made sure that it does not run.
  [[nodiscard]] NodeIsDown beyond_recall(const kube::Pod& pod) const;

  // Nothing runs on its node: there is no Node of that name, or somebody has made sure of it.
  // Not where another machine has the name now: its kubelet may have started the pod anew.
  [[nodiscard]] bool is_dead(const kube::Pod& pod) const;
  // It is being deleted where nobody can end it: it may stay so for as long as its node is lost.
  [[nodiscard]] bool is_left_behind(const kube::Pod& pod) const;
  // It runs no more.
  [[nodiscard]] static bool has_ended(const kube::Pod& pod);
  // It waits behind the fence's gate: it has never run.
  [[nodiscard]] static bool is_gated(const kube::Pod& pod);

  // The hub's fence is NodeConfirmed.
  [[nodiscard]] bool fenced() const;
  // Whether the pod serves on a node that is above suspicion.
  [[nodiscard]] bool can_lead(const kube::Pod& pod) const;
  // While so many are down that it is no fault of the nodes, only their own condition counts.
  [[nodiscard]] bool is_suspect(const NodeState& node) const;

  // Whether the node has been down long enough for this child; else it is looked at again.
  [[nodiscard]] bool lost_for_good(const NodeState& node);
  // Whether `due` has come; else it is looked at again then.
  [[nodiscard]] bool passed(WallTime due);
  [[nodiscard]] std::optional<WallTime> look_again() const { return look_again_; }

 private:
  [[nodiscard]] std::chrono::seconds patience() const;

  const ChildInput& in_;
  const Membership& members_;
  std::vector<const kube::Pod*> own_;
  std::vector<const kube::Pod*> foreign_;
  std::optional<WallTime> look_again_;
};

}  // namespace processhub::plan
