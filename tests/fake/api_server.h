// An in-memory Kubernetes API server: state and answers, with no time of its own. It does
// what a real one (v1.35) does with versions, uids, preconditions, deletes, selectors, pages
// and watches; conformance_test.cpp asks both the same.
//
//   ApiServer server(clock);
//   server.handle({.method = Method::kPost, .path = "/api/v1/nodes", .body = R"({...})"});
//   auto watch = server.watch({.path = "/api/v1/pods?watch=true&resourceVersion=1001"});
//   server.observe([](const Change& change) { ... });  // after every committed write
//
// Not there: server-side apply, strategic merge and JSON patch (415), schemas (nothing is
// defaulted in custom resources, pruned or refused by CEL; see admit()), authentication,
// managedFields, namespaces (all exist).
//
// One thread; the clock outlives it, it outlives its watches.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fake/object_store.h"
#include "fake/route.h"
#include "fake/server_watch.h"
#include "kube/transport.h"

namespace processhub::testing {

// A write on its way to the store, as admission sees it.
struct Admission {
  const Route& route;
  kube::Method method;
  const nlohmann::json* before;  // null: created
  const nlohmann::json* after;   // null: deleted
};

class ApiServer {
 public:
  using Observer = std::function<void(const Change&)>;
  // The refusal, or none.
  using Admit = std::function<std::optional<kube::Response>(const Admission&)>;

  explicit ApiServer(const Clock& clock) : clock_(clock) {}
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Any request but a watch.
  [[nodiscard]] kube::Response handle(const kube::Request& request);

  // A GET with watch=true. The refusal where there is no watch (an expired version is none: it
  // is the watch's first event).
  [[nodiscard]] std::shared_ptr<ServerWatch> watch(const kube::Request& request,
                                                   kube::Response& refusal);

  // Called after every write that changed something, in order of version, within handle().
  // They may read, and neither write nor compact.
  void observe(Observer observer) { observers_.push_back(std::move(observer)); }
  // Asked before each write (also a trial) is committed.
  void admit(Admit admit) { admit_ = std::move(admit); }

  // Versions before the present one are gone: pages and watches that begin there get 410. A
  // watch that is open goes on.
  void compact() { compact(store_.version()); }
  void compact(int64_t version);
  // Open watches end with a 410 too, as when the server has lost its cache.
  void expire_watches();
  // No pod or other object can be made there any more (a namespace that is being deleted).
  void close_namespace(const std::string& ns) { closed_.push_back(ns); }

  [[nodiscard]] const ObjectStore& store() const { return store_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  using Response = kube::Response;
  using json = nlohmann::json;

  Response dispatch(const kube::Request& request, const Route& route);
  Response get(const Route& route) const;
  Response list(const Route& route) const;
  Response create(const Route& route, json body);
  Response replace(const Route& route, json body);
  Response patch(const kube::Request& request, const Route& route);
  Response bind(const Route& route, const json& body);
  // `after` has passed the checks of versions.
  Response update(const Route& route, kube::Method method, const ObjectPtr& before, json after);
  Response remove(const Route& route, const std::string& body);
  Response remove_one(const Route& route, const ObjectPtr& before, const json& options);
  Response finalize(const Route& route, const ObjectPtr& before);
  Response evict(const Route& route, const json& body);
  // Of the budgets over a pod: why it must not go now. What one of them grants is spent.
  std::optional<Response> ask_budgets(const Route& route, const json& pod);

  std::optional<Response> refused(const Route& route, kube::Method method, const json* before,
                                  const json* after) const;
  // Unless it is a trial. The object as it is then.
  ObjectPtr commit(const Route& route, json object);
  // As much of it as the client asks for.
  static Response show(const Route& route, int code, const json& object);
  void announce(const Change& change);
  [[nodiscard]] std::string next_uid();

  const Clock& clock_;
  ObjectStore store_;
  std::vector<std::weak_ptr<ServerWatch>> watches_;
  std::vector<Observer> observers_;
  Admit admit_;
  std::vector<std::string> closed_;
  int64_t uids_ = 0;
};

}  // namespace processhub::testing
