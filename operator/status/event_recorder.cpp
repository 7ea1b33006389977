#include "status/event_recorder.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"

namespace processhub::status {
namespace {

using nlohmann::json;

constexpr const char* kController = "processhub.io/operator";
constexpr size_t kMaxNote = 1024;
constexpr size_t kMaxRemembered = 1000;
constexpr int kBurst = 25;               // of one hub and reason, as client-go's spam filter
constexpr double kPerSecond = 1.0 / 10;  // and from then on
constexpr auto kSeriesPeriod = std::chrono::minutes(1);
constexpr auto kSeriesEnd = std::chrono::minutes(10);

std::string identity_of(const EventNote& note) {
  return note.uid.str() + "\n" + note.reason + "\n" + note.action + "\n" + note.note;
}

void log_failure(const EventNote& note, const Error& error) {
  log::debug("an Event was not written",
             {{"object", note.ns + "/" + note.name}, {"reason", note.reason}, {"error", error}});
}

}  // namespace

void EventRecorder::record(const EventNote& note) {
  const std::string identity = identity_of(note);
  const SteadyTime now = clock_.steady_now();
  const auto known = series_.find(identity);
  if (known != series_.end() && now - known->second.sent < kSeriesEnd) {
    return repeat(note, known->second);
  }
  if (!passes(note)) return;
  if (series_.size() >= kMaxRemembered) series_.clear();  // they begin anew, as after a restart
  const uint64_t unique =
      hash64(identity, static_cast<uint64_t>(clock_.wall_now().time_since_epoch().count()));
  const std::string name = fmt::format("{}.{}", note.name, base32(unique, 12));
  series_[identity] = {.name = name, .sent = now};
  create(note, name);
}

void EventRecorder::create(const EventNote& note, const std::string& name) {
  log::info(note.reason, {{"object", note.ns + "/" + note.name}, {"note", note.note}});
  const json event = {{"apiVersion", kube::kEvents.api_version()},
                      {"kind", kube::kEvents.kind},
                      {"metadata", {{"name", name}, {"namespace", note.ns}}},
                      {"eventTime", format_micro_time(clock_.wall_now())},
                      {"reportingController", kController},
                      {"reportingInstance", instance_},
                      {"type", note.type == EventType::kWarning ? "Warning" : "Normal"},
                      {"reason", note.reason},
                      {"action", note.action},
                      {"note", clean_text(note.note, kMaxNote)},
                      {"regarding",
                       {{"apiVersion", note.resource.api_version()},
                        {"kind", note.resource.kind},
                        {"namespace", note.ns},
                        {"name", note.name},
                        {"uid", note.uid.str()}}}};
  client_.create(kube::kEvents, event, {}, [note](const Result<kube::ObjectMeta>& made) {
    if (!made) log_failure(note, made.error());
  });
}

void EventRecorder::repeat(const EventNote& note, Series& series) {
  ++series.count;
  const SteadyTime now = clock_.steady_now();
  if (series.count > 2 && now - series.sent < kSeriesPeriod) return;
  series.sent = now;
  const json patch = {
      {"series",
       {{"count", series.count}, {"lastObservedTime", format_micro_time(clock_.wall_now())}}}};
  const kube::ObjectRef ref{.resource = kube::kEvents, .ns = note.ns, .name = series.name};
  client_.merge_patch(ref, patch, [note](const Result<kube::ObjectMeta>& written) {
    if (!written) log_failure(note, written.error());
  });
}

bool EventRecorder::passes(const EventNote& note) {
  if (buckets_.size() >= kMaxRemembered) buckets_.clear();
  const std::string key = note.ns + "/" + note.hub + "/" + note.reason;
  return buckets_.try_emplace(key, clock_, kPerSecond, kBurst).first->second.try_take();
}

}  // namespace processhub::status
