# shellcheck shell=bash disable=SC2034,SC2153  # variables that sourcing scripts share
# A cluster's state folder, and how to speak with its keeper.
#
# Sourced. A cluster NAME is the folder STATE_ROOT/NAME. It exists from the moment
# its name and ports are reserved until its last process is gone.
#   settings   NAME, ports, GRACE ...
#   keeper     "PID START" of its keeper; owners, commands, wake: see there
#   pid/NAME   daemons that run
#   ended      daemons that ended unasked
#   up         it has come up
#   log/, audit.log, and the credentials: see pki.sh

# use_state NAME: sets STATE. Names are kept to what a file, a YAML word and a
# host name all accept.
use_state() {
  [[ "$1" =~ ^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$ ]] ||
    die "'$1' is not a cluster name: lower case letters, digits and -, at most 42"
  STATE="$STATE_ROOT/$1"
}

load_settings() {
  [[ -r "$STATE/settings" ]] || return 1
  # shellcheck source=/dev/null
  . "$STATE/settings"
}

keeper_alive() {
  local keeper=''
  { read -r keeper <"$STATE/keeper"; } 2>/dev/null && process_alive "$keeper"
}

# tell WORD...: one command to the keeper.
tell() {
  local file="${EPOCHREALTIME/[.,]/}-$$"
  keeper_alive || die "cluster $NAME is not running"
  printf '%s\n' "$*" >"$STATE/$file.tmp"
  mv "$STATE/$file.tmp" "$STATE/commands/$file"
  printf '\n' 1<>"$STATE/wake" # opened so that it never waits for a reader
}

# under_lock COMMAND...: names and ports are given out one at a time.
under_lock() {
  mkdir -p "$STATE_ROOT"
  { flock 9 && "$@"; } 9>"$STATE_ROOT/.lock"
}

# remove_stale: what a keeper left that was killed with -9. Needs the lock, under
# which every folder has a living keeper.
remove_stale() {
  local STATE
  for STATE in "$STATE_ROOT"/*/; do
    STATE="${STATE%/}"
    if [[ -d "$STATE" ]] && ! keeper_alive; then erase; fi
  done
}

# erase: the end of a cluster that has no keeper. Its daemons died with the
# keeper; this looks all the same.
erase() {
  local EPHEMERAL=false
  load_settings || true
  end_marked PROCESSHUB_KEPT_BY "$STATE" 0
  if $EPHEMERAL; then end_marked PROCESSHUB_CLUSTER "$STATE" 3; fi
  rm -rf "$STATE"
}

# pick_ports COUNT: sets PORTS to free ports that no other cluster has reserved.
# From below the range that the kernel gives to outgoing connections, so that none
# is taken between now and its use. Needs the lock.
pick_ports() {
  local port taken
  taken=" $({
    ss -Htan | awk '{ sub(/.*:/, "", $4); print $4 }'
    cat "$STATE_ROOT"/*/ports || true # none yet
  } 2>/dev/null | tr '\n' ' ') "
  PORTS=()
  while ((${#PORTS[@]} < $1)); do
    port=$((20000 + SRANDOM % 10000))
    if [[ "$taken" != *" $port "* ]]; then
      PORTS+=("$port")
      taken+="$port "
    fi
  done
}

# reserve: makes the folder and starts the keeper. Leaves RESERVED false if another
# has the name. Needs the lock.
reserve() {
  local deadline=$((SECONDS + 10))
  remove_stale
  if [[ -d "$STATE" ]]; then return; fi
  RESERVED=true
  mkdir -m 700 "$STATE" "$STATE/log" "$STATE/pid" "$STATE/commands"
  mkfifo -m 600 "$STATE/wake"
  pick_ports 4
  printf '%s\n' "${PORTS[@]}" >"$STATE/ports"
  printf '%s=%q\n' NAME "$NAME" EPHEMERAL "$EPHEMERAL" GRACE "$GRACE" LEASE "$LEASE" NODES "$NODES" \
    ZONES "$ZONES" SAVE_LOGS "$SAVE_LOGS" ETCD_PORT "${PORTS[0]}" ETCD_PEER_PORT "${PORTS[1]}" \
    API_PORT "${PORTS[2]}" NODE_PORT "${PORTS[3]}" >"$STATE/settings"
  printf '%s\n' "${OWNERS[@]}" >"$STATE/owners"
  # A session of its own: Ctrl-C at the terminal is for us, not for it.
  setsid "$CLUSTER_DIR/lib/keeper" "$STATE" </dev/null >"$STATE/log/keeper.log" 2>&1 9>&- &
  until keeper_alive; do
    ((SECONDS < deadline)) || die "the keeper did not start: $(cat "$STATE/log/keeper.log")"
    sleep 0.02
  done
}

# take_down: ends the cluster in STATE and waits until nothing of it is left.
# Harmless if there is none.
take_down() {
  local keeper='' deadline=$((SECONDS + 20))
  { read -r keeper <"$STATE/keeper" || true; } 2>/dev/null
  while [[ -d "$STATE" ]] && keeper_alive && ((SECONDS < deadline)); do
    kill -TERM "${keeper% *}" 2>/dev/null || true
    sleep 0.05
  done
  if keeper_alive; then kill -KILL "${keeper% *}" 2>/dev/null || true; fi
  if [[ -d "$STATE" ]]; then erase; fi
}

# api PATH [CURL OPTION...]: a request as admin; prints the body.
api() {
  local path="$1"
  shift
  curl --config "$STATE/curlrc" --max-time 30 "$@" "https://127.0.0.1:$API_PORT$path"
}

# fail_if_ended: a daemon that has ended will not become ready.
fail_if_ended() {
  local name
  if [[ -s "$STATE/ended" ]]; then
    while read -r name _; do
      note "--- the end of $name's log ---"
      tail -n 15 "$STATE/log/$name.log" >&2
    done <"$STATE/ended"
    die "$(tail -n 1 "$STATE/ended")"
  fi
  keeper_alive || die "the cluster's keeper has ended"
}

# wait_for WHAT SECONDS COMMAND...: until COMMAND succeeds.
wait_for() {
  local what="$1" deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    fail_if_ended
    ((SECONDS < deadline)) || die "timed out waiting for $what; logs are in $STATE/log"
    sleep 0.1
  done
}

apiserver_ready() { [[ "$(api /readyz --max-time 2 2>/dev/null)" == ok ]]; }

# Without it, pods of the default namespace are refused.
default_account_exists() { api /api/v1/namespaces/default/serviceaccounts/default --fail >/dev/null 2>&1; }

daemon_gone() { [[ ! -e "$STATE/pid/$1" ]]; }
