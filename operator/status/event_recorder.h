// Kubernetes Events (events.k8s.io/v1): what happened to a hub or a child, for people
// who look with `kubectl describe` or `kubectl get events`.
//
// Events may be lost, and must never hold anything up: they are sent once, past a
// bucket per hub and reason, and an Event that repeats becomes a series of one object.
//
// Core thread.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "queue/token_bucket.h"

namespace processhub::status {

enum class EventType { kNormal, kWarning };

struct EventNote {
  kube::Resource resource;  // of the object that it is about
  std::string ns;
  std::string name;
  Uid uid;
  std::string hub;  // the bucket that it passes
  EventType type = EventType::kNormal;
  std::string reason;  // "NodeLost"
  std::string action;  // "Placing"
  std::string note;    // cut to 1024 bytes
};

class EventRecorder {
 public:
  // `instance`: this process, as in reportingInstance.
  EventRecorder(kube::Client& client, const Clock& clock, std::string instance)
      : client_(client), clock_(clock), instance_(std::move(instance)) {}

  void record(const EventNote& note);

 private:
  struct Series {
    std::string name;  // of the Event object
    int count = 1;
    SteadyTime sent;
  };

  void create(const EventNote& note, const std::string& name);
  void repeat(const EventNote& note, Series& series);
  [[nodiscard]] bool passes(const EventNote& note);

  kube::Client& client_;
  const Clock& clock_;
  std::string instance_;
  std::map<std::string, Series> series_;               // by what the Event says
  std::map<std::string, queue::TokenBucket> buckets_;  // by hub and reason
};

}  // namespace processhub::status
