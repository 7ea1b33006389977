# shellcheck shell=bash disable=SC2034,SC2054,SC2153  # variables that sourcing scripts share
# The command line of each daemon. Sourced by the keeper, with STATE set and
# STATE/settings read (ports, grace period).
#
# Sets COMMAND for a name: daemon_command NAME.

# Words from these variables are appended, for a test that needs one flag more:
# CLUSTER_APISERVER_FLAGS, CLUSTER_CONTROLLER_MANAGER_FLAGS, CLUSTER_SCHEDULER_FLAGS.

daemon_command() {
  case "$1" in
    etcd) etcd_command ;;
    kube-apiserver) apiserver_command ;;
    kube-controller-manager) controller_manager_command ;;
    kube-scheduler) scheduler_command ;;
    kwok) kwok_command ;;
    *) return 1 ;;
  esac
}

etcd_command() {
  # No fsync: the data is thrown away with the cluster.
  COMMAND=("$KUBE_BIN/etcd" --name=default --data-dir="$STATE/etcd" --unsafe-no-fsync
    --listen-client-urls="http://127.0.0.1:$ETCD_PORT"
    --advertise-client-urls="http://127.0.0.1:$ETCD_PORT"
    --listen-peer-urls="http://127.0.0.1:$ETCD_PEER_PORT"
    --initial-advertise-peer-urls="http://127.0.0.1:$ETCD_PEER_PORT"
    --initial-cluster="default=http://127.0.0.1:$ETCD_PEER_PORT"
    --log-level=warn)
}

apiserver_command() {
  COMMAND=("$KUBE_BIN/kube-apiserver"
    --etcd-servers="http://127.0.0.1:$ETCD_PORT"
    --bind-address=127.0.0.1 --secure-port="$API_PORT"
    --advertise-address=127.0.0.1
    # No pod can reach a loopback address, so the kubernetes Service gets none.
    --endpoint-reconciler-type=none
    --tls-cert-file="$STATE/server.crt" --tls-private-key-file="$STATE/server.key"
    --client-ca-file="$STATE/ca.crt" --token-auth-file="$STATE/tokens.csv"
    --authorization-mode=Node,RBAC
    --service-account-issuer=https://kubernetes.default.svc
    --service-account-key-file="$STATE/sa.pub"
    --service-account-signing-key-file="$STATE/sa.key"
    --service-cluster-ip-range="$SERVICE_RANGE"
    --allow-privileged=true
    --audit-policy-file="$CLUSTER_DIR/audit-policy.yaml"
    --audit-log-path="$STATE/audit.log"
    # One file as long as a test may run; a demo that is forgotten stays bounded.
    --audit-log-maxsize=1024 --audit-log-maxbackup=1)
  read -ra EXTRA <<<"${CLUSTER_APISERVER_FLAGS:-}"
  COMMAND+=("${EXTRA[@]}")
}

controller_manager_command() {
  COMMAND=("$KUBE_BIN/kube-controller-manager"
    --kubeconfig="$STATE/component-kube-controller-manager.kubeconfig"
    --use-service-account-credentials=true
    --service-account-private-key-file="$STATE/sa.key"
    --root-ca-file="$STATE/ca.crt"
    --leader-elect=false
    # It tells kubelets how long they may cache secrets: a write per node for nothing.
    '--controllers=*,-ttl-controller'
    # It serves nothing that anybody here reads.
    --secure-port=0
    # By default both throttle themselves to 20 to 30 requests a second. The burst
    # lets a big cluster start: each new node costs the node controller two writes.
    --kube-api-qps=200 --kube-api-burst="$((NODES * 2 > 400 ? NODES * 2 : 400))"
    # The node is looked at every second, so that a loss shows within grace + 1 s.
    --node-monitor-period=1s --node-monitor-grace-period="${GRACE}s")
  read -ra EXTRA <<<"${CLUSTER_CONTROLLER_MANAGER_FLAGS:-}"
  COMMAND+=("${EXTRA[@]}")
}

scheduler_command() {
  COMMAND=("$KUBE_BIN/kube-scheduler"
    --kubeconfig="$STATE/component-kube-scheduler.kubeconfig"
    --leader-elect=false --secure-port=0
    --kube-api-qps=200 --kube-api-burst=400)
  read -ra EXTRA <<<"${CLUSTER_SCHEDULER_FLAGS:-}"
  COMMAND+=("${EXTRA[@]}")
}

kwok_command() {
  COMMAND=("$KUBE_BIN/kwok"
    --kubeconfig="$STATE/component-kwok.kubeconfig"
    # Given, so that a kwok.yaml in the user's home is not read.
    --config="$CLUSTER_DIR/kwok.yaml"
    --manage-all-nodes=false --manage-nodes-with-label-selector=kwok=on
    --node-lease-duration-seconds="$LEASE"
    --cidr=10.244.0.1/16
    --v=WARN)
}
