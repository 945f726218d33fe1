# Part of every script that installs or removes: how what runs is let go before its files are replaced or removed. A
# freeze is never cut: whoever is frozen is thawed by the run that froze it, in order, and an upgrade waits for that.
# INVOKE is how services are stopped here.

# Held by every run from its beginning to its end, and by its guard.
LOCK=/run/quiesced/lock
# There while something is frozen.
FROZEN=/run/quiesced/journal/freeze.jsonl

# Seconds. A run takes 250 at most as it is configured by default: 30 for pre scripts, 180 for applications with the 10
# that file systems are frozen, 30 for post scripts.
PATIENCE=300
# The configuration allows 60 for a freeze at most, and the guard thaws then.
LONGEST_FREEZE=75
# As long as the unit lets post scripts take (TimeoutStopSec).
LET_GO=180

# Waits so many seconds at most for the end of a run.
ended_within() { [ ! -e "$LOCK" ] || flock --timeout "$1" "$LOCK" true; }

wait_for_run() {
  ended_within 0 && return
  echo 'quiesced: a snapshot, hold or rehearsal is under way; waiting for its end (at most 15 minutes)' >&2
  ended_within "$PATIENCE" && return
  seconds=0
  while [ -e "$FROZEN" ] && [ "$seconds" -lt "$LONGEST_FREEZE" ]; do
    sleep 1
    seconds=$((seconds + 1))
  done
  timeout "$LET_GO" quiesced release >/dev/null 2>&1 || true
}

# The daemon lets go of what it holds: thaws, resumes applications, runs post scripts.
stop() {
  if [ -d /run/systemd/system ] && command -v "$INVOKE" >/dev/null; then
    # The first two first: a request must not start it again.
    "$INVOKE" stop quiesced.socket quiesced.timer quiesced.service >/dev/null || true
  fi
}

# What a reboot takes in any case; but not the records of a run that goes on.
forget() { if ended_within 0; then rm -rf /run/quiesced; fi; }

# Before files are replaced. Fails, with everything as it was but for the service, when a run does not end.
make_way() {
  wait_for_run
  if [ -e "$LOCK" ]; then
    # In our hand, so that nothing new begins before the service has stopped.
    exec 9<"$LOCK"
    flock --nonblock 9 || true
  fi
  stop
  exec 9<&-
  if ! ended_within "$LET_GO"; then
    echo 'quiesced: a run does not end, so its files cannot be replaced; see: quiesced status' >&2
    return 1
  fi
}

# Before files are removed for good.
leave() {
  # A hook of ours in another program's folder, while the program that knows it is there. It does nothing without
  # quiesced, so it may stay when that other program is being served, and must not be restarted.
  if ended_within 0; then
    quiesced integrate qemu-guest-agent --remove >/dev/null 2>&1 || true
  fi
  stop
  if ! ended_within 1; then
    # Not of the service: somebody's own `quiesced hold`, or a guard that outlived its daemon.
    timeout "$LET_GO" quiesced thaw >/dev/null 2>&1 || true
    ended_within "$LET_GO" || echo 'quiesced: a run does not end, and loses its program now' >&2
  fi
}
