// The whole operator but its process: client, caches, controllers, put together over a
// transport. main.cpp gives it the real one, the simulation an in-memory API server.
//
// Core thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "controller/child_controller.h"
#include "controller/context.h"
#include "controller/hub_controller.h"
#include "kube/client.h"
#include "watch/reflector.h"

namespace processhub::controller {

struct OperatorOptions {
  std::string ns = {};  // the one namespace to watch; empty: all
  std::string identity = "processhub-operator";
  kube::ClientOptions client = {};
  Observer observer = {};
  // Of the queue of that name ("processhub", "processhubchild").
  std::function<queue::QueueMetrics(const std::string& name)> queue_metrics = {};
};

class Operator {
 public:
  // All references outlive it. `guard`: how long writes may still take (kube/client.h).
  Operator(kube::Transport& transport, Executor& executor, const Clock& clock, Random& random,
           kube::WriteGuard guard, OperatorOptions options);
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  // Begins to list and watch; `synced` runs once, when every cache has had a whole list.
  void start(std::function<void()> synced);

  // Plans and acts only while it leads and is synced.
  void lead(bool leads);

  // What is not synced, or not watched any more, and why, in words; empty when all is well.
  [[nodiscard]] std::string trouble() const;
  // Whether nothing is being worked, so that no write is under way.
  [[nodiscard]] bool idle() const {
    return hub_controller_.queue().idle() && child_controller_.queue().idle();
  }

  [[nodiscard]] const HubController& hubs() const { return hub_controller_; }
  [[nodiscard]] const ChildController& children() const { return child_controller_; }

 private:
  void watch(watch::ReflectorOptions options, watch::ReflectorSink sink);
  void watch_pod_loads();
  void watch_node_leases();
  void check_synced();

  Executor& executor_;
  const Clock& clock_;
  Random& random_;
  OperatorOptions options_;
  kube::Client client_;
  Caches caches_;
  HubRegistry registry_;
  TemplateBook templates_;
  NodeScores scores_;
  NodeDetector detector_;
  status::EventRecorder events_;
  Context context_;
  ChildController child_controller_;
  HubController hub_controller_;
  std::vector<std::unique_ptr<watch::Reflector>> reflectors_;
  std::vector<std::string> watched_;  // what each reflector is about
  std::function<void()> on_synced_;
  bool synced_ = false;
  bool leads_ = false;
};

}  // namespace processhub::controller
