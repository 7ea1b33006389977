// ProcessHub and ProcessHubChild (group processhub.io, version v1alpha1) as values.
// Defaults here are those of the CRDs' schemas; docs/api.md describes each field.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "kube/objects.h"

namespace processhub::api {

// A JSON object that is kept as it was written; null pointer where it is absent.
using JsonPtr = std::shared_ptr<const nlohmann::json>;

// --- parts of the specs ---

struct LabelRequirement {
  std::string key;
  enum class Op { kIn, kNotIn, kExists, kDoesNotExist } op = Op::kExists;
  std::vector<std::string> values = {};
  bool operator==(const LabelRequirement&) const = default;
};

struct LabelSelector {  // empty: matches everything
  kube::StringMap match_labels = {};
  std::vector<LabelRequirement> match_expressions = {};
  [[nodiscard]] bool matches(const kube::StringMap& labels) const;
  bool operator==(const LabelSelector&) const = default;
};

struct Toleration {
  std::string key;  // never empty: refused by the schema
  std::string op = "Equal";
  std::string value = {};
  std::string effect = {};  // empty: every effect
  std::optional<int64_t> seconds = {};
  [[nodiscard]] bool tolerates(const kube::Taint& taint) const;
  bool operator==(const Toleration&) const = default;
};

// An integer, or a percentage of some whole.
struct IntOrPercent {
  int value = 0;
  bool percent = false;
  // Of `whole`, rounded up.
  [[nodiscard]] int of(int whole) const;
  bool operator==(const IntOrPercent&) const = default;
};

enum class OnCordon { kMigrate, kKeep };
enum class DistributionStrategyKind { kConsistentHashing, kGuided, kCentralizedLoadBalancer };
enum class Bound { kNone, kRelaxed, kStrict };
enum class RedundancyStrategyKind { kSingularity, kReplication };
enum class ReplicationModel { kActiveActive, kActivePassive };
enum class SignalTo { kNone, kActive, kPassive, kAll };
enum class MigrationStrategyKind { kColdSwap, kHotSwap };
enum class PartitionToleranceKind { kDivergence, kStaticQuorum, kDynamicQuorum, kMajorityQuorum };
enum class Detection { kNodeReady, kNodeLease, kNodeProbe };
enum class Fence { kNone, kNodeConfirmed };
enum class Pinning { kAffinity, kBind, kNodeName };

struct NodesSpec {
  LabelSelector selector = {};
  std::vector<Toleration> tolerations = {};
  std::string weight_label = {};  // empty: every node weighs 100
  std::chrono::seconds join_after{10};
  OnCordon on_cordon = OnCordon::kMigrate;
  bool operator==(const NodesSpec&) const = default;
};

struct ConsistentHashingSpec {
  int virtual_nodes = 512;
  Bound bound = Bound::kNone;
  int load_factor_percent = 125;  // of the average: how full a node may get with a bound
  std::string topology_key = "topology.kubernetes.io/zone";
  bool operator==(const ConsistentHashingSpec&) const = default;
};

struct CentralizedLoadBalancerSpec {
  int max_history_size = 30;         // measurements of a node that count
  double weight_decay_factor = 0.9;  // of a measurement against the one after it, 0 to 1
  std::chrono::seconds push_interval{10};
  bool operator==(const CentralizedLoadBalancerSpec&) const = default;
};

struct DistributionSpec {
  DistributionStrategyKind strategy = DistributionStrategyKind::kConsistentHashing;
  ConsistentHashingSpec consistent_hashing = {};
  CentralizedLoadBalancerSpec centralized_load_balancer = {};
  bool operator==(const DistributionSpec&) const = default;
};

// How a pod is told its role by HTTP: POST to its IP.
struct RoleHttpSpec {
  int port = 0;
  std::string path = "/processhub/role";
  std::chrono::seconds timeout{2};  // of one attempt
  int retries = 3;                  // after the first
  bool operator==(const RoleHttpSpec&) const = default;
};

struct ReplicationSpec {
  std::optional<int> factor = 2;  // none: ClusterSize, one replica on every member
  ReplicationModel model = ReplicationModel::kActiveActive;
  SignalTo signal = SignalTo::kNone;  // which peers are told by HTTP
  std::optional<RoleHttpSpec> http = {};
  bool operator==(const ReplicationSpec&) const = default;
};

struct RedundancySpec {
  RedundancyStrategyKind strategy = RedundancyStrategyKind::kSingularity;
  ReplicationSpec replication = {};
  bool operator==(const RedundancySpec&) const = default;
};

// How the pod that leads gives its state to the one that takes its place: POST to its IP.
struct HandoverSpec {
  bool enabled = false;
  int port = 0;  // of both pods
  std::string path = "/processhub/handover";
  std::chrono::seconds data_wait{3};  // then the move goes on without it
  bool confirm = false;               // the new pod is asked as well
  bool operator==(const HandoverSpec&) const = default;
};

struct HotSwapSpec {
  std::chrono::seconds retention{5};  // how long the old pod stays once the new one has its place
  HandoverSpec handover = {};
  bool operator==(const HotSwapSpec&) const = default;
};

struct MigrationSpec {
  MigrationStrategyKind strategy = MigrationStrategyKind::kColdSwap;
  HotSwapSpec hot_swap = {};
  std::chrono::seconds child_timeout{600};  // for the new pod of a move to be Ready
  IntOrPercent max_concurrent{.value = 10, .percent = true};
  bool operator==(const MigrationSpec&) const = default;
};

// A new template.
struct UpdateSpec {
  IntOrPercent max_unavailable{.value = 1, .percent = false};  // children that get it at once
  bool operator==(const UpdateSpec&) const = default;
};

struct StaticQuorumSpec {
  int size = 1;
  bool startup_confirm = false;  // locked until `size` nodes have been present once
  bool operator==(const StaticQuorumSpec&) const = default;
};

struct DynamicQuorumSpec {
  int percent = 50;  // of the most nodes present within the last `threshold`
  std::chrono::seconds threshold{30};
  bool operator==(const DynamicQuorumSpec&) const = default;
};

struct MajorityQuorumSpec {
  int initial_cluster_size = 1;
  bool track_max_size = false;
  bool operator==(const MajorityQuorumSpec&) const = default;
};

struct PartitionToleranceSpec {
  PartitionToleranceKind strategy = PartitionToleranceKind::kDivergence;
  StaticQuorumSpec static_quorum = {};
  DynamicQuorumSpec dynamic_quorum = {};
  MajorityQuorumSpec majority_quorum = {};
  bool operator==(const PartitionToleranceSpec&) const = default;
};

struct NodeLeaseSpec {
  std::chrono::seconds timeout{20};  // since the Lease was last seen to change
  bool operator==(const NodeLeaseSpec&) const = default;
};

struct NodeProbeSpec {
  std::chrono::seconds period{1};
  int failure_threshold = 3;  // in a row
  bool operator==(const NodeProbeSpec&) const = default;
};

struct FailoverSpec {
  Detection detection = Detection::kNodeReady;
  NodeLeaseSpec node_lease = {};
  NodeProbeSpec node_probe = {};
  Fence fence = Fence::kNone;
  std::chrono::seconds restart_after{10};
  std::chrono::seconds replace_after{120};
  std::chrono::seconds active_not_ready{5};
  bool operator==(const FailoverSpec&) const = default;
};

struct DisruptionSpec {
  bool hold = true;  // evictions wait until the operator has moved the child
  bool operator==(const DisruptionSpec&) const = default;
};

using kube::ServicePort;

// One Service for each child.
struct ServiceSpec {
  bool enabled = false;
  std::vector<ServicePort> ports = {};
  bool operator==(const ServiceSpec&) const = default;
};

struct InlineChild {
  std::string name;
  kube::StringMap labels = {};
  JsonPtr child_template = {};
  std::vector<NodeName> nodes = {};  // for Guided, in order of preference
  bool suspended = false;
};

struct ProcessHubSpec {
  NodesSpec nodes = {};
  DistributionSpec distribution = {};
  RedundancySpec redundancy = {};
  MigrationSpec migration = {};
  UpdateSpec update = {};
  PartitionToleranceSpec partition_tolerance = {};
  FailoverSpec failover = {};
  std::chrono::seconds spill_after{30};
  Pinning pinning = Pinning::kAffinity;
  DisruptionSpec disruption = {};
  ServiceSpec service = {};
  JsonPtr pod_template = {};  // a PodTemplateSpec
  std::vector<InlineChild> children = {};
  bool paused = false;
};

struct ProcessHubChildSpec {
  std::string hub;
  JsonPtr pod_template = {};         // strategic merge over the hub's
  std::vector<NodeName> nodes = {};  // for Guided, in order of preference
  bool suspended = false;            // it is to have no pods
};

// --- statuses ---

struct Condition {
  std::string type;
  kube::ConditionStatus status = kube::ConditionStatus::kUnknown;
  std::string reason;
  std::string message = {};
  int64_t observed_generation = 0;
  WallTime last_transition = {};
  // Equal but for lastTransitionTime.
  [[nodiscard]] bool says_the_same(const Condition& other) const;
  bool operator==(const Condition&) const = default;
};

struct HubStatus {
  int64_t observed_generation = 0;
  struct Nodes {
    int members = 0;   // nodes of the ring
    int ready = 0;     // of these, Ready
    int draining = 0;  // nodes that match but are cordoned or about to be removed
    bool operator==(const Nodes&) const = default;
  } nodes = {};
  struct Children {
    int total = 0;
    int ready = 0;
    int degraded = 0;
    int migrating = 0;
    int pending = 0;
    int suspended = 0;
    int updated = 0;  // all their pods are of their present template
    bool operator==(const Children&) const = default;
  } children = {};
  struct Quorum {
    int required = 0;  // nodes; 0: Divergence, which requires none
    int present = 0;   // matching nodes that are Ready
    int max_seen = 0;  // the most nodes there ever were, as far as the strategy counts them
    bool locked = false;
    bool operator==(const Quorum&) const = default;
  } quorum = {};
  struct Placement {
    std::string algorithm = {};
    std::string revision = {};   // of the hub's template
    int max_load = 0;            // replicas on the fullest member
    std::string mean_load = {};  // on average, such as "12.5": Kubernetes' APIs have no floats
    bool operator==(const Placement&) const = default;
  } placement = {};
  std::vector<Condition> conditions = {};
  bool operator==(const HubStatus&) const = default;
};

enum class Phase {
  kPending,
  kRunning,
  kDegraded,
  kSuspect,    // the node of the one that leads is under suspicion, and nobody may take over yet
  kPromoting,  // another has been named to lead and is being put in place
  kMigrating,
  kLost,
  kRejected,
  kSuspended  // by its spec: no pods
};

struct Replica {
  int slot = 0;
  int incarnation = 1;
  NodeName node = {};
  Uid node_uid = {};
  std::string pod = {};
  Uid pod_uid = {};
  std::string role = {};
  std::string revision = {};  // of the template that the pod was made of
  bool ready = false;
  NodeName home = {};       // where the ring leads, if that one was full and it is on `node`
  bool over_bound = false;  // `node` was full as well: nothing else could be used
  // The epoch at which it lost the lead, until it has answered that it has stopped; 0: none.
  int64_t demoted = 0;
  // By HotSwap: the uid of the pod of its slot that goes once this one has taken its place.
  Uid replaces = {};
  bool operator==(const Replica&) const = default;
};

// The one replica that leads.
struct ActiveReplica {
  NodeName node = {};
  Uid node_uid = {};
  std::string pod = {};
  Uid pod_uid = {};
  WallTime since = {};
  // Who led before and is to give it its state first; empty: nobody, or that is over.
  Uid handover_from = {};
  bool operator==(const ActiveReplica&) const = default;
};

struct Exclusion {
  NodeName node;
  Uid node_uid;
  std::string reason;  // NodeLost, Spill, MoveTimedOut, UpdateTimedOut
  // But with NodeLost: the slot whose pod could not be scheduled, or was not Ready in time; and
  // what the Node and the child's template were then, so that the exclusion ends when either
  // changes.
  std::optional<int> slot = {};
  std::string fingerprint = {};
  bool operator==(const Exclusion&) const = default;
};

struct ChildStatus {
  int64_t observed_generation = 0;
  std::optional<Phase> phase = {};
  NodeName master_node = {};
  int64_t epoch = 0;                         // of the last take-over; never goes back
  std::optional<ActiveReplica> active = {};  // who it named
  std::vector<Replica> replicas = {};        // by slot, then incarnation
  std::string node_names = {};               // for the column
  std::string ready = {};                    // "2/3", for the column
  std::string service_name = {};
  std::vector<Exclusion> excluded = {};
  std::vector<Condition> conditions = {};
  bool operator==(const ChildStatus&) const = default;
};

// --- the objects ---

struct ProcessHub {
  kube::ObjectMeta meta = {};
  ProcessHubSpec spec = {};
  HubStatus status = {};
  // Set where the object cannot be used: names the field and what to do.
  std::optional<std::string> problem = {};
  [[nodiscard]] HubKey key() const { return {meta.ns, meta.name}; }
};

struct ProcessHubChild {
  kube::ObjectMeta meta = {};
  ProcessHubChildSpec spec = {};
  ChildStatus status = {};
  std::optional<std::string> problem = {};
  [[nodiscard]] ChildKey key() const { return {meta.ns, meta.name}; }
  [[nodiscard]] HubKey hub_key() const { return {meta.ns, spec.hub}; }
};

}  // namespace processhub::api
