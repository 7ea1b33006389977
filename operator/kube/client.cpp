#include "kube/client.h"

#include <algorithm>
#include <utility>

#include "kube/decode.h"
#include "kube/json_text.h"

namespace processhub::kube {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

// Less than this the server does not take as `timeout`.
constexpr milliseconds kLeastTime{100};

constexpr const char* kJson = "application/json";
// Of what was written, the metadata is all that is read; encoding the rest costs the server
// more than the write of a small object.
constexpr const char* kMetadata =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr const char* kMergePatch = "application/merge-patch+json";

bool is_real_version(const std::string& version) { return !version.empty() && version != "0"; }

// Whether the patch has a resourceVersion that the server would take for no precondition.
bool has_void_version(const json& patch) {
  const bool has_version =
      patch.is_object() && patch.contains(json::json_pointer("/metadata/resourceVersion"));
  return has_version && !is_real_version(meta_text(patch, "resourceVersion"));
}

// Strings that are no UTF-8 would make dump() throw; the server would refuse them anyway.
std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string name_of(const ObjectRef& object) {
  return std::string(object.resource.plural) + " " + (object.ns.empty() ? "" : object.ns + "/") +
         object.name;
}

Result<json> object_of(const Response& response, Method method, const Projection& mask) {
  if (response.status < 200 || response.status > 299) {
    return tl::unexpected(to_error(response, method));
  }
  return parse_object(response.body, mask);
}

Result<ObjectMeta> written_of(const Response& response, Method method) {
  static const Projection mask = meta_mask().with({"kind"});
  Result<json> object = object_of(response, method, mask);
  if (!object) {
    // The status said that it was carried out, whatever the body is.
    if (object.error().kind == ErrorKind::kInvalid) object.error().committed = Committed::kYes;
    return tl::unexpected(object.error());
  }
  const auto kind = object->find("kind");
  if (kind != object->end() && *kind == "Status") return ObjectMeta{};
  Result<ObjectMeta> meta = decode_meta(*object);
  if (!meta) meta.error().committed = Committed::kYes;
  return meta;
}

// A watch on its way: reads the lines of a Stream as events.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Projection mask, WatchCallbacks callbacks, std::function<void(int)> report)
      : mask_(std::move(mask)), callbacks_(std::move(callbacks)), report_(std::move(report)) {}

  void open(Transport& transport, Request request, milliseconds idle_limit) {
    // The lock keeps this alive while a callback of its user drops the handle.
    const std::weak_ptr<Watch> weak = weak_from_this();
    stream_ = transport.stream(std::move(request), idle_limit,
                               {.lines =
                                    [weak](const std::vector<std::string>& lines) {
                                      if (const auto self = weak.lock()) self->on_lines(lines);
                                    },
                                .end =
                                    [weak](Result<Response> result) {
                                      if (const auto self = weak.lock())
                                        self->on_end(std::move(result));
                                    },
                                .opened =
                                    [weak] {
                                      if (const auto self = weak.lock()) self->on_opened();
                                    }});
  }

  void drop() {
    ended_ = true;
    stream_.reset();
  }

 private:
  void on_opened() {
    if (!ended_ && callbacks_.opened) callbacks_.opened();
  }

  void on_lines(const std::vector<std::string>& lines) {
    if (ended_) return;
    std::vector<WatchEvent> events;
    std::optional<Error> error;
    for (const std::string& line : lines) {
      Result<WatchEvent> event = parse_watch_line(line, mask_);
      if (!event) {
        error = event.error();
        break;
      }
      if (event->type == WatchType::kError) {
        error = to_error(event->status, Method::kGet);
        break;
      }
      events.push_back(*std::move(event));
    }
    if (!events.empty()) callbacks_.events(std::move(events));
    if (error && !ended_) end(200, tl::unexpected(*std::move(error)));
  }

  void on_end(Result<Response> result) {
    if (ended_) return;
    if (!result) return end(0, tl::unexpected(result.error()));
    if (result->status == 200) return end(200, {});
    end(result->status, tl::unexpected(to_error(*result, Method::kGet)));
  }

  void end(int code, Result<void> result) {
    drop();
    report_(code);
    callbacks_.end(std::move(result));
  }

  Projection mask_;
  WatchCallbacks callbacks_;
  std::function<void(int)> report_;
  std::unique_ptr<Stream> stream_;
  bool ended_ = false;
};

// What the user of a watch holds.
class WatchHandle final : public Stream {
 public:
  explicit WatchHandle(std::shared_ptr<Watch> watch) : watch_(std::move(watch)) {}
  ~WatchHandle() override { watch_->drop(); }

 private:
  std::shared_ptr<Watch> watch_;
};

// "" where `object` names one object; else what is missing. An empty name would make a
// request on the whole collection of it.
std::string missing(const ObjectRef& object) {
  if (object.name.empty() || object.name == "." || object.name == "..") return "a name";
  if (object.resource.namespaced && object.ns.empty()) return "a namespace";
  return {};
}

}  // namespace

WriteGuard unguarded() {
  return [] { return std::optional<milliseconds>(std::chrono::hours(1)); };
}

struct Client::Write {
  Method method = Method::kPost;
  ObjectRef object;
  std::string_view subresource = {};
  Query query = {};
  bool strict = false;  // refuse fields that the server does not know
  const char* content_type = kJson;
  std::string body;
};

Client::Client(Transport& transport, Executor& executor, WriteGuard guard, ClientOptions options)
    : transport_(transport),
      executor_(executor),
      guard_(std::move(guard)),
      options_(std::move(options)),
      limiter_(options_.max_in_flight) {}

Client::~Client() = default;

void Client::get(const ObjectRef& object, const Projection& mask, ObjectDone done) {
  if (const std::string what = missing(object); !what.empty()) {
    return refuse({.message = "cannot get " + name_of(object) + ": it needs " + what},
                  [done = std::move(done)](Result<Response> result) {
                    done(tl::unexpected(result.error()));
                  });
  }
  send({.path = path_of(object.resource, object.ns, object.name)},
       [mask, done = std::move(done)](Result<Response> result) {
         if (!result) return done(tl::unexpected(result.error()));
         done(object_of(*result, Method::kGet, mask));
       });
}

void Client::list(const Resource& resource, const ListOptions& options, const Projection& mask,
                  OnItem on_item, ListDone done) {
  Query query;
  query.add("labelSelector", options.label_selector)
      .add("limit", options.limit > 0 ? std::to_string(options.limit) : "")
      .add("continue", options.continue_token);
  send({.path = path_of(resource, options.ns) + query.str()},
       [mask, on_item = std::move(on_item), done = std::move(done)](Result<Response> result) {
         if (!result) return done(tl::unexpected(result.error()));
         if (result->status != 200) return done(tl::unexpected(to_error(*result, Method::kGet)));
         done(parse_list(result->body, mask, on_item));
       });
}

std::unique_ptr<Stream> Client::watch(const Resource& resource, const WatchOptions& options,
                                      const Projection& mask, WatchCallbacks callbacks) {
  Query query;
  query.add("watch", "true")
      .add("allowWatchBookmarks", "true")
      .add("timeoutSeconds", std::to_string(options.timeout.count()))
      .add("labelSelector", options.label_selector)
      .add("resourceVersion", options.version.str());
  const auto watch =
      std::make_shared<Watch>(mask, std::move(callbacks), [observer = options_.observer](int code) {
        if (observer) observer({.method = Method::kGet, .watch = true, .code = code});
      });
  watch->open(transport_, {.path = path_of(resource, options.ns) + query.str()},
              options.timeout + options.margin);
  return std::make_unique<WatchHandle>(watch);
}

void Client::create(const Resource& resource, const json& object, WriteOptions options,
                    WriteDone done) {
  Query query;
  query.add("dryRun", options.dry_run ? "All" : "");
  write({.method = Method::kPost,
         .object = {resource, meta_text(object, "namespace"), meta_text(object, "name")},
         .query = query,
         .strict = options.dry_run,
         .body = dump(object)},
        std::move(done));
}

void Client::bind(const ObjectRef& pod, const Uid& uid, const NodeName& node, WriteDone done) {
  const json binding = {
      {"apiVersion", "v1"},
      {"kind", "Binding"},
      {"metadata", {{"name", pod.name}, {"namespace", pod.ns}, {"uid", uid.str()}}},
      {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node.str()}}}};
  write({.method = Method::kPost, .object = pod, .subresource = "binding", .body = dump(binding)},
        std::move(done));
}

void Client::merge_patch(const ObjectRef& object, const json& patch, WriteDone done) {
  if (has_void_version(patch)) return refuse_version(object, std::move(done));
  write({.method = Method::kPatch,
         .object = object,
         .content_type = kMergePatch,
         .body = dump(patch)},
        std::move(done));
}

void Client::merge_patch(const ObjectRef& object, const AsRead& read, json patch, WriteDone done) {
  patch["metadata"]["uid"] = read.uid.str();
  patch["metadata"]["resourceVersion"] = read.version.str();
  merge_patch(object, patch, std::move(done));
}

void Client::update(const Resource& resource, const json& object, WriteDone done) {
  put(resource, object, {}, std::move(done));
}

void Client::update_status(const Resource& resource, const json& object, WriteDone done) {
  put(resource, object, "status", std::move(done));
}

void Client::put(const Resource& resource, const json& object, std::string_view subresource,
                 WriteDone done) {
  ObjectRef ref{resource, meta_text(object, "namespace"), meta_text(object, "name")};
  if (!is_real_version(meta_text(object, "resourceVersion"))) {
    return refuse_version(ref, std::move(done));
  }
  write({.method = Method::kPut,
         .object = std::move(ref),
         .subresource = subresource,
         .body = dump(object)},
        std::move(done));
}

void Client::remove(const ObjectRef& object, const DeleteOptions& options, WriteDone done) {
  if (options.uid.empty()) {
    return refuse({.message = "cannot delete " + name_of(object) + ": it needs the uid"},
                  [done = std::move(done)](Result<Response> result) {
                    done(tl::unexpected(result.error()));
                  });
  }
  json body = {{"apiVersion", "v1"},
               {"kind", "DeleteOptions"},
               {"propagationPolicy", "Background"},
               {"preconditions", {{"uid", options.uid.str()}}}};
  if (!options.version.empty()) body["preconditions"]["resourceVersion"] = options.version.str();
  write({.method = Method::kDelete, .object = object, .body = dump(body)}, std::move(done));
}

void Client::refuse_version(const ObjectRef& object, WriteDone done) {
  refuse(
      {.message = "cannot write " + name_of(object) +
                  ": its metadata.resourceVersion is missing, empty, \"0\" or null, which the "
                  "server would take for no precondition"},
      [done = std::move(done)](Result<Response> result) { done(tl::unexpected(result.error())); });
}

void Client::write(Write write, WriteDone done) {
  const Method method = write.method;
  Answer answer = [method, done = std::move(done)](Result<Response> result) {
    if (!result) return done(tl::unexpected(result.error()));
    done(written_of(*result, method));
  };
  if (const std::string what = missing(write.object); !what.empty()) {
    return refuse({.message = "cannot write " + name_of(write.object) + ": it needs " + what},
                  std::move(answer));
  }
  const bool removes = method == Method::kDelete;
  if (!removes) {
    write.query.add("fieldManager", kFieldManager);
    write.query.add("fieldValidation", write.strict ? "Strict" : "Ignore");
  }
  // What is made is named by its body alone.
  const bool makes = method == Method::kPost && write.subresource.empty();
  const std::string_view name = makes ? "" : std::string_view(write.object.name);
  Request request{.method = method,
                  .path = path_of(write.object.resource, write.object.ns, name, write.subresource) +
                          write.query.str(),
                  .content_type = write.content_type,
                  .body = std::move(write.body)};
  if (!removes) request.accept = kMetadata;
  send(std::move(request), std::move(answer));
}

void Client::send(Request request, Answer answer) {
  limiter_.run([this, request = std::move(request),
                answer = std::move(answer)](RequestLimiter::Slot slot) mutable {
    start(std::move(request), std::move(slot), std::move(answer));
  });
}

void Client::start(Request request, RequestLimiter::Slot slot, Answer answer) {
  request.deadline = options_.deadline;
  if (request.method != Method::kGet) {
    // Asked only now: the request may have waited for its slot.
    const std::optional<milliseconds> left = guard_();
    if (!left || *left < kLeastTime) {
      return refuse({.kind = ErrorKind::kNotLeader,
                     .message = left ? "no time is left on the leader lease for this write"
                                     : "this process is not the leader"},
                    std::move(answer));
    }
    request.deadline = std::max(kLeastTime, std::min(options_.deadline, *left));
    request.path += request.path.find('?') == std::string::npos ? "?" : "&";
    request.path += "timeout=" + std::to_string(request.deadline.count()) + "ms";
  }
  const Method method = request.method;
  const auto held = std::make_shared<RequestLimiter::Slot>(std::move(slot));
  transport_.send(std::move(request), [this, alive = std::weak_ptr<bool>(alive_), method, held,
                                       answer = std::move(answer)](Result<Response> result) {
    if (alive.expired()) return;
    if (options_.observer) {
      options_.observer({.method = method, .code = result ? result->status : 0});
    }
    held->release();
    answer(std::move(result));
  });
}

void Client::refuse(Error error, Answer answer) {
  executor_.post(
      [alive = std::weak_ptr<bool>(alive_), error = std::move(error), answer = std::move(answer)] {
        if (!alive.expired()) answer(tl::unexpected(error));
      });
}

}  // namespace processhub::kube
