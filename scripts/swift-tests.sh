#!/bin/bash
# swift-tests.sh: runs the Swift tests that were built; after a failure its lines are told again at the end, where they are seen.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .build
log=.build/swift-tests.log
# All at once, some thousand tests and as many servers share two cores, and whoever waits for an answer waits for all others.
width=$(($(nproc) * 8))
${SWIFT:-swift} test --skip-build --disable-xctest --experimental-maximum-parallelization-width "$width" "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
    echo
    echo "What failed (all lines: $log):"
    # An issue has its details in the lines below it, which begin with an arrow.
    grep -E '^✘|^↳|Fatal error|error: Exited|: Fatal|[Ss]ignal' "$log" || tail -n 30 "$log"
fi
exit "$status"
