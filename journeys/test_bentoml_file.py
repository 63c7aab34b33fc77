"""The tracing files of BentoML's guide work as they are: with serve and with up, by flag and by BENTOML_CONFIG."""

import subprocess

import pytest
import requests

from support import otlp, traces
from support.program import binary
from support.waiting import wait_until

# The guide's examples, old and new spelling; only the ports are ours.
GUIDE = {
    "jaeger under api_server": (
        "api_server:\n  tracing:\n    exporter_type: jaeger\n    sample_rate: 1.0\n    jaeger:\n      protocol: thrift\n"
        "      thrift:\n        agent_host_name: localhost\n        agent_port: {jaeger_compact_port}\n"
    ),
    "zipkin": (
        "tracing:\n   type: zipkin\n   sample_rate: 1.0\n   zipkin:\n     url: http://localhost:{zipkin_port}/api/v2/spans\n"
    ),
    "jaeger": (
        "tracing:\n  type: jaeger\n  sample_rate: 1.0\n  jaeger:\n    address: localhost\n    port: {jaeger_compact_port}\n"
    ),
    "jaeger over HTTP": (
        "tracing:\n  exporter_type: jaeger\n  sample_rate: 1.0\n  jaeger:\n    protocol: thrift\n"
        "    collector_endpoint: http://localhost:{jaeger_http_port}/api/traces?format=jaeger.thrift\n"
    ),
    "jaeger over gRPC": (
        "tracing:\n  exporter_type: jaeger\n  sample_rate: 1.0\n  jaeger:\n    protocol: grpc\n"
        "    collector_endpoint: localhost:{jaeger_grpc_port}\n    grpc:\n      insecure: true\n"
    ),
    "otlp over gRPC": (
        "tracing:\n  type: otlp\n  sample_rate: 1.0\n  otlp:\n    protocol: grpc\n    url: http://localhost:{otlp_grpc_port}\n"
    ),
    "otlp over HTTP": (
        "tracing:\n  type: otlp\n  sample_rate: 1.0\n  otlp:\n    protocol: http\n    url: http://localhost:{otlp_http_port}/v1/traces\n"
    ),
}


def write(folder, text, back_end=None):
    """The text as a file, with the back end's ports."""
    path = folder / "my_config_file.yml"
    path.write_text(text.format(**vars(back_end)) if back_end else text)
    return path


def check(*arguments, subcommand="serve"):
    return subprocess.run(
        [binary(), subcommand, "--config-check", *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("name", GUIDE)
def test_each_file_of_the_guide(name, start, traces_program, tmp_path):
    path = write(tmp_path, GUIDE[name], traces_program)
    program = start("serve", "--tracing-file", str(path), "--trace-config", "opentelemetry,resource=service.name=classifier")
    trace_id = otlp.trace_id()
    assert program.generate({"sleep": 0}, headers={"traceparent": f"00-{trace_id}-{otlp.span_id()}-01"}).status_code == 200
    trace = traces.wait_for(traces_program.query, trace_id, len(traces.ANSWERED))
    assert trace.names == sorted(traces.ANSWERED)
    assert {span.service for span in trace.spans} == {"classifier"}
    assert trace.chain("InferRequest", "passthrough", "compute")
    # A request without a caller's context is sampled as well, at rate 1.
    assert program.generate({"sleep": 0}).status_code == 200
    wait_until(lambda: len(traces.search(traces_program.query, service="classifier", limit=100)) >= 2, what="a trace that begins here")


def test_the_file_of_bentoml_config(start, traces_program, tmp_path):
    path = write(tmp_path, GUIDE["otlp over HTTP"], traces_program)
    program = start("serve", environment={"BENTOML_CONFIG": str(path), "OTEL_SERVICE_NAME": "by environment"})
    assert program.generate({"sleep": 0}).status_code == 200
    wait_until(lambda: traces.search(traces_program.query, service="by environment"), what="a trace by BENTOML_CONFIG")


def test_up_sends_where_the_file_says(start, traces_program, tmp_path):
    path = write(tmp_path, GUIDE["otlp over gRPC"], traces_program)
    program = start("up", "--tracing-file", str(path))
    trace_id = otlp.trace_id()
    program.generate({"sleep": 0}, headers={"traceparent": f"00-{trace_id}-{otlp.span_id()}-01"})
    traces.wait_for(traces_program.query, trace_id, len(traces.ANSWERED))
    assert traces.get(program.query, trace_id) is None


def test_excluded_urls_and_sample_rate(start, traces_program, tmp_path):
    text = GUIDE["otlp over HTTP"].replace("sample_rate: 1.0", "sample_rate: 0.0\n  excluded_urls: readyz,/generate$,docs")
    program = start("serve", "--tracing-file", str(write(tmp_path, text, traces_program)))
    excluded, sampled = otlp.trace_id(), otlp.trace_id()
    body = {"inputs": [{"name": "sleep", "shape": [1, 1], "datatype": "FP32", "data": [0.0]}]}

    def infer(headers=None):
        return requests.post(f"{program.http}/v2/models/passthrough/infer", json=body, headers=headers, timeout=60)

    # A caller's decision counts at rate 0, but not for an excluded path.
    assert program.generate({"sleep": 0}, headers={"traceparent": f"00-{excluded}-{otlp.span_id()}-01"}).status_code == 200
    infer()
    infer({"traceparent": f"00-{sampled}-{otlp.span_id()}-01"})
    wait_until(lambda: traces.get(traces_program.query, sampled), what="the trace that a caller sampled")
    assert program.stop() == 0
    assert traces.get(traces_program.query, excluded) is None


@pytest.mark.parametrize("subcommand", ["serve", "up"])
def test_config_check_tells_every_mistake(subcommand, tmp_path):
    path = write(tmp_path, "tracing:\n  exporter_type: oltp\n  sampel_rate: 1\n  excluded_urls: predict,\n")
    done = check("--tracing-file", str(path), subcommand=subcommand)
    assert done.returncode != 0
    for expected in [
        f'{path}:2: tracing.exporter_type: "oltp" is not known', 'did you mean "otlp"?', f"{path}:3: tracing.sampel_rate: unknown key",
        'did you mean "sample_rate"?', f"{path}:4: tracing.excluded_urls: nothing after comma 1",
    ]:
        assert expected in done.stderr, done.stderr


def test_the_check_passes_a_good_file_and_names_a_missing_one(tmp_path):
    good = write(tmp_path, "tracing: {exporter_type: zipkin, sample_rate: 1}")
    assert check("--tracing-file", str(good)).returncode == 0
    for wrong, reason in [("config.json", "expected one that ends in .yml or .yaml"), ("nowhere.yml", "there is no such file")]:
        done = check("--tracing-file", str(tmp_path / wrong))
        assert done.returncode != 0
        assert wrong in done.stderr and reason in done.stderr


def test_the_setting_has_the_same_name_in_the_settings_file(tmp_path):
    path = write(tmp_path, "tracing: {sample_rate: 2}")
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"tracing-file: {path}\n")
    done = check("--config", str(settings))
    assert done.returncode != 0
    assert f'{path}:1: tracing.sample_rate: "2" is out of range' in done.stderr
