// kubectl, as a user types it, with what tests need most often.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "e2e/support/process.h"

namespace processhub::e2e {

using nlohmann::json;

// `kubectl WORD...`, whatever comes of it.
Output kubectl(const Words& words, const std::string& input = "");

// The same; the test fails (throws) unless it succeeds. Returns what it prints.
std::string must_kubectl(const Words& words, const std::string& input = "");

// kubectl apply -f -: of YAML or JSON.
void apply(const std::string& text);
void apply(const json& object);

// kubectl get WORD... -o json.
json get(const Words& words);
// kubectl patch WORD... --type=merge.
void patch(const Words& words, const json& merge);

// Its status, empty where it has none yet, also where `object` is null.
json status_of(const json& object);
// An object's condition, null where it has none of that type.
json condition(const json& object, const std::string& type);
// "True/AllChildrenReady": status and reason of a condition, "" where it is absent.
std::string said(const json& object, const std::string& type);

}  // namespace processhub::e2e
