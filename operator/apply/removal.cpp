#include "apply/removal.h"

#include <utility>

namespace processhub::apply {

using kube::ObjectMeta;

void remove_object(kube::Client& client, const kube::ObjectRef& object,
                   const kube::DeleteOptions& options, kube::Client::WriteDone done) {
  const bool any_version = options.version.empty();
  client.remove(object, options, [any_version, done = std::move(done)](Result<ObjectMeta> removed) {
    const bool gone = !removed && (removed.error().kind == ErrorKind::kNotFound ||
                                   (any_version && removed.error().kind == ErrorKind::kConflict));
    done(gone ? Result<ObjectMeta>(ObjectMeta{}) : std::move(removed));
  });
}

}  // namespace processhub::apply
