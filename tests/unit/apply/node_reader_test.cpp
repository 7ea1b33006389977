#include "apply/node_reader.h"

#include "unit/apply/apply_fixture.h"

namespace processhub::apply {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NodeReaderTest : public ApplyFixture {
 protected:
  void ask(const std::string& who, const std::string& node = "a") {
    reader_.node(NodeName(node), [this, who](const Result<json>& answer) {
      told_.push_back(who + (answer ? " " + ready_of(*answer) : " nothing"));
    });
    executor_.settle();
  }
  static std::string ready_of(const json& node) {
    return node.at("status").at("conditions").at(0).at("status");
  }

  NodeReader reader_{client_};
  std::vector<std::string> told_;
};

TEST_F(NodeReaderTest, WhoAsksMeanwhileSharesTheNextReadNotTheOneOnItsWay) {
  ask("first");
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  ask("second");
  ask("third");
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  answer(200, node_object("a", "Unknown"));
  EXPECT_THAT(told_, ElementsAre("first Unknown"));
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  answer(200, node_object("a", "True"));
  EXPECT_THAT(told_, ElementsAre("first Unknown", "second True", "third True"));
  EXPECT_EQ(transport_.requests_waiting(), 0U) << "nobody waits for another";
}

TEST_F(NodeReaderTest, NodesAndLeasesOfOtherNamesAreReadBesideIt) {
  ask("first");
  ask("other", "b");
  reader_.lease(NodeName("a"), [](const Result<json>&) {});
  executor_.settle();
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  EXPECT_EQ(asked(), "GET /api/v1/nodes/b");
  EXPECT_EQ(asked(), "GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a");
}

TEST_F(NodeReaderTest, AFailureIsToldToAllThatShareItAndTheNextReadsAnew) {
  ask("first");
  static_cast<void>(asked());
  ask("second");
  refuse(404, "NotFound");
  EXPECT_THAT(told_, ElementsAre("first nothing"));
  static_cast<void>(asked());
  refuse(404, "NotFound");
  told_.clear();
  ask("third");
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
}

}  // namespace
}  // namespace processhub::apply
