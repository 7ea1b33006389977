#include "kube/decode.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "kube/json_text.h"

namespace processhub::kube {
namespace {

using nlohmann::json;

constexpr std::string_view kOurAnnotations = "processhub.io/";
constexpr std::string_view kPinnedNode =
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
    ".nodeSelectorTerms.matchFields";
constexpr size_t kMessageLimit = 256;

// The fields of one JSON object, typed. The first that has a wrong type is kept as the
// Error; reading goes on with defaults, so that a decoder can be written straight down.
class ObjectReader {
 public:
  ObjectReader(const json& object, std::string subject, std::optional<Error>& error)
      : object_(object.is_object() ? &object : nullptr),
        subject_(std::move(subject)),
        error_(&error) {
    if (object_ == nullptr && !object.is_null()) refuse("", "an object", object);
  }

  [[nodiscard]] std::string text(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return refuse(key, "a string", *value), std::string();
    return value->get<std::string>();
  }

  [[nodiscard]] bool flag(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return refuse(key, "a boolean", *value), false;
    return value->get<bool>();
  }

  [[nodiscard]] int64_t integer(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return 0;
    if (!value->is_number_integer()) return refuse(key, "an integer", *value), 0;
    return value->get<int64_t>();
  }

  [[nodiscard]] std::optional<WallTime> time(const char* key) const {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) {
      if (const auto time = parse_time(value->get<std::string>())) return time;
    }
    refuse(key, "a time in RFC 3339", *value);
    return std::nullopt;
  }

  [[nodiscard]] ObjectReader object(const char* key) const {
    static const json kAbsent;
    const json* value = find(key);
    return {value == nullptr ? kAbsent : *value, path(key), *error_};
  }

  // Each element of the array `key`, with what is in it.
  template <typename Visit>
  void each(const char* key, Visit visit) const {
    const json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return refuse(key, "an array", *value);
    for (size_t i = 0; i < value->size(); ++i) {
      visit(ObjectReader((*value)[i], path(key) + "[" + std::to_string(i) + "]", *error_));
    }
  }

  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> list;
    const json* value = find(key);
    if (value == nullptr) return list;
    if (!value->is_array()) return refuse(key, "an array", *value), list;
    for (const json& element : *value) {
      if (!element.is_string()) return refuse(key, "an array of strings", element), list;
      list.push_back(element.get<std::string>());
    }
    return list;
  }

  [[nodiscard]] StringMap map(const char* key, std::string_view prefix = {}) const {
    StringMap map;
    const json* value = find(key);
    if (value == nullptr) return map;
    if (!value->is_object()) return refuse(key, "an object", *value), map;
    for (const auto& [name, text] : value->items()) {
      if (!name.starts_with(prefix)) continue;
      if (!text.is_string()) return refuse(key, "an object of strings", text), map;
      map.emplace(name, text.get<std::string>());
    }
    return map;
  }

  [[nodiscard]] bool has(const char* key) const { return find(key) != nullptr; }

 private:
  // Absent and null are the same, as for the API server.
  [[nodiscard]] const json* find(const char* key) const {
    if (object_ == nullptr) return nullptr;
    const auto found = object_->find(key);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
  }

  [[nodiscard]] std::string path(const char* key) const {
    return subject_.ends_with(": ") ? subject_ + key : subject_ + "." + key;
  }

  void refuse(const char* key, std::string_view wanted, const json& found) const {
    if (error_->has_value()) return;
    *error_ = Error{.kind = ErrorKind::kInvalid,
                    .message = "cannot read " + (*key == '\0' ? subject_ : path(key)) +
                               " is of type " + found.type_name() + ", not " + std::string(wanted)};
  }

  const json* object_;
  std::string subject_;  // "pod shop/orders: spec.affinity"
  std::optional<Error>* error_;
};

// "pod shop/orders: "
std::string subject_of(std::string_view kind, const json& object) {
  const std::string name = meta_text(object, "name");
  const std::string ns = meta_text(object, "namespace");
  return std::string(kind) + " " + (ns.empty() ? "" : ns + "/") + (name.empty() ? "?" : name) +
         ": ";
}

ObjectMeta read_meta(const ObjectReader& fields, const std::string& subject,
                     std::optional<Error>& error) {
  const ObjectReader from = fields.object("metadata");
  ObjectMeta meta;
  meta.ns = from.text("namespace");
  meta.name = from.text("name");
  meta.uid = Uid(from.text("uid"));
  meta.version = ResourceVersion(from.text("resourceVersion"));
  meta.generation = from.integer("generation");
  meta.labels = from.map("labels");
  meta.annotations = from.map("annotations", kOurAnnotations);
  meta.created = from.time("creationTimestamp").value_or(WallTime{});
  meta.deleted = from.time("deletionTimestamp");
  from.each("ownerReferences", [&](const ObjectReader& owner) {
    if (owner.flag("controller")) meta.owner_uid = Uid(owner.text("uid"));
  });
  if (meta.name.empty() && !error) {
    error = Error{.kind = ErrorKind::kInvalid,
                  .message = "cannot read " + subject + "metadata.name is missing"};
  }
  return meta;
}

ConditionStatus condition_status(const std::string& text) {
  return text == "True"    ? ConditionStatus::kTrue
         : text == "False" ? ConditionStatus::kFalse
                           : ConditionStatus::kUnknown;
}

// "Reason: words", or whichever of both there is.
std::string reason_and_message(const ObjectReader& state) {
  const std::string reason = state.text("reason");
  const std::string message = state.text("message");
  if (reason.empty() || message.empty()) return reason + message;
  return reason + ": " + message;
}

// Why a container does not run; empty where it does. An init container that has ended
// well has done what it is for.
std::string container_problem(const ObjectReader& container, bool init) {
  const ObjectReader state = container.object("state");
  if (state.has("waiting")) return reason_and_message(state.object("waiting"));
  if (!state.has("terminated")) return {};
  const ObjectReader ended = state.object("terminated");
  const int64_t code = ended.integer("exitCode");
  if (init && code == 0) return {};
  return reason_and_message(ended) + " (exit code " + std::to_string(code) + ")";
}

// The node that the pod must be on by its affinity; empty where it names none.
NodeName pinned_node(const ObjectReader& spec) {
  NodeName pinned;
  spec.object("affinity")
      .object("nodeAffinity")
      .object("requiredDuringSchedulingIgnoredDuringExecution")
      .each("nodeSelectorTerms", [&](const ObjectReader& term) {
        term.each("matchFields", [&](const ObjectReader& match) {
          const auto values = match.texts("values");
          if (match.text("key") == "metadata.name" && match.text("operator") == "In" &&
              values.size() == 1 && pinned.empty()) {
            pinned = NodeName(values.front());
          }
        });
      });
  return pinned;
}

}  // namespace

const Projection& meta_mask() {
  static const Projection mask{"metadata.namespace",
                               "metadata.name",
                               "metadata.uid",
                               "metadata.resourceVersion",
                               "metadata.generation",
                               "metadata.labels",
                               "metadata.annotations[processhub.io/*]",
                               "metadata.creationTimestamp",
                               "metadata.deletionTimestamp",
                               "metadata.ownerReferences.controller",
                               "metadata.ownerReferences.uid"};
  return mask;
}

const Projection& node_mask() {
  static const Projection mask =
      meta_mask().with({"spec.unschedulable", "spec.taints", "status.conditions.type",
                        "status.conditions.status", "status.conditions.lastTransitionTime"});
  return mask;
}

const Projection& pod_mask() {
  static const Projection mask = meta_mask().with(
      {"spec.nodeName", kPinnedNode, "status.phase", "status.reason", "status.message",
       "status.conditions.type", "status.conditions.status", "status.conditions.reason",
       "status.conditions.message", "status.conditions.lastTransitionTime",
       "status.initContainerStatuses.state", "status.containerStatuses.state"});
  return mask;
}

Result<ObjectMeta> decode_meta(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("object", object);
  ObjectMeta meta = read_meta(ObjectReader(object, subject, error), subject, error);
  if (error) return tl::unexpected(*std::move(error));
  return meta;
}

Result<Node> decode_node(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("node", object);
  const ObjectReader fields(object, subject, error);
  Node node;
  node.meta = read_meta(fields, subject, error);
  const ObjectReader spec = fields.object("spec");
  node.unschedulable = spec.flag("unschedulable");
  spec.each("taints", [&](const ObjectReader& taint) {
    node.taints.push_back(
        {.key = taint.text("key"), .value = taint.text("value"), .effect = taint.text("effect")});
  });
  fields.object("status").each("conditions", [&](const ObjectReader& condition) {
    if (condition.text("type") != "Ready") return;
    node.ready = condition_status(condition.text("status"));
    node.ready_since = condition.time("lastTransitionTime");
  });
  if (error) return tl::unexpected(*std::move(error));
  return node;
}

Result<Pod> decode_pod(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("pod", object);
  const ObjectReader fields(object, subject, error);
  Pod pod;
  pod.meta = read_meta(fields, subject, error);
  const ObjectReader spec = fields.object("spec");
  pod.node = NodeName(spec.text("nodeName"));
  pod.pinned_node = pinned_node(spec);

  const ObjectReader status = fields.object("status");
  pod.phase = status.text("phase");
  std::string message;
  status.each("conditions", [&](const ObjectReader& condition) {
    const std::string type = condition.text("type");
    const ConditionStatus is = condition_status(condition.text("status"));
    if (type == "Ready") {
      pod.ready = is == ConditionStatus::kTrue;
    } else if (type == "PodScheduled" && is == ConditionStatus::kFalse) {
      message = condition.text("message");
      if (condition.text("reason") == "Unschedulable") {
        pod.unschedulable_since = condition.time("lastTransitionTime");
      }
    }
  });
  // In the order in which a pod comes to life: scheduler, kubelet, init containers, containers.
  if (message.empty()) message = reason_and_message(status);
  for (const auto& [list, init] :
       {std::pair{"initContainerStatuses", true}, std::pair{"containerStatuses", false}}) {
    status.each(list, [&, init = init](const ObjectReader& container) {
      if (message.empty()) message = container_problem(container, init);
    });
  }
  pod.message = clean_text(message, kMessageLimit);
  if (error) return tl::unexpected(*std::move(error));
  return pod;
}

}  // namespace processhub::kube
