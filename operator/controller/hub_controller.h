// Keeps what is common to the children of each hub: its members and ring, its inline
// children, its budget and its status.
//
// Core thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cache/own_writes.h"
#include "controller/budget_keeper.h"
#include "controller/child_controller.h"
#include "controller/context.h"
#include "controller/inline_children.h"
#include "controller/worker.h"
#include "plan/hub_plan.h"

namespace processhub::controller {

class HubController {
 public:
  HubController(Context& context, ChildController& children, queue::QueueOptions options);

  void add(const HubKey& key) { worker_.add(key); }
  void lead(bool leads);

  [[nodiscard]] const queue::WorkQueue<HubKey>& queue() const { return worker_.queue(); }

 private:
  using Hub = std::shared_ptr<const api::ProcessHub>;
  using Child = std::shared_ptr<const api::ProcessHubChild>;
  struct Writes;  // the writes of one reconcile that are under way

  void add_all();
  void add_those_that_list(const ChildKey& child);
  void seat(const Child& before, const Child& after);
  void add_those_on(const HubKey& hub, const plan::HubFrame& before, const plan::HubFrame& after);
  void add_those_that_lack_room(const HubKey& hub, const std::set<NodeName>& nodes);
  void update_ledger(const plan::HubFrame* before, HubEntry& entry);
  void reconcile(const HubKey& key);
  void work(const Hub& hub, HubEntry& entry);
  [[nodiscard]] std::vector<const kube::Pod*> pods_of(const HubKey& hub) const;
  // An answer says why there can be no frame.
  [[nodiscard]] std::optional<std::string> update_frame(const Hub& hub, HubEntry& entry,
                                                        plan::NodeScores scores);
  // None while they are being measured.
  [[nodiscard]] std::optional<plan::NodeScores> scores_of(const api::ProcessHub& hub);
  void count_moves(const HubKey& key, HubEntry& entry);
  void carry_out(const Hub& hub, plan::HubPlan plan);
  void on_child_written(const HubKey& key, const ChildKey& child,
                        const Result<kube::ObjectMeta>& result);
  void end_write(const HubKey& key, const std::shared_ptr<Writes>& writes,
                 const Result<void>& result);
  using Ended = std::function<void(const Result<void>&)>;
  void put_status(const Hub& hub, const api::HubStatus& status,
                  const std::optional<plan::RemoveCommand>& command, Ended ended);
  void remove_command(const Hub& hub, const plan::RemoveCommand& command,
                      const ResourceVersion& version, Ended ended);
  [[nodiscard]] bool status_is_due(const Hub& hub, HubEntry& entry, const api::HubStatus& status);
  void forget(const HubKey& key);
  void tell(const api::ProcessHub& hub, status::EventType type, std::string_view reason,
            std::string note);

  Context& context_;
  ChildController& children_;
  Worker<HubKey> worker_;
  cache::OwnWrites<HubKey> own_writes_;
  InlineChildren inline_children_;
  BudgetKeeper budget_keeper_;
  bool leads_ = false;
};

}  // namespace processhub::controller
