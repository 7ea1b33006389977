#include "server/metrics.h"

#include <cmath>
#include <ctime>
#include <gmock/gmock.h>

namespace processhub::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const HubKey kWorkers{"shop", "workers"};
const HubKey kOthers{"shop", "others"};

TEST(Metrics, CountsRequestsByCodeMethodAndHost) {
  Metrics metrics;
  metrics.rest_request(200, "GET", "10.0.0.1:6443");
  metrics.rest_request(200, "GET", "10.0.0.1:6443");
  metrics.rest_request(0, "POST", "10.0.0.1:6443");
  const std::string text = metrics.text();
  EXPECT_THAT(
      text,
      HasSubstr(R"(rest_client_requests_total{code="200",host="10.0.0.1:6443",method="GET"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(code="<error>",host="10.0.0.1:6443",method="POST"} 1)"));
}

TEST(Metrics, HasTheWorkQueueNamesThatDashboardsKnow) {
  Metrics metrics;
  metrics.queue_added("hub");
  metrics.queue_depth("hub", 3);
  metrics.queue_waited("hub", milliseconds(20));
  metrics.queue_worked("hub", milliseconds(5));
  metrics.queue_retried("hub");
  metrics.queue_unfinished("hub", seconds(5), seconds(4));
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr(R"(workqueue_adds_total{name="hub"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(workqueue_depth{name="hub"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(workqueue_queue_duration_seconds_sum{name="hub"} 0.02)"));
  EXPECT_THAT(text, HasSubstr(R"(workqueue_work_duration_seconds_count{name="hub"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(workqueue_retries_total{name="hub"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(workqueue_unfinished_work_seconds{name="hub"} 5)"));
  EXPECT_THAT(text, HasSubstr(R"(workqueue_longest_running_processor_seconds{name="hub"} 4)"));
}

TEST(Metrics, CountsReconcilesAndKeepsAnErrorSeriesFromTheStart) {
  Metrics metrics;
  metrics.reconciled("hub", ReconcileResult::kSuccess, milliseconds(3));
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(controller_runtime_reconcile_errors_total{controller="hub"} 0)"));
  metrics.reconciled("hub", ReconcileResult::kError, milliseconds(3));
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr(R"(reconcile_total{controller="hub",result="success"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(reconcile_total{controller="hub",result="error"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(controller_runtime_reconcile_errors_total{controller="hub"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(reconcile_time_seconds_bucket{controller="hub",le="0.005"} 2)"));
}

TEST(Metrics, TellsWhoLeads) {
  Metrics metrics;
  metrics.leading("processhub-operator", false);
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(leader_election_master_status{name="processhub-operator"} 0)"));
  metrics.leading("processhub-operator", true);
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(leader_election_master_status{name="processhub-operator"} 1)"));
}

TEST(Metrics, ForgetsAllSeriesOfAHubAndNoOther) {
  Metrics metrics;
  for (const HubKey& hub : {kWorkers, kOthers}) {
    metrics.children(hub, "ready", 40);
    metrics.children(hub, "degraded", 0);
    metrics.ring_nodes(hub, 5);
    metrics.nodes_suspect(hub, 2);
    metrics.promoted(hub, "NodeNotReady", std::chrono::milliseconds(15));
    metrics.migrated(hub, "NodeLost");
    metrics.pod_created(hub);
    metrics.pod_deleted(hub);
  }
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(processhub_children{hub="workers",namespace="shop",state="ready"} 40)"));
  metrics.forget_hub(kWorkers);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("workers")));
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(processhub_ring_nodes{hub="others",namespace="shop"} 5)"));
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(processhub_nodes_suspect{hub="others",namespace="shop"} 2)"));
  EXPECT_THAT(metrics.text(), HasSubstr("processhub_failover_seconds_bucket{cause=\"NodeNotReady\","
                                        "hub=\"others\",namespace=\"shop\",le=\"0.02\"} 1"));
  EXPECT_THAT(
      metrics.text(),
      HasSubstr(
          R"(processhub_migrations_total{hub="others",namespace="shop",reason="NodeLost"} 1)"));

  // A hub made again under the name starts from nothing.
  metrics.pod_created(kWorkers);
  EXPECT_THAT(metrics.text(),
              HasSubstr(R"(processhub_pods_created_total{hub="workers",namespace="shop"} 1)"));
  metrics.forget_hub({"shop", "unknown"});
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.children(kWorkers, "a\"b\\c\nd", 1);
  EXPECT_THAT(metrics.text(), HasSubstr(R"(state="a\"b\\c\nd"} 1)"));
}

// The value of a series without labels; NaN where it is not there.
double value_of(const std::string& name, const std::string& text) {
  const size_t line = text.find("\n" + name + " ");
  return line == std::string::npos ? NAN : std::stod(text.substr(line + name.size() + 2));
}

TEST(Metrics, ReportsTheProcess) {
  const std::string text = Metrics().text();
  EXPECT_GT(value_of("process_cpu_seconds_total", text), 0);
  EXPECT_GT(value_of("process_resident_memory_bytes", text), 1e6);
  EXPECT_GE(value_of("process_open_fds", text), 3);
  EXPECT_NEAR(value_of("process_start_time_seconds", text), static_cast<double>(std::time(nullptr)),
              120);
}

}  // namespace
}  // namespace processhub::server
