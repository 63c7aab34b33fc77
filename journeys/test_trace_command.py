"""`needletail trace`: traces found, read, compared, brought in and out from a shell."""

import gzip
import http.server
import json
import os
import subprocess
import threading
import time
import unicodedata

import pytest
import requests

from support import otlp, terminal
from support.program import binary, closed_port
from support.terminal import OnTerminal, on_terminal, trace
from support.wire import otlp_spans

MS = 1_000_000
NASTY = "SELECT \x1b[2J\x1b]0;gotcha\x07 数据库\n🚀"


def send(program, service, spans):
    answer = requests.post(
        program.otlp, data=otlp.request(service, spans).SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=30
    )
    assert answer.status_code == 200 and not answer.content, answer.text


def request_trace(program, slow=0, failed=True):
    """A request through three services, in milliseconds: 100 and what is slow."""
    trace_id, ids = otlp.trace_id(), [otlp.span_id() for _ in range(4)]
    start = time.time_ns()
    send(program, "gateway", [{"trace": trace_id, "id": ids[0], "name": "POST /infer", "kind": 2, "start": start, "duration": (100 + slow) * MS}])
    send(program, "triton", [
        {"trace": trace_id, "id": ids[1], "parent": ids[0], "name": "resnet", "kind": 2, "start": start + 10 * MS, "duration": 70 * MS,
         "attributes": {"triton.model_name": "resnet", "key.with:colon": "x=y"},
         "events": [(0, "REQUEST_START", {}), (1 * MS, "QUEUE_START", {}), (70 * MS, "REQUEST_END", {})]},
        {"trace": trace_id, "id": ids[2], "parent": ids[1], "name": "compute", "start": start + 40 * MS, "duration": 38 * MS,
         "events": [(0, "COMPUTE_START", {}), (5 * MS, "COMPUTE_INPUT_END", {}), (30 * MS, "COMPUTE_OUTPUT_START", {}), (38 * MS, "COMPUTE_END", {})],
         **({"error": "out of memory"} if failed else {})},
    ])
    send(program, "数据库", [{"trace": trace_id, "id": ids[3], "parent": ids[0], "name": NASTY, "start": start + 90 * MS, "duration": 3 * MS}])
    return trace_id


@pytest.fixture(scope="module")
def known(traces_program):
    return request_trace(traces_program)


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


# Search


def test_search_prints_a_table_ids_or_json(traces_program, known):
    code, out, _ = trace(traces_program, "search", "--service", "triton")
    assert code == 0
    titles, *rows = out.splitlines()
    assert titles.split() == ["time", "duration", "service", "name", "spans", "errors", "trace"]
    row = next(row for row in rows if row.endswith(known))
    assert "gateway" in row and "POST /infer" in row and "✗ 1" in row and "100 ms" in row
    code, out, _ = trace(traces_program, "search", "--service", "triton", "--format", "ids")
    assert code == 0 and known in out.split()
    code, out, _ = trace(traces_program, "search", "--service", "triton", "--json")
    found = next(one for one in json.loads(out)["traces"] if one["traceID"] == known)
    assert code == 0 and found["spanCount"] == 4 and found["errorCount"] == 1 and found["errorMessage"] == "out of memory"
    assert found["durationNano"] == 100 * MS and {one["name"] for one in found["services"]} == {"gateway", "triton", "数据库"}


@pytest.mark.parametrize("flags", [
    ["--operation", "resnet"], ["--tag", "triton.model_name=resnet"], ["--tag", "key.with:colon=x=y"], ["--tag", "error=true"],
    ["--service", "triton", "--min-duration", "60ms", "--max-duration", "0.08s"], ["--since", "24h"],
])
def test_search_conditions_find(traces_program, known, flags):
    code, out, error = trace(traces_program, "search", "--format", "ids", "--limit", "100", *flags)
    assert code == 0 and known in out.split(), error


@pytest.mark.parametrize("flags", [
    ["--service", "nobody"], ["--operation", "resnet", "--min-duration", "80ms"], ["--tag", "triton.model_name=bert"],
])
def test_search_that_finds_nothing_ends_with_1(traces_program, known, flags):
    code, out, error = trace(traces_program, "search", *flags)
    assert (code, out) == (1, "") and "--since" in error


def test_search_by_traceql(traces_program, known):
    code, out, error = trace(traces_program, "search", "--query", '{ span.triton.model_name = "resnet" && duration > 60ms }', "--format", "ids")
    assert code == 0 and known in out.split(), error
    assert trace(traces_program, "search", "--query", '{ span.triton.model_name = "bert" }')[0] == 1
    code, _, error = trace(traces_program, "search", "--query", "{ span.a = ")
    assert code == 2 and "TraceQL" in error


def test_wrong_flags_end_with_2_and_a_back_end_that_is_not_there_with_3(traces_program):
    code, _, error = trace(traces_program, "search", "--min-duration", "soon")
    assert code == 2 and "--min-duration" in error
    code, _, error = trace(traces_program, "search", "--unknown")
    assert code == 2 and "--unknown" in error
    url = f"http://127.0.0.1:{closed_port()}"
    code, _, error = trace(None, "search", "--url", url)
    assert code == 3 and url in error and "needletail traces" in error and "Connection refused" in error


# On a terminal


@pytest.mark.parametrize("width", [60, 100, 160])
def test_what_is_shown_fits_the_terminal(traces_program, known, width):
    for command in (["show", known, "--attributes", "--events"], ["search"], ["diff", known, known]):
        screen = on_terminal(traces_program, *command, columns=width)
        assert screen.code == 0
        assert "\x1b[" in screen.text and "\x1b[2J" not in screen.text and "\x07" not in screen.text
        assert all(columns(line) <= width for line in screen.lines), [line for line in screen.lines if columns(line) > width]
        assert command[0] != "show" or any(columns(line.rstrip()) > width * 0.8 for line in screen.lines)


def test_colours_only_on_a_terminal_and_when_wanted(traces_program, known):
    assert "\x1b" not in trace(traces_program, "show", known)[1]
    assert "\x1b[" in trace(traces_program, "show", known, "--color", "always")[1]
    assert "\x1b" not in on_terminal(traces_program, "show", known, NO_COLOR="1").text
    assert "\x1b" not in on_terminal(traces_program, "show", known, TERM="dumb").text
    assert "\x1b" not in on_terminal(traces_program, "show", known, "--color", "never").text
    assert max(map(columns, trace(traces_program, "show", known, COLUMNS="140")[1].splitlines())) > 120


def test_a_reader_that_has_enough_ends_the_command(traces_program, known):
    script = f"'{binary()}' trace show {known} --attributes --events | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=terminal.environment(traces_program), timeout=60)
    assert done.stdout == "gateway  POST /infer\n" and not done.stderr


# Show


def test_show_draws_the_tree_the_stages_and_the_failure(traces_program, known):
    code, out, error = trace(traces_program, "show", known)
    assert code == 0, error
    lines = out.splitlines()
    assert lines[0] == "gateway  POST /infer" and known in lines[1] and "100 ms" in lines[1]
    assert "░ queue 29.0 ms 29 %" in out and "█ infer 25.0 ms 25 %" in out
    tree = [line for line in lines if line[:1] in "g├└│"]
    assert [name for line in tree for name in ("gateway POST", "triton resnet", "✗ compute", "out of memory", "数据库 SELECT") if name in line] == [
        "gateway POST", "triton resnet", "✗ compute", "out of memory", "数据库 SELECT"]
    assert r"\u{1b}[2J" in out and "\x1b" not in out


def test_show_takes_the_first_digits_of_an_id(traces_program, known):
    assert trace(traces_program, "show", known[:12])[1] == trace(traces_program, "show", known)[1]
    assert trace(traces_program, "show", known[:12].upper())[0] == 0
    assert trace(traces_program, "show", "f" * 32)[0] == 1
    assert trace(traces_program, "show", "not-an-id")[0] == 2


def test_show_json_is_otlp_that_show_reads_again_without_a_back_end(traces_program, known, tmp_path):
    code, out, _ = trace(traces_program, "show", known, "--json")
    assert code == 0
    spans = [span for group in otlp.from_json(out.encode()).resource_spans for scope in group.scope_spans for span in scope.spans]
    assert len(spans) == 4 and NASTY in {span.name for span in spans}
    path = tmp_path / "trace.json"
    path.write_text(out)
    drawn = trace(traces_program, "show", known)[1]
    assert trace(None, "show", "--file", path)[1] == drawn
    assert trace(None, "show", "-", stdin=out.encode())[1] == drawn
    code, _, error = trace(None, "show", "--file", tmp_path / "missing.json")
    assert code == 2 and "missing.json" in error


# Tail


def test_tail_shows_new_traces_until_ctrl_c(traces_program):
    request_trace(traces_program)
    follower = OnTerminal(traces_program, "tail", "--service", "gateway", "--interval", "200ms", columns=120)
    try:
        # Nothing tells that the first look was made: traces are sent until one is seen.
        sent = []

        def is_seen(text):
            if not any(one in text for one in sent):
                sent.append(request_trace(traces_program))
            return any(one in text for one in sent)

        text = follower.read_until(is_seen)
        follower.interrupt()
        screen = follower.finish()
    finally:
        if follower.process.poll() is None:
            follower.process.kill()
    assert screen.code == 0, text
    rows = [line for line in screen.lines if "gateway" in line]
    ids = [line.split()[-1] for line in rows]
    assert len(ids) == len(set(ids)), "a trace is shown once"


def test_tail_as_json_lines_ends_after_a_count(traces_program, known):
    code, out, error = trace(traces_program, "tail", "--since", "24h", "--count", "1", "--json", "--interval", "200ms")
    assert code == 0, error
    (line,) = out.splitlines()
    assert json.loads(line)["spanCount"] >= 1


def follow(program, *arguments, **options):
    """A `tail` that has connected: it shows a trace that was sent before it began."""
    known = request_trace(program)
    follower = OnTerminal(program, "tail", "--since", "1h", *arguments, columns=120, **options)
    follower.read_until(lambda text: known in text)
    return follower


def test_tail_is_told_of_new_traces(start):
    """The back end tells: nobody looks every hour."""
    program = start("traces")
    follower = follow(program, "--interval", "1h")
    try:
        for _ in range(2):
            sent = request_trace(program)
            follower.read_until(lambda text: sent in text)
        follower.interrupt()
        screen = follower.finish()
    finally:
        if follower.process.poll() is None:
            follower.process.kill()
    assert screen.code == 0 and "…" not in screen.text


def test_tail_waits_for_a_back_end_that_comes_back(start):
    program = start("traces")
    follower = follow(program, "--interval", "1h")
    try:
        assert program.stop() == 0
        follower.read_until(lambda text: "broke off; trying again" in text)
        program.start()
        sent = request_trace(program)
        text = follower.read_until(lambda text: sent in text)
        assert text.index("broke off") < text.index("connected again") < text.index(sent)
        follower.interrupt()
        assert follower.finish().code == 0
    finally:
        if follower.process.poll() is None:
            follower.process.kill()


class WithoutStream(http.server.BaseHTTPRequestHandler):
    """A back end of an older version: everything but the live stream."""

    def do_GET(self):
        if self.path.startswith("/api/ui/live"):
            return self.send_error(404)
        onward = requests.get(self.server.onward + self.path, timeout=30)
        self.send_response(onward.status_code)
        self.send_header("Content-Type", onward.headers["Content-Type"])
        self.send_header("Content-Length", str(len(onward.content)))
        self.end_headers()
        self.wfile.write(onward.content)

    def log_message(self, *_):
        pass


def test_tail_asks_where_nothing_tells(start):
    program = start("traces")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), WithoutStream) as old:
        old.onward = program.query
        threading.Thread(target=old.serve_forever, daemon=True).start()
        follower = follow(program, "--interval", "200ms", "--url", f"http://127.0.0.1:{old.server_port}")
        try:
            sent = request_trace(program)
            text = follower.read_until(lambda text: sent in text)
            follower.interrupt()
            assert follower.finish().code == 0
        finally:
            if follower.process.poll() is None:
                follower.process.kill()
            old.shutdown()
    assert "gives no live stream" in text and "looking every 200 ms instead" in text.replace("\u202f", " ")


# Diff


def test_diff_tells_what_is_slower_and_what_is_gone(traces_program, known):
    slow = request_trace(traces_program, slow=50, failed=False)
    code, out, _ = trace(traces_program, "diff", known, slow)
    assert code == 0 and "+50.0 ms" in out and "4 steps in both, 0 only in a, 0 only in b" in out
    other, root = otlp.trace_id(), otlp.span_id()
    send(traces_program, "gateway", [{"trace": other, "id": root, "name": "POST /infer"}, {"trace": other, "id": otlp.span_id(), "parent": root, "name": "retry"}])
    code, out, _ = trace(traces_program, "diff", known, other, "--json")
    told = json.loads(out)
    assert code == 1 and told["sameStructure"] is False
    assert {(step["change"], step["name"]) for step in told["steps"]} == {
        ("same", "POST /infer"), ("removed", "resnet"), ("removed", "compute"), ("removed", NASTY), ("added", "retry")}
    assert trace(traces_program, "diff", known, "e" * 32)[0] == 2


# Export and import


@pytest.mark.parametrize("name, format", [
    ("x.json", "otlp-json"), ("x.pb", "otlp-proto"), ("x.json.gz", "otlp-json"), ("x.pb.zst", "otlp-proto"), ("jaeger.json", "jaeger"), ("zipkin.json.gz", "zipkin"),
])
def test_what_was_exported_and_imported_is_the_same(traces_program, start, known, tmp_path, name, format):
    path = tmp_path / name
    code, _, error = trace(traces_program, "export", known, "--format", format, "--output", path)
    assert code == 0 and "4 spans of 1 trace" in error
    assert not list(tmp_path.glob("*.part"))
    fresh = start("traces")
    code, out, error = trace(fresh, "import", path, "--otlp-url", fresh.otlp.removesuffix("/v1/traces"))
    assert code == 0 and "4 spans of 1 trace" in out, error
    again = tmp_path / f"again-{name}"
    assert trace(fresh, "export", known, "--format", format, "--output", again)[0] == 0
    assert content(again, format) == content(path, format)
    assert trace(fresh, "show", known)[1].splitlines()[3:] == trace(traces_program, "show", known)[1].splitlines()[3:]


def content(path, format):
    """The document of a file, without the order of its parts."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        data = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout
    if format == "otlp-proto":
        data = otlp.to_json(otlp.from_protobuf(data))
    return unordered(json.loads(data))


def unordered(node):
    if isinstance(node, dict):
        return {key: unordered(value) for key, value in node.items()}
    if isinstance(node, list):
        return sorted((unordered(one) for one in node), key=lambda one: json.dumps(one, sort_keys=True))
    return node


def test_import_reads_many_files_tells_of_broken_ones_and_takes_the_rest(traces_program, known, tmp_path):
    good, broken = tmp_path / "good.json", tmp_path / "broken.json"
    assert trace(traces_program, "export", known, "--output", good)[0] == 0
    broken.write_text('{"resourceSpans": [')
    url = traces_program.otlp.removesuffix("/v1/traces")
    code, out, error = trace(traces_program, "import", broken, good, "--otlp-url", url)
    assert code == 2 and "broken.json" in error and "good.json: imported 4 spans of 1 trace (otlp-json)" in out
    code, out, _ = trace(None, "import", good, "--dry-run", "--json")
    assert code == 0 and json.loads(out) == {"file": str(good), "format": "otlp-json", "traceCount": 1, "spanCount": 4, "rejected": 0}
    code, out, error = trace(None, "import", "-", "--otlp-url", f"http://127.0.0.1:{closed_port()}", stdin=good.read_bytes())
    assert code == 3 and "nothing answers" in error


class Fussy(http.server.BaseHTTPRequestHandler):
    """A back end that is busy at first, and takes only small requests; what it takes it hands on."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(len(body))
        status = self.server.busy.pop() if self.server.busy else 413 if len(body) > self.server.most else 200
        answer = b""
        if status == 200:
            onward = requests.post(self.server.onward, data=body, headers={"Content-Type": self.headers["Content-Type"]}, timeout=30)
            status, answer = onward.status_code, onward.content
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def test_import_waits_for_a_busy_back_end_and_sends_less_at_once_when_asked(start, tmp_path):
    program = start("traces")
    trace_id = otlp.trace_id()
    path = tmp_path / "many.pb"
    path.write_bytes(otlp_spans(trace_id, 1, 3000))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fussy) as fussy:
        fussy.busy, fussy.most, fussy.seen, fussy.onward = [503, 429, 429], 30_000, [], program.otlp
        threading.Thread(target=fussy.serve_forever, daemon=True).start()
        code, out, error = trace(None, "import", path, "--otlp-url", f"http://127.0.0.1:{fussy.server_port}", "--timeout", 60)
        fussy.shutdown()
    assert code == 0 and "3\u202f000 spans of 1 trace (otlp-protobuf)" in out, error
    assert len(fussy.seen) > 6 and min(fussy.seen) < 30_000
    listed = requests.get(f"{program.query}/api/ui/traces", params={"traceID": trace_id}, timeout=30).json()["traces"]
    assert listed[0]["spanCount"] == 3000


def test_import_into_a_folder_without_a_back_end_and_not_into_one_in_use(traces_program, start, known, tmp_path):
    path = tmp_path / "one.json"
    assert trace(traces_program, "export", known, "--output", path)[0] == 0
    code, _, error = trace(None, "import", path, "--data-dir", traces_program.data_dir)
    assert code == 2 and "--data-dir" in error and "another program uses" in error
    fresh = start("traces")
    assert fresh.stop() == 0
    for _ in range(2):  # again: stored once
        code, out, error = trace(None, "import", path, "--data-dir", fresh.data_dir)
        assert code == 0 and "imported 4 spans" in out, error
    fresh.start()
    code, out, _ = trace(fresh, "search", "--json")
    assert [(one["traceID"], one["spanCount"]) for one in json.loads(out)["traces"]] == [(known, 4)]


def test_export_of_a_search(traces_program, known, tmp_path):
    code, out, error = trace(traces_program, "export", "--service", "triton", "--format", "jaeger")
    assert code == 0, error
    assert known in {one["traceID"] for one in json.loads(out)["data"]}
    assert trace(traces_program, "export", "--service", "nobody")[0] == 1
    code, _, error = trace(traces_program, "export", known, "--output", "/nowhere/at/all.json")
    assert code == 2 and "/nowhere/at/all.json" in error


# Statistics


def test_stats_tell_what_is_stored_and_how_services_do(traces_program):
    request_trace(traces_program)
    code, out, error = trace(traces_program, "stats")
    assert code == 0, error
    assert "bytes a span" in out and "triton" in out and "p99" in out
    code, out, _ = trace(traces_program, "stats", "--json")
    told = json.loads(out)
    assert code == 0 and told["store"]["spanCount"] >= 4 and told["ingest"]["committedSpans"] >= 4
    triton = next(one for one in told["services"] if one["name"] == "triton")
    assert triton["spanCount"] >= 2 and triton["errorCount"] >= 1 and triton["p50Seconds"] > 0.01


def test_help_teaches():
    for command in ("search", "show", "tail", "diff", "import", "export", "stats"):
        code, out, _ = trace(None, command, "--help")
        assert code == 0 and f"needletail trace {command}" in out
    assert os.path.basename(binary()) == "needletail"
