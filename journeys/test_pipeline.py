"""Pipelines of `traces.yaml`: processors, tail sampling, exporters with queues, and what a file's mistakes are told as."""

import struct
import subprocess

import pytest
import requests

from support import otlp, sinks, traces
from support.program import binary, closed_port
from support.waiting import wait_until


@pytest.fixture
def pipeline(start, tmp_path):
    """Starts `needletail traces` with a configuration as text."""
    def starter(text, **options):
        path = tmp_path / f"traces-{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(text)
        return start("traces", "--collector-config", str(path), **options)
    return starter


def post(program, message):
    return requests.post(program.otlp, data=message.SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=60)


def send(program, *spans, service="shop"):
    """Sends spans, each (name, fields…) in a trace of its own unless it names one; returns the trace ids."""
    filled = [{"trace": otlp.trace_id(), "id": otlp.span_id(), **span} for span in spans]
    answer = post(program, otlp.request(service, filled))
    assert answer.status_code == 200, answer.text
    return [span["trace"] for span in filled]


def test_an_edge_collector_changes_filters_and_forwards(start, pipeline):
    back_end = start("traces")
    edge = pipeline(f"""
processors:
  memory_limiter: {{check_interval: 1s, limit_mib: 4000}}
  attributes:
    actions:
      - {{key: deployment, action: insert, value: edge}}
      - {{key: password, action: delete}}
      - {{key: user, action: hash}}
  resource: {{attributes: [{{key: zone, action: upsert, value: a}}]}}
  filter: {{error_mode: ignore, traces: {{span: ['name == "GET /health"', 'IsMatch(attributes["http.route"], "^/internal")']}}}}
  batch: {{timeout: 50ms}}
exporters:
  otlp: {{endpoint: "{back_end.grpc}", tls: {{insecure: true}}}}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [memory_limiter, filter, attributes, resource, batch], exporters: [otlp]}}}}}}
""")
    assert "only sent on to" in edge.log() and "traces are kept in" not in edge.log()
    kept, health, internal = send(
        edge,
        {"name": "GET /items", "attributes": {"password": "hunter2", "user": "abc"}},
        {"name": "GET /health"},
        {"name": "GET /x", "attributes": {"http.route": "/internal/x"}},
    )
    trace = traces.wait_for(back_end.query, kept, 1)
    raw = requests.get(f"{back_end.query}/api/traces/{kept}", timeout=30).json()["data"][0]
    tags = {tag["key"]: tag["value"] for tag in raw["spans"][0]["tags"]}
    assert tags["deployment"] == "edge" and "password" not in tags
    assert tags["user"] == "a9993e364706816aba3e25717850c26c9cd0d89d"
    process = {tag["key"]: tag["value"] for tag in next(iter(raw["processes"].values()))["tags"]}
    assert process["zone"] == "a"
    assert trace.spans[0].name == "GET /items"
    assert traces.get(back_end.query, health) is None and traces.get(back_end.query, internal) is None
    assert traces.get(edge.query, kept) is None


def test_a_dead_receiver_a_queue_on_disk_and_kill_9(start, tmp_path):
    back_end = start("traces")
    path = tmp_path / "edge.yaml"
    path.write_text(f"""
exporters:
  otlphttp:
    endpoint: "http://127.0.0.1:{back_end.otlp_http_port}"
    retry_on_failure: {{initial_interval: 100ms, max_interval: 500ms}}
    sending_queue: {{storage: file_storage, queue_size: 1000}}
extensions: {{file_storage: {{directory: {tmp_path}/queue}}}}
service: {{extensions: [file_storage], pipelines: {{traces: {{exporters: [otlphttp]}}}}}}
""")
    edge = start("traces", "--collector-config", str(path))
    back_end.kill()
    sent = [send(edge, {"name": f"span {number}"})[0] for number in range(50)]
    edge.kill()
    edge.start()
    assert "still to be sent" in edge.log()
    sent += [send(edge, {"name": f"later {number}"})[0] for number in range(10)]
    back_end.start()
    for trace in sent:
        traces.wait_for(back_end.query, trace, 1, timeout=60)


def test_a_full_queue_refuses_with_429(pipeline):
    edge = pipeline(f"""
exporters:
  otlp: {{endpoint: "127.0.0.1:{closed_port()}", tls: {{insecure: true}}, sending_queue: {{queue_size: 3}}}}
service: {{pipelines: {{traces: {{exporters: [otlp]}}}}}}
""", exit_timeout=20)
    answers = []
    for _ in range(8):
        answer = post(edge, otlp.request("shop", [{"trace": otlp.trace_id(), "id": otlp.span_id(), "name": "x"}]))
        answers.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            assert b"queue of exporter otlp is full" in answer.content
    assert answers[:3] == [200, 200, 200] and answers[3:] == [429] * 5


def test_a_dead_exporter_does_not_stop_the_store(pipeline):
    program = pipeline(f"""
exporters:
  otlp: {{endpoint: "127.0.0.1:{closed_port()}", tls: {{insecure: true}}, sending_queue: {{queue_size: 2}}}}
service: {{pipelines: {{traces: {{exporters: [trace_store, otlp]}}}}}}
""")
    for _ in range(5):
        trace, = send(program, {"name": "x"})
        traces.wait_for(program.query, trace, 1)


TAIL = """
processors:
  tail_sampling:
    decision_wait: %s
    policies:
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: slow, type: latency, latency: {threshold_ms: 5000}}
service: {pipelines: {traces: {processors: [tail_sampling], exporters: [trace_store]}}}
"""


def test_tail_sampling_keeps_what_matters_and_late_spans_follow(pipeline):
    program = pipeline(TAIL % "1s")
    error, slow, plain = (otlp.trace_id() for _ in range(3))
    send(program, {"trace": error, "name": "a"}, {"trace": plain, "name": "a"}, {"trace": slow, "name": "a", "duration": 6_000_000_000})
    send(program, {"trace": error, "name": "b", "error": "boom"}, {"trace": plain, "name": "b"})
    traces.wait_for(program.query, error, 2)
    traces.wait_for(program.query, slow, 1)
    send(program, {"trace": error, "name": "late"}, {"trace": plain, "name": "late"})
    traces.wait_for(program.query, error, 3)
    assert traces.get(program.query, plain) is None


def test_undecided_spans_survive_kill_9(pipeline):
    program = pipeline(TAIL % "3s")
    error, plain = otlp.trace_id(), otlp.trace_id()
    send(program, {"trace": error, "name": "a", "error": "boom"}, {"trace": plain, "name": "a"})
    send(program, {"trace": error, "name": "b"})
    assert traces.get(program.query, error) is None
    program.kill()
    program.start()
    traces.wait_for(program.query, error, 2)
    assert traces.get(program.query, plain) is None


@pytest.mark.parametrize("form", ["json", "proto"])
def test_the_file_exporter_writes_what_others_read(pipeline, tmp_path, form):
    path = tmp_path / f"out.{form}"
    program = pipeline(f"""
exporters: {{file: {{path: {path}, format: {form}}}}}
service: {{pipelines: {{traces: {{exporters: [file]}}}}}}
""")
    first, = send(program, {"name": "one", "attributes": {"n": 1}})
    second, = send(program, {"name": "two", "error": "boom"})
    if form == "json":
        messages = [otlp.from_json(line) for line in path.read_bytes().splitlines()]
    else:
        body, messages = path.read_bytes(), []
        while body:
            length, = struct.unpack(">I", body[:4])
            messages.append(otlp.from_protobuf(body[4:4 + length]))
            body = body[4 + length:]
    spans = [span for message in messages for group in message.resource_spans for scope in group.scope_spans for span in scope.spans]
    assert [(span.trace_id.hex(), span.name) for span in spans] == [(first, "one"), (second, "two")]
    assert spans[1].status.message == "boom"


def test_otlp_and_zipkin_exporters_reach_others(pipeline):
    with sinks.grpc_server("/opentelemetry.proto.collector.trace.v1.TraceService/Export") as receiver, sinks.http(202) as zipkin:
        program = pipeline(f"""
exporters:
  otlp: {{endpoint: "{receiver.address}", compression: gzip, headers: {{api-key: secret}}}}
  zipkin: {{endpoint: "{zipkin.address}/api/v2/spans"}}
service: {{pipelines: {{traces: {{exporters: [otlp, zipkin]}}}}}}
""")
        trace, = send(program, {"name": "hello"})
        message = otlp.from_protobuf(receiver.wait()[0])
        assert message.resource_spans[0].scope_spans[0].spans[0].trace_id.hex() == trace
        assert receiver.headers[0]["api-key"] == "secret"
        assert trace.encode() in zipkin.wait()[0]


def test_pipelines_by_receiver(pipeline, tmp_path):
    program = pipeline(f"""
receivers: {{otlp: , zipkin: }}
exporters:
  file/otlp: {{path: {tmp_path}/otlp.json}}
  file/zipkin: {{path: {tmp_path}/zipkin.json}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [file/otlp]}}
    traces/zipkin: {{receivers: [zipkin], exporters: [file/zipkin]}}
""")
    one, = send(program, {"name": "by otlp"})
    two = otlp.trace_id()
    span = {"traceId": two, "id": otlp.span_id(), "name": "by zipkin", "timestamp": 1_700_000_000_000_000, "duration": 5, "localEndpoint": {"serviceName": "z"}}
    assert requests.post(program.zipkin, json=[span], timeout=30).status_code == 202
    assert one in (tmp_path / "otlp.json").read_text() and two not in (tmp_path / "otlp.json").read_text()
    assert two in (tmp_path / "zipkin.json").read_text()


def test_mistakes_are_told_all_at_once(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("""exporters:
  kafka: {}
  otlp: {endpoint: "localhost:4317", compresion: gzip}
processors:
  filter: {traces: {span: ['name = "x"']}}
service: {pipelines: {traces: {processors: [filter], exporters: [otlp, trace_stor]}}}
""")
    result = subprocess.run([binary(), "traces", "--collector-config", str(path), "--config-check"], capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    for words in (
        'wrong.yaml:2: exporters.kafka: unknown exporter "kafka"; expected one of trace_store, otlp, otlp_grpc, otlphttp',
        'wrong.yaml:3: exporters.otlp.compresion: unknown key', 'did you mean "compression"?', "column 6 of `name = \"x\"`", '"trace_stor" is not defined', 'did you mean "trace_store"?',
    ):
        assert words in result.stderr, result.stderr
    path.write_text("receivers: {otlp: {protocols: {grpc: {endpoint: 'x:1'}}}}\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [trace_store]}}}\n")
    result = subprocess.run([binary(), "traces", "--collector-config", str(path), "--config-check"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "has no effect; the address is that of --host and --otlp-grpc-port" in result.stdout
