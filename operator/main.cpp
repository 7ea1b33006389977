// processhub-operator: reads its options, connects to the API server, and runs until
// SIGTERM or SIGINT. The only place that knows the real transport, clock and process.
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/file_reader.h"
#include "base/log.h"
#include "base/random.h"
#include "config/options.h"
#include "controller/operator.h"
#include "kube/cpprest_transport.h"
#include "kube/credentials.h"
#include "leader/elector.h"
#include "server/health_server.h"
#include "server/metrics.h"
#include "server/readiness.h"

namespace processhub {
namespace {

constexpr auto kHouseKeeping = std::chrono::seconds(1);
constexpr auto kLastWrites = std::chrono::seconds(5);  // how long the end waits for them

std::string_view verb(const kube::RequestReport& report) {
  if (report.watch) return "WATCH";
  switch (report.method) {
    case kube::Method::kGet:
      return "GET";
    case kube::Method::kPost:
      return "POST";
    case kube::Method::kPut:
      return "PUT";
    case kube::Method::kPatch:
      return "PATCH";
    case kube::Method::kDelete:
      return "DELETE";
  }
  return "";
}

// The host and port of a URL.
std::string host_of(const std::string& url) {
  const size_t begin = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

controller::Observer observer(server::Metrics& metrics) {
  return {
      .reconciled =
          [&metrics](std::string_view controller, bool ok, Duration took) {
            metrics.reconciled(
                controller,
                ok ? server::ReconcileResult::kSuccess : server::ReconcileResult::kError, took);
          },
      .pod_created = [&metrics](const HubKey& hub) { metrics.pod_created(hub); },
      .pod_deleted = [&metrics](const HubKey& hub) { metrics.pod_deleted(hub); },
      .promoted = [&metrics](const HubKey& hub, std::string_view cause,
                             Duration took) { metrics.promoted(hub, cause, took); },
      .migrated = [&metrics](const HubKey& hub,
                             std::string_view reason) { metrics.migrated(hub, reason); },
      .hub_status =
          [&metrics](const HubKey& hub, const api::HubStatus& status) {
            metrics.ring_nodes(hub, static_cast<size_t>(status.nodes.members));
            const auto children = [&](std::string_view state, int count) {
              metrics.children(hub, state, static_cast<size_t>(count));
            };
            children("ready", status.children.ready);
            children("degraded", status.children.degraded);
            children("migrating", status.children.migrating);
            children("pending", status.children.pending);
          },
      .nodes_suspect = [&metrics](const HubKey& hub,
                                  size_t count) { metrics.nodes_suspect(hub, count); },
      .hub_gone = [&metrics](const HubKey& hub) { metrics.forget_hub(hub); },
  };
}

queue::QueueMetrics queue_metrics(server::Metrics& metrics, const std::string& name) {
  return {
      .depth = [&metrics, name](size_t depth) { metrics.queue_depth(name, depth); },
      .adds = [&metrics, name] { metrics.queue_added(name); },
      .retries = [&metrics, name] { metrics.queue_retried(name); },
      .queue_duration = [&metrics, name](Duration waited) { metrics.queue_waited(name, waited); },
      .work_duration = [&metrics, name](Duration worked) { metrics.queue_worked(name, worked); },
  };
}

// The parts of the process and the order in which they live and end. Core thread.
class Process {
 public:
  Process(const config::Options& options, const kube::ConnectionConfig& connection)
      : options_(options),
        loop_(clock_),
        transport_(connection, loop_, files_, clock_),
        lease_client_(transport_, loop_, kube::unguarded(),
                      {.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(
                           options.renew_deadline / 2)}),
        elector_(lease_client_, loop_, clock_, random_,
                 {.ns = options.lease_namespace,
                  .name = options.lease_name,
                  .identity = options.identity,
                  .lease_duration = options.lease_duration,
                  .renew_deadline = options.renew_deadline,
                  .retry_period = options.retry_period},
                 {.started_leading = [this] { lead(true); },
                  .stopped_leading = [this] { lead(false); }}),
        operator_(transport_, loop_, clock_, random_,
                  options.leader_elect ? elector_.write_guard() : kube::unguarded(),
                  operator_options(host_of(connection.server))) {}

  // Until stop(). Error: the server for health and metrics cannot be started.
  Result<void> run() {
    const auto address = server::parse_bind_address(options_.bind_address);
    if (!address) return tl::unexpected(address.error());
    auto health = server::HealthServer::start(*address, readiness_, metrics_);
    if (!health) return tl::unexpected(health.error());
    log::info("started", {{"version", PROCESSHUB_VERSION},
                          {"identity", options_.identity},
                          {"port", (*health)->port()}});
    loop_.post([this] { begin(); });
    loop_.run();
    log::info("ended");
    return {};
  }

  // Ends run() in order: no new work, the last writes, the lease given back. Any thread.
  void stop() {
    loop_.post([this] { end(); });
  }

 private:
  controller::OperatorOptions operator_options(const std::string& host) {
    return {
        .ns = options_.ns,
        .identity = options_.identity,
        .client = {.max_in_flight = static_cast<size_t>(options_.max_in_flight),
                   .observer =
                       [this, host](const kube::RequestReport& report) {
                         metrics_.rest_request(report.code, verb(report), host);
                       }},
        .observer = observer(metrics_),
        .queue_metrics = [this](const std::string& name) { return queue_metrics(metrics_, name); }};
  }

  void begin() {
    metrics_.leading(options_.lease_name, false);
    operator_.start([this] {
      // A candidate from then on: whoever leads knows the cluster.
      if (options_.leader_elect) {
        elector_.start();
      } else {
        lead(true);
      }
    });
    keep_house();
  }

  void lead(bool leads) {
    metrics_.leading(options_.lease_name, leads);
    log::info(leads ? "leading" : "not leading", {{"identity", options_.identity}});
    operator_.lead(leads);
  }

  void keep_house() {
    const std::string trouble = operator_.trouble();
    if (trouble.empty()) {
      readiness_.set_ready("cache-sync");
    } else {
      readiness_.set_not_ready("cache-sync", trouble);
    }
    tell_unfinished(operator_.hubs().queue());
    tell_unfinished(operator_.children().queue());
    house_keeping_ = loop_.post_after(kHouseKeeping, [this] { keep_house(); });
  }

  template <typename Queue>
  void tell_unfinished(const Queue& queue) {
    metrics_.queue_unfinished(queue.name(), queue.unfinished_work(), queue.longest_running());
  }

  void end() {
    if (ending_) return;
    ending_ = true;
    log::info("ending");
    elector_.resign();
    operator_.lead(false);
    wait_for_last_writes(clock_.steady_now() + kLastWrites);
  }

  void wait_for_last_writes(SteadyTime until) {
    if (operator_.idle() || clock_.steady_now() >= until) {
      return elector_.release([this] { loop_.stop(); });
    }
    last_writes_ = loop_.post_after(std::chrono::milliseconds(10),
                                    [this, until] { wait_for_last_writes(until); });
  }

  const config::Options& options_;
  SystemClock clock_;
  SystemFileReader files_;
  SystemRandom random_;
  server::Metrics metrics_;
  server::Readiness readiness_{"cache-sync"};
  EventLoop loop_;
  kube::CpprestTransport transport_;
  kube::Client lease_client_;
  leader::Elector elector_;
  controller::Operator operator_;
  Timer house_keeping_;
  Timer last_writes_;
  bool ending_ = false;
};

int run(int argc, char** argv) {
  // Before any thread exists: all of them leave the signals to the one that waits for them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  kube::prepare_process();

  const SystemFileReader files;
  const auto options = config::parse_options(argc, argv, files);
  if (!options) {
    std::fprintf(stderr, "processhub-operator: %s\n", options.error().message.c_str());
    return 1;
  }
  if (options->print) {
    std::fputs(options->print->c_str(), stdout);
    return 0;
  }
  init_log(options->log_level, options->log_format);
  auto connection =
      kube::find_config(options->kubeconfig, options->context, kube::system_environment(), files);
  if (!connection) {
    std::fprintf(stderr, "processhub-operator: %s\n", connection.error().message.c_str());
    return 1;
  }

  Process process(*options, *connection);
  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    process.stop();
  });
  const Result<void> result = process.run();
  if (!result) {
    std::fprintf(stderr, "processhub-operator: %s\n", result.error().message.c_str());
    pthread_kill(waiter.native_handle(), SIGINT);  // which it waits for
  }
  waiter.join();
  return result ? 0 : 1;
}

}  // namespace
}  // namespace processhub

int main(int argc, char** argv) { return processhub::run(argc, argv); }
