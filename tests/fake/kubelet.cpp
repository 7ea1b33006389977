#include "fake/kubelet.h"

#include <utility>

#include "fake/object_rules.h"
#include "fake/taints.h"
#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

namespace {

constexpr const char* kLeaseNamespace = "kube-node-lease";
constexpr const char* kRole = "processhub.io/role";

Uid uid_of(const json& object) { return Uid(kube::meta_text(object, "uid")); }

std::string role_of(const json& pod) {
  const json annotations = pod.at("metadata").value("annotations", json::object());
  return annotations.value(kRole, "");
}

bool has_ended(const json& pod) {
  const std::string phase = pod.at("status").value("phase", "");
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

Kubelet::Kubelet(ApiServer& server, const Clock& clock, std::string node, KubeletOptions options)
    : server_(server),
      admin_(server),
      clock_(clock),
      node_(std::move(node)),
      options_(std::move(options)) {}

void Kubelet::join() {
  if (admin_.get(kube::kNodes, "", node_)) return;
  json node = sample_node(node_, options_.zone);
  node["metadata"]["labels"].update(options_.labels);
  node["spec"]["taints"] = {{{"key", "node.kubernetes.io/not-ready"}, {"effect", "NoSchedule"}}};
  node["status"]["allocatable"]["pods"] = options_.pods;
  node["status"]["addresses"][0]["address"] = options_.address;
  node["status"]["conditions"] = json::array();
  set_condition(node, "Ready", "False", "KubeletNotReady", "starting", clock_.wall_now());
  admin_.create(kube::kNodes, node);
}

bool Kubelet::step() {
  if (!up_) return false;
  if (connected()) {
    if (see() || renew() || report_node()) return true;
  }
  if (run_pods() || end_pods()) return true;
  return connected() && (report_pods() || delete_pods());
}

void Kubelet::crash() {
  up_ = false;
  running_.clear();
  seen_.clear();
  renewed_.reset();
}

void Kubelet::start() { up_ = true; }

void Kubelet::replace() {
  crash();
  ended_.clear();
  admin_.remove(kube::kNodes, "", node_);
  partitioned_ = false;
  start();
  join();
}

void Kubelet::set_ready(const Uid& uid, bool ready) { running_.at(uid).ready = ready; }

// The next change of a pod that is bound here.
bool Kubelet::see() {
  if (holds_sight_) return false;
  std::set<Uid> present;
  for (const auto& [key, pod] : admin_.all(kube::kPods)) {
    if (pod->at("spec").value("nodeName", "") != node_) continue;
    const Uid uid = uid_of(*pod);
    present.insert(uid);
    Seen& seen = seen_[uid];
    if (seen.pod == pod) continue;
    seen.pod = pod;
    if (const auto run = running_.find(uid); run != running_.end())
      run->second.role = role_of(*pod);
    return true;
  }
  for (auto& [uid, seen] : seen_) {
    if (seen.gone || present.contains(uid)) continue;
    seen.gone = true;
    return true;
  }
  return false;
}

bool Kubelet::renew() {
  const SteadyTime now = clock_.steady_now();
  if (renewed_ && now - *renewed_ < options_.lease_interval) return false;
  renewed_ = now;
  const std::string time = format_micro_time(clock_.wall_now());
  if (!admin_.get(kube::kLeases, kLeaseNamespace, node_)) {
    admin_.create(
        kube::kLeases,
        {{"metadata", {{"name", node_}, {"namespace", kLeaseNamespace}}},
         {"spec", {{"holderIdentity", node_}, {"leaseDurationSeconds", 40}, {"renewTime", time}}}});
  } else {
    admin_.merge(kube::kLeases, kLeaseNamespace, node_, {{"spec", {{"renewTime", time}}}});
  }
  return true;
}

bool Kubelet::report_node() {
  const ObjectPtr node = admin_.get(kube::kNodes, "", node_);
  // One whose Node was deleted does not make it again by itself.
  if (!node || node == reported_) return false;
  json ready = *node;
  if (!set_condition(ready, "Ready", "True", "KubeletReady", "kubelet is posting ready status",
                     clock_.wall_now())) {
    reported_ = node;
    return false;
  }
  return admin_.replace(kube::kNodes, ready, "status").ok();
}

bool Kubelet::run_pods() {
  if (holds_starts_) return false;
  for (const auto& [uid, seen] : seen_) {
    if (seen.gone || is_deleting(*seen.pod) || has_ended(*seen.pod)) continue;
    if (running_.contains(uid) || ended_.contains(uid)) continue;
    ++addresses_;
    running_[uid] = {.key = {.ns = kube::meta_text(*seen.pod, "namespace"),
                             .name = kube::meta_text(*seen.pod, "name")},
                     .ip = options_.address + "." + std::to_string(addresses_),
                     .role = role_of(*seen.pod)};
    return true;
  }
  return false;
}

bool Kubelet::end_pods() {
  for (auto at = running_.begin(); at != running_.end(); ++at) {
    const auto& [uid, run] = *at;
    const Seen& seen = seen_.at(uid);
    if (!seen.gone && !is_deleting(*seen.pod) && !has_ended(*seen.pod)) continue;
    if (!run.ending) {
      at->second.ending = true;
      return true;
    }
    if (holds_ends_) continue;
    ended_.insert(uid);
    running_.erase(at);
    return true;
  }
  return false;
}

bool Kubelet::report_pods() {
  for (auto& [uid, run] : running_) {
    const Seen& seen = seen_.at(uid);
    const ObjectPtr live = admin_.get(kube::kPods, run.key.ns, run.key.name);
    if (live == run.reported && run.ready == run.reported_ready) continue;
    if (seen.gone || !live || uid_of(*live) != uid || has_ended(*live)) continue;
    json pod = *live;
    json& status = pod["status"];
    const WallTime now = clock_.wall_now();
    // One that ends is still as ready as it is.
    const char* ready = run.ready ? "True" : "False";
    status["phase"] = "Running";
    status["podIP"] = run.ip;
    status["podIPs"] = {{{"ip", run.ip}}};
    status["hostIP"] = options_.address;
    if (!status.contains("startTime")) status["startTime"] = format_time(now);
    set_condition(pod, "Initialized", "True", "", "", now);
    set_condition(pod, "ContainersReady", ready, run.ready ? "" : "ContainersNotReady", "", now);
    set_condition(pod, "Ready", ready, run.ready ? "" : "ContainersNotReady", "", now);
    json containers = json::array();
    for (const json& container : list_at(pod, "/spec/containers")) {
      containers.push_back({{"name", container.at("name")},
                            {"ready", run.ready},
                            {"started", true},
                            {"restartCount", 0},
                            {"state", {{"running", {{"startedAt", status.at("startTime")}}}}}});
    }
    status["containerStatuses"] = std::move(containers);
    if (pod == *live) {
      run.reported = live;
      run.reported_ready = run.ready;
      continue;
    }
    if (admin_.replace(kube::kPods, pod, "status").ok()) return true;
  }
  return false;
}

// Pods whose containers have ended, or that never started here.
bool Kubelet::delete_pods() {
  for (auto at = seen_.begin(); at != seen_.end(); ++at) {
    const auto& [uid, seen] = *at;
    if (running_.contains(uid)) continue;
    if (seen.gone) {
      seen_.erase(at);
      return true;
    }
    if (!is_deleting(*seen.pod)) continue;
    ended_.insert(uid);
    const json options = {{"gracePeriodSeconds", 0}, {"preconditions", {{"uid", uid.str()}}}};
    if (admin_
            .remove(kube::kPods, kube::meta_text(*seen.pod, "namespace"),
                    kube::meta_text(*seen.pod, "name"), options)
            .ok()) {
      return true;
    }
  }
  return false;
}

}  // namespace processhub::testing
