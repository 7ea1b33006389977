// The parts of the specs that need more than one field to be read. Each notes what it
// refuses in the Problems of `fields` and then gives a usable value all the same.
#pragma once

#include <optional>
#include <vector>

#include "api/fields.h"
#include "api/types.h"

namespace processhub::api {

// `fields`: a LabelSelector.
[[nodiscard]] LabelSelector read_selector(const Fields& fields);

// `name`: a list of tolerations in `fields`.
[[nodiscard]] std::vector<Toleration> read_tolerations(const Fields& fields, std::string_view name);

// An integer of at least 1 or a string such as "10%".
[[nodiscard]] IntOrPercent read_int_or_percent(const Fields& fields, std::string_view name,
                                               IntOrPercent fallback);

// An integer of at least 1 or "ClusterSize" (nullopt).
[[nodiscard]] std::optional<int> read_factor(const Fields& fields, std::string_view name,
                                             std::optional<int> fallback);

// A number from 0 to 1 that is written as a string, such as "0.9".
[[nodiscard]] double read_fraction(const Fields& fields, std::string_view name, double fallback);

// `nodes`: names of nodes, each once.
[[nodiscard]] std::vector<NodeName> read_node_names(const Fields& fields);

// A label's key, for example of a node; empty where the field is absent.
[[nodiscard]] std::string read_label_key(const Fields& fields, std::string_view name,
                                         std::string fallback);

// The PodTemplateSpec `template` of `fields`. A hub's must be complete; a child's
// (`partial`) is merged over it and may be absent.
[[nodiscard]] JsonPtr read_template(const Fields& fields, bool partial);

// `children` of a hub's spec.
[[nodiscard]] std::vector<InlineChild> read_children(const Fields& fields);

}  // namespace processhub::api
