#include "e2e/support/watch.h"

#include <gtest/gtest.h>
#include <iostream>
#include <utility>

#include "e2e/support/inbox.h"

namespace processhub::e2e {

using nlohmann::json;

std::string Watch::Event::name() const { return object.at("metadata").at("name"); }

void Watch::State::take(json event) {
  Event entry{.type = event.value("type", ""), .object = std::move(event["object"])};
  if (entry.type == "DELETED") {
    objects.erase(entry.name());
  } else if (entry.type == "ERROR") {
    ADD_FAILURE() << "kubectl get --watch: " << entry.object.dump();
    return;
  } else {
    objects[entry.name()] = entry.object;
  }
  history.push_back(std::move(entry));
}

Watch::Watch(Words words) {
  Words command = {"kubectl", "get", "--watch", "--output-watch-events", "-o", "json"};
  command.insert(command.end(), words.begin(), words.end());
  const auto take = [state = state_](const std::string& line) {
    auto event = std::make_shared<json>(json::parse(line));  // kubectl gives each a line
    Inbox::get().put([state, event] { state->take(std::move(*event)); });
  };
  const auto tell = [state = state_, resource = words.front()] {
    if (state->wanted) std::cout << "the watch of " << resource << " has ended\n";
  };
  process_ = std::make_unique<Process>(command, Process::Options{.on_line = take, .on_end = tell});
}

Watch::~Watch() { state_->wanted = false; }

const std::map<std::string, json>& Watch::objects() const { return state_->objects; }

const std::vector<Watch::Event>& Watch::history() const { return state_->history; }

const json& Watch::at(const std::string& name) const {
  static const json kNone;
  const auto found = state_->objects.find(name);
  return found == state_->objects.end() ? kNone : found->second;
}

}  // namespace processhub::e2e
