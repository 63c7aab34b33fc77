#!/bin/sh
# bench.sh: runs all measurements against the release build and writes the table in Benchmarks/README.md.
# BENCH_BUILD=debug takes the debug build, BENCH_QUICK=1 short runs: both only to try the scripts, the table is then printed.
set -eu
cd "$(dirname "$0")/.."
folder=.build/${BENCH_BUILD:-release}
for program in needletail needletail-bench; do
    if [ ! -x "$folder/$program" ]; then
        echo "bench.sh: $folder/$program is not there; make bench builds it" >&2
        exit 1
    fi
done
command -v wrk >/dev/null || { echo "bench.sh: wrk is not there; make bench installs it" >&2; exit 1; }
NEEDLETAIL_BINARY=$PWD/$folder/needletail NEEDLETAIL_BENCH=$PWD/$folder/needletail-bench exec .venv/bin/python Benchmarks/bench.py
