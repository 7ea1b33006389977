#include "apply/node_reader.h"

#include <utility>

#include "kube/decode.h"

namespace processhub::apply {
namespace {

std::string key_of(const kube::ObjectRef& object) {
  return std::string(object.resource.plural) + "/" + object.name;
}

}  // namespace

void NodeReader::node(const NodeName& name, Read done) {
  ask({.resource = kube::kNodes, .name = name.str()}, kube::node_mask(), std::move(done));
}

void NodeReader::lease(const NodeName& name, Read done) {
  static const kube::Projection mask = kube::meta_mask().with({"spec.renewTime"});
  ask({.resource = kube::kLeases, .ns = kube::kNodeLeaseNamespace, .name = name.str()}, mask,
      std::move(done));
}

void NodeReader::ask(const kube::ObjectRef& object, const kube::Projection& mask, Read done) {
  const auto [waiting, first] = waiting_.try_emplace(key_of(object));
  if (!first) return waiting->second.push_back(std::move(done));
  send(object, mask, {std::move(done)});
}

void NodeReader::send(const kube::ObjectRef& object, const kube::Projection& mask,
                      std::vector<Read> asked) {
  client_.get(
      object, mask,
      [this, object, &mask, asked = std::move(asked)](const Result<nlohmann::json>& answer) {
        const auto waiting = waiting_.find(key_of(object));
        if (waiting->second.empty()) {
          waiting_.erase(waiting);
        } else {
          send(object, mask, std::exchange(waiting->second, {}));
        }
        for (const Read& done : asked) done(answer);
      });
}

}  // namespace processhub::apply
