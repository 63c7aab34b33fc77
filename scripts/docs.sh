#!/bin/sh
# Builds the documentation archive of the tracing SDK: .build/docs/NeedletailTracing.doccarchive
set -eu
cd "$(dirname "$0")/.."

module=NeedletailTracing
graphs=.build/docs/symbol-graphs
archive=.build/docs/$module.doccarchive
rm -rf "$graphs" "$archive"
mkdir -p "$graphs"

${SWIFT:-swift} build --target $module
modules=$(find .build/debug/Modules -name $module.swiftmodule | head -n 1)
[ -n "$modules" ] || { echo "docs: $module.swiftmodule is not in .build/debug/Modules" >&2; exit 1; }
# Modules of C that the SDK's dependencies bring are found through their maps.
set --
for map in $(find .build/debug .build/checkouts -name module.modulemap -path '*include*' 2>/dev/null) $(find .build/debug/ -name module.modulemap 2>/dev/null); do
    set -- "$@" -Xcc "-fmodule-map-file=$map"
done
swift-symbolgraph-extract -module-name $module -I .build/debug/Modules -I Sources/CZlib -I Sources/CZstd -I Sources/CSQLite \
    -minimum-access-level public -skip-synthesized-members -target "$(${SWIFT:-swift} -print-target-info | sed -n 's/.*"triple": "\([^"]*\)".*/\1/p' | head -n 1)" \
    -output-dir "$graphs" "$@"
# Symbols of other modules that are extended here have graphs of their own; only this module's is shown.
find "$graphs" -name '*@*' -delete
docc convert Sources/$module/Documentation.docc --additional-symbol-graph-dir "$graphs" --output-path "$archive" \
    --fallback-display-name $module --fallback-bundle-identifier $module --warnings-as-errors
echo "The documentation is in $archive; look at it with: docc preview, or any web server on that folder."
