# shellcheck shell=bash disable=SC2034,SC2153  # variables that sourcing scripts share
# Simulated nodes: made, lost, brought back, waited for.
#
# Sourced; works on the cluster in STATE, with its settings loaded.

NODES_IN_PARALLEL=32

# number_nodes COUNT: sets FIRST to the first of COUNT numbers never given before
# in this cluster.
number_nodes() {
  {
    flock 9
    FIRST="$(cat "$STATE/nodes.next" 2>/dev/null || echo 0)"
    printf '%s' "$((FIRST + $1))" >"$STATE/nodes.next"
  } 9>"$STATE/nodes.lock"
}

# create_nodes READY ZONE NAME...: over parallel connections, because the API takes
# Nodes one by one. READY (true, false): Ready from the start, or only when KWOK has
# made it so, as a kubelet does. An empty ZONE deals them out in turn. What exists
# already stays as it is.
create_nodes() {
  local ready="$1" zone="$2" FIRST codes
  shift 2
  if (($# == 0)); then return; fi
  number_nodes $#
  codes="$(
    jq -nr --argjson ready "$ready" --arg zone "$zone" --argjson zones "$ZONES" \
      --argjson first "$FIRST" --argjson port "$NODE_PORT" --arg version "$KUBERNETES_VERSION" \
      --arg url "https://127.0.0.1:$API_PORT/api/v1/nodes" --rawfile curlrc "$STATE/curlrc" \
      --from-file "$CLUSTER_DIR/lib/nodes.jq" --args "$@" |
      curl --no-progress-meter --parallel --parallel-immediate \
        --parallel-max "$NODES_IN_PARALLEL" --config - || true
  )"
  if (($(grep -cE '^(201|409) ' <<<"$codes") != $#)); then
    grep -vE '^(201|409) ' <<<"$codes" >&2 || true
    die "not all nodes could be created (HTTP status and name of the others above)"
  fi
}

# standard_names COUNT: sets NAMES to node-001 and so on.
standard_names() {
  NAMES=()
  if (($1)); then mapfile -t NAMES < <(seq --format 'node-%03.0f' "$1"); fi
}

# ready_nodes [NAME...]: how many nodes (of these) are Ready and usable: the taints
# of a node that was not ready go a moment after the condition.
ready_nodes() {
  api /api/v1/nodes | jq -r --args '
    (reduce $ARGS.positional[] as $name ({}; .[$name] = true)) as $wanted
    | [ .items[]
        | select(($wanted == {}) or $wanted[.metadata.name])
        | select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))
        | select(any(.spec.taints[]?; .key | IN("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")) | not)
      ] | length' "$@"
}

# seemingly_ready: the same for all nodes, without the taints: a tenth of the work,
# for the server too, because it sends the table that `kubectl get` shows.
seemingly_ready() {
  api '/api/v1/nodes?includeObject=None' \
    --header 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' |
    jq '[.rows[] | select(.cells[1] | test("^Ready"))] | length'
}

nodes_are_ready() {
  local count="$1"
  shift
  (($(seemingly_ready 2>/dev/null || echo 0) >= count)) &&
    (($(ready_nodes "$@" 2>/dev/null || echo 0) >= count))
}

nodes_are_lost() { (($(ready_nodes "$@" 2>/dev/null || echo 1) == 0)); }

wait_ready() { wait_for "$# nodes to be Ready" $((60 + $# / 5)) nodes_are_ready $# "$@"; }

kubectl() { "$KUBE_BIN/kubectl" --kubeconfig "$STATE/kubeconfig" "$@"; }

# nodes_verb VERB [OPTION...] NAME...
nodes_verb() {
  local verb="${1:-list}" zone='' wait=true names=()
  shift || true
  # Waiting for a loss takes as long as the grace: only if it is asked for.
  if [[ "$verb" == lose ]]; then wait=false; fi
  while (($#)); do
    case "$1" in
      --zone)
        zone="${2:-}"
        [[ -n "$zone" ]] || die "--zone needs a value"
        shift
        ;;
      --wait) wait=true ;;
      --no-wait) wait=false ;;
      -*) die "nodes: unknown option $1" ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  if [[ "$verb" == list ]]; then
    kubectl get nodes -L topology.kubernetes.io/zone -L kwok "${names[@]}"
    return
  fi
  ((${#names[@]})) || die "nodes $verb: name at least one node"
  case "$verb" in
    add)
      create_nodes false "$zone" "${names[@]}"
      if $wait; then wait_ready "${names[@]}"; fi
      ;;
    lose)
      # KWOK no longer knows the node, its lease goes stale, and the node
      # controller finds out, as with a machine that lost its power.
      kubectl label node "${names[@]}" kwok- >/dev/null
      if $wait; then wait_for "nodes to be lost" $((60 + GRACE)) nodes_are_lost "${names[@]}"; fi
      ;;
    restore)
      kubectl label --overwrite node "${names[@]}" kwok=on >/dev/null
      if $wait; then wait_ready "${names[@]}"; fi
      ;;
    delete) kubectl delete node "${names[@]}" >/dev/null ;;
    *) die "nodes: unknown verb '$verb' (add, lose, restore, delete, list)" ;;
  esac
}
