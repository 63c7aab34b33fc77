"""Runs all measurements and writes their table into README.md beside this file. `make bench` builds, then starts this."""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from runner import ingest, large, machine, protocols, serving, spans, store, studio, table, traceql  # noqa: E402


def main():
    quick = bool(os.environ.get("BENCH_QUICK"))
    began = time.monotonic()
    sections = []
    with tempfile.TemporaryDirectory(prefix="needletail-bench-") as folder:
        for title, measure in (
            ("Cost of a span", spans.measure),
            ("Serving: passthrough over HTTP, `generate`", serving.measure),
            ("Serving: each protocol, Swift and Python models", protocols.measure),
            ("Trace back end", ingest.measure),
            ("Trace store", store.measure),
            ("TraceQL over a million spans", traceql.measure),
            ("Large answers", large.measure),
            ("Studio", studio.measure),
        ):
            print(f"{title} …", flush=True)
            try:
                rows = measure(Path(folder), quick)
            except Exception as failure:  # one part that cannot be measured must not lose the others
                rows = [table.Row("not measured", "", "", verdict="miss", note=f"{type(failure).__name__}: {failure}")]
            sections.append((title, rows))
            print(table.text(rows), flush=True)
    document = table.document(sections, machine.facts(), time.monotonic() - began)
    if quick or os.environ.get("BENCH_BUILD", "release") != "release":
        print(document)
        print("A trial run: Benchmarks/README.md is left as it was.")
    else:
        table.write(document)
        print("Benchmarks/README.md is written.")


if __name__ == "__main__":
    main()
