// A node falls silent towards its hub's detection while its Ready condition says that all is
// well: the lead moves, pods do not.
#include <gmock/gmock.h>
#include <httplib.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

class Detection : public WithRoles {
 protected:
  Lead given_pair(const NodeSet& nodes, const json& failover) const {
    given_hub("workers", nodes, {{"redundancy", active_passive(2)}, {"failover", failover}});
    given_children("workers", {"tenant"});
    eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
    return eventually_led("tenant");
  }

  static std::string ready_since(const std::string& node) {
    const json ready = condition(get({"node", node}), "Ready");
    EXPECT_EQ(ready.value("status", ""), "True");
    return ready.value("lastTransitionTime", "");
  }

  // It took over on a mere suspicion, and the pod that led is still there, passive.
  void expect_only_the_role_moved(const Lead& before, const Lead& after, const PodView& standby) {
    EXPECT_EQ(after.uid, standby.uid);
    EXPECT_EQ(said(children_->at("tenant"), "Active"), "True/NodeSuspect");
    EXPECT_EQ(pods_ever("tenant"), 2);
    EXPECT_EQ(first_ending(before.uid), pods_->history().size());
  }
};

// Its node status is posted, as by a kubelet that cannot reach its Lease any more.
void post_status(const std::string& node) {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  const json ready = {{"type", "Ready"}, {"status", "True"}, {"lastHeartbeatTime", text}};
  must_kubectl({"patch", "node", node, "--subresource=status", "--type=strategic", "-p",
                json({{"status", {{"conditions", {ready}}}}}).dump()});
}

TEST_F(Detection, OfALeaseThatIsNotRenewedMovesTheLead) {
  const NodeSet nodes(4);
  const Lead before = given_pair(nodes, {{"detection", "NodeLease"},
                                         {"nodeLease", {{"leaseTimeoutSeconds", 5}}},
                                         {"restartAfterSeconds", 600},
                                         {"replaceAfterSeconds", 600}});
  const PodView standby = standby_of("tenant");
  const std::string since = ready_since(before.node);

  NodeSet::go_silent({before.node});
  EXPECT_TRUE(poll_until([&] {
    post_status(before.node);
    return status_of(children_->at("tenant")).at("active").value("podUID", "") != before.uid;
  }));
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(ready_since(before.node), since);
  expect_only_the_role_moved(before, after, standby);

  NodeSet::restore({before.node});
  eventually_run("workers", {"tenant"}, 2);
  EXPECT_EQ(eventually_led("tenant"), after);
}

// What takes connections where the kubelet of a simulated node would.
class Kubelet {
 public:
  explicit Kubelet(int port = 0) {
    if (port == 0) {
      port_ = server_.bind_to_any_port("127.0.0.1");
    } else if (server_.bind_to_port("127.0.0.1", port)) {
      port_ = port;
    }
    EXPECT_GT(port_, 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Kubelet() {
    server_.stop();
    thread_.join();
  }
  Kubelet(const Kubelet&) = delete;
  Kubelet& operator=(const Kubelet&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(Detection, OfAKubeletThatIsNotReachedMovesTheLead) {
  const NodeSet nodes(4);
  std::map<std::string, std::unique_ptr<Kubelet>> kubelets;
  for (const std::string& node : nodes.names()) {
    kubelets[node] = std::make_unique<Kubelet>();
    const json address = {{"type", "InternalIP"}, {"address", "127.0.0.1"}};
    patch({"node", node, "--subresource=status"},
          {{"status",
            {{"addresses", {address}},
             {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", kubelets[node]->port()}}}}}}}});
  }
  const Lead before = given_pair(
      nodes, {{"detection", "NodeProbe"}, {"restartAfterSeconds", 1}, {"replaceAfterSeconds", 1}});
  const PodView standby = standby_of("tenant");
  const std::string since = ready_since(before.node);

  const int port = kubelets[before.node]->port();
  kubelets[before.node].reset();
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(ready_since(before.node), since);
  expect_only_the_role_moved(before, after, standby);

  // It is reached again: nothing switches back, but it may lead again.
  kubelets[before.node] = std::make_unique<Kubelet>(port);
  eventually_run("workers", {"tenant"}, 2);
  EXPECT_EQ(eventually_led("tenant"), after);
  EXPECT_TRUE(poll_until([&] {
    switch_to("tenant", before.node);
    eventually([&] {
      const json annotations = children_->at("tenant").at("metadata").value("annotations", json());
      return annotations.is_object() && annotations.contains("processhub.io/switch-to")
                 ? "the annotation is still there"
                 : "";
    });
    return status_of(children_->at("tenant")).at("active").value("podUID", "") == before.uid;
  }));
  EXPECT_EQ(eventually_led_by_another("tenant", after).uid, before.uid);
}

}  // namespace
}  // namespace processhub::e2e
