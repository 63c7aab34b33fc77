#!/bin/sh
# check-sources.sh: every import says its access level, and every script of the page parses.
set -eu
cd "$(dirname "$0")/.."
status=0
if grep -rnE '^[[:space:]]*(@[A-Za-z_]+(\([^)]*\))?[[:space:]]+)*import[[:space:]]' --include='*.swift' Sources Benchmarks Examples journeys; then
    echo "check-sources.sh: the imports above lack an access level (internal import X, public import X)" >&2
    status=1
fi
if command -v node >/dev/null; then
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    for script in Sources/TraceStudio/Web/*.js; do
        [ -e "$script" ] || continue
        # The scripts are ES modules; node reads a file as one only under the name .mjs.
        cp "$script" "$copy/$(basename "$script" .js).mjs"
        node --check "$copy/$(basename "$script" .js).mjs" || { echo "check-sources.sh: $script does not parse" >&2; status=1; }
    done
else
    echo "check-sources.sh: no node here, the page's scripts are not checked"
fi
[ "$status" -eq 0 ] && echo "check-sources.sh: imports and scripts are in order"
exit "$status"
