// One conversation with an API server, to be had with the in-memory one and with a real one:
// a table of requests, each with the outcome that both must have.
//
//   Conversation talk(transport, run, stop, {{"NS", "shop"}});
//   for (const Step& step : conformance_steps()) EXPECT_EQ(talk.have(step), step.outcome);
//
// An outcome is what matters of an answer, in words:
//   "409 Conflict", "422 Invalid metadata.uid"        code, reason, fields that are to blame
//   "200 Pod new gen=2 deleting=30"                   kind, whether the version is another than
//                                                     at the last look, generation, grace
//   "200 PodList [a b] more"                          names, in order; there is a next page
//   "ADDED a, DELETED a, BOOKMARK"                    events of a watch until it ends
// then the values that `show` names (JSON pointers).
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kube/transport.h"

namespace processhub::testing {

struct Step {
  std::string name;
  kube::Method method = kube::Method::kGet;
  // ${NS} and the other variables of the conversation; ${a.uid}, ${a.rv}, ${a.continue}: of an
  // answer that was saved as "a".
  std::string path;
  std::string body = {};
  std::string outcome;
  std::string save = {};
  std::vector<std::string> show = {};
  bool metadata_alone = false;
  // Others write the object too (a Node, its controllers): its version is not looked at.
  bool shared = false;
  // Controllers have to act first: it is asked again for a while, until the outcome is as wanted.
  bool patient = false;
  std::string content_type = {};  // empty: what the method commonly has
};

[[nodiscard]] const std::vector<Step>& conformance_steps();

class Conversation {
 public:
  // `run` runs what the transport needs to come to an answer, until `stop` is called; `wait` lets
  // controllers act for a moment.
  Conversation(kube::Transport& transport, std::function<void()> run, std::function<void()> stop,
               std::function<void()> wait, std::map<std::string, std::string> variables);

  // The outcome in words.
  std::string have(const Step& step);
  // What the server said last, for the message of a failure.
  [[nodiscard]] const std::string& last_answer() const { return last_answer_; }

 private:
  [[nodiscard]] std::string fill(const std::string& text) const;
  std::string have_once(const Step& step);
  std::string ask(kube::Request request, const Step& step);
  std::string listen(kube::Request request);
  std::string describe(int code, const nlohmann::json& body, bool shared = false);

  kube::Transport& transport_;
  std::function<void()> run_;
  std::function<void()> stop_;
  std::function<void()> wait_;
  std::map<std::string, std::string> variables_;
  std::map<std::string, std::string> versions_;  // by uid, at the last look
  std::string last_answer_;
};

}  // namespace processhub::testing
