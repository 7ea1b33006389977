#include "plan/fit.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "kube/quantity.h"

namespace processhub::plan {
namespace {

using nlohmann::json;

const json& member(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_of(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// --- taints ---

// They follow whether the Node is Ready, a little later: that is asked by itself.
constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";
constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";

bool is_tolerated(const kube::Taint& taint, const json& tolerations) {
  return std::any_of(tolerations.begin(), tolerations.end(), [&](const json& one) {
    return api::Toleration{.key = text_of(one, "key"),
                           .op = text_of(one, "operator"),
                           .value = text_of(one, "value"),
                           .effect = text_of(one, "effect")}
        .tolerates(taint);
  });
}

std::optional<std::string> unfit_by_taint(const json& spec, const kube::Node& node) {
  const json& tolerations = member(spec, "tolerations");
  for (const kube::Taint& taint : node.taints) {
    if (taint.effect != "NoSchedule" && taint.effect != "NoExecute") continue;
    if (taint.key == kNotReady || taint.key == kUnreachable) continue;
    if (is_tolerated(taint, tolerations)) continue;
    return fmt::format("the pod does not tolerate the taint {}{}{}:{}", taint.key,
                       taint.value.empty() ? "" : "=", taint.value, taint.effect);
  }
  return std::nullopt;
}

// --- labels ---

std::optional<int64_t> integer(const std::string& text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

// `value`: none where there is no such label.
bool meets(const json& requirement, const std::optional<std::string>& value) {
  const json& values = member(requirement, "values");
  const bool listed =
      value && std::find(values.begin(), values.end(), json(*value)) != values.end();
  const std::string op = text_of(requirement, "operator");
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return value.has_value();
  if (op == "DoesNotExist") return !value;
  if ((op != "Gt" && op != "Lt") || !value || values.empty() || !values[0].is_string())
    return false;
  const auto is = integer(*value);
  const auto bound = integer(values[0].get<std::string>());
  return is && bound && (op == "Gt" ? *is > *bound : *is < *bound);
}

bool meets_all(const json& requirements, const kube::Node& node, bool of_fields) {
  return std::all_of(requirements.begin(), requirements.end(), [&](const json& one) {
    const std::string key = text_of(one, "key");
    if (of_fields) return key == "metadata.name" && meets(one, node.meta.name);
    const auto label = node.meta.labels.find(key);
    return meets(one,
                 label == node.meta.labels.end() ? std::nullopt : std::optional(label->second));
  });
}

// Terms are ORed, what is in one is ANDed; an empty one matches nothing.
bool meets_affinity(const json& spec, const kube::Node& node) {
  const json& required = member(member(member(spec, "affinity"), "nodeAffinity"),
                                "requiredDuringSchedulingIgnoredDuringExecution");
  const json& terms = member(required, "nodeSelectorTerms");
  if (!required.is_object() || !terms.is_array()) return true;
  return std::any_of(terms.begin(), terms.end(), [&](const json& term) {
    const json& labels = member(term, "matchExpressions");
    const json& fields = member(term, "matchFields");
    return !(labels.empty() && fields.empty()) && meets_all(labels, node, false) &&
           meets_all(fields, node, true);
  });
}

std::optional<std::string> unfit_by_labels(const json& spec, const kube::Node& node) {
  const json& selector = member(spec, "nodeSelector");
  if (selector.is_object()) {
    for (const auto& [key, value] : selector.items()) {
      const auto label = node.meta.labels.find(key);
      if (label != node.meta.labels.end() && value == json(label->second)) continue;
      return fmt::format("it lacks the label {}={} of the pod's nodeSelector", key,
                         value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  if (!meets_affinity(spec, node)) return "it does not match the pod's required node affinity";
  return std::nullopt;
}

// --- resources, in thousandths ---

using Amounts = std::map<std::string, int64_t>;

int64_t plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

// What is limited and not requested is requested up to the limit: the API server sets it so.
Amounts requests_of(const json& container) {
  Amounts amounts;
  const json& resources = member(container, "resources");
  for (const char* part : {"limits", "requests"}) {
    const json& listed = member(resources, part);
    if (!listed.is_object()) continue;
    for (const auto& [name, quantity] : listed.items()) {
      const std::string text = quantity.is_string() ? quantity.get<std::string>() : quantity.dump();
      if (const auto milli = kube::parse_milli(text)) amounts[name] = *milli;
    }
  }
  return amounts;
}

void add(Amounts& sum, const Amounts& more) {
  for (const auto& [name, amount] : more) sum[name] = plus(sum[name], amount);
}

// The least that the pod needs at once: its containers and sidecars together, or one of its init
// containers.
Amounts needs_of(const json& spec) {
  Amounts together;
  std::vector<Amounts> alone;
  for (const json& container : member(spec, "containers")) add(together, requests_of(container));
  for (const json& container : member(spec, "initContainers")) {
    if (text_of(container, "restartPolicy") == "Always") {
      add(together, requests_of(container));
    } else {
      alone.push_back(requests_of(container));
    }
  }
  for (const Amounts& amounts : alone) {
    for (const auto& [name, amount] : amounts) together[name] = std::max(together[name], amount);
  }
  return together;
}

std::optional<std::string> unfit_by_size(const json& spec, const kube::Node& node) {
  for (const auto& [name, amount] : needs_of(spec)) {
    if (amount <= 0) continue;
    const auto given = node.allocatable.find(name);
    const std::string there = given == node.allocatable.end() ? "0" : given->second;
    const auto milli = kube::parse_milli(there);
    if (milli && amount <= *milli) continue;
    return fmt::format("the pod requests more {} than the node has ({})", name, there);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_unfit(const json& pod_spec, const kube::Node& node) {
  if (auto why = unfit_by_taint(pod_spec, node)) return why;
  if (auto why = unfit_by_labels(pod_spec, node)) return why;
  return unfit_by_size(pod_spec, node);
}

}  // namespace processhub::plan
