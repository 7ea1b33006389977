// Who leads a child: whether the one that does may stay, who takes over, and under which epoch.
// The first half of the roles; the writes that bring it about are in roles.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/child_view.h"
#include "plan/slots.h"

namespace processhub::plan {

struct RoleInput {
  const ChildInput& in;
  std::span<const Slot> slots;
  std::span<const NodeName> nodes;  // of the child, in walk order
  // The pod that is to go as soon as another one leads.
  const kube::Pod* leaving = nullptr;
  Reason leaves_because = Reason::kSurplus;
  const kube::Pod* heir = nullptr;           // by HotSwap: who takes over from it
  std::span<const DeletePod> removals = {};  // of this plan: none of them is to lead
};

// How the one that leads fares, and so how another may take over from it.
enum class Standing {
  kFit,      // it stays
  kVacant,   // there is no such pod any more, or never was: the first that is Ready
  kSuspect,  // its node is under suspicion: at once, without its answer
  kUnfit,    // it is on a node that is well, and shall hand over: a planned switch
  kHeld,     // its node is under suspicion, but nobody may take over yet
};

struct Lead {
  const kube::Pod* pod = nullptr;  // who leads so far; null: nobody that is there
  Standing standing = Standing::kVacant;
  const kube::Pod* next = nullptr;  // whom the status shall name now; null: nobody else
  int64_t highest = 0;              // epoch that was ever seen
  bool tampered = false;            // somebody else has written epochs or roles
  std::string cause;                // CamelCase: why it does not stay
  std::string held;                 // CamelCase: why nobody may take over
  std::vector<NodeIsDown> only_if;  // what naming `next` rests on
};

// `view` is told when to look again.
[[nodiscard]] Lead find_lead(const RoleInput& input, ChildView& view);

// The current pod of each slot, in walk order; those that are on no node of the walk last.
[[nodiscard]] std::vector<const kube::Pod*> in_walk_order(const RoleInput& input);

// The pod that the annotation `switch-to` names, if it leads or could; else null.
[[nodiscard]] const kube::Pod* commanded(const RoleInput& input, const ChildView& view,
                                         const kube::Pod* lead);

// By the pod's annotation; "passive 0" where that says nothing readable, or an epoch that can only
// have been made up: beyond all bounds, and beyond the highest that is known to be ours.
[[nodiscard]] redundancy::RoleAt role_of(const kube::Pod& pod, int64_t known = 0);

// Whether some other replica could lead in place of `pod`.
[[nodiscard]] bool has_standby(std::span<const Slot> slots, const kube::Pod& pod,
                               const ChildView& view);

// Its labels and annotation say so.
[[nodiscard]] bool is_as_told(const kube::Pod& pod, const redundancy::RoleAt& role,
                              const std::string& hub);

}  // namespace processhub::plan
