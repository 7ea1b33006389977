# shellcheck shell=bash disable=SC2034,SC2153  # variables that sourcing scripts share
# Where everything is: the binaries (shared by all clusters, kept for good) and
# the clusters' state (one folder each, gone after `down`).
#
# Sourced. Sets CLUSTER_DIR, KUBERNETES_VERSION, CACHE_ROOT, KUBE_CACHE, KUBE_BIN,
# STATE_ROOT; gives die, note, module_version.

CLUSTER_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TOOLS_DIR="$CLUSTER_DIR/tools"

note() { printf '%s\n' "$*" >&2; }

die() {
  printf 'cluster: %s\n' "$*" >&2
  exit 1
}

# module_version TOOL MODULE: the version that tools/TOOL/go.mod pins. The go.mod
# files are the only place where versions are written down.
module_version() {
  awk -v module="$2" '
    $1 == "require" && $2 == module { print $3; exit }
    $1 == module && $2 ~ /^v[0-9]/  { print $2; exit }
  ' "$TOOLS_DIR/$1/go.mod"
}

KUBERNETES_VERSION="$(module_version kubernetes k8s.io/kubernetes)"
CACHE_ROOT="${XDG_CACHE_HOME:-$HOME/.cache}/processhub"
KUBE_CACHE="$CACHE_ROOT/k8s-$KUBERNETES_VERSION"
KUBE_BIN="$KUBE_CACHE/bin"
STATE_ROOT="$CACHE_ROOT/clusters"
