"""The same script under real PyTriton and under ours, driven by real PyTriton clients: every answer is compared."""

import re
import subprocess

import numpy as np
import pytest
import requests

from support import otlp, traces
from support.peer import Peer, clean_environment, needs
from support.program import ROOT, binary, free_ports
from support.pytriton import PYTHON

needs("pytriton")

SCRIPT = ROOT / "journeys/models/pytriton_parity.py"
DRIVER = ROOT / "journeys/clients/pytriton_clients.py"


class Side(Peer):
    """One of the two servers."""

    def __init__(self, module, folder, otlp_url):
        self.module = module
        self.ports = free_ports(3)
        self.http = f"http://127.0.0.1:{self.ports[0]}"
        environment = {**clean_environment("pytriton"), "OTEL_BSP_SCHEDULE_DELAY": "300"}
        if module == "needletail":
            environment |= {"PYTHONPATH": str(ROOT / "python"), "NEEDLETAIL_BINARY": binary()}
        command = [str(PYTHON), str(SCRIPT), module, *map(str, self.ports), str(folder / f"workspace-{module}"), otlp_url]
        super().__init__(module, folder, command, environment, patience=180)

    def is_ready(self):
        return b"READY" in self.log_path.read_bytes()


@pytest.fixture(scope="module")
def sides(traces_program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    both = [Side(module, folder, traces_program.otlp) for module in ("pytriton", "needletail")]
    try:
        for side in both:
            side.launch()
        yield [side.wait_until_ready() for side in both]
    finally:
        for side in both:
            side.stop()


def drive(side, scenario, protocol):
    """What a real PyTriton client gets, as text."""
    port = side.ports[0] if protocol == "http" else side.ports[1]
    result = subprocess.run(
        [str(PYTHON), str(DRIVER), scenario, f"{protocol}://127.0.0.1:{port}"], capture_output=True, text=True, timeout=120, env=clean_environment("pytriton")
    )
    assert result.returncode == 0, f"{side.module}:\n{result.stderr[-3000:]}\n{side.log()}"
    return result.stdout


def shape_of_error(text):
    """An error without what must differ: paths, line numbers and the frames of the library itself."""
    text = re.sub(r'  File "[^"]*(?:site-packages|/python/needletail|folder\w+|/1/model\.py)[^"]*", line \d+.*\n(?:    .*\n)*', "", text)
    text = re.sub(r"\n+At:\n(?:  .*\n)+", "\n", text)
    text = text.replace("c_python_backend_utils.TritonModelException: Traceback (most recent call last):\n", "")
    text = text.replace("Traceback (most recent call last):\nTraceback (most recent call last):\n", "Traceback (most recent call last):\n")
    text = text.replace("    raise triton_responses_or_error\n", "").replace("pytriton.exceptions.", "").replace("needletail.exceptions.", "")
    return re.sub(r"\n+", "\n", re.sub(r"0x[0-9a-f]+", "0x", text)).strip()


SCENARIOS = [
    "add_sub_sample", "add_sub_batch", "one", "scaled", "optional", "text", "awaited", "casts", "passthrough", "asyncio", "futures",
    "parameters", "model_config", "error", "wrong_count", "wrong_shape", "scaled_unequal", "missing_input", "too_many_rows",
    "unknown_model", "wrong_dtype",
]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_clients_get_the_same(sides, scenario, protocol):
    if (scenario, protocol) == ("futures", "grpc"):
        pytest.skip("this client speaks HTTP to the gRPC port after some requests, also to its own server")
    theirs, ours = (drive(side, scenario, protocol) for side in sides)
    assert shape_of_error(ours) == shape_of_error(theirs)


@pytest.mark.parametrize("scenario", ["decoupled", "decoupled_error", "asyncio_decoupled"])
def test_decoupled_clients_get_the_same(sides, scenario):
    theirs, ours = (drive(side, scenario, "grpc") for side in sides)
    assert shape_of_error(ours) == shape_of_error(theirs)


@pytest.mark.parametrize(
    "model, path, body",
    [
        ("passthrough", "generate", {"sleep": 0.125, "error": False}), ("passthrough", "generate_stream", {"sleep": 0, "error": False}),
        ("text", "generate", {"words": "abc"}), ("countdown", "generate_stream", {"n": 2}), ("countdown", "generate", {"n": 1}),
        ("countdown", "generate", {"n": 2}), ("optional", "generate", {"a": 1.0}),
        ("told", "generate", {"x": 1.0, "parameters": {"color": "red"}}), ("nobody", "generate", {}),
    ],
)
def test_generate_answers_the_same(sides, model, path, body):
    theirs, ours = (requests.post(f"{side.http}/v2/models/{model}/{path}", json=body, timeout=60) for side in sides)
    assert (ours.status_code, ours.headers["Content-Type"]) == (theirs.status_code, theirs.headers["Content-Type"]), (ours.text, theirs.text)
    assert ours.text == theirs.text


@pytest.mark.parametrize("path", ["/v2/models/passthrough", "/v2/models/add_sub", "/v2/models/countdown", "/v2/models/text/ready"])
def test_metadata_is_the_same(sides, path):
    theirs, ours = (requests.get(side.http + path, timeout=30) for side in sides)
    assert ours.status_code == theirs.status_code
    if theirs.text:
        assert ours.json() == theirs.json()


@pytest.mark.parametrize("path", ["/v2/trace/setting", "/v2/models/stats", "/v2/logging", "/v2/systemsharedmemory/status"])
def test_the_same_endpoints_want_a_token(sides, path):
    theirs, ours = (requests.get(side.http + path, timeout=30) for side in sides)
    assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json()) and theirs.status_code == 403


def tree(trace, caller):
    """A trace as nested names, children sorted."""
    def children(parent):
        return sorted((span.name, children(span.id)) for span in trace.spans if span.parent == parent)

    return children(caller)


@pytest.mark.parametrize(
    "model, path, body, count",
    [
        ("passthrough", "generate", {"sleep": 0.01, "error": False}, 8), ("passthrough", "generate", {"sleep": 0, "error": True}, 6),
        ("text", "generate", {"words": "abc"}, 6), ("awaited", "generate", {"x": 1.0}, 5), ("countdown", "generate_stream", {"n": 2}, 6),
    ],
)
def test_span_trees_are_the_same(sides, traces_program, model, path, body, count):
    trees = []
    for side in sides:
        trace_id, parent = otlp.trace_id(), otlp.span_id()
        requests.post(f"{side.http}/v2/models/{model}/{path}", json=body, headers={"traceparent": f"00-{trace_id}-{parent}-01"}, timeout=60)
        trees.append(tree(traces.wait_for(traces_program.query, trace_id, count), parent))
    assert trees[1] == trees[0]


def test_large_arrays_are_the_same(sides):
    theirs, ours = (drive(side, "large", "http") for side in sides)
    assert ours == theirs
