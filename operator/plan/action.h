// What a plan consists of: data, carried out by apply::PlanExecutor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/types.h"
#include "base/names.h"
#include "redundancy/role.h"

namespace processhub::plan {

// Why an action is in the plan: shown in Events, logs and metrics.
enum class Reason {
  kNodeLost,         // its node has not been heard of for too long
  kNodeGone,         // its Node object was deleted
  kNodeReplaced,     // a new Node took its node's name
  kNodeDraining,     // its node is cordoned or about to be removed
  kNodeLeft,         // its node no longer matches, or carries a taint that is not tolerated
  kRingChanged,      // the ring gives the child another node: a join, a weight, an exclusion ended
  kTemplateChanged,  // its template is not the current one
  kPodFailed,        // it ended by itself
  kUnschedulable,    // the scheduler finds no room for it on its node
  kSurplus,          // more replicas than the factor, or a second pod in a slot
  kNotOurs,          // it carries the child's labels but is not owned by it
  kMoveTimedOut,     // the new pod of a move: it was not Ready in time
  kNotAnswering,     // it gave no answer that it has stopped leading, and the fence wants one
  kSuspended,        // its child is to have no pods
};

[[nodiscard]] std::string_view to_string(Reason reason);  // "NodeLost"

// A fact that has to hold in a live read just before the action.
struct NodeIsDown {
  enum class How {
    kDown,   // Ready is not True, or the Node of that uid is gone
    kLost,   // Ready is Unknown, or there is no Node of that name: else a kubelet lives there,
             // which ends what runs by itself, so nobody may run in its place before that
    kDead,   // there is no Node of that name, or its taint out-of-service or shutdown says that
             // somebody has made sure that it runs nothing. A machine that has taken the name
             // may have started the pods that were bound to it
    kStale,  // its Lease still has the renewTime `stale_lease`
  };
  NodeName node;
  Uid uid = {};  // kDown: that of which it is said
  How how = How::kDown;
  std::string stale_lease = {};
  bool operator==(const NodeIsDown&) const = default;
};

// Sent twice, or by two leaders, it is one pod: the name is of child, slot and
// incarnation. AlreadyExists with the same owner and node is success.
struct CreatePod {
  ChildKey child;
  Uid owner;
  PodKey pod;
  NodeName node;
  int slot = 0;
  int incarnation = 1;
  bool fenced = false;  // those before it in the slot must be known to be dead
  Uid beside = {};      // by HotSwap: the pod before it in the slot that still runs
  api::JsonPtr body;    // the whole Pod
  bool operator==(const CreatePod&) const = default;
};

// Precondition on the server: the pod still has `uid`.
struct DeletePod {
  ChildKey child;
  PodKey pod;
  NodeName node;  // where it is
  Uid uid;
  Reason reason = Reason::kSurplus;
  std::optional<NodeIsDown> only_if = {};
  // Where it goes because it is not Ready: it must not have changed since. Empty: whatever it is.
  ResourceVersion version = {};
  bool operator==(const DeletePod&) const = default;
};

// By compare-and-swap on uid and version, before the actions that rest on it.
struct PutStatus {
  ChildKey child;
  std::string hub = {};
  Uid uid;
  ResourceVersion version;
  api::ChildStatus status;
  std::vector<NodeIsDown> only_if = {};
  // Entries that leave replicas[]: a live read has to find these pods gone.
  std::vector<redundancy::PodRef> gone = {};
  // Pods for which no node has room: a live read has to find them bound to none.
  std::vector<redundancy::PodRef> unbound = {};
  bool operator==(const PutStatus&) const = default;
};

// Makes a pod's label and annotations say its role. Precondition: the pod still has `uid` and no
// higher epoch; it is patched in the version that was read. A pod that is gone counts as sealed,
// but cannot become active (kConflict).
struct SetRole {
  ChildKey child;
  PodKey pod;
  Uid uid;
  redundancy::RoleAt role;
  std::string peers;             // JSON
  std::string hub = {};          // for the labels that make it the child's
  Uid owner = {};                // a pod of another owner counts as gone; empty: whoever's it is
  ResourceVersion version = {};  // of a read that found no higher epoch; empty: read it first
  std::string cause = {};        // why it takes over; empty where its role stays
  WallTime decided = {};         // then: when the status named it
  // Of those that led before: that they run nothing, read after their seal. A node that was
  // known to be dead and came back meanwhile may have started its pod as active once more.
  std::vector<NodeIsDown> only_if = {};
  bool operator==(const SetRole&) const = default;
};

// Tells a pod its role by HTTP and waits for the answer, within the limits of `http`. No answer
// is no error, unless it `must_answer`; that `only_if` does not hold is one (kConflict).
struct TellRole {
  ChildKey child;
  PodKey pod;
  Uid uid;
  NodeName node;
  std::string ip;  // of the pod
  api::RoleHttpSpec http;
  redundancy::RoleAt role;
  std::string body;  // JSON
  bool must_answer = false;
  std::vector<NodeIsDown> only_if = {};  // as of SetRole
  bool operator==(const TellRole&) const = default;
};

// Has one pod give its state to another by HTTP, and with `spec.confirm` asks the other whether it
// has it: again and again within `spec.data_wait`. Begun alone: the plan goes on, and what comes of
// it is known to a later one. Sent twice it does no harm: a pod takes the state of an epoch once.
struct GiveState {
  ChildKey child;
  std::string hub;
  redundancy::PodRef from;
  std::string from_ip;
  redundancy::PodRef to;
  std::string to_ip;
  int64_t epoch = 0;
  api::HandoverSpec spec;
  bool operator==(const GiveState&) const = default;
};

// Lets a pod start that waited behind kFenceGate. Precondition: `uid` and `version`.
struct LiftGate {
  ChildKey child;
  PodKey pod;
  Uid uid;
  ResourceVersion version;
  std::vector<std::string> gates;  // that stay: the template's own
  bool operator==(const LiftGate&) const = default;
};

// Gives a pod its node, as a scheduler does. Precondition: the pod still has `uid` and no node;
// the API server also refuses one that is being deleted or has gates.
struct BindPod {
  ChildKey child;
  PodKey pod;
  Uid uid;
  NodeName node;
  bool operator==(const BindPod&) const = default;
};

// Takes a command off the child once it is done or refused. Precondition: `uid` and `version`.
struct TakeOffCommand {
  ChildKey child;
  Uid uid;
  ResourceVersion version;
  std::string annotation;
  std::string outcome;  // for the Event: reason and message
  std::string message;
  bool refused = false;
  bool operator==(const TakeOffCommand&) const = default;
};

// Fails with kAlreadyExists where the name is taken: what is there is somebody else's.
struct CreateService {
  ChildKey child;
  std::string name;
  api::JsonPtr body;
  bool operator==(const CreateService&) const = default;
};

// Merge patch of its spec: selector and ports. Precondition: `uid` and `version`.
struct UpdateService {
  ChildKey child;
  std::string name;
  Uid uid;
  ResourceVersion version;
  api::JsonPtr spec;
  bool operator==(const UpdateService&) const = default;
};

struct DeleteService {
  ChildKey child;
  std::string name;
  Uid uid;
  bool operator==(const DeleteService&) const = default;
};

using Action = std::variant<CreatePod, DeletePod, PutStatus, SetRole, TellRole, GiveState, LiftGate,
                            BindPod, CreateService, UpdateService, DeleteService, TakeOffCommand>;

}  // namespace processhub::plan
