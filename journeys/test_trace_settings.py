"""Triton's trace extension with the real tritonclient, its captured conversation, and the JSON trace file of mode triton."""

import json
import re

import numpy as np
import pytest
import requests
import tritonclient.http as triton

from support import traces
from support.program import ROOT
from support.waiting import wait_until

GOLDEN = ROOT.parent / "shared/golden/triton"
MODEL = "passthrough"


def words(*settings):
    """`--trace-config` for each setting."""
    return [argument for setting in settings for argument in ("--trace-config", setting)]


def pairs(members):
    """An object; the original repeats the key `resource`, which is one list here."""
    found = {}
    for key, value in members:
        if key == "resource":
            value = found.get(key, []) + (value if isinstance(value, list) else [value])
        found[key] = value
    return found


def conversation(path):
    """The requests of a captured conversation: title, method, path, body, and the status and body of the answer."""
    for block in path.read_text().split("#### ")[1:]:
        title, rest = block.split("\n", 1)
        method, where = re.match(r"> (\S+) (\S+)", rest).groups()
        body = re.search(r"^> '(.*)'$", rest, re.M)
        status = int(re.search(r"^< (\d+)", rest, re.M).group(1))
        yield title, method, where, body and body.group(1), status, json.loads(rest.split("\n\n", 1)[1], object_pairs_hook=pairs)


# What is no whole number, or none that fits, is read in part by the original, and refused here.
REFUSED = {"rate trailing junk": "12abc", "rate float": "1.5", "rate negative": "-3"}


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the captured conversations are not here")
def test_the_captured_conversation_has_the_same_answers(start):
    server = start(
        "serve",
        *words(
            "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url=http://localhost:14318/v1/traces",
            "opentelemetry,resource=service.name=goldsvc", "opentelemetry,resource=test.key=test.value",
            "opentelemetry,bsp_schedule_delay=500", "opentelemetry,bsp_max_export_batch_size=512", "opentelemetry,bsp_max_queue_size=2048",
        ),
    )
    answered = 0
    for title, method, path, body, status, expected in conversation(GOLDEN / "http/trace_setting_otel_mode.txt"):
        answer = requests.request(
            method, server.http + path.replace("/ident/", f"/{MODEL}/"), data=body,
            headers={} if body is None else {"Content-Type": "application/json"}, timeout=20,
        )
        if title in REFUSED:
            assert answer.status_code == 400, title
            assert answer.json()["error"].endswith(f"got: {REFUSED[title]}"), title
            continue
        if expected.get("trace_rate") == "4294967293":
            # What the refused request left behind in the original.
            expected["trace_rate"] = "7"
        assert answer.status_code == status, title
        assert json.loads(answer.text, object_pairs_hook=pairs) == expected, title
        answered += 1
    assert answered > 40


def test_tritonclient_changes_what_is_traced(up):
    client = triton.InferenceServerClient(up.http.removeprefix("http://"))
    assert client.get_trace_settings()["trace_level"] == ["TIMESTAMPS"]
    changed = client.update_trace_settings(model_name=MODEL, settings={"trace_level": ["OFF"], "trace_rate": "5"})
    assert changed["trace_level"] == ["OFF"] and changed["trace_rate"] == "5"
    assert client.get_trace_settings(model_name=MODEL)["trace_rate"] == "5"
    assert client.get_trace_settings()["trace_rate"] == "1"
    cleared = client.update_trace_settings(model_name=MODEL, settings={"trace_level": None, "trace_rate": None})
    assert cleared["trace_level"] == ["TIMESTAMPS"] and cleared["trace_rate"] == "1"
    with pytest.raises(triton.InferenceServerException, match="Unable to parse 'trace_rate', got: many"):
        client.update_trace_settings(settings={"trace_rate": "many"})


def infer(client, request_id, sleep=0.0):
    inputs = [triton.InferInput("sleep", [1, 1], "FP32"), triton.InferInput("error", [1, 1], "BOOL")]
    inputs[0].set_data_from_numpy(np.array([[sleep]], dtype=np.float32))
    inputs[1].set_data_from_numpy(np.array([[False]], dtype=bool))
    return client.infer(MODEL, inputs, request_id=request_id)


def shape(objects):
    """What the objects of one trace are, in order; tensors that follow each other in the same direction count once."""
    names = []
    for one in objects:
        name = one["timestamps"][0]["name"] if "timestamps" in one else one.get("activity", "descriptor")
        if name != (names or [None])[-1]:
            names.append(name)
    return names


def test_the_trace_file_is_tritons_and_whole(start, tmp_path):
    path = tmp_path / "trace.json"
    server = start("serve", *words(f"triton,file={path}", "level=TIMESTAMPS", "level=TENSORS", "rate=1"))
    client = triton.InferenceServerClient(server.http.removeprefix("http://"))
    infer(client, 'req-"42"', sleep=0.125)
    requests.post(f"{server.http}/v2/models/{MODEL}/generate", json={"sleep": 0}, timeout=20)
    # A request that fails its check loses no file.
    assert requests.post(f"{server.http}/v2/models/{MODEL}/infer", json={"inputs": []}, timeout=20).status_code == 400
    assert not path.exists()
    assert server.stop() == 0

    objects = json.loads(path.read_text())
    traces = {number: [one for one in objects if one["id"] == number] for number in (1, 2, 3)}
    (descriptor,) = [one for one in traces[1] if "model_name" in one]
    assert descriptor == {"id": 1, "model_name": MODEL, "model_version": 1, "request_id": 'req-"42"'}
    tensors = {one["tensor"]["name"]: one["tensor"] for one in traces[1] if one.get("activity") == "TENSOR_QUEUE_INPUT"}
    assert tensors["sleep"] == {"name": "sleep", "data": "0.125", "shape": "1,1", "dtype": "FP32"}
    assert tensors["error"]["data"] == "0"
    for trace in traces.values():
        times = {one["timestamps"][0]["name"]: one["timestamps"][0]["ns"] for one in trace if "timestamps" in one}
        assert 0 < times["HTTP_RECV_START"] <= times["HTTP_RECV_END"] <= times["HTTP_SEND_START"] <= times["HTTP_SEND_END"]
    assert [*tmp_path.iterdir()] == [path]
    if GOLDEN.is_dir():
        captured = json.loads((GOLDEN / "triton_mode/both.json").read_text())
        assert shape(traces[1]) == shape([one for one in captured if one["id"] == 1])


def test_a_log_frequency_and_a_count_make_numbered_files(start, tmp_path):
    path = tmp_path / "trace.json"
    server = start("serve", *words(f"triton,file={path}", "triton,log-frequency=3", "level=TIMESTAMPS", "rate=2", "count=4"))
    client = triton.InferenceServerClient(server.http.removeprefix("http://"))
    for number in range(12):
        infer(client, f"r{number}")

    def files():
        return sorted(one.name for one in tmp_path.iterdir())

    # The fourth trace is the last: nothing waits for the end of the server.
    wait_until(lambda: files() == ["trace.json.0", "trace.json.1"], what="two whole files")
    traced = [
        [one["request_id"] for one in json.loads((tmp_path / name).read_text()) if "request_id" in one] for name in files()
    ]
    assert traced == [["r1", "r3", "r5"], ["r7"]]
    assert client.get_trace_settings()["trace_count"] == "0"
    # Triton refuses this once its count is used up.
    client.update_trace_settings(settings={"trace_rate": "1"})
    client.update_trace_settings(settings={"trace_count": "1", "log_frequency": "0"})
    infer(client, "again")
    wait_until(lambda: "trace.json.2" in files(), what="a third file")
    assert server.stop() == 0


def test_deprecated_flags_still_write_a_trace_file(start, tmp_path):
    path = tmp_path / "old.json"
    server = start("serve", "--trace-file", str(path), "--trace-level", "TIMESTAMPS", "--trace-rate", "1")
    requests.post(f"{server.http}/v2/models/{MODEL}/generate", json={"sleep": 0}, timeout=20)
    assert server.stop() == 0
    assert any("model_name" in one for one in json.loads(path.read_text()))
    assert "'--trace-file' has been deprecated and will be removed in future releases" in server.log()


def test_mode_triton_without_a_file_says_so(start):
    with pytest.raises(AssertionError, match="add triton,file=<path>"):
        start("serve", *words("mode=triton", "level=TIMESTAMPS"))


# Spans in the back end.

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


def test_tracing_is_turned_on_and_off_while_the_server_runs(start, traces_program):
    server = start(
        "serve", *words("level=OFF", "rate=1", "opentelemetry,bsp_schedule_delay=100"),
        environment={"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces_program.otlp, "OTEL_SERVICE_NAME": "switched"},
    )

    def send():
        assert requests.post(f"{server.http}/v2/models/{MODEL}/generate", json={"sleep": 0}, timeout=20).status_code == 200

    def level(*names):
        answer = requests.post(f"{server.http}/v2/trace/setting", json={"trace_level": list(names)}, timeout=20)
        assert answer.json()["trace_level"] == list(names)

    send()
    level("TIMESTAMPS", "TENSORS")
    send()
    level("OFF")
    send()
    assert server.stop() == 0
    (trace,) = wait_until(
        lambda: traces.search(traces_program.query, service="switched"), timeout=30, what="the one trace of the three requests"
    )
    assert trace.names == sorted(traces.ANSWERED)
    tensors = [fields for _, name, fields in trace.named(MODEL).events if name == "TENSOR_QUEUE_INPUT"]
    assert {one["tensor.name"]: one["tensor.data"] for one in tensors}["sleep"] == "0"
    assert "TENSOR_BACKEND_OUTPUT" in trace.named(MODEL).event_names


def test_callers_that_speak_b3_and_jaeger_are_followed(start):
    server = start("up", *words("rate=0", "opentelemetry,bsp_schedule_delay=100"), environment={"OTEL_PROPAGATORS": "b3,jaeger"})
    other = TRACE[::-1]

    def send(**headers):
        body = {"sleep": 0}
        assert requests.post(f"{server.http}/v2/models/{MODEL}/generate", json=body, headers=headers, timeout=20).status_code == 200

    send(b3=f"{TRACE}-{CALLER}-1")
    send(**{"uber-trace-id": f"{other}:{CALLER}:0:1"})
    # Nobody asked for W3C, and the third caller is not sampled.
    send(traceparent=f"00-{'1' * 32}-{CALLER}-01")
    send(b3=f"{'2' * 32}-{CALLER}-0")
    for trace_id in (TRACE, other):
        trace = traces.wait_for(server.query, trace_id, len(traces.ANSWERED))
        (reference,) = trace.named("InferRequest").raw["references"]
        assert reference["spanID"] == CALLER
    assert traces.get(server.query, "1" * 32) is None
    assert traces.get(server.query, "2" * 32) is None
