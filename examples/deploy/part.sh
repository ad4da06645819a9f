#!/bin/sh
# Runs one part of a job on many machines. The ledger works on the machine's own disk; it is taken from the shared folder
# at the start and copied to it at the end, also at SIGTERM and when the program was killed:
#   part.sh SHARED OWN COMMAND...
# SHARED is the part's folder on the shared file system, OWN the folder on this machine that COMMAND writes ledger.db to.
# The exit code is COMMAND's, or 7 where the ledger could not be copied: then OWN is left as it is.
#
# To change: nothing. slurm.sbatch, indexed-job.yaml and batch-job-definition.json call it.
#
# A machine that is lost takes with it what was written since the last copy. Nobody is enrolled twice by that: users that
# were sent since then come back as already_enrolled.

# The copy of the last run, unless a run on this machine was killed whole after it was made: that one knows more.
take_ledger() {
  mkdir -p "$own" && [ -O "$own" ] || return
  # A machine was lost between the two renames of leave_ledger.
  if [ ! -e "$shared" ] && [ -e "$kept" ]; then mv "$kept" "$shared" || return; fi
  if [ -e "$shared/copied" ] && [ -z "$(find "$own/began" -newer "$shared/copied" 2>/dev/null)" ]; then
    rm -f "$own"/ledger.db* && cp "$shared"/ledger.db* "$own" || return
  fi
  touch "$own/began"
}

# The whole folder in one rename, since a ledger and its -wal file belong together.
leave_ledger() {
  rm -rf "$next" && cp -r "$own" "$next" && touch "$next/copied" || return
  rm -rf "$kept"
  if [ -e "$shared" ]; then mv "$shared" "$kept" || return; fi
  mv "$next" "$shared" && rm -rf "$kept" "$own"
}

# Slurm sends SIGTERM to the shell alone or to all processes, and a program that is told twice ends at once. As a hang-up
# it is no second request: the program drains, whoever else has told it.
stop() {
  trap '' TERM INT USR1
  stopped=1
  tell
}

# Before the program has a number there is nobody to tell.
tell() {
  [ -z "$program" ] || { sleep 1; kill -HUP "$program" 2>/dev/null; } &
}

# The first wait is cut short by a signal.
wait_for() {
  wait "$program"
  code=$?
  [ -n "$stopped" ] || return "$code"
  wait "$program"
  drained=$?
  # 127: it had ended before.
  [ "$drained" -eq 127 ] || code=$drained
  return "$code"
}

run_part() {
  umask 077
  shared=$1 own=$2
  next=${shared%/*}/.${shared##*/}.new kept=${shared%/*}/.${shared##*/}.old
  shift 2
  if ! mkdir -p "${shared%/*}" || ! take_ledger; then
    echo "part.sh: the ledger cannot be copied from $shared to $own" >&2
    return 7
  fi
  program='' stopped=''
  trap stop TERM INT USR1
  "$@" &
  program=$!
  [ -z "$stopped" ] || tell
  wait_for
  code=$?
  if ! leave_ledger; then
    echo "part.sh: the ledger cannot be copied from $own to $shared; it is left in $own" >&2
    return 7
  fi
  return "$code"
}

# A script that reads this file with `.` calls run_part itself.
case $0 in */part.sh | part.sh) run_part "$@" ;; esac
