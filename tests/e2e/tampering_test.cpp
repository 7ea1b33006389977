// Statuses, labels and annotations that others have written: repaired, with one lead, a later
// epoch and the same pods.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

class Tampering : public WithRoles {
 protected:
  void SetUp() override {
    WithRoles::SetUp();
    active_by_ = ActiveBy::kAnnotation;
    epochs_are_edited_ = true;
    nodes_ = std::make_unique<NodeSet>(3);
    given_hub("workers", *nodes_, {{"redundancy", active_passive(2)}});
    given_children("workers", {"tenant", "other"});
    eventually_run("workers", {"tenant", "other"}, 2);
    before_ = eventually_led("tenant");
    other_ = eventually_led("other");
    standby_ = standby_of("tenant");
    pods_before_ = pods_of("workers");
  }

  void TearDown() override {
    WithRoles::TearDown();
    nodes_.reset();
  }

  void edit_status(const json& status) const {
    edit_seen(*children_, {"patch", "phc", "tenant", "-n", ns_, "--subresource=status",
                           "--type=merge", "-p", json({{"status", status}}).dump()});
  }
  // kubectl label or annotate pod POD WORDS...
  void edit(const char* verb, const std::string& pod, const Words& words) const {
    Words command = {verb, "pod", pod, "-n", ns_, "--overwrite"};
    command.insert(command.end(), words.begin(), words.end());
    edit_seen(*pods_, command);
  }

  // All as it was, but for the epoch, which may be higher.
  Lead eventually_repaired() const {
    eventually_run("workers", {"tenant", "other"}, 2);
    const Lead lead = eventually_led("tenant");
    EXPECT_GE(lead.epoch, before_.epoch);
    EXPECT_EQ(pods_of("workers"), pods_before_);
    EXPECT_EQ(eventually_led("other"), other_);
    return lead;
  }
  // The same, with the lead and the epoch that were.
  void eventually_as_before() const { EXPECT_EQ(eventually_repaired(), before_); }

  // Until the operator has had its say about what was edited.
  void eventually_has_role(const std::string& pod, const std::string& role) const {
    eventually([&] {
      const std::string now = role_label(pods_->at(pod));
      return now == role ? "" : "pod " + pod + " is labelled " + now;
    });
  }

  std::unique_ptr<NodeSet> nodes_;
  Lead before_;
  Lead other_;
  PodView standby_;
  std::map<std::string, std::vector<PodView>> pods_before_;
};

TEST_F(Tampering, AnEpochThatWasSetBackIsPassed) {
  edit_status({{"epoch", 1}});
  const Lead after = eventually_led_anew("tenant", before_);
  EXPECT_EQ(after.uid, before_.uid);
  eventually_repaired();
}

TEST_F(Tampering, AStatusThatNamesAnotherIsNotBelieved) {
  edit_status({{"active", {{"pod", standby_.name}, {"podUID", standby_.uid}}}});
  const Lead after = eventually_led_anew("tenant", before_);
  EXPECT_EQ(after.uid, before_.uid);
  eventually_repaired();
}

TEST_F(Tampering, AStatusThatNamesNobodyThereIsIsNotBelieved) {
  edit_status({{"active", {{"pod", "nobody"}, {"podUID", "nobody"}, {"node", "nowhere"}}}});
  EXPECT_EQ(eventually_led_anew("tenant", before_).uid, before_.uid);
  eventually_repaired();
}

TEST_F(Tampering, AStatusThatWasWipedIsMadeAgain) {
  edit_status(nullptr);
  EXPECT_EQ(eventually_led_anew("tenant", before_).uid, before_.uid);
  eventually_repaired();
}

TEST_F(Tampering, AnEmptyListOfReplicasIsMadeAgain) {
  edit_status({{"replicas", json::array()}});
  eventually([&]() -> std::string {
    const json replicas = status_of(children_->at("tenant")).value("replicas", json::array());
    return replicas.size() == 2 ? "" : "its status says " + replicas.dump();
  });
  eventually_repaired();
}

TEST_F(Tampering, AnEpochBeyondAllBoundsIsSurvived) {
  edit_status({{"epoch", std::numeric_limits<int64_t>::max()}});
  edit("label", before_.pod, {"processhub.io/role-"});
  eventually_has_role(before_.pod, "active");
  EXPECT_GT(status_of(children_->at("tenant")).at("epoch"), 0);
  // It can still be told that it has to lead no more.
  switch_to("tenant", standby_.node);
  EXPECT_EQ(
      eventually_led_by_another("tenant", {.pod = {}, .uid = before_.uid, .node = {}, .epoch = 0})
          .uid,
      standby_.uid);
}

TEST_F(Tampering, RoleLabelsAreGivenBack) {
  edit("label", before_.pod, {"processhub.io/role-"});
  eventually_has_role(before_.pod, "active");
  edit("label", standby_.name, {"processhub.io/role-"});
  eventually_has_role(standby_.name, "passive");
  eventually_as_before();

  // Moved.
  edit("label", before_.pod, {"processhub.io/role=passive"});
  edit("label", standby_.name, {"processhub.io/role=active"});
  eventually_has_role(before_.pod, "active");
  eventually_has_role(standby_.name, "passive");
  eventually_as_before();

  // Two.
  edit("label", standby_.name, {"processhub.io/role=active"});
  eventually_has_role(standby_.name, "passive");
  eventually_as_before();

  edit("label", before_.pod, {"processhub.io/role=king"});
  eventually_has_role(before_.pod, "active");
  eventually_as_before();
}

TEST_F(Tampering, RoleAnnotationsAreGivenBack) {
  for (const char* text : {"active 1", "passive", "active 99999999999999999999", "king 7"}) {
    edit("annotate", before_.pod, {std::string("processhub.io/role=") + text});
    eventually_as_before();
  }
  edit("annotate", before_.pod, {"processhub.io/role-"});
  eventually_as_before();
}

TEST_F(Tampering, AHigherEpochOnAPodIsPassed) {
  const std::string high = std::to_string(before_.epoch + 1000);
  edit("annotate", standby_.name, {"processhub.io/role=passive " + high});
  Lead after = eventually_led_anew(
      "tenant", {.pod = {}, .uid = {}, .node = {}, .epoch = before_.epoch + 1000});
  EXPECT_EQ(after.uid, before_.uid);
  eventually_repaired();

  edit("annotate", standby_.name,
       {"processhub.io/role=passive " + std::to_string(std::numeric_limits<int64_t>::max())});
  after = eventually_repaired();
  EXPECT_EQ(after.uid, before_.uid);
}

TEST_F(Tampering, LabelsThatSayWhoseAPodIsAreGivenBack) {
  for (const Words& words : {Words{"processhub.io/hub-"}, Words{"processhub.io/child-"},
                             Words{"processhub.io/hub-", "processhub.io/child-"}}) {
    for (const std::string& pod : {before_.pod, standby_.name}) {
      edit("label", pod, words);
      eventually([&]() -> std::string {
        const json labels = pods_->at(pod).at("metadata").at("labels");
        return labels.contains("processhub.io/hub") && labels.contains("processhub.io/child")
                   ? ""
                   : "pod " + pod + " is labelled " + labels.dump();
      });
      eventually_repaired();
    }
  }
}

TEST_F(Tampering, TheLabelsOfASingletonAreGivenBack) {
  given_hub("singles", *nodes_);
  given_children("singles", {"single"});
  eventually_run("singles", {"single"});
  const Lead lead = eventually_led("single");
  for (const Words& words : {Words{"processhub.io/hub-"}, Words{"processhub.io/child-"}}) {
    edit("label", lead.pod, words);
    eventually_run("singles", {"single"});
    const Lead after = eventually_led("single");
    EXPECT_EQ(after.uid, lead.uid);
    EXPECT_GE(after.epoch, lead.epoch);
  }
  EXPECT_EQ(pods_ever("single"), 1);
}

}  // namespace
}  // namespace processhub::e2e
