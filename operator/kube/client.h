// The Kubernetes client: typed requests and watches over a Transport.
//
//   Client client(transport, executor, leader_guard);
//   client.create(kPods, pod, {}, [](Result<ObjectMeta> made) { ... });
//
// Every answer of 400 or more is an Error (status_error.h). Waiting after kTooManyRequests
// or `retry_after` and trying again are the caller's.
//
// Writes are guarded: before one leaves, the WriteGuard is asked how long writes may still
// take; the server is told the same (`timeout=`), and the answer is not awaited longer.
// With no leadership or less than 100 ms left, the write is refused with kNotLeader. The
// leader election writes with `unguarded()`, through a Client of its own, so that the
// renewal of the lease never queues behind other requests.
//
// Core thread. Callbacks run on it, never from within the call, each exactly once; none
// runs after the Client is destroyed. Transport and executor outlive the client.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/names.h"
#include "base/result.h"
#include "kube/objects.h"
#include "kube/projection.h"
#include "kube/request_limiter.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace processhub::kube {

inline constexpr const char* kFieldManager = "processhub-operator";

// How long writes may still take; none: not the leader.
using WriteGuard = std::function<std::optional<std::chrono::milliseconds>()>;
[[nodiscard]] WriteGuard unguarded();

// Of one request that has ended. `code`: the HTTP status, 0 where there was no answer.
struct RequestReport {
  Method method = Method::kGet;
  bool watch = false;
  int code = 0;
};

struct ClientOptions {
  size_t max_in_flight = 32;  // requests; watches are not counted
  std::chrono::milliseconds deadline = std::chrono::seconds(30);  // of one request
  std::function<void(const RequestReport&)> observer = {};        // for metrics
};

struct ObjectRef {
  Resource resource;
  std::string ns = {};  // empty for a resource without namespaces
  std::string name;
};

struct ListOptions {
  std::string ns = {};  // empty: all namespaces
  std::string label_selector = {};
  int limit = 500;
  std::string continue_token = {};  // of the page before
};

struct WatchOptions {
  std::string ns = {};
  std::string label_selector = {};
  ResourceVersion version = {};
  std::chrono::seconds timeout{300};         // after which the server ends the watch in order
  std::chrono::milliseconds margin{30'000};  // silence beyond `timeout` that counts as broken
};

struct WatchCallbacks {
  // Never empty, and never with an ERROR event: that is an `end`.
  std::function<void(std::vector<WatchEvent>)> events;
  // Once, last. A value: the server ended the watch in order. An Error: the transport's, the
  // server's refusal, an ERROR event (kGone: list again), or kInvalid for an unreadable line.
  std::function<void(Result<void>)> end;
  // Once, before any event: the server has accepted the watch. May be empty.
  std::function<void()> opened = {};
};

struct WriteOptions {
  bool dry_run = false;  // a trial: the server also refuses fields that it does not know
};

// The object as it was read: a write that names this succeeds only while it is still so.
struct AsRead {
  Uid uid;
  ResourceVersion version;
};

struct DeleteOptions {
  Uid uid;                       // required: another object of that name stays
  ResourceVersion version = {};  // where it matters: only as it is in that one
};

class Client {
 public:
  using ObjectDone = std::function<void(Result<nlohmann::json>)>;
  using ListDone = std::function<void(Result<ListMeta>)>;
  using OnItem = std::function<void(nlohmann::json&&)>;
  // The object as the server now has it; empty where the server did not say (a delete).
  using WriteDone = std::function<void(Result<ObjectMeta>)>;

  Client(Transport& transport, Executor& executor, WriteGuard guard, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void get(const ObjectRef& object, const Projection& mask, ObjectDone done);

  // One page. `on_item` runs for each item just before `done`; where `done` then gets an
  // Error (an unreadable body), the items seen are to be thrown away.
  void list(const Resource& resource, const ListOptions& options, const Projection& mask,
            OnItem on_item, ListDone done);

  // Destroying the Stream ends the watch without another callback; also from a callback.
  [[nodiscard]] std::unique_ptr<Stream> watch(const Resource& resource, const WatchOptions& options,
                                              const Projection& mask, WatchCallbacks callbacks);

  // Into metadata.namespace of `object`.
  void create(const Resource& resource, const nlohmann::json& object, WriteOptions options,
              WriteDone done);

  // Gives `pod` its node, as a scheduler does. kConflict where it has another uid by now, or a
  // node.
  void bind(const ObjectRef& pod, const Uid& uid, const NodeName& node, WriteDone done);

  // JSON merge patch. kInvalid, unsent, where the patch's metadata.resourceVersion is "", "0"
  // or null: the server takes these for no precondition at all.
  void merge_patch(const ObjectRef& object, const nlohmann::json& patch, WriteDone done);
  void merge_patch(const ObjectRef& object, const AsRead& read, nlohmann::json patch,
                   WriteDone done);

  // PUT of the object named by its own metadata. kInvalid, unsent, where metadata.name or a
  // real resourceVersion is missing.
  void update(const Resource& resource, const nlohmann::json& object, WriteDone done);
  void update_status(const Resource& resource, const nlohmann::json& object, WriteDone done);

  // In the background (propagationPolicy), with the uid as precondition.
  void remove(const ObjectRef& object, const DeleteOptions& options, WriteDone done);

  [[nodiscard]] const RequestLimiter& limiter() const { return limiter_; }

 private:
  struct Write;
  using Answer = std::function<void(Result<Response>)>;
  void put(const Resource& resource, const nlohmann::json& object, std::string_view subresource,
           WriteDone done);
  void write(Write write, WriteDone done);
  void send(Request request, Answer answer);
  void start(Request request, RequestLimiter::Slot slot, Answer answer);
  // Answers with an Error, nothing having been sent.
  void refuse(Error error, Answer answer);
  void refuse_version(const ObjectRef& object, WriteDone done);

  Transport& transport_;
  Executor& executor_;
  WriteGuard guard_;
  ClientOptions options_;
  RequestLimiter limiter_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // watched by every callback
};

}  // namespace processhub::kube
