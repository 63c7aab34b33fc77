#!/bin/sh
# retry.sh COUNT COMMAND…: runs COMMAND until it succeeds, at most COUNT times, waiting longer after each failure.
set -u
count=$1
shift
try=1
until "$@"; do
    status=$?
    if [ "$try" -ge "$count" ]; then
        echo "retry.sh: gave up after $count tries: $*" >&2
        exit "$status"
    fi
    echo "retry.sh: try $try of $count failed ($status), again in $((try * 5)) s: $*" >&2
    sleep $((try * 5))
    try=$((try + 1))
done
