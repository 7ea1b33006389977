#include "apply/preconditions.h"

#include <memory>
#include <optional>
#include <utility>

#include "apply/child_labels.h"
#include "kube/decode.h"
#include "plan/labels.h"
#include "plan/pod.h"

namespace processhub::apply {
namespace {

using How = plan::NodeIsDown::How;

Result<void> is_down(const plan::NodeIsDown& expected, const Result<nlohmann::json>& answer) {
  if (!answer) {
    if (answer.error().kind == ErrorKind::kNotFound) return {};
    return tl::unexpected(answer.error());
  }
  const auto node = kube::decode_node(*answer);
  if (!node) return tl::unexpected(node.error());
  const bool same = expected.uid.empty() || node->meta.uid == expected.uid;
  const auto unless = [&](bool holds, const char* what) -> Result<void> {
    if (holds) return {};
    return fail(ErrorKind::kConflict, "node " + expected.node.str() + what);
  };
  switch (expected.how) {
    case How::kLost:
      return unless(node->ready == kube::ConditionStatus::kUnknown,
                    " is heard of again: it ends its pods itself");
    case How::kDead:
      return unless(plan::is_declared_dead(*node), " is not known to be dead any more");
    case How::kDown:
    case How::kStale:
      break;
  }
  return unless(!same || node->ready != kube::ConditionStatus::kTrue, " is Ready again");
}

Result<void> is_stale(const plan::NodeIsDown& expected, const Result<nlohmann::json>& answer) {
  if (!answer) return tl::unexpected(answer.error());
  const auto renewed = answer->find("spec");
  const bool same = renewed != answer->end() && renewed->is_object() &&
                    renewed->value("renewTime", std::string()) == expected.stale_lease;
  if (same) return {};
  return fail(ErrorKind::kConflict,
              "node " + expected.node.str() + " has renewed its Lease: it is well");
}

// The nodes that have to be down for `action` to be right, or why it cannot be.
Result<std::vector<plan::NodeIsDown>> holders(const plan::CreatePod& action,
                                              const std::vector<kube::Pod>& pods) {
  std::vector<plan::NodeIsDown> nodes;
  for (const kube::Pod& pod : pods) {
    const auto ref = plan::slot_of(pod);
    // One that does not say its slot may be in any.
    if (ref && (ref->slot != action.slot || ref->incarnation >= action.incarnation)) continue;
    if (!action.beside.empty() && pod.meta.uid == action.beside) continue;
    if (!pod.meta.deleted) {
      return fail(ErrorKind::kConflict, "pod " + pod.meta.name + " still has the slot of " +
                                            action.pod.name + ": it goes first");
    }
    if (pod.node.empty()) continue;  // never bound: it runs nowhere
    nodes.push_back({.node = pod.node, .how = action.fenced ? How::kDead : How::kLost});
  }
  return nodes;
}

struct PodsSeen {
  std::vector<kube::Pod> pods;
  std::optional<Error> unreadable;  // one of them: it might hold the slot
};

// The pods of the child from `options` on, page after page into `seen`, then the check.
void read_page(kube::Client& client, NodeReader& reader, const kube::ListOptions& options,
               const plan::CreatePod& action, const std::shared_ptr<PodsSeen>& seen, Checked done) {
  client.list(
      kube::kPods, options, kube::pod_mask(),
      [seen](nlohmann::json&& item) {
        if (auto pod = kube::decode_pod(item)) {
          seen->pods.push_back(*std::move(pod));
        } else {
          seen->unreadable = pod.error();
        }
      },
      [&client, &reader, next = options, action, seen,
       done = std::move(done)](Result<kube::ListMeta> listed) mutable {
        if (!listed) return done(tl::unexpected(listed.error()));
        if (seen->unreadable) return done(tl::unexpected(*seen->unreadable));
        if (!listed->continue_token.empty()) {
          next.continue_token = listed->continue_token;
          return read_page(client, reader, next, action, seen, std::move(done));
        }
        auto nodes = holders(action, seen->pods);
        if (!nodes) return done(tl::unexpected(nodes.error()));
        check_down(reader, *std::move(nodes), std::move(done));
      });
}

using Look =
    std::function<void(const kube::Pod&, const redundancy::PodRef& expected, const Checked& go_on)>;

// Reads each pod that has one of these names, whoever it is, until `look` finds something wrong.
void look_at_each(kube::Client& client, const std::string& ns, std::vector<redundancy::PodRef> pods,
                  const Look& look, Checked done) {
  if (pods.empty()) return done({});
  const redundancy::PodRef expected = std::move(pods.back());
  pods.pop_back();
  client.get({.resource = kube::kPods, .ns = ns, .name = expected.name}, kube::pod_mask(),
             [&client, ns, expected, pods = std::move(pods), look,
              done = std::move(done)](const Result<nlohmann::json>& answer) {
               const Checked go_on = [&client, ns, pods, look, done](Result<void> held) {
                 if (!held) return done(std::move(held));
                 look_at_each(client, ns, pods, look, done);
               };
               if (!answer && answer.error().kind == ErrorKind::kNotFound) return go_on({});
               if (!answer) return go_on(tl::unexpected(answer.error()));
               const auto pod = kube::decode_pod(*answer);
               if (!pod) return go_on(tl::unexpected(pod.error()));
               look(*pod, expected, go_on);
             });
}

}  // namespace

void check_down(NodeReader& reader, std::vector<plan::NodeIsDown> nodes, Checked done) {
  if (nodes.empty()) return done({});
  const plan::NodeIsDown expected = std::move(nodes.back());
  nodes.pop_back();
  const bool by_lease = expected.how == How::kStale;
  const NodeReader::Read look = [&reader, expected, by_lease, nodes = std::move(nodes),
                                 done = std::move(done)](const Result<nlohmann::json>& answer) {
    if (auto holds = by_lease ? is_stale(expected, answer) : is_down(expected, answer); !holds) {
      return done(std::move(holds));
    }
    check_down(reader, nodes, done);
  };
  if (by_lease) {
    reader.lease(expected.node, look);
  } else {
    reader.node(expected.node, look);
  }
}

void check_gone(kube::Client& client, const Owner& owner, std::vector<redundancy::PodRef> pods,
                Checked done) {
  const Look is_gone = [&client, owner](const kube::Pod& pod, const redundancy::PodRef& expected,
                                        const Checked& go_on) {
    if (pod.meta.uid != expected.uid || pod.meta.owner_uid != owner.uid) return go_on({});
    const Error there{.kind = ErrorKind::kConflict,
                      .message = "pod " + owner.child.ns + "/" + expected.name + " is still there"};
    const ChildLabels labels{.hub = owner.hub, .child = owner.child.name};
    if (has_labels(pod, labels)) return go_on(tl::unexpected(there));
    give_labels_back(client, pod, labels, [there, go_on](const Result<kube::ObjectMeta>&) {
      go_on(tl::unexpected(there));
    });
  };
  look_at_each(client, owner.child.ns, std::move(pods), is_gone, std::move(done));
}

void check_unbound(kube::Client& client, const std::string& ns,
                   std::vector<redundancy::PodRef> pods, Checked done) {
  const Look is_unbound = [ns](const kube::Pod& pod, const redundancy::PodRef& expected,
                               const Checked& go_on) {
    if (pod.meta.uid != expected.uid || pod.node.empty()) return go_on({});
    go_on(fail(ErrorKind::kConflict,
               "pod " + ns + "/" + expected.name + " has found room on node " + pod.node.str()));
  };
  look_at_each(client, ns, std::move(pods), is_unbound, std::move(done));
}

void check_slot_free(kube::Client& client, NodeReader& reader, const plan::CreatePod& action,
                     Checked done) {
  read_page(client, reader,
            {.ns = action.child.ns,
             .label_selector = std::string(plan::kChildLabel) + "=" + action.child.name},
            action, std::make_shared<PodsSeen>(), std::move(done));
}

}  // namespace processhub::apply
