// What the operator counts, for Prometheus: the names that dashboards for
// controllers already know (controller-runtime, workqueue, rest_client, leader
// election, process) and our own under processhub_.
//
//   metrics.reconciled("hub", ReconcileResult::kSuccess, took);
//   http_answer = metrics.text();
//
// Threads: text() on any; everything else on the core thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/names.h"

namespace processhub::server {

enum class ReconcileResult { kSuccess, kError };

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One answer of the API server. `code` is the HTTP status, 0 where there was no
  // answer (written "<error>", as client-go does); `host` is host:port.
  void rest_request(int code, std::string_view method, std::string_view host);

  // The work queue `name`. An item is added, waits, is worked on for a while, and may be retried.
  void queue_added(std::string_view name);
  void queue_depth(std::string_view name, size_t depth);
  void queue_waited(std::string_view name, Duration waited);
  void queue_worked(std::string_view name, Duration worked);
  void queue_retried(std::string_view name);
  // The items worked on now: their ages together, and the greatest.
  void queue_unfinished(std::string_view name, Duration together, Duration longest);

  // One run of a controller. kError counts as an error, too.
  void reconciled(std::string_view controller, ReconcileResult result, Duration took);

  // Whether this process leads by the Lease `name`.
  void leading(std::string_view name, bool leads);

  // A hub: its children by state ("ready", "degraded" ...), the nodes of its ring, those of
  // its nodes that it suspects, take-overs by cause, moves by reason, pods made and deleted.
  void children(const HubKey& hub, std::string_view state, size_t count);
  void ring_nodes(const HubKey& hub, size_t count);
  void nodes_suspect(const HubKey& hub, size_t count);
  void promoted(const HubKey& hub, std::string_view cause, Duration took);
  void migrated(const HubKey& hub, std::string_view reason);
  void pod_created(const HubKey& hub);
  void pod_deleted(const HubKey& hub);
  // The hub is gone: all of its series go.
  void forget_hub(const HubKey& hub);

  // Everything, with the process's own figures, in Prometheus's text format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace processhub::server
