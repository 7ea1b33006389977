#include "leader/lease_record.h"

#include <gtest/gtest.h>

namespace processhub::leader {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2};

TEST(LeaseRecordTest, KeepsWhatIsNotItsOwn) {
  const json lease = {{"metadata",
                       {{"name", "op"},
                        {"resourceVersion", "7"},
                        {"labels", {{"team", "x"}}},
                        {"managedFields", json::array({1})}}},
                      {"spec",
                       {{"holderIdentity", "old"},
                        {"leaseTransitions", 4},
                        {"strategy", "OldestEmulationVersion"}}}};
  const json held = held_lease(lease, "new", 15s, kNow);
  EXPECT_EQ(held["apiVersion"], "coordination.k8s.io/v1");
  EXPECT_EQ(held["metadata"],
            json({{"name", "op"}, {"resourceVersion", "7"}, {"labels", {{"team", "x"}}}}));
  EXPECT_EQ(held["spec"]["strategy"], "OldestEmulationVersion");
  EXPECT_EQ(held["spec"]["leaseTransitions"], 5);
  EXPECT_EQ(held["spec"]["holderIdentity"], "new");
}

TEST(LeaseRecordTest, ARenewalChangesItsTimeAlone) {
  const json first = held_lease(nullptr, "me", 15s, kNow);
  const json second = held_lease(first, "me", 15s, kNow + 2s);
  EXPECT_EQ(second["spec"]["acquireTime"], first["spec"]["acquireTime"]);
  EXPECT_EQ(second["spec"]["leaseTransitions"], 0);
  EXPECT_EQ(second["spec"]["renewTime"], "2026-01-02T00:00:02.000000Z");
  const json third = held_lease(second, "me", 15s, kNow - 1h);
  EXPECT_EQ(third["spec"]["renewTime"], "2026-01-02T00:00:02.000001Z");
}

TEST(LeaseRecordTest, ReadsWhatItWrites) {
  const LeaseRecord held = read_lease(held_lease(nullptr, "me", 1500ms, kNow));
  EXPECT_EQ(held.holder, "me");
  EXPECT_EQ(held.duration, 2s);
  EXPECT_FALSE(held.malformed);
  const LeaseRecord released =
      read_lease(released_lease(held_lease(nullptr, "me", 15s, kNow), kNow));
  EXPECT_EQ(released.holder, "");
  EXPECT_EQ(released.duration, 1s);
}

TEST(LeaseRecordTest, ReadsGarbageWithoutHarm) {
  for (const json& lease :
       {json(), json("text"), json::array(), json({{"spec", 7}}), json({{"spec", json::array()}}),
        json({{"spec", {{"holderIdentity", json::object()}}}}),
        json({{"spec", {{"leaseDurationSeconds", 1e300}}}}),
        json({{"spec", {{"leaseTransitions", -1}}}})}) {
    const LeaseRecord record = read_lease(lease);
    EXPECT_EQ(record.holder, "");
    EXPECT_EQ(record.transitions, 0);
    EXPECT_EQ(record.duration, std::nullopt);
    EXPECT_EQ(read_lease(held_lease(lease, "me", 15s, kNow)).holder, "me");
    EXPECT_EQ(read_lease(released_lease(lease, kNow)).holder, "");
  }
  const json forever = {{"spec", {{"leaseDurationSeconds", std::numeric_limits<int64_t>::max()}}}};
  EXPECT_EQ(read_lease(forever).duration, 24h);
}

}  // namespace
}  // namespace processhub::leader
