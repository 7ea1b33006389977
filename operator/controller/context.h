// What the controllers share. `main.cpp` and the simulation put it together.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "controller/caches.h"
#include "controller/hub_registry.h"
#include "controller/node_detector.h"
#include "controller/node_scores.h"
#include "controller/template_book.h"
#include "kube/client.h"
#include "status/event_recorder.h"

namespace processhub::controller {

// What is counted; every function may be empty.
struct Observer {
  std::function<void(std::string_view controller, bool ok, Duration took)> reconciled = {};
  std::function<void(const HubKey&)> pod_created = {};
  std::function<void(const HubKey&)> pod_deleted = {};
  // `took`: from the decision until the label.
  std::function<void(const HubKey&, std::string_view cause, Duration took)> promoted = {};
  std::function<void(const HubKey&, std::string_view reason)> migrated = {};
  std::function<void(const HubKey&, const api::HubStatus&)> hub_status = {};
  std::function<void(const HubKey&, size_t count)> nodes_suspect = {};
  std::function<void(const HubKey&)> hub_gone = {};
};

struct Context {
  kube::Client& client;
  kube::Transport& transport;  // to the pods
  Executor& executor;
  const Clock& clock;
  Caches& caches;
  HubRegistry& hubs;
  TemplateBook& templates;
  NodeScores& scores;
  NodeDetector& detector;
  status::EventRecorder& events;
  Observer observer = {};

  // A Kubernetes Event on `object`, a `resource` of that hub or the hub itself.
  void tell(const kube::Resource& resource, const kube::ObjectMeta& object, const std::string& hub,
            status::EventType type, std::string_view reason, std::string note) const {
    events.record({.resource = resource,
                   .ns = object.ns,
                   .name = object.name,
                   .uid = object.uid,
                   .hub = hub,
                   .type = type,
                   .reason = std::string(reason),
                   .action = "Placing",
                   .note = std::move(note)});
  }
};

}  // namespace processhub::controller
