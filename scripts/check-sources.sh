#!/bin/sh
# check-sources.sh: every import says its access level, and the types of the page's scripts fit (JSDoc, strict).
set -eu
cd "$(dirname "$0")/.."
status=0
if grep -rnE '^[[:space:]]*(@[A-Za-z_]+(\([^)]*\))?[[:space:]]+)*import[[:space:]]' --include='*.swift' Sources Benchmarks Examples journeys; then
    echo "check-sources.sh: the imports above lack an access level (internal import X, public import X)" >&2
    status=1
fi
# Deno brings TypeScript's checker, which reads the types in the comments of the page's scripts. It asks nobody and keeps its notes beside itself.
scripts/venv.sh .venv-sources scripts/sources-requirements.txt
if ! DENO_DIR=.venv-sources/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 .venv-sources/bin/deno check --quiet --no-lock --no-remote --config scripts/page-types.json Sources/TraceStudio/Web/*.js; then
    echo "check-sources.sh: the types of the page's scripts do not fit" >&2
    status=1
fi
[ "$status" -eq 0 ] && echo "check-sources.sh: imports and types are in order"
exit "$status"
