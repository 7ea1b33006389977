#include "controller/inline_children.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "kube/decode.h"

namespace processhub::controller {
namespace {

using kube::ObjectMeta;
using nlohmann::json;

constexpr size_t kAtOnce = 4;

kube::ObjectRef ref_of(const ChildKey& child) {
  return {.resource = kube::kProcessHubChildren, .ns = child.ns, .name = child.name};
}

bool concerns_one_child(const Error& error) {
  return is_refusal(error) || error.kind == ErrorKind::kConflict ||
         error.kind == ErrorKind::kAlreadyExists;
}

// Into `live` what the hub says of the child; the rest is its user's.
void bring_up_to_date(json& live, const plan::ApplyChild& apply) {
  const json& body = *apply.body;
  json& meta = live["metadata"];
  for (const char* part : {"labels", "annotations"}) meta[part].update(body["metadata"][part]);
  for (const std::string& label : apply.drop_labels) meta["labels"].erase(label);
  json& spec = live["spec"];
  for (const char* part : {"template", "nodes", "suspended"}) spec.erase(part);
  spec.update(body["spec"]);
}

}  // namespace

struct InlineChildren::Run {
  std::vector<plan::ApplyChild> apply;
  std::vector<plan::DeleteChild> remove;
  Written written;
  Done done;
  int term = 0;
  size_t begun = 0;  // of `apply`, then of `remove`
  size_t open = 1;   // writes under way, and run() itself
  bool halted = false;
  Result<void> result = {};
};

void InlineChildren::run(std::vector<plan::ApplyChild> apply, std::vector<plan::DeleteChild> remove,
                         Written written, Done done) {
  auto run = std::make_shared<Run>();
  run->apply = std::move(apply);
  run->remove = std::move(remove);
  run->written = std::move(written);
  run->done = std::move(done);
  run->term = term_;
  for (size_t i = 0; i < kAtOnce; ++i) next(run);
  if (--run->open == 0) run->done(run->result);
}

void InlineChildren::next(const std::shared_ptr<Run>& run) {
  const size_t at = run->begun;
  if (run->halted || run->term != term_ || at == run->apply.size() + run->remove.size()) return;
  ++run->begun;
  ++run->open;
  const bool removes = at >= run->apply.size();
  const ChildKey child = removes ? run->remove[at - run->apply.size()].child : run->apply[at].child;
  const auto done = [this, run, child](const Result<ObjectMeta>& result) {
    ended(run, child, result);
  };
  if (removes) {
    const Uid& uid = run->remove[at - run->apply.size()].uid;
    return client_.remove(ref_of(child), {.uid = uid}, [done](Result<ObjectMeta> removed) {
      const bool gone = !removed && removed.error().kind == ErrorKind::kNotFound;
      done(gone ? Result<ObjectMeta>(ObjectMeta{}) : std::move(removed));
    });
  }
  const plan::ApplyChild& wanted = run->apply[at];
  if (wanted.uid) return update(wanted, run->term, done);
  client_.create(kube::kProcessHubChildren, *wanted.body, {}, done);
}

void InlineChildren::ended(const std::shared_ptr<Run>& run, const ChildKey& child,
                           const Result<ObjectMeta>& result) {
  run->written(child, result);
  if (!result) {
    run->result = tl::unexpected(result.error());
    run->halted = run->halted || !concerns_one_child(result.error());
  }
  next(run);
  if (--run->open == 0) run->done(run->result);
}

// Read, changed and put back in that version.
void InlineChildren::update(const plan::ApplyChild& apply, int term, kube::Client::WriteDone done) {
  client_.get(ref_of(apply.child), kube::Projection::everything(),
              [this, apply, term, done = std::move(done)](Result<json> found) {
                if (!found) return done(tl::unexpected(found.error()));
                if (term != term_) return done(fail(ErrorKind::kNotLeader, "leadership ended"));
                const auto meta = kube::decode_meta(*found);
                if (!meta) return done(tl::unexpected(meta.error()));
                if (meta->uid != *apply.uid || meta->deleted) {
                  return done(fail(ErrorKind::kConflict, "child " + apply.child.name +
                                                             " is another one now, or is going"));
                }
                bring_up_to_date(*found, apply);
                client_.update(kube::kProcessHubChildren, *found, done);
              });
}

}  // namespace processhub::controller
