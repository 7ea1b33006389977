#include "plan/slots.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "plan/pod.h"

namespace processhub::plan {
namespace {

bool contains(std::span<const NodeName> names, const NodeName& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The status says that one pod of the slot is to replace another. That is over once the other one
// is gone or going.
void find_swap(Slot& slot) {
  if (!slot.swaps()) return;
  const auto old = std::find_if(slot.pods.begin(), slot.pods.end(), [&](const kube::Pod* pod) {
    return pod->meta.uid == slot.replaces;
  });
  const bool stands = old != slot.pods.end() && !(*old)->meta.deleted &&
                      (*old)->phase != "Failed" && (*old)->phase != "Succeeded" &&
                      slot_of(**old)->incarnation < slot.incarnation;
  if (!stands) {
    slot.replaces = Uid();
    return;
  }
  if (slot_of(*slot.pods.back())->incarnation == slot.incarnation) {
    slot.successor = slot.pods.back();
    slot.pods.pop_back();
  }
  std::rotate(old, old + 1, slot.pods.end());
}

}  // namespace

const NodeName& node_of(const kube::Pod& pod) {
  return pod.node.empty() ? pod.pinned_node : pod.node;
}

std::map<int, Slot> known_slots(const api::ChildStatus& status,
                                std::span<const kube::Pod* const> pods) {
  std::map<int, Slot> slots;
  for (const api::Replica& replica : status.replicas) {
    Slot& slot = slots[replica.slot];
    slot.number = replica.slot;
    if (replica.incarnation >= slot.incarnation) {
      slot.incarnation = replica.incarnation;
      slot.node = replica.node;
      slot.replaces = replica.replaces;
    }
  }
  for (const kube::Pod* pod : pods) {
    const auto ref = slot_of(*pod);
    if (!ref) continue;
    Slot& slot = slots[ref->slot];
    slot.number = ref->slot;
    slot.pods.push_back(pod);
  }
  for (auto& [number, slot] : slots) {
    std::sort(slot.pods.begin(), slot.pods.end(), [](const auto* a, const auto* b) {
      const int left = slot_of(*a)->incarnation;
      const int right = slot_of(*b)->incarnation;
      return std::tie(left, a->meta.name) < std::tie(right, b->meta.name);
    });
    if (const kube::Pod* pod = slot.current()) {
      const int incarnation = slot_of(*pod)->incarnation;
      if (incarnation >= slot.incarnation) {
        if (incarnation > slot.incarnation) slot.replaces = Uid();
        slot.incarnation = incarnation;
        slot.node = node_of(*pod);
      }
    }
    find_swap(slot);
  }
  return slots;
}

std::vector<Slot> assign_slots(const api::ChildStatus& status,
                               std::span<const kube::Pod* const> pods,
                               std::span<const NodeName> desired) {
  std::map<int, Slot> slots = known_slots(status, pods);

  std::vector<NodeName> kept;
  for (auto& [number, slot] : slots) {
    if (contains(desired, slot.node) && !contains(kept, slot.node)) {
      slot.target = slot.node;
      kept.push_back(slot.node);
    }
  }

  auto freed = slots.begin();
  for (const NodeName& node : desired) {
    if (contains(kept, node)) continue;
    while (freed != slots.end() && freed->second.target) ++freed;
    if (freed != slots.end()) {
      freed->second.target = node;
      continue;
    }
    int number = 0;
    while (slots.contains(number)) ++number;
    slots[number] = Slot{.number = number, .target = node};
  }

  std::vector<Slot> result;
  result.reserve(slots.size());
  for (auto& [number, slot] : slots) result.push_back(std::move(slot));
  return result;
}

}  // namespace processhub::plan
