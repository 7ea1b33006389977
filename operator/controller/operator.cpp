#include "controller/operator.h"

#include <utility>

#include "api/parse.h"
#include "base/log.h"
#include "cache/store_sink.h"
#include "kube/decode.h"

namespace processhub::controller {
namespace {

// Keys worked at once: enough to keep the client's requests in flight. More would only have all
// children of a lost node begin their take-over before the first of them ends its own.
constexpr size_t kHubWorkers = 4;
constexpr size_t kChildWorkers = 32;
// The server sends a bookmark about every minute: a connection that is silent for longer
// than this is dead, though nobody has said so.
constexpr auto kLongestSilence = std::chrono::seconds(150);

kube::Projection custom_resource_mask() { return kube::meta_mask().with({"spec", "status"}); }

queue::QueueOptions queue_options(const OperatorOptions& options, const std::string& name,
                                  size_t workers) {
  queue::QueueOptions queue{.name = name, .workers = workers};
  if (options.queue_metrics) queue.metrics = options.queue_metrics(name);
  return queue;
}

}  // namespace

Operator::Operator(kube::Transport& transport, Executor& executor, const Clock& clock,
                   Random& random, kube::WriteGuard guard, OperatorOptions options)
    : executor_(executor),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      client_(transport, executor, std::move(guard), options_.client),
      templates_(client_, executor, random,
                 [this](const HubKey& hub, const std::optional<ChildKey>& child) {
                   child ? child_controller_.add(*child) : hub_controller_.add(hub);
                 }),
      scores_(
          client_, executor, caches_, [this] { watch_pod_loads(); },
          [this](const HubKey& hub) { hub_controller_.add(hub); }),
      detector_(
          transport, executor, clock, random, caches_, [this] { watch_node_leases(); },
          [this](const HubKey& hub) { hub_controller_.add(hub); }),
      events_(client_, clock, options_.identity),
      context_{.client = client_,
               .transport = transport,
               .executor = executor_,
               .clock = clock_,
               .caches = caches_,
               .hubs = registry_,
               .templates = templates_,
               .scores = scores_,
               .detector = detector_,
               .events = events_,
               .observer = options_.observer},
      child_controller_(context_, queue_options(options_, "processhubchild", kChildWorkers)),
      hub_controller_(context_, child_controller_,
                      queue_options(options_, "processhub", kHubWorkers)) {}

void Operator::start(std::function<void()> synced) {
  on_synced_ = std::move(synced);
  watch({.resource = kube::kNodes, .mask = kube::node_mask()},
        cache::store_sink<kube::Node>(caches_.nodes, kube::decode_node));
  watch({.resource = kube::kPods,
         .mask = kube::pod_mask(),
         .ns = options_.ns,
         .label_selector = plan::kHubLabel},
        cache::store_sink<kube::Pod>(caches_.pods, kube::decode_pod));
  watch({.resource = kube::kServices,
         .mask = kube::service_mask(),
         .ns = options_.ns,
         .label_selector = plan::kHubLabel},
        cache::store_sink<kube::Service>(caches_.services, kube::decode_service));
  // Those of users, too: two over one pod let nobody evict it.
  watch({.resource = kube::kPodDisruptionBudgets, .mask = kube::budget_mask(), .ns = options_.ns},
        cache::store_sink<kube::PodDisruptionBudget>(caches_.budgets, kube::decode_budget));
  watch({.resource = kube::kProcessHubs, .mask = custom_resource_mask(), .ns = options_.ns},
        cache::store_sink<api::ProcessHub>(caches_.hubs, api::parse_hub));
  watch({.resource = kube::kProcessHubChildren, .mask = custom_resource_mask(), .ns = options_.ns},
        cache::store_sink<api::ProcessHubChild>(caches_.children, api::parse_child));
}

// Also those of others: they load the nodes as well. With one namespace to watch, of that alone.
void Operator::watch_pod_loads() {
  watch({.resource = kube::kPods, .mask = kube::pod_load_mask(), .ns = options_.ns},
        cache::store_sink<kube::PodLoad>(caches_.pod_loads, kube::decode_pod_load));
}

void Operator::watch_node_leases() {
  watch(
      {.resource = kube::kLeases, .mask = kube::node_lease_mask(), .ns = kube::kNodeLeaseNamespace},
      detector_.lease_sink());
}

void Operator::watch(watch::ReflectorOptions options, watch::ReflectorSink sink) {
  sink.replace_end = [this, store = std::move(sink.replace_end)](const ResourceVersion& version) {
    store(version);
    // Not from within the reflector's own step.
    executor_.post([this] { check_synced(); });
  };
  options.longest_silence = kLongestSilence;
  watched_.emplace_back(options.resource.plural);
  reflectors_.push_back(std::make_unique<watch::Reflector>(client_, executor_, clock_, random_,
                                                           std::move(options), std::move(sink)));
  reflectors_.back()->start();
}

void Operator::check_synced() {
  if (synced_ || !caches_.synced()) return;
  synced_ = true;
  log::info("caches synced", {{"nodes", caches_.nodes.size()},
                              {"pods", caches_.pods.size()},
                              {"hubs", caches_.hubs.size()},
                              {"children", caches_.children.size()}});
  if (on_synced_) on_synced_();
  if (leads_) lead(true);
}

void Operator::lead(bool leads) {
  leads_ = leads;
  const bool works = leads_ && synced_;
  hub_controller_.lead(works);  // first: the children are planned with what it finds out
  child_controller_.lead(works);
}

std::string Operator::trouble() const {
  std::string text;
  for (size_t i = 0; i < reflectors_.size(); ++i) {
    const auto& problem = reflectors_[i]->problem();
    if (reflectors_[i]->synced() && !problem) continue;
    if (!text.empty()) text += "; ";
    text += watched_[i] + (reflectors_[i]->synced() ? " not watched" : " not synced");
    if (problem) text += ": " + problem->message;
  }
  return text;
}

}  // namespace processhub::controller
