// What the tests of the detections share: a detector, nodes, hubs that ask for something.
#pragma once

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_executor.h"
#include "support/fake_random.h"
#include "support/scripted_transport.h"

#include "controller/node_detector.h"
#include "unit/plan/builders.h"

namespace processhub::controller {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DetectorTest : public ::testing::Test {
 protected:
  static constexpr Duration kMoment = std::chrono::microseconds(1);

  static api::ProcessHub hub_with_lease(const std::string& name, seconds timeout) {
    api::ProcessHub hub = *plan::testing::make_hub(name);
    hub.spec.failover.detection = api::Detection::kNodeLease;
    hub.spec.failover.node_lease.timeout = timeout;
    return hub;
  }
  static api::ProcessHub hub_with_probe(const std::string& name, seconds period, int threshold) {
    api::ProcessHub hub = *plan::testing::make_hub(name);
    hub.spec.failover.detection = api::Detection::kNodeProbe;
    hub.spec.failover.node_probe = {.period = period, .failure_threshold = threshold};
    return hub;
  }

  static kube::Node node(const std::string& name, const std::string& ip,
                         const kube::StringMap& labels = {}) {
    kube::Node made = plan::testing::NodeBuilder(name).node;
    made.meta.labels = labels;
    made.internal_ip = ip;
    return made;
  }
  void remove_node(const std::string& name) {
    caches_.nodes.remove(NodeName(name), ResourceVersion("2"));
  }

  [[nodiscard]] bool suspected(const api::ProcessHub& hub, const std::string& node) const {
    return detector_.suspected(hub, NodeName(node)).has_value();
  }
  // The hubs that were told of since the last call.
  std::set<std::string> told() { return std::exchange(told_, {}); }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::FakeRandom random_;
  testing::ScriptedTransport transport_{executor_};
  Caches caches_;
  int watched_ = 0;
  std::set<std::string> told_;
  NodeDetector detector_{transport_,
                         executor_,
                         clock_,
                         random_,
                         caches_,
                         [this] { ++watched_; },
                         [this](const HubKey& hub) { told_.insert(hub.name); }};
};

}  // namespace processhub::controller
