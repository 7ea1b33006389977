#include "apply/role_writer.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "apply/child_labels.h"
#include "kube/decode.h"
#include "plan/labels.h"
#include "plan/roles.h"

namespace processhub::apply {
namespace {

using kube::ObjectMeta;
using redundancy::Role;

// Kubelet and node controller write the pod's status at the same moments.
constexpr int kMostAttempts = 8;

class Writer : public std::enable_shared_from_this<Writer> {
 public:
  Writer(kube::Client& client, const plan::SetRole& action, RoleWritten done)
      : client_(client),
        action_(action),
        ref_{.resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name},
        done_(std::move(done)) {}

  void start() {
    if (action_.version.empty()) {
      read();
    } else {
      patch(action_.version);
    }
  }

 private:
  void read() {
    client_.get(ref_, kube::pod_mask(), [self = shared_from_this()](Result<nlohmann::json> answer) {
      if (!answer && answer.error().kind == ErrorKind::kNotFound) return self->gone();
      if (!answer) return self->done_(tl::unexpected(answer.error()));
      const auto pod = kube::decode_pod(*answer);
      if (!pod) return self->done_(tl::unexpected(pod.error()));
      self->look_at(*pod);
    });
  }

  void look_at(const kube::Pod& pod) {
    if (pod.meta.uid != action_.uid) return gone();
    if (!action_.owner.empty() && pod.meta.owner_uid != action_.owner) return gone();
    if (plan::role_of(pod, action_.role.epoch).epoch > action_.role.epoch) return refuse(pod);
    const auto& meta = pod.meta;
    if (plan::is_as_told(pod, action_.role, action_.hub) &&
        kube::value_of(meta.annotations, plan::kPeersAnnotation) == action_.peers) {
      return done_(meta);
    }
    patch(meta.version);
  }

  // The next plan has to be above its epoch, and so has to see it.
  void refuse(const kube::Pod& pod) {
    const Error higher{.kind = ErrorKind::kConflict,
                       .message = "pod " + action_.pod.str() + " has a higher epoch than " +
                                  std::to_string(action_.role.epoch)};
    const ChildLabels labels{.hub = action_.hub, .child = action_.child.name};
    if (action_.owner.empty() || has_labels(pod, labels)) return done_(tl::unexpected(higher));
    give_labels_back(client_, pod, labels, [self = shared_from_this(), higher](const auto&) {
      self->done_(tl::unexpected(higher));
    });
  }

  void patch(const ResourceVersion& version) {
    ++attempts_;
    nlohmann::json labels = {{plan::kRoleLabel, to_string(action_.role.role)}};
    if (!action_.hub.empty()) labels[plan::kHubLabel] = action_.hub;
    const nlohmann::json patch = {{"metadata",
                                   {{"labels", labels},
                                    {"annotations",
                                     {{plan::kRoleAnnotation, to_text(action_.role)},
                                      {plan::kPeersAnnotation, action_.peers}}}}}};
    const kube::AsRead read{.uid = action_.uid, .version = version};
    client_.merge_patch(ref_, read, patch, [self = shared_from_this()](Result<ObjectMeta> written) {
      if (written) return self->done_(std::move(written));
      switch (written.error().kind) {
        case ErrorKind::kNotFound:
          return self->gone();
        case ErrorKind::kConflict:       // written since
        case ErrorKind::kUnprocessable:  // another uid has its name
          if (self->attempts_ < kMostAttempts) return self->read();
          break;
        default:
          break;
      }
      self->done_(std::move(written));
    });
  }

  void gone() {
    if (action_.role.role != Role::kActive) return done_(ObjectMeta{});
    done_(fail(ErrorKind::kConflict,
               "pod " + action_.pod.str() + " is gone: it cannot become active"));
  }

  kube::Client& client_;
  const plan::SetRole action_;
  const kube::ObjectRef ref_;
  RoleWritten done_;
  int attempts_ = 0;
};

}  // namespace

void write_role(kube::Client& client, const plan::SetRole& action, RoleWritten done) {
  std::make_shared<Writer>(client, action, std::move(done))->start();
}

}  // namespace processhub::apply
