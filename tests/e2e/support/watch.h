// `kubectl get --watch`: the objects of one kind as they are now, and each state that
// they have been in since.
//
//   const Watch pods({"pods", "-n", "shop"});
//   wait_until([&] { return pods.objects().size() == 3; });
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "e2e/support/process.h"

namespace processhub::e2e {

class Watch {
 public:
  struct Event {
    std::string type;  // ADDED, MODIFIED, DELETED
    nlohmann::json object;
    [[nodiscard]] std::string name() const;
  };

  explicit Watch(Words words);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // By name. Both change only while the test waits (inbox.h).
  [[nodiscard]] const std::map<std::string, nlohmann::json>& objects() const;
  [[nodiscard]] const std::vector<Event>& history() const;

  // The object, null where there is none of that name.
  [[nodiscard]] const nlohmann::json& at(const std::string& name) const;

 private:
  struct State {
    std::map<std::string, nlohmann::json> objects;
    std::vector<Event> history;
    std::atomic<bool> wanted = true;
    void take(nlohmann::json event);
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::unique_ptr<Process> process_;
};

}  // namespace processhub::e2e
