// A hub with nothing to do: nothing is written.
#include <gmock/gmock.h>
#include <iostream>

#include "e2e/support/cluster.h"
#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::IsEmpty;

// Its operator works alone: the renewals of an elected one's Lease are its only writes.
class Quiet : public WithOperator {};

constexpr std::chrono::seconds kPause{5};
constexpr std::chrono::seconds kQuiet{60};

// Whether there are any in the namespace (others may still be on their way out); those that are
// new are added.
bool written(AuditLog& audit, const std::string& ns, std::vector<std::string>& writes) {
  for (std::string& write : audit.writes()) {
    if (write.find(" " + ns + "/") != std::string::npos) writes.push_back(std::move(write));
  }
  return !writes.empty();
}

TEST_F(Quiet, FiveHundredChildrenOnFiftyNodesAreLeftInPeace) {
  const NodeSet nodes(50);
  const auto children = names("tenant", 500);
  given_hub("workers", nodes);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names()}, std::chrono::seconds(300));

  // What the last of these has still caused (an Event, the hub's counts) is written first.
  AuditLog settling;
  std::vector<std::string> late;
  for (int tries = 0;
       tries < 20 && poll_until([&] { return written(settling, ns_, late); }, kPause); ++tries) {
    late.clear();
  }

  AuditLog audit;
  std::vector<std::string> writes;
  const double cpu_before = operator_->cpu_seconds();
  poll_until([&] { return written(audit, ns_, writes); }, kQuiet);
  EXPECT_THAT(writes, IsEmpty());
  std::cout << "resident: " << operator_->resident_kib() / 1024
            << " MiB, processor in the minute: " << operator_->cpu_seconds() - cpu_before << " s\n";

  // And the log is the right one: what is done now is in it.
  given_children("workers", {"late"});
  EXPECT_TRUE(poll_until([&] { return written(audit, ns_, writes); }));
}

}  // namespace
}  // namespace processhub::e2e
