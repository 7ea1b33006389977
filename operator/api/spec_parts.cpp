#include "api/spec_parts.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "api/label_syntax.h"
#include "api/limits.h"

namespace processhub::api {

using nlohmann::json;

namespace {

constexpr std::string_view kNotALabelKey =
    "is not a label key ([prefix/]name of letters, digits, '-', '_' and '.')";
constexpr std::string_view kNotALabelValue =
    "is not a label value (at most 63 letters, digits, '-', '_' and '.')";
constexpr std::string_view kNotANodeName =
    "must be the name of a node: at most 253 lower-case letters, digits, '-' and '.', with a "
    "letter "
    "or digit at both ends and beside each '.'";
constexpr size_t kFractionLength = 18;
constexpr std::string_view kNotADnsLabel =
    "must be a DNS label: at most 63 lower-case letters, digits and '-', with a letter or digit at "
    "both ends (names of children are label values)";

// Tolerations that decide whether Kubernetes itself removes a pod from a lost node.
bool is_operators_taint(std::string_view key) {
  return key == "node.kubernetes.io/not-ready" || key == "node.kubernetes.io/unreachable" ||
         key == "node.kubernetes.io/out-of-service";
}

Toleration read_toleration(const Fields& fields) {
  Toleration toleration{.key = fields.text("key"),
                        .op = fields.text("operator", "Equal"),
                        .value = fields.text("value"),
                        .effect = fields.text("effect")};
  if (toleration.key.empty()) {
    fields.refuse("key", "is required: without a key every taint would be tolerated");
  } else if (!is_label_key(toleration.key)) {
    fields.refuse("key", kNotALabelKey);
  } else if (is_operators_taint(toleration.key)) {
    fields.refuse("key",
                  "the operator itself decides how long pods stay on a node with this taint");
  }
  if (toleration.op != "Equal" && toleration.op != "Exists") {
    fields.refuse("operator", "must be Equal or Exists, not \"" + toleration.op + "\"");
  } else if (toleration.op == "Exists" && !toleration.value.empty()) {
    fields.refuse("value", "must be empty with operator Exists");
  }
  if (!toleration.effect.empty() && toleration.effect != "NoSchedule" &&
      toleration.effect != "PreferNoSchedule" && toleration.effect != "NoExecute") {
    fields.refuse("effect", "must be NoSchedule, PreferNoSchedule or NoExecute, or be left out");
  }
  if (const json* seconds = fields.find("tolerationSeconds")) {
    if (!seconds->is_number_integer()) {
      fields.refuse("tolerationSeconds", "must be an integer");
    } else if (toleration.effect != "NoExecute") {
      fields.refuse("tolerationSeconds", "needs effect NoExecute");
    } else {
      toleration.seconds = seconds->get<int64_t>();
    }
  }
  return toleration;
}

LabelRequirement read_requirement(const Fields& fields) {
  LabelRequirement term{
      .key = fields.text("key"),
      .op = fields.choice("operator", LabelRequirement::Op::kExists, kSelectorOpNames),
      .values = fields.texts("values", kMaxSelectorValues)};
  if (!is_label_key(term.key)) fields.refuse("key", kNotALabelKey);
  if (fields.find("operator") == nullptr) fields.refuse("operator", "is required");
  const bool wants_values =
      term.op == LabelRequirement::Op::kIn || term.op == LabelRequirement::Op::kNotIn;
  if (wants_values == term.values.empty()) {
    fields.refuse("values", wants_values ? "needs at least one entry with operator In or NotIn"
                                         : "must be empty with operator Exists or DoesNotExist");
  }
  return term;
}

void check_containers(const Fields& spec, bool partial) {
  const json* containers = spec.find("containers");
  const bool some = containers != nullptr && containers->is_array() && !containers->empty();
  if (!partial && !some) {
    spec.refuse("containers", "needs at least one container");
    return;
  }
  for (const char* name : {"containers", "initContainers"}) {
    std::set<std::string> names;
    for (const Fields& container : spec.list(name, kMaxContainers)) {
      const std::string given = container.text("name");
      if (partial) continue;  // may be a directive such as {$patch: replace}
      if (given.empty()) container.refuse("name", "is required");
      if (!given.empty() && !names.insert(given).second) {
        container.refuse("name", "\"" + given + "\" is already the name of another container");
      }
    }
  }
}

// The operator decides when a pod leaves a node that is lost, and a pod must not outlast
// the taint by which an administrator declares its node dead.
void check_pod_tolerations(const Fields& spec) {
  for (const Fields& toleration : spec.list("tolerations", kMaxTolerations)) {
    const std::string key = toleration.text("key");
    if (key == "node.kubernetes.io/out-of-service") {
      toleration.refuse("key",
                        "must not be node.kubernetes.io/out-of-service: it says that the "
                        "node is dead, and its pods must go");
    } else if (key.empty()) {
      toleration.refuse("key",
                        "is required: without a key every taint would be tolerated, also "
                        "node.kubernetes.io/out-of-service");
    }
  }
}

// Terms are ORed, and an empty one matches no node: with nothing but these there is none.
void check_node_affinity(const Fields& spec) {
  const Fields required = spec.section("affinity")
                              .section("nodeAffinity")
                              .section("requiredDuringSchedulingIgnoredDuringExecution");
  const json* terms = required.find("nodeSelectorTerms");
  if (terms == nullptr || !terms->is_array() || terms->empty()) return;
  const bool matches_some = std::any_of(terms->begin(), terms->end(), [](const json& term) {
    return term.is_object() &&
           std::any_of(term.begin(), term.end(), [](const json& list) { return !list.empty(); });
  });
  if (!matches_some) {
    required.refuse("nodeSelectorTerms", "has empty terms alone, which match no node");
  }
}

// What the operator itself decides about a pod, and a template therefore may not say.
void check_template(const Fields& pod_template, bool partial) {
  const Fields metadata = pod_template.section("metadata");
  for (const char* name : {"name", "generateName", "namespace"}) {
    if (metadata.find(name) != nullptr) {
      metadata.refuse(name, "must not be set: the operator names the pods");
    }
  }
  if (const json* labels = metadata.find("labels"); labels != nullptr && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) {
      if (is_reserved_key(key)) {
        metadata.refuse("labels", "\"" + key + "\" must not be set: labels under processhub.io/ " +
                                      "are the operator's");
      }
      if (!value.is_string() && !(partial && value.is_null())) {
        metadata.refuse("labels",
                        "the value of \"" + key + "\" must be a string (write it in quotes)");
      }
    }
  }
  if (partial && pod_template.text("$patch", "replace") != "replace") {
    pod_template.refuse("$patch", "must be replace, or be left out");
  }
  if (!partial && pod_template.find("spec") == nullptr) {
    pod_template.refuse("spec", "is required: it holds the pods' containers");
    return;
  }
  const Fields spec = pod_template.section("spec");
  check_containers(spec, partial);
  const std::string restart_policy = spec.text("restartPolicy", "Always");
  if (restart_policy != "Always") {
    spec.refuse("restartPolicy", "must be Always or be left out, not \"" + restart_policy +
                                     "\": a child runs until it is deleted");
  }
  if (spec.find("nodeName") != nullptr) {
    spec.refuse("nodeName", "must not be set: the hub chooses the node of each pod");
  }
  if (partial) return;  // what it may come to is looked at once it is merged
  check_pod_tolerations(spec);
  check_node_affinity(spec);
}

kube::StringMap read_child_labels(const Fields& fields) {
  kube::StringMap labels = fields.string_map("labels");
  if (labels.size() > kMaxInlineChildLabels) {
    fields.refuse("labels",
                  "must have at most " + std::to_string(kMaxInlineChildLabels) + " entries");
  }
  for (const auto& [key, value] : labels) {
    const std::string quoted = "\"" + key + "\" ";
    if (!is_label_key(key)) {
      fields.refuse("labels", quoted + std::string(kNotALabelKey));
    } else if (is_reserved_key(key)) {
      fields.refuse("labels", quoted +
                                  "must not be set: labels under processhub.io/ are the "
                                  "operator's");
    }
    if (!is_label_value(value)) {
      fields.refuse("labels", "the value of " + quoted + std::string(kNotALabelValue));
    }
  }
  return labels;
}

}  // namespace

LabelSelector read_selector(const Fields& fields) {
  LabelSelector selector{.match_labels = fields.string_map("matchLabels")};
  for (const auto& [key, value] : selector.match_labels) {
    if (!is_label_key(key)) {
      fields.refuse("matchLabels", "\"" + key + "\" " + std::string(kNotALabelKey));
    }
    if (!is_label_value(value)) {
      fields.refuse("matchLabels", "\"" + value + "\" " + std::string(kNotALabelValue));
    }
  }
  for (const Fields& term : fields.list("matchExpressions", kMaxMatchExpressions)) {
    selector.match_expressions.push_back(read_requirement(term));
  }
  return selector;
}

std::vector<Toleration> read_tolerations(const Fields& fields, std::string_view name) {
  std::vector<Toleration> tolerations;
  for (const Fields& entry : fields.list(name, kMaxTolerations)) {
    tolerations.push_back(read_toleration(entry));
  }
  return tolerations;
}

IntOrPercent read_int_or_percent(const Fields& fields, std::string_view name,
                                 IntOrPercent fallback) {
  const json* value = fields.find(name);
  if (value == nullptr) return fallback;
  if (value->is_number_integer()) {
    const auto number = value->get<int64_t>();
    if (number >= kMaxConcurrent.least && number <= kMaxConcurrent.most) {
      return {.value = static_cast<int>(number), .percent = false};
    }
  } else if (const auto* text = value->get_ptr<const std::string*>()) {
    int percent = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, percent);
    if (error == std::errc() && stop + 1 == end && *stop == '%' && text->front() != '0' &&
        percent >= kMaxConcurrentPercent.least && percent <= kMaxConcurrentPercent.most) {
      return {.value = percent, .percent = true};
    }
  }
  fields.refuse(name, "must be an integer of at least 1, or a percentage from \"1%\" to \"100%\"");
  return fallback;
}

std::optional<int> read_factor(const Fields& fields, std::string_view name,
                               std::optional<int> fallback) {
  const json* value = fields.find(name);
  if (value == nullptr) return fallback;
  if (value->is_number_integer()) {
    const auto number = value->get<int64_t>();
    if (number >= kFactor.least && number <= kFactor.most) return static_cast<int>(number);
  } else if (value->is_string() && value->get_ref<const std::string&>() == "ClusterSize") {
    return std::nullopt;
  }
  fields.refuse(name, "must be an integer of at least 1, or \"ClusterSize\"");
  return fallback;
}

double read_fraction(const Fields& fields, std::string_view name, double fallback) {
  const json* value = fields.find(name);
  if (value == nullptr) return fallback;
  if (const auto* text = value->get_ptr<const std::string*>()) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool decimal = text->size() <= kFractionLength &&
                         (*text == "0" || *text == "1" ||
                          (text->size() > 2 && is_digit((*text)[0]) && (*text)[1] == '.' &&
                           std::all_of(text->begin() + 2, text->end(), is_digit)));
    double number = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
    if (decimal && read.ec == std::errc() && number <= 1) return number;
  }
  fields.refuse(name, "must be a decimal from 0 to 1 in quotes, such as \"0.9\"");
  return fallback;
}

std::vector<NodeName> read_node_names(const Fields& fields) {
  std::vector<NodeName> nodes;
  std::set<std::string> known;
  for (std::string& name : fields.texts("nodes", kMaxChildNodes)) {
    const std::string field = "nodes[" + std::to_string(nodes.size()) + "]";
    if (!is_dns_subdomain(name)) {
      fields.refuse(field, kNotANodeName);
    } else if (!known.insert(name).second) {
      fields.refuse(field, "\"" + name + "\" is in the list already: name each node once");
    }
    nodes.emplace_back(std::move(name));
  }
  return nodes;
}

std::string read_label_key(const Fields& fields, std::string_view name, std::string fallback) {
  std::string key = fields.text(name, fallback);
  if (key.empty() || is_label_key(key)) return key;
  fields.refuse(name, kNotALabelKey);
  return fallback;
}

JsonPtr read_template(const Fields& fields, bool partial) {
  JsonPtr pod_template = fields.object("template");
  if (pod_template != nullptr) {
    check_template(fields.section("template"), partial);
  } else if (!partial && fields.find("template") == nullptr) {
    fields.refuse("template", "is required: the pod template of every child");
  }
  return pod_template;
}

std::vector<InlineChild> read_children(const Fields& fields) {
  std::vector<InlineChild> children;
  std::set<std::string> names;
  for (const Fields& entry : fields.list("children", kMaxInlineChildren)) {
    InlineChild child{.name = entry.text("name"),
                      .labels = read_child_labels(entry),
                      .child_template = read_template(entry, /*partial=*/true),
                      .nodes = read_node_names(entry),
                      .suspended = entry.boolean("suspended", false)};
    if (!is_dns_label(child.name)) {
      entry.refuse("name", kNotADnsLabel);
    } else if (!names.insert(child.name).second) {
      entry.refuse("name", "\"" + child.name + "\" is already the name of another child");
    }
    children.push_back(std::move(child));
  }
  return children;
}

}  // namespace processhub::api
