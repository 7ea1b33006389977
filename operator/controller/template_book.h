// The pod templates of a hub's children, merged and tried: each revision is created
// once as a dry run, so that what the API server refuses becomes a condition and is
// never rolled out.
//
// A revision is kept for as long as somebody has it. Core thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/backoff.h"
#include "base/executor.h"
#include "kube/client.h"
#include "plan/frame.h"

namespace processhub::controller {

class TemplateBook {
 public:
  // `changed` runs when a revision has been tried, for each who has it: children, or
  // the hub itself, told by no child.
  using Changed = std::function<void(const HubKey&, const std::optional<ChildKey>&)>;

  TemplateBook(kube::Client& client, Executor& executor, Random& random, Changed changed);

  // The template of `child`, or with null of the hub itself. Its trial begins if it has
  // not been tried; until then it is kUnchecked.
  [[nodiscard]] plan::PodTemplate of(const plan::HubFrame& frame,
                                     const api::ProcessHubChild* child);

  // The revision of the child's template, tried or not; empty where it cannot be merged.
  [[nodiscard]] std::string revision_of(const plan::HubFrame& frame,
                                        const api::ProcessHubChild& child);

  void forget(const ChildKey& child);
  void forget(const HubKey& hub);

 private:
  // Of one child: valid while hub and child have the templates that it was made from.
  struct Merged {
    HubKey hub_key;
    std::string revision;  // at whose trial it is noted
    api::JsonPtr hub;
    api::JsonPtr own;
    plan::PodTemplate result;
    std::shared_ptr<const plan::PodTemplate> accepted;  // the last that was valid
  };
  struct Trial {
    plan::PodTemplate::State state = plan::PodTemplate::State::kUnchecked;
    std::string message;
    bool due = true;  // whoever asks next begins a trial
    std::set<ChildKey> users;
    Backoff backoff{std::chrono::milliseconds(500), std::chrono::minutes(1)};
    Timer again;
  };

  Merged& merge(const plan::HubFrame& frame, const api::ProcessHubChild& child);
  void leave_trial(const ChildKey& child, Merged& merged);
  void try_out(const plan::HubFrame& frame, const plan::PodTemplate& pod_template);
  void tried(const HubKey& hub, const std::string& revision,
             const Result<kube::ObjectMeta>& result);
  [[nodiscard]] Trial* find(const HubKey& hub, const std::string& revision);
  void tell_users(const HubKey& hub, const Trial& trial);
  void try_again_after(const HubKey& hub, const std::string& revision, Duration delay);

  kube::Client& client_;
  Executor& executor_;
  Random& random_;
  Changed changed_;
  std::map<ChildKey, Merged> merged_;
  std::map<HubKey, std::map<std::string, std::unique_ptr<Trial>>> trials_;  // by revision
};

}  // namespace processhub::controller
