// Which Events go with a change of a hub's conditions.
#include "plan/hub_events.h"

#include <gmock/gmock.h>

#include "api/conditions.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

api::HubStatus with(const char* type, ConditionStatus status, const char* reason,
                    const char* message = "words", api::HubStatus base = {}) {
  api::set_condition(base.conditions,
                     {.type = type, .status = status, .reason = reason, .message = message}, at(0));
  return base;
}

TEST(HubEvents, TellsWhatHasTurnedForTheWorseOnce) {
  const auto worse = with("Degraded", ConditionStatus::kTrue, "MassLoss");
  EXPECT_THAT(events_of({}, worse), ElementsAre(HubEvent{.reason = "MassLoss", .note = "words"}));
  EXPECT_THAT(events_of(worse, with("Degraded", ConditionStatus::kTrue, "MassLoss", "others")),
              IsEmpty());
  EXPECT_THAT(events_of(worse, with("Degraded", ConditionStatus::kTrue, "InvalidWeight")),
              ElementsAre(HubEvent{.reason = "InvalidWeight", .note = "words"}));
  EXPECT_THAT(events_of(worse, with("Degraded", ConditionStatus::kFalse, "AsDesired")), IsEmpty());
}

TEST(HubEvents, LeavesCountsOfChildrenToTheStatus) {
  EXPECT_THAT(events_of({}, with("Ready", ConditionStatus::kFalse, "ChildrenNotReady")), IsEmpty());
  EXPECT_THAT(events_of({}, with("Degraded", ConditionStatus::kTrue, "ChildrenDegraded")),
              IsEmpty());
  EXPECT_THAT(events_of({}, with("Ready", ConditionStatus::kFalse, "NoNodes")),
              ElementsAre(HubEvent{.reason = "NoNodes", .note = "words"}));
}

TEST(HubEvents, ALockIsToldOnceAndItsEndToo) {
  const auto held = with("QuorumLost", ConditionStatus::kFalse, "QuorumHeld", "3 of 3");
  auto lost = with("QuorumLost", ConditionStatus::kTrue, "TooFewNodes", "1 of 3");
  lost = with("Degraded", ConditionStatus::kTrue, "QuorumLost", "1 of 3", lost);
  EXPECT_THAT(events_of(held, lost),
              ElementsAre(HubEvent{.reason = "QuorumLost", .note = "1 of 3"}));
  EXPECT_THAT(events_of(lost, lost), IsEmpty());
  EXPECT_THAT(
      events_of(lost, held),
      ElementsAre(HubEvent{.warning = false, .reason = "QuorumRestored", .note = "3 of 3"}));
  const auto divergence = with("QuorumLost", ConditionStatus::kFalse, "Divergence", "");
  EXPECT_THAT(events_of(lost, divergence),
              ElementsAre(HubEvent{
                  .warning = false, .reason = "QuorumRestored", .note = "no quorum is required"}));
  EXPECT_THAT(events_of({}, held), IsEmpty());
  EXPECT_THAT(events_of(held, divergence), IsEmpty());
}

}  // namespace
}  // namespace processhub::plan
