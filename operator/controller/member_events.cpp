#include "controller/member_events.h"

#include <fmt/core.h>
#include <set>
#include <utility>

namespace processhub::controller {
namespace {

constexpr size_t kNamesInANote = 10;

std::string names_of_children_on(const Caches& caches, const HubKey& hub, const NodeName& node) {
  std::set<std::string> names;
  for (const auto& pod : caches.pods_by_hub_and_node.find({hub, node})) {
    names.insert(Caches::child_of(*pod).name);
  }
  if (names.empty()) return "";
  std::string text = fmt::format("; {} children there:", names.size());
  size_t shown = 0;
  for (const std::string& name : names) {
    if (shown++ == kNamesInANote) return text + " …";
    text += " " + name;
  }
  return text;
}

}  // namespace

void tell_of_members(const Context& context, const api::ProcessHub& hub,
                     const plan::HubFrame& before, const plan::HubFrame& after) {
  const auto tell = [&](status::EventType type, std::string_view reason, std::string note) {
    context.tell(kube::kProcessHubs, hub.meta, hub.meta.name, type, reason, std::move(note));
  };
  for (const placement::Member& member : after.membership.members) {
    if (before.membership.member(member.name) != nullptr) continue;
    tell(status::EventType::kNormal, "NodeJoined",
         fmt::format("node {} has joined: {} members", member.name.str(),
                     after.membership.members.size()));
  }
  for (const placement::Member& member : before.membership.members) {
    if (after.membership.member(member.name) != nullptr) continue;
    const plan::NodeState* state = after.membership.node(member.name);
    const char* why = state == nullptr                            ? "it was deleted"
                      : state->health != plan::NodeHealth::kReady ? "it is not Ready"
                      : state->draining ? "it is cordoned or being removed"
                                        : "it no longer matches or carries a taint";
    tell(status::EventType::kNormal, "NodeLeft",
         fmt::format("node {} has left, {}: {} members{}", member.name.str(), why,
                     after.membership.members.size(),
                     names_of_children_on(context.caches, hub.key(), member.name)));
  }
  for (const auto& [name, state] : after.membership.nodes) {
    const plan::NodeState* was = before.membership.node(name);
    const bool member = after.membership.member(name) != nullptr;
    if (was == nullptr || !member || was->health == state.health) continue;
    if (state.health == plan::NodeHealth::kReady) {
      tell(status::EventType::kNormal, "NodeReady",
           fmt::format("node {} is Ready again", name.str()));
    } else if (was->health == plan::NodeHealth::kReady) {
      tell(status::EventType::kWarning, "NodeNotReady",
           fmt::format("node {} is not Ready{}", name.str(),
                       names_of_children_on(context.caches, hub.key(), name)));
    }
  }
}

}  // namespace processhub::controller
