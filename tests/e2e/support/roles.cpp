#include "e2e/support/roles.h"

#include <fmt/core.h>
#include <set>

namespace processhub::e2e {
namespace {

constexpr const char* kRole = "processhub.io/role";
const json::json_pointer kSwitchTo("/metadata/annotations/processhub.io~1switch-to");

bool is_ending(const json& pod) { return pod.at("metadata").contains("deletionTimestamp"); }

std::string of(const json& object, const char* map, const char* key) {
  return object.at("metadata").value(map, json::object()).value(key, "");
}

// By its owner: a user may have taken the labels off.
std::string owner_of(const json& pod) {
  const json owners = pod.at("metadata").value("ownerReferences", json::array());
  return owners.empty() ? "" : owners.at(0).value("name", "") + "/" + owners.at(0).value("uid", "");
}

bool is_active(const json& pod, ActiveBy by) {
  return by == ActiveBy::kLabel ? role_label(pod) == "active"
                                : role_text(pod).starts_with("active ");
}

}  // namespace

json active_passive(int factor) {
  json redundancy = replication(factor);
  redundancy["replication"]["model"] = "ActivePassive";
  return redundancy;
}

std::string role_label(const json& pod) { return of(pod, "labels", kRole); }

std::string role_text(const json& pod) { return of(pod, "annotations", kRole); }

std::string twice_active(const std::vector<Watch::Event>& pods, ActiveBy by) {
  std::map<std::string, std::set<std::string>> active;  // uids by owner
  for (const Watch::Event& event : pods) {
    const json& meta = event.object.at("metadata");
    const std::string owner = owner_of(event.object);
    if (owner.empty()) continue;
    std::set<std::string>& uids = active[owner];
    if (event.type != "DELETED" && is_active(event.object, by)) {
      uids.insert(meta.at("uid"));
    } else {
      uids.erase(meta.at("uid"));
    }
    if (uids.size() > 1) {
      return fmt::format("{} has {} active pods at resourceVersion {}, with {}", owner, uids.size(),
                         meta.value("resourceVersion", ""), event.name());
    }
  }
  return "";
}

std::string fallen_epoch(const std::vector<Watch::Event>& children) {
  std::map<std::string, int64_t> epochs;  // by name: not even a child made again begins lower
  for (const Watch::Event& event : children) {
    const json status = status_of(event.object);
    if (event.type == "DELETED" || !status.contains("epoch")) continue;
    int64_t& before = epochs[event.name()];
    const int64_t now = status.at("epoch");
    if (now < before) {
      return fmt::format("the epoch of {} fell from {} to {} at resourceVersion {}", event.name(),
                         before, now, event.object.at("metadata").value("resourceVersion", ""));
    }
    before = now;
  }
  return "";
}

void WithRoles::TearDown() {
  EXPECT_EQ(twice_active(pods_->history(), active_by_), "");
  if (!epochs_are_edited_) {
    EXPECT_EQ(fallen_epoch(children_->history()), "");
  }
  WithOperator::TearDown();
}

std::string WithRoles::problem_of_lead(const std::string& child, Lead& lead) const {
  const json& object = children_->at(child);
  const json status = status_of(object);
  if (!status.contains("active")) return child + ": nobody leads: " + status.dump();
  const json& active = status.at("active");
  lead = {.pod = active.value("pod", ""),
          .uid = active.value("podUID", ""),
          .node = active.value("node", ""),
          .epoch = status.value("epoch", int64_t{0})};
  const std::string owner = child + "/" + object.at("metadata").at("uid").get<std::string>();
  bool found = false;
  for (const auto& [name, pod] : pods_->objects()) {
    if (owner_of(pod) != owner) continue;
    const bool leads = pod.at("metadata").at("uid") == lead.uid;
    if (is_ending(pod) && !leads && role_label(pod) != "active") continue;
    const std::string role = leads ? "active" : "passive";
    if (role_label(pod) != role || role_text(pod) != fmt::format("{} {}", role, lead.epoch)) {
      return fmt::format("pod {} says {}, {}, not {} {}", name, role_label(pod), role_text(pod),
                         role, lead.epoch);
    }
    found =
        found || (leads && name == lead.pod && pod.at("spec").value("nodeName", "") == lead.node);
  }
  if (!found) return child + ": there is no such pod: " + active.dump();
  if (said(object, "Active").starts_with("True/")) return "";
  return child + " says Active " + said(object, "Active");
}

Lead WithRoles::eventually_led(const std::string& child) const {
  Lead lead;
  eventually([&] { return problem_of_lead(child, lead); });
  return lead;
}

Lead WithRoles::eventually_led_by_another(const std::string& child, const Lead& before) const {
  Lead lead;
  eventually([&] {
    const std::string problem = problem_of_lead(child, lead);
    if (!problem.empty()) return problem;
    return lead.uid != before.uid ? "" : fmt::format("pod {} still leads {}", lead.pod, child);
  });
  EXPECT_GT(lead.epoch, before.epoch);
  return lead;
}

Lead WithRoles::eventually_led_anew(const std::string& child, const Lead& before) const {
  Lead lead;
  eventually([&] {
    const std::string problem = problem_of_lead(child, lead);
    if (!problem.empty()) return problem;
    return lead.epoch > before.epoch
               ? ""
               : fmt::format("{} has epoch {}, not above {}", child, lead.epoch, before.epoch);
  });
  return lead;
}

PodView WithRoles::standby_of(const std::string& child) const {
  const json status = status_of(children_->at(child));
  for (const PodView& pod : pods_of_child(child)) {
    if (pod.uid != status.at("active").value("podUID", "")) return pod;
  }
  throw std::runtime_error(child + " has no standby");
}

void WithRoles::edit_seen(const Watch& watch, const Words& words) {
  Words command = words;
  command.insert(command.end(), {"-o", "json"});
  const json written = json::parse(must_kubectl(command)).at("metadata");
  const auto version = [](const json& meta) {
    return std::stoll(meta.at("resourceVersion").get<std::string>());
  };
  eventually([&]() -> std::string {
    const json& now = watch.at(written.at("name"));
    return !now.is_null() && version(now.at("metadata")) >= version(written)
               ? ""
               : "the edit is not seen: " + written.dump();
  });
}

void WithRoles::switch_to(const std::string& child, const std::string& node) const {
  edit_seen(*children_, {"annotate", "phc", child, "-n", ns_, "--overwrite",
                         "processhub.io/switch-to=" + node});
}

void WithRoles::eventually_obeyed(const std::string& child, const std::string& what) const {
  eventually([&] {
    const json& object = children_->at(child);
    if (object.contains(kSwitchTo)) return "the annotation is still there: " + object.dump();
    const std::string now = said(object, "SwitchRequested");
    return now == what ? "" : fmt::format("{} says SwitchRequested {}", child, now);
  });
}

namespace {

template <class Predicate>
size_t first_of(const std::vector<Watch::Event>& history, const std::string& uid,
                const Predicate& holds) {
  for (size_t i = 0; i < history.size(); ++i) {
    if (history[i].object.at("metadata").at("uid") == uid && holds(history[i])) return i;
  }
  return history.size();
}

}  // namespace

size_t WithRoles::first_active(const std::string& uid) const {
  return first_of(pods_->history(), uid,
                  [](const Watch::Event& event) { return role_label(event.object) == "active"; });
}

size_t WithRoles::first_ending(const std::string& uid) const {
  return first_of(pods_->history(), uid, [](const Watch::Event& event) {
    return event.type == "DELETED" || is_ending(event.object);
  });
}

}  // namespace processhub::e2e
