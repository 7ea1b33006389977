// Who leads a child: what its status says and its pods' labels, and from the history of the
// watches what must never have been.
//
//   TEST_F(Failover, ...) {
//     given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
//     given_children("workers", {"tenant"});
//     const Lead before = eventually_led("tenant");
//     NodeSet::lose({before.node});
//     const Lead after = eventually_led_by_another("tenant", before);
//   }
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "e2e/support/fixture.h"

namespace processhub::e2e {

// A spec.redundancy.
json active_passive(int factor);

struct Lead {
  std::string pod;
  std::string uid;
  std::string node;
  int64_t epoch = 0;
  bool operator==(const Lead&) const = default;
};

// Of a pod: "" where it has none. `role_text` is what the annotation says, "active 7".
std::string role_label(const json& pod);
std::string role_text(const json& pod);

// The first moment at which two pods of one child were `active`, "" where there was none.
enum class ActiveBy {
  kLabel,
  kAnnotation,  // for tests in which a user moves the labels
};
std::string twice_active(const std::vector<Watch::Event>& pods, ActiveBy by);

// The first moment at which a child's epoch fell, "" where there was none.
std::string fallen_epoch(const std::vector<Watch::Event>& children);

// At the end of each test: never were two pods of a child labelled active, and no epoch fell.
class WithRoles : public WithOperator {
 protected:
  void TearDown() override;

  // Status, labels and annotations agree about who leads, and all pods know its epoch.
  Lead eventually_led(const std::string& child) const;
  // The same, and it is another pod than `before`, under a higher epoch.
  Lead eventually_led_by_another(const std::string& child, const Lead& before) const;
  // The same, and the epoch is above that of `before`.
  Lead eventually_led_anew(const std::string& child, const Lead& before) const;

  // The pod of two that does not lead.
  [[nodiscard]] PodView standby_of(const std::string& child) const;

  // kubectl WORDS..., which writes one object; returns when the watch has shown that.
  static void edit_seen(const Watch& watch, const Words& words);

  // kubectl annotate phc CHILD processhub.io/switch-to=NODE.
  void switch_to(const std::string& child, const std::string& node) const;
  void eventually_obeyed(const std::string& child, const std::string& what) const;

  // Where in the history of the pods that one was first labelled active, and where it was first
  // on its way out; the history's end where it never was.
  [[nodiscard]] size_t first_active(const std::string& uid) const;
  [[nodiscard]] size_t first_ending(const std::string& uid) const;

  ActiveBy active_by_ = ActiveBy::kLabel;
  bool epochs_are_edited_ = false;  // by the test

 private:
  // "" when all is well; then `lead` is who leads.
  std::string problem_of_lead(const std::string& child, Lead& lead) const;
};

}  // namespace processhub::e2e
