#include "fake/conformance.h"

#include <optional>
#include <utility>

#include "fake/conformance_steps.h"
#include "kube/json_text.h"

namespace processhub::testing {

using kube::Method;
using nlohmann::json;

namespace {

constexpr int kMostWaits = 100;

}  // namespace

const std::vector<Step>& conformance_steps() {
  static const std::vector<Step> steps = [] {
    std::vector<Step> all;
    for (const auto& part : {create_steps(), patch_steps(), list_steps(), custom_steps(),
                             delete_steps(), evict_steps(), watch_steps()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return steps;
}

Conversation::Conversation(kube::Transport& transport, std::function<void()> run,
                           std::function<void()> stop, std::function<void()> wait,
                           std::map<std::string, std::string> variables)
    : transport_(transport),
      run_(std::move(run)),
      stop_(std::move(stop)),
      wait_(std::move(wait)),
      variables_(std::move(variables)) {}

std::string Conversation::fill(const std::string& text) const {
  std::string filled;
  size_t at = 0;
  while (true) {
    const size_t begin = text.find("${", at);
    if (begin == std::string::npos) return filled + text.substr(at);
    const size_t end = text.find('}', begin);
    filled += text.substr(at, begin - at);
    const auto value = variables_.find(text.substr(begin + 2, end - begin - 2));
    filled += value == variables_.end() ? "?" : value->second;
    at = end + 1;
  }
}

std::string Conversation::have(const Step& step) {
  std::string outcome = have_once(step);
  for (int i = 0; step.patient && outcome != step.outcome && i < kMostWaits; ++i) {
    wait_();
    outcome = have_once(step);
  }
  return outcome;
}

std::string Conversation::have_once(const Step& step) {
  kube::Request request{.method = step.method, .path = fill(step.path), .body = fill(step.body)};
  if (!step.content_type.empty()) {
    request.content_type = step.content_type;
  } else if (step.method == Method::kPatch) {
    request.content_type = "application/merge-patch+json";
  } else if (!request.body.empty()) {
    request.content_type = "application/json";
  }
  if (step.metadata_alone) {
    request.accept =
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  }
  if (request.path.find("watch=true") != std::string::npos) return listen(std::move(request));
  return ask(std::move(request), step);
}

std::string Conversation::ask(kube::Request request, const Step& step) {
  std::optional<Result<kube::Response>> got;
  transport_.send(std::move(request), [&](Result<kube::Response> result) {
    got = std::move(result);
    stop_();
  });
  run_();
  if (!got) return "error: no answer";
  if (!*got) return "error: " + got->error().message;
  last_answer_ = (*got)->body;
  const json body = json::parse(last_answer_, nullptr, false);
  if (!body.is_object()) return std::to_string((*got)->status) + " no object";
  std::string outcome = describe((*got)->status, body, step.shared);
  for (const std::string& pointer : step.show) {
    const json value = body.value(json::json_pointer(pointer), json());
    outcome += " " + pointer + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (!step.save.empty()) {
    variables_[step.save + ".uid"] = kube::meta_text(body, "uid");
    variables_[step.save + ".rv"] = kube::meta_text(body, "resourceVersion");
    variables_[step.save + ".continue"] = kube::meta_text(body, "continue");
  }
  return outcome;
}

std::string Conversation::describe(int code, const json& body, bool shared) {
  std::string outcome = std::to_string(code) + " ";
  const std::string kind = body.value("kind", "");
  if (kind == "Status") {
    if (body.value("status", "") == "Success") return outcome + "Success";
    outcome += body.value("reason", "");
    const json causes = body.value(json::json_pointer("/details/causes"), json::array());
    for (const json& cause : causes) {
      // Some are named twice.
      const std::string field = " " + cause.value("field", "");
      if (field != " " && !outcome.ends_with(field)) outcome += field;
    }
    return outcome;
  }
  outcome += kind;
  if (const auto items = body.find("items"); items != body.end()) {
    outcome += " [";
    for (const json& item : *items) {
      if (outcome.back() != '[') outcome += " ";
      outcome += kube::meta_text(item, "name");
    }
    return outcome + "]" + (kube::meta_text(body, "continue").empty() ? "" : " more");
  }
  const json meta = body.value("metadata", json::object());
  const std::string uid = kube::meta_text(body, "uid");
  const std::string version = kube::meta_text(body, "resourceVersion");
  const auto known = versions_.find(uid);
  if (!shared) {
    outcome += known == versions_.end() ? " first" : known->second == version ? " same" : " new";
  }
  versions_[uid] = version;
  if (meta.contains("generation")) outcome += " gen=" + meta.at("generation").dump();
  if (meta.contains("deletionTimestamp")) {
    outcome += " deleting=" + meta.value("deletionGracePeriodSeconds", json()).dump();
  }
  return outcome;
}

std::string Conversation::listen(kube::Request request) {
  std::string outcome;
  std::optional<Result<kube::Response>> ended;
  last_answer_.clear();
  const auto stream =
      transport_.stream(std::move(request), std::chrono::seconds(60),
                        {.lines =
                             [&](const std::vector<std::string>& lines) {
                               for (const std::string& line : lines) {
                                 last_answer_ += line + "\n";
                                 const json event = json::parse(line, nullptr, false);
                                 std::string said = event.value("type", "?");
                                 const json object = event.value("object", json::object());
                                 if (said == "ERROR") {
                                   said += " " + describe(object.value("code", 0), object);
                                 } else if (said != "BOOKMARK") {
                                   said += " " + kube::meta_text(object, "name");
                                 }
                                 // How many bookmarks there are is a matter of time.
                                 if (said == "BOOKMARK" && outcome.ends_with(said)) continue;
                                 outcome += (outcome.empty() ? "" : ", ") + said;
                               }
                             },
                         .end =
                             [&](Result<kube::Response> result) {
                               ended = std::move(result);
                               stop_();
                             }});
  run_();
  if (!ended) return outcome + " error: no end";
  if (!*ended) return outcome + " error: " + ended->error().message;
  if ((*ended)->status == 200) return outcome;
  last_answer_ = (*ended)->body;
  return describe((*ended)->status, json::parse(last_answer_, nullptr, false));
}

}  // namespace processhub::testing
