// What pods ask of nodes and what is used of them.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "kube/decode.h"
#include "kube/object_reader.h"
#include "kube/quantity.h"

namespace processhub::kube {
namespace {

using nlohmann::json;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t sum(int64_t a, int64_t b) { return a > kMost - b ? kMost : a + b; }

Resources operator+(const Resources& a, const Resources& b) {
  return {.cpu_milli = sum(a.cpu_milli, b.cpu_milli), .memory = sum(a.memory, b.memory)};
}

Resources greater(const Resources& a, const Resources& b) {
  return {.cpu_milli = std::max(a.cpu_milli, b.cpu_milli), .memory = std::max(a.memory, b.memory)};
}

int64_t bytes_of(int64_t milli) { return milli / 1000 + (milli % 1000 > 0 ? 1 : 0); }

const json* member(const json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() || found->is_null() ? nullptr : &*found;
}

// Templates may have numbers where the API server gives strings.
std::optional<int64_t> milli_of(const json* amounts, const char* name) {
  const json* amount = member(amounts, name);
  if (amount == nullptr) return std::nullopt;
  std::optional<int64_t> milli;
  if (const auto* text = amount->get_ptr<const std::string*>()) milli = parse_milli(*text);
  if (amount->is_number()) milli = parse_milli(amount->dump());
  if (milli) *milli = std::max<int64_t>(*milli, 0);
  return milli;
}

// What a list of amounts, such as `requests`, says of the two; `absent` where it is silent.
Resources amounts_of(const json* amounts, const Resources& absent = {}) {
  Resources resources = absent;
  if (const auto cpu = milli_of(amounts, "cpu")) resources.cpu_milli = *cpu;
  if (const auto memory = milli_of(amounts, "memory")) resources.memory = bytes_of(*memory);
  return resources;
}

// A limit without a request is the request too: the API server writes it so on create.
Resources requests_of_container(const json& container) {
  const json* resources = member(&container, "resources");
  return amounts_of(member(resources, "requests"), amounts_of(member(resources, "limits")));
}

// As the scheduler counts: init containers run one after the other, but for those that
// are restarted, which stay and add up.
Resources requests_of_containers(const json& spec) {
  Resources running;
  if (const json* containers = member(&spec, "containers")) {
    for (const json& container : *containers) running = running + requests_of_container(container);
  }
  Resources sidecars;
  Resources greatest_step;
  if (const json* containers = member(&spec, "initContainers")) {
    for (const json& container : *containers) {
      const Resources one = requests_of_container(container);
      const json* policy = member(&container, "restartPolicy");
      if (policy != nullptr && *policy == "Always") {
        sidecars = sidecars + one;
        greatest_step = greater(greatest_step, sidecars);
      } else {
        greatest_step = greater(greatest_step, sidecars + one);
      }
    }
  }
  return greater(running + sidecars, greatest_step);
}

int64_t quantity(const ObjectReader& fields, const char* key) {
  const std::string text = fields.text(key);
  if (text.empty()) return 0;
  const auto milli = parse_milli(text);
  if (!milli) fields.fail(key, "is \"" + text + "\", which is no quantity");
  return milli.value_or(0);
}

}  // namespace

Resources requests_of(const json& pod_spec) {
  const Resources containers = requests_of_containers(pod_spec);
  const json* requests = member(member(&pod_spec, "resources"), "requests");
  return amounts_of(requests, containers) + amounts_of(member(&pod_spec, "overhead"));
}

const Projection& pod_load_mask() {
  static const Projection mask{"metadata.namespace",
                               "metadata.name",
                               "metadata.uid",
                               "metadata.resourceVersion",
                               "spec.nodeName",
                               "spec.containers.resources.requests.cpu",
                               "spec.containers.resources.requests.memory",
                               "spec.initContainers.resources.requests.cpu",
                               "spec.initContainers.resources.requests.memory",
                               "spec.initContainers.restartPolicy",
                               "spec.overhead.cpu",
                               "spec.overhead.memory",
                               "spec.resources.requests.cpu",
                               "spec.resources.requests.memory",
                               "status.phase"};
  return mask;
}

Result<PodLoad> decode_pod_load(const json& object) {
  std::optional<Error> error;
  const ObjectReader fields(object, subject_of("pod", object), error);
  const ObjectReader meta = fields.object("metadata");
  PodLoad load;
  load.meta.ns = meta.text("namespace");
  load.meta.name = meta.text("name");
  load.meta.uid = Uid(meta.text("uid"));
  load.meta.version = ResourceVersion(meta.text("resourceVersion"));
  if (load.meta.name.empty()) meta.fail("name", "is missing");
  load.node = NodeName(fields.object("spec").text("nodeName"));
  const std::string phase = fields.object("status").text("phase");
  if (error) return tl::unexpected(*std::move(error));
  const json* spec = member(&object, "spec");
  load.ended = phase == "Succeeded" || phase == "Failed";
  if (spec != nullptr) load.requests = requests_of(*spec);
  return load;
}

const Projection& node_use_mask() {
  static const Projection mask{"metadata.name", "usage.cpu", "usage.memory"};
  return mask;
}

Result<NodeUse> decode_node_use(const json& object) {
  std::optional<Error> error;
  const ObjectReader fields(object, subject_of("use of node", object), error);
  const ObjectReader meta = fields.object("metadata");
  const ObjectReader usage = fields.object("usage");
  NodeUse use{
      .node = NodeName(meta.text("name")),
      .use = {.cpu_milli = quantity(usage, "cpu"), .memory = bytes_of(quantity(usage, "memory"))}};
  if (use.node.empty()) meta.fail("name", "is missing");
  if (error) return tl::unexpected(*std::move(error));
  return use;
}

}  // namespace processhub::kube
