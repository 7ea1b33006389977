// Deletes one object by its UID. Core thread; the client outlives the call.
#pragma once

#include "kube/client.h"

namespace processhub::apply {

// That it is gone, or that another has its name by now, is success, with an empty ObjectMeta: what
// was to go is gone. Not so with `options.version`, where it may only have changed (kConflict).
void remove_object(kube::Client& client, const kube::ObjectRef& object,
                   const kube::DeleteOptions& options, kube::Client::WriteDone done);

}  // namespace processhub::apply
