#include "plan/action.h"

namespace processhub::plan {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kNodeLost:
      return "NodeLost";
    case Reason::kNodeGone:
      return "NodeGone";
    case Reason::kNodeReplaced:
      return "NodeReplaced";
    case Reason::kNodeDraining:
      return "NodeDraining";
    case Reason::kNodeLeft:
      return "NodeLeft";
    case Reason::kRingChanged:
      return "RingChanged";
    case Reason::kTemplateChanged:
      return "TemplateChanged";
    case Reason::kPodFailed:
      return "PodFailed";
    case Reason::kUnschedulable:
      return "Unschedulable";
    case Reason::kSurplus:
      return "Surplus";
    case Reason::kNotOurs:
      return "NotOurs";
    case Reason::kMoveTimedOut:
      return "MoveTimedOut";
    case Reason::kNotAnswering:
      return "NotAnswering";
    case Reason::kSuspended:
      return "Suspended";
  }
  return "";
}

}  // namespace processhub::plan
