#include "plan/peers.h"

#include <nlohmann/json.hpp>

namespace processhub::plan {

Peers::Peers(std::span<const Slot> slots) {
  for (const Slot& slot : slots) {
    const kube::Pod* const pod = slot.current();
    if (pod == nullptr || pod->meta.deleted) continue;
    const nlohmann::json entry = {
        {"pod", pod->meta.name}, {"node", node_of(*pod).str()}, {"ip", pod->ip}};
    entries_.emplace_back(pod->meta.uid, entry.dump());
    if (entries_.size() > kMostPeers) return;  // one of them may be the pod itself
  }
}

std::string Peers::of(const Uid& uid) const {
  std::string text;
  size_t count = 0;
  for (const auto& [pod, entry] : entries_) {
    if (pod == uid || count == kMostPeers) continue;
    if (count++ > 0) text += ',';
    text += entry;
  }
  return "[" + text + "]";
}

}  // namespace processhub::plan
