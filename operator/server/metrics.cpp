#include "server/metrics.h"

#include <iterator>
#include <map>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "server/process_metrics.h"

namespace processhub::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// The buckets of controller-runtime and of its work queue, so that queries over
// several controllers add up.
const Histogram::BucketBoundaries& reconcile_buckets() {
  static const Histogram::BucketBoundaries bounds = {
      0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
      0.7,   0.8,  0.9,   1.0,  1.25, 1.5,  1.75, 2.0,  2.5, 3.0,  3.5, 4.0,  4.5, 5,
      6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60};
  return bounds;
}

const Histogram::BucketBoundaries& failover_buckets() {
  static const Histogram::BucketBoundaries bounds = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                                     0.5,   1,    2,    5,    10,  30};
  return bounds;
}

const Histogram::BucketBoundaries& queue_buckets() {
  static const Histogram::BucketBoundaries bounds = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3,
                                                     1e-2, 1e-1, 1,    10,   100,  1000};
  return bounds;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string_view label(ReconcileResult result) {
  switch (result) {
    case ReconcileResult::kSuccess:
      return "success";
    case ReconcileResult::kError:
      return "error";
  }
  return "error";
}

prometheus::Labels labels(std::initializer_list<std::pair<const char*, std::string_view>> pairs) {
  prometheus::Labels made;
  for (const auto& [name, value] : pairs) made.emplace(name, value);
  return made;
}

prometheus::Labels of(const HubKey& hub) {
  return labels({{"namespace", hub.ns}, {"hub", hub.name}});
}

prometheus::Labels of(const HubKey& hub, const char* name, std::string_view value) {
  return labels({{"namespace", hub.ns}, {"hub", hub.name}, {name, value}});
}

// The series that a hub has, to be removed with it.
struct HubSeries {
  std::map<std::string, Gauge*, std::less<>> children;       // by state
  std::map<std::string, Counter*, std::less<>> migrations;   // by reason
  std::map<std::string, Histogram*, std::less<>> failovers;  // by cause
  Gauge* ring_nodes = nullptr;
  Gauge* nodes_suspect = nullptr;
  Counter* pods_created = nullptr;
  Counter* pods_deleted = nullptr;
};

}  // namespace

struct Metrics::Families {
  Family<Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Family<Gauge>& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  Family<Histogram>& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;

  Family<Counter>& rest_requests =
      counter("rest_client_requests_total",
              "Number of HTTP requests, partitioned by status code, method, and host.");

  Family<Gauge>& queue_depth = gauge("workqueue_depth", "Current depth of workqueue.");
  Family<Counter>& queue_adds =
      counter("workqueue_adds_total", "Total number of adds handled by workqueue.");
  Family<Histogram>& queue_wait =
      histogram("workqueue_queue_duration_seconds",
                "How long in seconds an item stays in workqueue before being requested.");
  Family<Histogram>& queue_work =
      histogram("workqueue_work_duration_seconds",
                "How long in seconds processing an item from workqueue takes.");
  Family<Counter>& queue_retries =
      counter("workqueue_retries_total", "Total number of retries handled by workqueue.");
  Family<Gauge>& queue_unfinished =
      gauge("workqueue_unfinished_work_seconds",
            "How many seconds of work is in progress and has not been observed by work_duration.");
  Family<Gauge>& queue_longest =
      gauge("workqueue_longest_running_processor_seconds",
            "How many seconds the longest running processor of workqueue has been running.");

  Family<Counter>& reconciles = counter("controller_runtime_reconcile_total",
                                        "Total number of reconciliations per controller.");
  Family<Counter>& reconcile_errors =
      counter("controller_runtime_reconcile_errors_total",
              "Total number of reconciliation errors per controller.");
  Family<Histogram>& reconcile_time =
      histogram("controller_runtime_reconcile_time_seconds",
                "Length of time per reconciliation per controller.");

  Family<Gauge>& leader =
      gauge("leader_election_master_status",
            "Gauge of if the reporting system is master of the relevant lease, 0 indicates "
            "backup, 1 indicates master.");

  Family<Gauge>& children = gauge("processhub_children", "Children of a hub by their state.");
  Family<Gauge>& ring_nodes =
      gauge("processhub_ring_nodes", "Nodes that a hub places its children on.");
  Family<Gauge>& nodes_suspect =
      gauge("processhub_nodes_suspect",
            "Nodes of a hub that are not Ready or that its detection does not reach.");
  Family<Histogram>& failovers =
      histogram("processhub_failover_seconds",
                "From the decision that another replica leads until its label says so, by cause.");
  Family<Counter>& migrations =
      counter("processhub_migrations_total", "Voluntary moves begun, by reason.");
  Family<Counter>& pods_created = counter("processhub_pods_created_total", "Pods created.");
  Family<Counter>& pods_deleted = counter("processhub_pods_deleted_total", "Pods deleted.");

  std::map<HubKey, HubSeries> hubs;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::rest_request(int code, std::string_view method, std::string_view host) {
  const std::string status = code == 0 ? "<error>" : std::to_string(code);
  families_->rest_requests.Add(labels({{"code", status}, {"method", method}, {"host", host}}))
      .Increment();
}

void Metrics::queue_added(std::string_view name) {
  families_->queue_adds.Add(labels({{"name", name}})).Increment();
}

void Metrics::queue_depth(std::string_view name, size_t depth) {
  families_->queue_depth.Add(labels({{"name", name}})).Set(static_cast<double>(depth));
}

void Metrics::queue_waited(std::string_view name, Duration waited) {
  families_->queue_wait.Add(labels({{"name", name}}), queue_buckets()).Observe(seconds(waited));
}

void Metrics::queue_worked(std::string_view name, Duration worked) {
  families_->queue_work.Add(labels({{"name", name}}), queue_buckets()).Observe(seconds(worked));
}

void Metrics::queue_retried(std::string_view name) {
  families_->queue_retries.Add(labels({{"name", name}})).Increment();
}

void Metrics::queue_unfinished(std::string_view name, Duration together, Duration longest) {
  families_->queue_unfinished.Add(labels({{"name", name}})).Set(seconds(together));
  families_->queue_longest.Add(labels({{"name", name}})).Set(seconds(longest));
}

void Metrics::reconciled(std::string_view controller, ReconcileResult result, Duration took) {
  const auto name = labels({{"controller", controller}});
  families_->reconciles.Add(labels({{"controller", controller}, {"result", label(result)}}))
      .Increment();
  // Added also without an error: a rate needs a series that begins at 0.
  auto& errors = families_->reconcile_errors.Add(name);
  if (result == ReconcileResult::kError) errors.Increment();
  families_->reconcile_time.Add(name, reconcile_buckets()).Observe(seconds(took));
}

void Metrics::leading(std::string_view name, bool leads) {
  families_->leader.Add(labels({{"name", name}})).Set(leads ? 1 : 0);
}

void Metrics::children(const HubKey& hub, std::string_view state, size_t count) {
  Gauge*& series = families_->hubs[hub].children[std::string(state)];
  if (series == nullptr) series = &families_->children.Add(of(hub, "state", state));
  series->Set(static_cast<double>(count));
}

void Metrics::ring_nodes(const HubKey& hub, size_t count) {
  Gauge*& series = families_->hubs[hub].ring_nodes;
  if (series == nullptr) series = &families_->ring_nodes.Add(of(hub));
  series->Set(static_cast<double>(count));
}

void Metrics::nodes_suspect(const HubKey& hub, size_t count) {
  Gauge*& series = families_->hubs[hub].nodes_suspect;
  if (series == nullptr) series = &families_->nodes_suspect.Add(of(hub));
  series->Set(static_cast<double>(count));
}

void Metrics::promoted(const HubKey& hub, std::string_view cause, Duration took) {
  Histogram*& series = families_->hubs[hub].failovers[std::string(cause)];
  if (series == nullptr) {
    series = &families_->failovers.Add(of(hub, "cause", cause), failover_buckets());
  }
  series->Observe(seconds(took));
}

void Metrics::migrated(const HubKey& hub, std::string_view reason) {
  Counter*& series = families_->hubs[hub].migrations[std::string(reason)];
  if (series == nullptr) series = &families_->migrations.Add(of(hub, "reason", reason));
  series->Increment();
}

void Metrics::pod_created(const HubKey& hub) {
  Counter*& series = families_->hubs[hub].pods_created;
  if (series == nullptr) series = &families_->pods_created.Add(of(hub));
  series->Increment();
}

void Metrics::pod_deleted(const HubKey& hub) {
  Counter*& series = families_->hubs[hub].pods_deleted;
  if (series == nullptr) series = &families_->pods_deleted.Add(of(hub));
  series->Increment();
}

void Metrics::forget_hub(const HubKey& hub) {
  const auto found = families_->hubs.find(hub);
  if (found == families_->hubs.end()) return;
  const HubSeries& series = found->second;
  for (const auto& [state, gauge] : series.children) families_->children.Remove(gauge);
  for (const auto& [reason, counter] : series.migrations) families_->migrations.Remove(counter);
  for (const auto& [cause, histogram] : series.failovers) families_->failovers.Remove(histogram);
  families_->ring_nodes.Remove(series.ring_nodes);
  families_->nodes_suspect.Remove(series.nodes_suspect);
  families_->pods_created.Remove(series.pods_created);
  families_->pods_deleted.Remove(series.pods_deleted);
  families_->hubs.erase(found);
}

std::string Metrics::text() const {
  auto all = families_->registry.Collect();
  auto process = process_metrics();
  all.insert(all.end(), std::make_move_iterator(process.begin()),
             std::make_move_iterator(process.end()));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace processhub::server
