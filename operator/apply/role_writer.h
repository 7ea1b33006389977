// Writes a pod's role: label and annotations, in the version that was read, and never under a
// higher epoch. The steps "seal" and "label" of a take-over (plan/roles.h).
//
// Core thread. A pod that is gone is sealed; it cannot become active (kConflict). A higher
// epoch is a kConflict too: somebody else leads, or has written it by hand; plan again.
#pragma once

#include <functional>

#include "base/result.h"
#include "kube/client.h"
#include "plan/action.h"

namespace processhub::apply {

// The pod as it is now; its version empty where it is gone.
using RoleWritten = std::function<void(Result<kube::ObjectMeta>)>;

void write_role(kube::Client& client, const plan::SetRole& action, RoleWritten done);

}  // namespace processhub::apply
