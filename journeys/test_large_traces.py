"""Traces of a hundred thousand spans: given out whole over every API, piece by piece, in bounded memory, and never in place of others."""

import gzip
import json
import socket

import pytest
import requests

from support import otlp
from support.large import answers, read, read_grpc
from support.waiting import wait_until
from support.wire import memory, otlp_spans

MIB = 1 << 20
COUNT = 100_000


def send(program, trace, count, per_request=10_000):
    """A root and its children."""
    with requests.Session() as session:
        for first in range(0, count, per_request):
            body = otlp_spans(trace, first + 1, min(per_request, count - first), parent=None if first == 0 else 1)
            answer = session.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=120)
            assert answer.status_code == 200 and not answer.content, answer.text
    return trace


@pytest.fixture(scope="module")
def program(traces_program):
    return traces_program


@pytest.fixture(scope="module")
def large(program):
    return send(program, otlp.trace_id(), COUNT)


def test_every_api_gives_it_whole_in_bounded_memory(program, large):
    for name, url, headers, mark in answers(program, large):
        got = read(url, mark, headers)
        print(f"{name}: {got.size // MIB} MiB in {got.seconds:.1f} s, at most {memory(program, 'VmHWM') // MIB} MiB")
        assert got.status == 200 and got.count == COUNT, f"{name}: {got}"
        if "protobuf" not in name:
            assert got.end.rstrip().endswith((b"}", b"]")), f"{name}: {got.end}"
    columns = requests.get(f"{program.query}/api/ui/trace/{large}", timeout=120)
    assert len(columns.json()["columns"]["start"]) == COUNT
    # A page that has it already gets nothing; so does one that asks what came since.
    tag, version = columns.headers["ETag"], columns.json()["version"]
    assert requests.get(f"{program.query}/api/ui/trace/{large}", headers={"If-None-Match": tag}, timeout=60).status_code == 304
    assert requests.get(f"{program.query}/api/ui/trace/{large}?since={version}", timeout=60).json() == {"version": version, "changed": False}
    assert memory(program, "VmHWM") < 600 * MIB


def test_grpc_gives_it_in_small_messages(program, large):
    for version in (3, 2):
        count, largest = read_grpc(program, large, version)
        assert count >= COUNT and largest < 4 * MIB


def slow_reader(program, path):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", program.query_port))
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return one


def test_slow_readers_do_not_add_up(start):
    program = start("traces")
    large, small = send(program, otlp.trace_id(), COUNT), send(program, otlp.trace_id(), 3)
    slow = [slow_reader(program, f"/api/v3/traces/{large}") for _ in range(40)]
    try:
        heads = []
        for one in slow:
            one.settimeout(180)
            heads.append(one.recv(12))
        # So many as have room; the others waited for their turn, and are told when to come again.
        assert set(heads) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}, heads
        assert heads.count(b"HTTP/1.1 200") >= 2
        refused = slow[heads.index(b"HTTP/1.1 503")].recv(2000)
        assert b"\r\nretry-after: " in refused.lower(), refused
        # Meanwhile others are served.
        for _ in range(5):
            assert requests.get(f"{program.query}/api/traces/{small}", timeout=60).status_code == 200
            send(program, otlp.trace_id(), 10)
        assert memory(program, "VmHWM") < 900 * MIB
    finally:
        for one in slow:
            one.close()
    # When they are gone, there is room again.
    url = f"{program.query}/api/v3/traces/{large}"
    wait_until(lambda: read(url, b'"spanId":').count == COUNT, timeout=120, interval=1, what="the large trace for another reader")


def test_an_answer_that_breaks_off_cannot_be_taken_for_a_whole_one(start):
    program = start("traces")
    large = send(program, otlp.trace_id(), COUNT)
    one = slow_reader(program, f"/api/v3/traces/{large}")
    one.settimeout(120)
    begin = one.recv(4096)
    assert b"transfer-encoding: chunked" in begin.lower()
    program.kill()
    body = begin
    try:
        while piece := one.recv(1 << 16):
            body += piece
    except ConnectionError:
        pass
    # Neither the chunk that ends a body, nor a whole text.
    assert not body.endswith(b"0\r\n\r\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body.split(b"\r\n\r\n", 1)[1])


def test_gzip_is_whole(program, large):
    answer = requests.get(f"{program.query}/api/v3/traces/{large}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=120)
    packed = answer.raw.read(decode_content=False)
    text = gzip.decompress(packed)
    assert answer.headers["Content-Encoding"] == "gzip" and len(packed) < len(text) / 4
    assert text.count(b'"spanId":') == COUNT and text.endswith(b"]}}")
