"""Remote samplers ask the back end what to sample: our SDK's own, and Jaeger's protocol byte by byte."""

import json

import grpc
import pytest
import requests

from support.waiting import wait_until
from test_example import Service

EVERYTHING = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1}}


def test_without_a_file_everything_is_sampled(traces_program):
    for url in [f"{traces_program.sampling}/sampling", f"http://127.0.0.1:{traces_program.jaeger_http_port}/api/sampling"]:
        answer = requests.get(url, params={"service": "any thing"}, timeout=10)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == EVERYTHING
        missing = requests.get(url, timeout=10)
        assert (missing.status_code, missing.text) == (400, "'service' parameter must be provided once\n")
    legacy = requests.get(traces_program.sampling, params={"service": "a"}, timeout=10)
    assert legacy.json() == {**EVERYTHING, "strategyType": 0}
    restrictions = requests.get(f"http://127.0.0.1:{traces_program.jaeger_http_port}/api/baggageRestrictions", params={"service": "a"}, timeout=10)
    assert restrictions.json() == []
    with grpc.insecure_channel(f"127.0.0.1:{traces_program.jaeger_grpc_port}") as channel:
        ask = channel.unary_unary("/jaeger.api_v2.SamplingManager/GetSamplingStrategy")
        # SamplingStrategyResponse { 2: { 1: 1.0 } }
        assert ask(b"\x0a\x01a", timeout=10) == b"\x12\x09\x09\x00\x00\x00\x00\x00\x00\xf0\x3f"


def test_our_sampler_follows_a_changed_file(start, tmp_path):
    strategies = tmp_path / "strategies.json"

    def write(rate):
        text = json.dumps({
            "default_strategy": {"type": "probabilistic", "param": 0.5},
            "service_strategies": [{"service": "inventory", "type": "probabilistic", "param": rate}],
        })
        strategies.with_suffix(".new").write_text(text)
        strategies.with_suffix(".new").rename(strategies)

    write(0)
    program = start("traces", "--sampling-strategies", str(strategies))
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{program.otlp_http_port}", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote",
        "OTEL_TRACES_SAMPLER_ARG": f"endpoint=http://127.0.0.1:{program.sampling_port},pollingIntervalMs=100,initialSamplingRate=1",
    }
    service = Service("inventory", tmp_path, INVENTORY_PORT="0", **environment)
    try:
        def ask():
            requests.get(f"http://127.0.0.1:{service.port}/stock/lamp", timeout=10)
            answer = requests.get(f"{program.query}/api/ui/status", timeout=10).json()
            return answer["ingest"]["committedSpans"]

        def is_quiet():
            before = ask()
            return all(ask() == before for _ in range(10))

        # The first strategy has come: what is asked now leaves no trace.
        wait_until(is_quiet, what="nothing is sampled any more")
        before = ask()
        write(1)
        wait_until(lambda: ask() > before, what="everything is sampled again")
    finally:
        service.stop(15)


@pytest.mark.parametrize("text, message", [
    ("{", "invalid JSON"), ('{"default_strategy":{"type":"often","param":1}}', "default_strategy.type"),
])
def test_a_wrong_file_ends_the_start_with_its_place(start, tmp_path, text, message):
    strategies = tmp_path / "wrong.json"
    strategies.write_text(text)
    with pytest.raises(AssertionError) as failure:
        start("traces", "--sampling-strategies", str(strategies))
    assert message in str(failure.value)
