#!/bin/sh
# Builds the documentation of the tracing SDK: .build/docs/NeedletailTracing.doccarchive
set -eu
cd "$(dirname "$0")/.."

swift=${SWIFT:-swift}
module=NeedletailTracing
out=.build/docs
rm -rf "$out"
mkdir -p "$out/symbols"

"$swift" build --target $module
triple=$("$swift" -print-target-info | sed -n 's/.*"unversionedTriple": "\([^"]*\)".*/\1/p' | head -n 1)
# C modules of the dependencies: written by their authors or made by the build, but not those made of Swift.
set --
for map in $(
    find .build/debug/ -path '*.build/module.modulemap' ! -path '*-tool.build/*'
    find .build/checkouts Sources/C* -path '*Sources/*' -name module.modulemap
); do
    set -- "$@" -Xcc "-fmodule-map-file=$map"
done
swift-symbolgraph-extract -module-name $module -I .build/debug/Modules -target "$triple" -minimum-access-level public \
    -skip-synthesized-members -output-dir "$out/symbols" "$@"
# What is added to types of other modules has files of its own, which would show as modules.
rm -f "$out"/symbols/*@*

docc convert Sources/$module/Documentation.docc --additional-symbol-graph-dir "$out/symbols" --output-path "$out/$module.doccarchive" \
    --fallback-display-name $module --fallback-bundle-identifier $module >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
# A parameter whose name says it all has no words; everything else is a mistake, above all a link that leads nowhere.
if grep -E '^(warning|error):' "$out/log" | grep -v 'is missing documentation'; then
    echo "docs: see $out/log for where" >&2
    exit 1
fi
echo "The documentation is $out/$module.doccarchive: a site for any web server."
