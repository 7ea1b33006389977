// Live reads of Nodes and of their Leases. When a node is lost, many plans rest on the same
// fact at the same moment: who asks while a read is on its way shares the next one with all
// that ask until then, so that each read begins after it was asked for.
//
// Core thread. Callbacks run once each, never from within the call; none once it is destroyed,
// with its client.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kube/client.h"

namespace processhub::apply {

class NodeReader {
 public:
  using Read = std::function<void(const Result<nlohmann::json>&)>;

  explicit NodeReader(kube::Client& client) : client_(client) {}

  void node(const NodeName& name, Read done);
  // Of its spec, renewTime alone.
  void lease(const NodeName& name, Read done);

 private:
  void ask(const kube::ObjectRef& object, const kube::Projection& mask, Read done);
  void send(const kube::ObjectRef& object, const kube::Projection& mask, std::vector<Read> asked);

  kube::Client& client_;
  // By kind and name; there while a read is on its way: who shares the next one.
  std::map<std::string, std::vector<Read>> waiting_;
};

}  // namespace processhub::apply
