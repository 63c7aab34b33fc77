"""Stopping: what is under way is answered, and an impatient second Ctrl-C is obeyed."""

import signal
import socket
import threading
import time

import requests

from support.waiting import wait_until, wait_until_busy


def sleeping_request(program, seconds):
    """Sends one request and waits until the model sleeps on it; gives the list that its outcome will be put into."""
    outcome = []

    def send():
        try:
            outcome.append(program.generate({"sleep": seconds}).status_code)
        except requests.ConnectionError:
            outcome.append("cut")

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    wait_until_busy(program)
    return outcome, thread


def test_a_request_under_way_is_answered(start):
    program = start("up")
    outcome, thread = sleeping_request(program, 6)
    assert program.stop() == 0
    thread.join(120)
    assert outcome == [200]


def test_idle_connections_do_not_delay_the_stop(start):
    program = start("up")
    with requests.Session() as session:
        assert program.generate({"sleep": 0}, session=session).status_code == 200
        idle = [socket.create_connection(("127.0.0.1", port)) for port in (program.http_port, program.otlp_http_port, program.query_port)]
        began = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - began < program.exit_timeout
        for one in idle:
            one.close()


def test_a_second_interrupt_ends_at_once(start):
    program = start("up", exit_timeout=60)
    outcome, thread = sleeping_request(program, 50)
    program.process.send_signal(signal.SIGINT)
    wait_until(lambda: _refuses(program.http_port), what="no new connections")
    assert program.is_running
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(timeout=60) == 130
    thread.join(120)
    assert outcome == ["cut"]


def test_the_end_of_the_patience_is_told(start):
    program = start("up", exit_timeout=1)
    _, thread = sleeping_request(program, 50)
    assert program.stop() == 1
    thread.join(120)
    assert "--exit-timeout-secs" in program.log()
    assert "CancellationError" not in program.log().splitlines()[-1]


def _refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False
