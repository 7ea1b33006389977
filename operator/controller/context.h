// What the controllers share. `main.cpp` and the simulation put it together.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "controller/caches.h"
#include "controller/hub_registry.h"
#include "controller/template_book.h"
#include "kube/client.h"
#include "status/event_recorder.h"

namespace processhub::controller {

// What is counted; every function may be empty.
struct Observer {
  std::function<void(std::string_view controller, bool ok, Duration took)> reconciled = {};
  std::function<void(const HubKey&)> pod_created = {};
  std::function<void(const HubKey&)> pod_deleted = {};
  std::function<void(const HubKey&, std::string_view reason)> migrated = {};
  std::function<void(const HubKey&, const api::HubStatus&)> hub_status = {};
  std::function<void(const HubKey&)> hub_gone = {};
};

struct Context {
  kube::Client& client;
  Executor& executor;
  const Clock& clock;
  Caches& caches;
  HubRegistry& hubs;
  TemplateBook& templates;
  status::EventRecorder& events;
  Observer observer = {};
};

}  // namespace processhub::controller
