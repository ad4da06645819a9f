#!/bin/sh
# Enrolls the users of users.csv into the sandbox by four processes on this machine, each with its part and its own ledger.
#
# One process is enough for what one address may send; this is to try out what an array on many machines does, and for
# machines with several addresses. To change: the number of parts, partner id, paths. Run it in the folder of the manifest,
# on a disk of its own; run it again to go on. With GNU parallel: seq 4 | parallel --halt now,fail=1 'command with {}'.
#
# Wrong credentials (5), a wrong command (2) or manifest (9) start no further part: xargs stops at 255.
parts=4
export parts SMILE_PARTNER_ID="${SMILE_PARTNER_ID:-085}"

# shellcheck disable=SC2016 # The inner shell has the variables.
seq "$parts" | xargs -P "$parts" -n 1 sh -c '
  image-enroll --env sandbox --progress none --shard "$1/$parts" --rate-of job --rate 200/s --api-key-file api-key \
    --ledger "part-$1.ledger.db" -o "part-$1.results.csv" --failures "part-$1.failures.csv" users.csv
  code=$?
  case $code in 2 | 5 | 9) exit 255 ;; esac
  exit "$code"
' part

image-enroll merge --env sandbox -o results.csv --failures failures.csv --summary summary.json users.csv part-*.ledger.db
