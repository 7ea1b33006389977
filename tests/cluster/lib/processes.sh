# shellcheck shell=bash disable=SC2034,SC2153  # variables that sourcing scripts share
# Processes told apart for certain: a pid alone may be another process by now.
#
# Sourced. Gives process_look, process_alive, marked_pids, end_marked. The first
# two start no process of their own, because the keeper calls them all the time.

# process_look PID: sets PROCESS_ID to "PID START" (START is the kernel's start
# time of that process) and PROCESS_PARENT to its parent's pid. False if there is
# no such process; a zombie is none.
process_look() {
  local stat fields
  PROCESS_ID='' PROCESS_PARENT=''
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name, in parentheses, may hold anything: read what comes after it.
  read -ra fields <<<"${stat##*) }"
  if [[ "${fields[0]}" == Z ]]; then return 1; fi
  PROCESS_PARENT="${fields[1]}"
  PROCESS_ID="$1 ${fields[19]}"
}

# process_alive "PID START"
process_alive() { [[ -n "$1" ]] && process_look "${1% *}" && [[ "$PROCESS_ID" == "$1" ]]; }

# marked_pids VARIABLE VALUE: the processes that were started with this in their
# environment, wherever they have got to since. This also finds what has put
# itself into a session of its own.
marked_pids() {
  local file pid
  { grep -lzxF "$1=$2" /proc/[0-9]*/environ || true; } 2>/dev/null |
    while IFS= read -r file; do
      pid="${file#/proc/}"
      pid="${pid%/environ}"
      # What has become a zombie, or came and went, cannot be waited for.
      if [[ "$pid" != "$$" ]] && process_look "$pid"; then printf '%s\n' "$pid"; fi
    done
}

# end_marked VARIABLE VALUE SECONDS: asks them to end, waits that long, kills
# what is left.
end_marked() {
  local pids deadline=$((SECONDS + $3)) signal=TERM
  while pids="$(marked_pids "$1" "$2")" && [[ -n "$pids" ]]; do
    if ((SECONDS >= deadline)); then signal=KILL; fi
    # shellcheck disable=SC2086  # one word each
    kill -"$signal" $pids 2>/dev/null || true
    sleep 0.1
  done
}
