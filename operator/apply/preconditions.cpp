#include "apply/preconditions.h"

#include <memory>
#include <optional>
#include <utility>

#include "kube/decode.h"
#include "plan/labels.h"
#include "plan/pod.h"

namespace processhub::apply {
namespace {

Result<void> is_down(const plan::NodeIsDown& expected, const Result<nlohmann::json>& answer) {
  if (!answer) {
    if (answer.error().kind == ErrorKind::kNotFound) return {};
    return tl::unexpected(answer.error());
  }
  const auto node = kube::decode_node(*answer);
  if (!node) return tl::unexpected(node.error());
  if (expected.lost) {
    if (node->ready == kube::ConditionStatus::kUnknown) return {};
    return fail(ErrorKind::kConflict,
                "node " + expected.node.str() + " is heard of again: it ends its pods itself");
  }
  const bool same = expected.uid.empty() || node->meta.uid == expected.uid;
  if (same && node->ready == kube::ConditionStatus::kTrue) {
    return fail(ErrorKind::kConflict, "node " + expected.node.str() + " is Ready again");
  }
  return {};
}

// The nodes that have to be down for `action` to be right, or why it cannot be.
Result<std::vector<plan::NodeIsDown>> holders(const plan::CreatePod& action,
                                              const std::vector<kube::Pod>& pods) {
  std::vector<plan::NodeIsDown> nodes;
  for (const kube::Pod& pod : pods) {
    const auto ref = plan::slot_of(pod);
    // One that does not say its slot may be in any.
    if (ref && (ref->slot != action.slot || ref->incarnation >= action.incarnation)) continue;
    if (!pod.meta.deleted) {
      return fail(ErrorKind::kConflict, "pod " + pod.meta.name + " still has the slot of " +
                                            action.pod.name + ": it goes first");
    }
    if (pod.node.empty()) continue;  // never bound: it runs nowhere
    nodes.push_back({.node = pod.node, .uid = {}, .lost = true});
  }
  return nodes;
}

struct PodsSeen {
  std::vector<kube::Pod> pods;
  std::optional<Error> unreadable;  // one of them: it might hold the slot
};

// The pods of the child from `options` on, page after page into `seen`, then the check.
void read_page(kube::Client& client, const kube::ListOptions& options,
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
      [&client, next = options, action, seen,
       done = std::move(done)](Result<kube::ListMeta> listed) mutable {
        if (!listed) return done(tl::unexpected(listed.error()));
        if (seen->unreadable) return done(tl::unexpected(*seen->unreadable));
        if (!listed->continue_token.empty()) {
          next.continue_token = listed->continue_token;
          return read_page(client, next, action, seen, std::move(done));
        }
        auto nodes = holders(action, seen->pods);
        if (!nodes) return done(tl::unexpected(nodes.error()));
        check_down(client, *std::move(nodes), std::move(done));
      });
}

}  // namespace

void check_down(kube::Client& client, std::vector<plan::NodeIsDown> nodes, Checked done) {
  if (nodes.empty()) return done({});
  plan::NodeIsDown expected = std::move(nodes.back());
  nodes.pop_back();
  const kube::ObjectRef ref{.resource = kube::kNodes, .name = expected.node.str()};
  client.get(ref, kube::node_mask(),
             [&client, expected, nodes = std::move(nodes),
              done = std::move(done)](const Result<nlohmann::json>& answer) mutable {
               if (auto down = is_down(expected, answer); !down) return done(std::move(down));
               check_down(client, std::move(nodes), std::move(done));
             });
}

void check_slot_free(kube::Client& client, const plan::CreatePod& action, Checked done) {
  read_page(client,
            {.ns = action.child.ns,
             .label_selector = std::string(plan::kChildLabel) + "=" + action.child.name},
            action, std::make_shared<PodsSeen>(), std::move(done));
}

}  // namespace processhub::apply
