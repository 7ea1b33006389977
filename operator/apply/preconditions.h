// Facts that are read live, just before an action that is only right while they hold.
//
// Core thread. `done` gets nothing where the fact holds, kConflict where it does not,
// and any other Error where it could not be read.
#pragma once

#include <functional>
#include <vector>

#include "apply/node_reader.h"
#include "base/result.h"
#include "kube/client.h"
#include "plan/action.h"

namespace processhub::apply {

using Checked = std::function<void(Result<void>)>;

// Every one of `nodes` is down, as plan::NodeIsDown says.
void check_down(NodeReader& reader, std::vector<plan::NodeIsDown> nodes, Checked done);

// Whose pods they are.
struct Owner {
  ChildKey child;
  Uid uid;
  std::string hub;
};

// Every pod of `pods` is gone, for good: another uid may have its name, or it is not `owner`'s. One
// that is there and has only lost the labels that make it the child's gets them back, and is a
// kConflict too.
void check_gone(kube::Client& client, const Owner& owner, std::vector<redundancy::PodRef> pods,
                Checked done);

// No pod of `pods` has been bound to a node; one that is gone has not.
void check_unbound(kube::Client& client, const std::string& ns,
                   std::vector<redundancy::PodRef> pods, Checked done);

// Every pod of a lower incarnation in the slot of `action` is gone, or is being
// deleted on a node that is lost (`action.fenced`: that is known to be dead), or is the one that
// `action.beside` names.
void check_slot_free(kube::Client& client, NodeReader& reader, const plan::CreatePod& action,
                     Checked done);

}  // namespace processhub::apply
