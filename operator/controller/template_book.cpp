#include "controller/template_book.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/enums.h"
#include "api/revision.h"
#include "api/template_merge.h"
#include "plan/pod.h"

namespace processhub::controller {
namespace {

using plan::PodTemplate;
using State = plan::PodTemplate::State;

// Under which the hub's own template is kept: no child has such a name.
ChildKey key_of(const HubKey& hub) { return {hub.ns, "/" + hub.name}; }

bool same(const api::JsonPtr& a, const api::JsonPtr& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

// Said after the template was found good, of the sample's name or of the namespace as it is.
bool is_acceptance(const Error& error) {
  return error.kind == ErrorKind::kAlreadyExists ||
         (error.kind == ErrorKind::kForbidden &&
          error.message.find("exceeded quota") != std::string::npos);
}

}  // namespace

TemplateBook::TemplateBook(kube::Client& client, Executor& executor, Random& random,
                           Changed changed)
    : client_(client), executor_(executor), random_(random), changed_(std::move(changed)) {}

PodTemplate TemplateBook::of(const plan::HubFrame& frame, const api::ProcessHubChild* child) {
  api::ProcessHubChild hub_itself;
  hub_itself.meta.ns = frame.key.ns;
  hub_itself.meta.name = key_of(frame.key).name;
  const api::ProcessHubChild& asker = child != nullptr ? *child : hub_itself;
  Merged& merged = merge(frame, asker);
  PodTemplate result = merged.result;
  if (merged.revision != result.revision || merged.hub_key != frame.key) {
    leave_trial(asker.key(), merged);
    merged.hub_key = frame.key;
    merged.revision = result.revision;
  }
  if (result.state == State::kInvalid) {
    result.accepted = merged.accepted;
    return result;
  }

  std::unique_ptr<Trial>& trial = trials_[frame.key][result.revision];
  if (trial == nullptr) trial = std::make_unique<Trial>();
  trial->users.insert(asker.key());
  if (std::exchange(trial->due, false)) try_out(frame, result);
  result.state = trial->state;
  result.message = trial->message;
  if (result.state == State::kValid) {
    if (merged.accepted == nullptr || merged.accepted->revision != result.revision) {
      merged.accepted = std::make_shared<const PodTemplate>(result);
    }
  } else if (result.state == State::kInvalid) {
    result.accepted = merged.accepted;
  }
  return result;
}

std::string TemplateBook::revision_of(const plan::HubFrame& frame,
                                      const api::ProcessHubChild& child) {
  const PodTemplate& merged = merge(frame, child).result;
  return merged.state == State::kInvalid ? "" : merged.revision;
}

void TemplateBook::forget(const ChildKey& child) {
  const auto found = merged_.find(child);
  if (found == merged_.end()) return;
  leave_trial(child, found->second);
  merged_.erase(found);
}

void TemplateBook::forget(const HubKey& hub) {
  trials_.erase(hub);
  merged_.erase(key_of(hub));
}

void TemplateBook::leave_trial(const ChildKey& child, Merged& merged) {
  Trial* const trial = find(merged.hub_key, merged.revision);
  if (trial == nullptr) return;
  trial->users.erase(child);
  if (trial->users.empty()) trials_[merged.hub_key].erase(merged.revision);
}

TemplateBook::Merged& TemplateBook::merge(const plan::HubFrame& frame,
                                          const api::ProcessHubChild& child) {
  const api::JsonPtr& hub = frame.hub->spec.pod_template;
  Merged& merged = merged_[child.key()];
  const bool known = !merged.result.revision.empty() || merged.result.state == State::kInvalid;
  const api::Pinning pinning = frame.hub->spec.pinning;
  if (known && merged.result.pinning == pinning && same(merged.hub, hub) &&
      same(merged.own, child.spec.pod_template)) {
    return merged;
  }
  merged.hub = hub;
  merged.own = child.spec.pod_template;
  merged.result = {};
  merged.result.pinning = pinning;
  const auto refuse = [&](std::string why) -> Merged& {
    merged.result.state = State::kInvalid;
    merged.result.message = std::move(why);
    return merged;
  };
  merged.result.json = hub;
  if (merged.own != nullptr) {
    auto json = api::merge_template(*hub, *merged.own);
    if (!json) return refuse("spec.template." + json.error().message);
    merged.result.json = std::make_shared<const nlohmann::json>(*std::move(json));
  }
  if (const auto problem = api::template_problem(*merged.result.json)) return refuse(*problem);
  merged.result.revision = api::template_revision(*merged.result.json, api::to_string(pinning));
  return merged;
}

void TemplateBook::try_out(const plan::HubFrame& frame, const PodTemplate& pod_template) {
  api::ProcessHubChild sample;
  sample.meta.ns = frame.key.ns;
  sample.meta.name = frame.key.name;
  sample.meta.uid = frame.uid;
  nlohmann::json pod = plan::build_pod(frame, pod_template,
                                       {.child = sample, .node = NodeName("any"), .node_uid = {}});
  pod["spec"].erase("nodeName");  // of no Node that there is
  client_.create(kube::kPods, pod, {.dry_run = true},
                 [this, hub = frame.key, revision = pod_template.revision](
                     const Result<kube::ObjectMeta>& result) { tried(hub, revision, result); });
}

void TemplateBook::tried(const HubKey& hub, const std::string& revision,
                         const Result<kube::ObjectMeta>& result) {
  Trial* const found = find(hub, revision);
  if (found == nullptr) return;
  Trial& trial = *found;
  if (result || is_acceptance(result.error())) {
    trial.state = State::kValid;
    trial.message.clear();
  } else if (is_refusal(result.error())) {
    trial.state = State::kInvalid;
    trial.message = result.error().message;
    try_again_after(hub, revision, trial.backoff.next(random_));
  } else {
    try_again_after(hub, revision, trial.backoff.next(random_));
    // A webhook that is away, for example: until it answers nothing is started.
    if (trial.state != State::kUnchecked) return;
    const std::string message = "the trial of the template failed: " + result.error().message;
    if (std::exchange(trial.message, message) == message) return;
  }
  tell_users(hub, trial);
}

void TemplateBook::tell_users(const HubKey& hub, const Trial& trial) {
  for (const ChildKey& user : trial.users) {
    const bool is_hub = user == key_of(hub);
    changed_(hub, is_hub ? std::nullopt : std::optional(user));
  }
}

TemplateBook::Trial* TemplateBook::find(const HubKey& hub, const std::string& revision) {
  const auto trials = trials_.find(hub);
  if (trials == trials_.end()) return nullptr;
  const auto found = trials->second.find(revision);
  return found == trials->second.end() ? nullptr : found->second.get();
}

void TemplateBook::try_again_after(const HubKey& hub, const std::string& revision, Duration delay) {
  find(hub, revision)->again = executor_.post_after(delay, [this, hub, revision] {
    Trial* const trial = find(hub, revision);
    if (trial == nullptr) return;
    trial->due = true;
    tell_users(hub, *trial);
  });
}

}  // namespace processhub::controller
