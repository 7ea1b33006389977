#include "e2e/support/fixture.h"

#include <algorithm>
#include <fmt/core.h>
#include <iostream>

#include "e2e/support/cluster.h"

namespace processhub::e2e {
namespace {

constexpr size_t kLogLines = 60;

bool is_true(const json& object, const std::string& type) {
  const json found = condition(object, type);
  return !found.is_null() && found.value("status", "") == "True";
}

bool is_ending(const json& object) { return object.at("metadata").contains("deletionTimestamp"); }

bool serves(const json& pod) { return !is_ending(pod) && is_true(pod, "Ready"); }

std::string label(const json& object, const char* name) {
  return object.at("metadata").value("labels", json::object()).value(name, "");
}

std::string child_of(const json& pod) { return label(pod, "processhub.io/child"); }

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::set<std::string> split(const std::string& text) {
  std::set<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    words.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// What is wrong with where one child is; "" when nothing is.
std::string misplaced_child(const std::string& name, const json& child,
                            const std::vector<const json*>& pods, const Place& place) {
  if (child.is_null()) return name + " does not exist";
  std::set<std::string> nodes;
  std::set<std::string> pod_names;
  for (const json* pod : pods) {
    if (!serves(*pod)) {
      return fmt::format("{}: pod {} does not serve", name,
                         pod->at("metadata").at("name").get<std::string>());
    }
    nodes.insert(pod->at("spec").value("nodeName", ""));
    pod_names.insert(pod->at("metadata").at("name"));
  }
  if (nodes != place.nodes || pods.size() != place.nodes.size()) {
    return fmt::format("{}: {} pods on [{}] instead of [{}]", name, pods.size(), joined(nodes),
                       joined(place.nodes));
  }
  const json status = child.value("status", json::object());
  if (status.value("phase", "") != "Running") {
    return name + ": its status says phase " + status.value("phase", "(none)");
  }
  if (split(status.value("nodeNames", "")) != nodes ||
      status.value("masterNode", "") != place.master) {
    return fmt::format("{}: its status says nodes {}, master {}; expected [{}] and {}", name,
                       status.value("nodeNames", ""), status.value("masterNode", ""), joined(nodes),
                       place.master);
  }
  for (const json& replica : status.value("replicas", json::array())) {
    if (pod_names.contains(replica.value("pod", ""))) pod_names.erase(replica.value("pod", ""));
  }
  if (!pod_names.empty()) return name + ": its status lacks pod " + *pod_names.begin();
  return "";
}

}  // namespace

std::vector<std::string> names(const std::string& prefix, int count) {
  std::vector<std::string> result;
  for (int i = 1; i <= count; ++i) result.push_back(prefix + "-" + std::to_string(i));
  return result;
}

json replication(int factor) {
  return {{"strategy", "Replication"}, {"replication", {{"factor", factor}}}};
}

void WithoutOperator::SetUp() {
  install();
  must_kubectl({"create", "namespace", ns_});
  // Without it the API server refuses pods.
  must_kubectl({"wait", "--for=create", "serviceaccount/default", "-n", ns_, "--timeout=60s"});
  look_again();
}

void WithoutOperator::look_again() {
  events_.reset();
  pods_ = std::make_unique<Watch>(Words{"pods", "-n", ns_});
  children_ = std::make_unique<Watch>(Words{"phc", "-n", ns_});
  hubs_ = std::make_unique<Watch>(Words{"phub", "-n", ns_});
}

void WithoutOperator::TearDown() {
  if (HasFailure()) print_what_is();
  events_.reset();
  pods_.reset();
  children_.reset();
  hubs_.reset();
  // Each kind by one request, and the pods without their kubelets, which may be lost.
  const std::string hubs = "/apis/processhub.io/v1alpha1/namespaces/" + ns_;
  kubectl({"delete", "--raw", hubs + "/processhubs"});
  kubectl({"delete", "--raw", hubs + "/processhubchildren"});
  kubectl({"delete", "--raw", "/api/v1/namespaces/" + ns_ + "/pods?gracePeriodSeconds=0"});
  kubectl({"delete", "namespace", ns_, "--wait=false"});
}

void WithoutOperator::print_what_is() const {
  const auto print = [](const Words& words) { std::cout << kubectl(words).out << "\n"; };
  print({"get", "phub,phc,pods", "-n", ns_, "-o", "wide"});
  print({"get", "nodes", "-o", "wide", "-L", "e2e,topology.kubernetes.io/zone"});
  print({"get", "events", "-n", ns_, "--sort-by=.metadata.creationTimestamp"});
  print({"get", "phub", "-n", ns_, "-o", "jsonpath={range .items[*]}{.status}{\"\\n\"}{end}"});
  for (const OperatorProcess* one : operators_) {
    std::cout << "--- the end of the operator's log ---\n" << one->log_tail(kLogLines) << "---\n";
  }
}

json WithoutOperator::hub_object(const std::string& name, const NodeSet& nodes,
                                 const json& spec) const {
  json hub = {
      {"apiVersion", "processhub.io/v1alpha1"},
      {"kind", "ProcessHub"},
      {"metadata", {{"name", name}, {"namespace", ns_}}},
      {"spec",
       {{"nodes", {{"selector", nodes.selector()}, {"joinAfterSeconds", 1}}},
        {"failover", {{"restartAfterSeconds", 1}, {"replaceAfterSeconds", 2}}},
        {"migration", {{"maxConcurrent", 4}}},
        {"template",
         {{"metadata", {{"labels", {{"app", name}}}}},
          {"spec",
           {{"terminationGracePeriodSeconds", 1},
            {"containers", {{{"name", "worker"}, {"image", "registry.example/worker:1"}}}}}}}}}}};
  hub["spec"].merge_patch(spec);
  return hub;
}

void WithoutOperator::given_hub(const std::string& name, const NodeSet& nodes,
                                const json& spec) const {
  apply(hub_object(name, nodes, spec));
}

void WithoutOperator::change_hub(const std::string& name, const json& spec) const {
  patch({"phub", name, "-n", ns_}, {{"spec", spec}});
}

void WithoutOperator::given_children(const std::string& hub,
                                     const std::vector<std::string>& children) const {
  json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", json::array()}};
  for (const std::string& child : children) {
    list["items"].push_back({{"apiVersion", "processhub.io/v1alpha1"},
                             {"kind", "ProcessHubChild"},
                             {"metadata", {{"name", child}, {"namespace", ns_}}},
                             {"spec", {{"hub", hub}}}});
  }
  must_kubectl({"create", "-f", "-"}, list.dump());
}

void WithoutOperator::given_child(const std::string& hub, const std::string& child,
                                  const json& spec) const {
  json object = {{"apiVersion", "processhub.io/v1alpha1"},
                 {"kind", "ProcessHubChild"},
                 {"metadata", {{"name", child}, {"namespace", ns_}}},
                 {"spec", {{"hub", hub}}}};
  object["spec"].merge_patch(spec);
  apply(object);
}

void WithoutOperator::delete_child(const std::string& name) const {
  must_kubectl({"delete", "phc", name, "-n", ns_});
}

std::string WithoutOperator::misplaced(const Wanted& wanted,
                                       const std::map<std::string, Place>& places) const {
  std::map<std::string, std::vector<const json*>> pods;
  size_t count = 0;
  for (const auto& [name, pod] : pods_->objects()) {
    if (label(pod, "processhub.io/hub") != wanted.hub || is_ending(pod)) continue;
    pods[child_of(pod)].push_back(&pod);
    ++count;
  }
  size_t expected = 0;
  for (const auto& [child, place] : places) {
    const std::string problem = misplaced_child(child, children_->at(child), pods[child], place);
    if (!problem.empty()) return problem;
    expected += place.nodes.size();
  }
  if (count != expected) return fmt::format("{} pods instead of {}", count, expected);
  const json& hub = hubs_->at(wanted.hub);
  if (hub.is_null()) return "hub " + wanted.hub + " does not exist";
  const json status = hub.value("status", json::object());
  const json total = wanted.children.size();
  const json::json_pointer all("/children/total");
  const json::json_pointer ready("/children/ready");
  const json::json_pointer members("/nodes/members");
  if (status.value(all, json()) != total || status.value(ready, json()) != total ||
      status.value(members, json()) != json(wanted.nodes.size())) {
    return fmt::format("hub {}: its status says {}", wanted.hub, status.dump());
  }
  return "";
}

void WithoutOperator::eventually_placed(const Wanted& wanted, std::chrono::seconds limit) const {
  const auto places = e2e::places(ns_, wanted);
  eventually([&] { return misplaced(wanted, places); }, limit);
}

void WithoutOperator::eventually_run(const std::string& hub,
                                     const std::vector<std::string>& children, int factor) const {
  eventually([&]() -> std::string {
    std::map<std::string, int> serving;
    for (const auto& [name, pod] : pods_->objects()) {
      if (label(pod, "processhub.io/hub") != hub || is_ending(pod)) continue;
      if (!serves(pod)) return "pod " + name + " does not serve";
      ++serving[child_of(pod)];
    }
    if (serving.size() != children.size()) {
      return fmt::format("{} children have pods instead of {}", serving.size(), children.size());
    }
    for (const std::string& child : children) {
      const json status = status_of(children_->at(child));
      if (serving[child] != factor || status.value("phase", "") != "Running") {
        return fmt::format("{}: {} pods, phase {}", child, serving[child],
                           status.value("phase", "(none)"));
      }
    }
    const json total = children.size();
    const json counts = status_of(hubs_->at(hub)).value("children", json::object());
    const bool told =
        counts.value("total", json()) == total && counts.value("ready", json()) == total;
    return told ? "" : fmt::format("hub {}: its status says {}", hub, counts.dump());
  });
}

void WithoutOperator::eventually_hub_says(const std::string& hub, const std::string& type,
                                          const std::string& what) const {
  eventually([&] {
    const std::string now = said(hubs_->at(hub), type);
    return now == what ? "" : fmt::format("hub {} says {} {}, not {}", hub, type, now, what);
  });
}

void WithoutOperator::eventually_child_says(const std::string& child, const std::string& type,
                                            const std::string& what) const {
  eventually([&] {
    const std::string now = said(children_->at(child), type);
    return now == what ? "" : fmt::format("child {} says {} {}, not {}", child, type, now, what);
  });
}

std::string WithoutOperator::eventually_event(const std::string& name, const std::string& reason) {
  if (events_ == nullptr) {
    events_ = std::make_unique<Watch>(Words{"events.v1.events.k8s.io", "-n", ns_});
  }
  std::string note;
  eventually([&]() -> std::string {
    for (const auto& [key, event] : events_->objects()) {
      const json regarding = event.value("regarding", json::object());
      if (regarding.value("name", "") != name || event.value("reason", "") != reason) continue;
      note = event.value("note", "");
      return "";
    }
    return fmt::format("there is no Event {} about {}", reason, name);
  });
  return note;
}

std::map<std::string, std::vector<PodView>> WithoutOperator::pods_of(const std::string& hub) const {
  std::map<std::string, std::vector<PodView>> pods;
  for (const auto& [name, pod] : pods_->objects()) {
    if (label(pod, "processhub.io/hub") != hub || is_ending(pod)) continue;
    pods[child_of(pod)].push_back({.name = name,
                                   .uid = pod.at("metadata").at("uid"),
                                   .node = pod.at("spec").value("nodeName", "")});
  }
  return pods;
}

std::vector<PodView> WithoutOperator::pods_of_child(const std::string& child) const {
  const json& object = children_->at(child);
  if (object.is_null()) return {};
  return pods_of(object.at("spec").at("hub"))[child];
}

std::string WithoutOperator::node_of(const std::string& child) const {
  return pods_of_child(child).at(0).node;
}

int WithoutOperator::most_migrating(const std::string& hub) const {
  std::set<std::string> migrating;
  size_t most = 0;
  for (const Watch::Event& event : children_->history()) {
    if (event.object.at("spec").value("hub", "") != hub) continue;
    if (event.type != "DELETED" && is_true(event.object, "Migrating")) {
      migrating.insert(event.name());
    } else {
      migrating.erase(event.name());
    }
    most = std::max(most, migrating.size());
  }
  return static_cast<int>(most);
}

int WithoutOperator::fewest_serving(const std::string& child, int factor) const {
  std::set<std::string> serving;
  std::set<std::string> ending;  // somebody asked for it
  std::set<std::string> robbed;
  int fewest = factor;
  bool complete = false;
  for (const Watch::Event& event : pods_->history()) {
    if (child_of(event.object) != child) continue;
    const std::string name = event.name();
    const bool ends = event.type == "DELETED" || is_ending(event.object);
    const int64_t grace = event.object.at("metadata").value("deletionGracePeriodSeconds", 0);
    if (ends && grace > 0) ending.insert(name);
    if (event.type != "DELETED" && serves(event.object)) {
      serving.insert(name);
      robbed.erase(name);
    } else if (ends && !ending.contains(name) && serving.contains(name)) {
      // The simulated kubelet ends a pod by its name alone, and now and then its successor of
      // that name with it: the operator has no part in that, and mends it.
      robbed.insert(name);
    } else if (!robbed.contains(name)) {
      serving.erase(name);
    }
    if (event.type == "DELETED") ending.erase(name);
    complete = complete || static_cast<int>(serving.size()) == factor;
    if (complete) fewest = std::min(fewest, static_cast<int>(serving.size()));
  }
  return fewest;
}

int WithoutOperator::most_pods(const std::string& child) const {
  std::set<std::string> pods;
  size_t most = 0;
  for (const Watch::Event& event : pods_->history()) {
    if (child_of(event.object) != child) continue;
    event.type == "DELETED" ? (void)pods.erase(event.name()) : (void)pods.insert(event.name());
    most = std::max(most, pods.size());
  }
  return static_cast<int>(most);
}

namespace {

// Bound, or refused by the scheduler. The simulated kubelet ends a pod by its name alone, and
// now and then its successor of that name with it, a millisecond old.
bool was_scheduled(const json& pod) {
  return pod.at("spec").contains("nodeName") || pod.at("status").contains("conditions");
}

}  // namespace

int WithoutOperator::pods_ever(const std::string& child) const {
  std::set<std::string> uids;
  for (const Watch::Event& event : pods_->history()) {
    if (child_of(event.object) == child && was_scheduled(event.object)) {
      uids.insert(event.object.at("metadata").at("uid"));
    }
  }
  return static_cast<int>(uids.size());
}

std::unique_ptr<OperatorProcess> WithOperator::operator_;

void WithOperator::SetUpTestSuite() {
  install();
  operator_ = std::make_unique<OperatorProcess>();
  operator_->wait_ready();
}

void WithOperator::TearDownTestSuite() {
  if (operator_ == nullptr) return;
  EXPECT_EQ(operator_->stop(), 0) << operator_->log_tail(kLogLines);
  operator_.reset();
}

void WithOperator::SetUp() {
  ASSERT_NE(operator_, nullptr) << "the operator did not start";
  WithoutOperator::SetUp();
  operators_ = {operator_.get()};
  EXPECT_TRUE(operator_->running()) << operator_->log_tail(kLogLines);
}

std::unique_ptr<NodeSet> WithNodes::nodes_;

void WithNodes::SetUpTestSuite() {
  WithOperator::SetUpTestSuite();
  nodes_ = std::make_unique<NodeSet>(6);
}

void WithNodes::TearDownTestSuite() {
  nodes_.reset();
  WithOperator::TearDownTestSuite();
}

}  // namespace processhub::e2e
