// What every test begins with: a namespace of its own, a view of it through watches, and
// an operator that its suite shares. Tests of the operator's own life use WithoutOperator.
//
//   TEST_F(Placing, ChildrenRunWhereTheRingSays) {
//     given_hub("workers", {{"redundancy", replication(2)}});
//     given_children("workers", names("tenant", 20));
//     eventually_placed({.children = names("tenant", 20), .nodes = nodes_.names(), .factor = 2});
//   }
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "e2e/support/inbox.h"
#include "e2e/support/kubectl.h"
#include "e2e/support/node_set.h"
#include "e2e/support/operator_process.h"
#include "e2e/support/oracle.h"
#include "e2e/support/watch.h"

namespace processhub::e2e {

// "tenant-1" to "tenant-COUNT".
std::vector<std::string> names(const std::string& prefix, int count);
// A spec.redundancy.
json replication(int factor);

struct PodView {
  std::string name;
  std::string uid;
  std::string node;
  bool operator==(const PodView&) const = default;
};

class WithoutOperator : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A hub on `nodes` with timings of a second or two and small pods; `spec` is merged
  // over its spec.
  [[nodiscard]] json hub_object(const std::string& name, const NodeSet& nodes,
                                const json& spec = json::object()) const;
  void given_hub(const std::string& name, const NodeSet& nodes,
                 const json& spec = json::object()) const;
  void change_hub(const std::string& name, const json& spec) const;
  void given_children(const std::string& hub, const std::vector<std::string>& children) const;
  // One; `spec` is merged over its spec.
  void given_child(const std::string& hub, const std::string& child, const json& spec) const;
  void delete_child(const std::string& name) const;

  // Each child's pods run, Ready, on exactly the nodes of the ring; there is no other
  // pod of the hub (but such as end); the statuses of children and hub say so.
  void eventually_placed(const Wanted& wanted, std::chrono::seconds limit = kLimit) const;
  // The same wherever they are: `factor` pods of each child, at rest.
  void eventually_run(const std::string& hub, const std::vector<std::string>& children,
                      int factor = 1) const;
  // Until the condition says "Status/Reason", as in "False/NoNodes".
  void eventually_hub_says(const std::string& hub, const std::string& type,
                           const std::string& what) const;
  void eventually_child_says(const std::string& child, const std::string& type,
                             const std::string& what) const;
  // An Event of that reason about the object; returns its note.
  std::string eventually_event(const std::string& name, const std::string& reason);

  // The pods of a hub that are not on their way out, by child. A child may be chosen.
  [[nodiscard]] std::map<std::string, std::vector<PodView>> pods_of(const std::string& hub) const;
  [[nodiscard]] std::vector<PodView> pods_of_child(const std::string& child) const;
  // The node of the first of them.
  [[nodiscard]] std::string node_of(const std::string& child) const;

  // From the history of the watches: how many children of the hub were migrating at once
  // at most; the fewest serving pods that the child had since its first `factor` served;
  // the most pods that it had, those that end included; how many it has ever had.
  [[nodiscard]] int most_migrating(const std::string& hub) const;
  [[nodiscard]] int fewest_serving(const std::string& child, int factor) const;
  [[nodiscard]] int most_pods(const std::string& child) const;
  [[nodiscard]] int pods_ever(const std::string& child) const;

  // The watches begin anew: after the API server has ended.
  void look_again();

  std::string ns_ = unique_name("e2e");
  std::unique_ptr<Watch> pods_;
  std::unique_ptr<Watch> children_;
  std::unique_ptr<Watch> hubs_;
  std::unique_ptr<Watch> events_;            // once one is waited for
  std::vector<OperatorProcess*> operators_;  // whose logs are printed when a test fails

 private:
  [[nodiscard]] std::string misplaced(const Wanted& wanted,
                                      const std::map<std::string, Place>& places) const;
  void print_what_is() const;
};

// The same with an operator that lives as long as the suite.
class WithOperator : public WithoutOperator {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  static std::unique_ptr<OperatorProcess> operator_;
};

// And with six nodes for as long, for tests that leave the nodes as they are.
class WithNodes : public WithOperator {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  static std::unique_ptr<NodeSet> nodes_;
};

}  // namespace processhub::e2e
