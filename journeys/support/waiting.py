"""Waiting for a condition with a deadline: nothing here sleeps for luck."""

import time


def wait_until(predicate, timeout=30.0, interval=0.05, what=None):
    """Calls `predicate` until it answers something true, and returns that; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    answer = predicate()
    while not answer:
        if time.monotonic() > deadline:
            name = what or getattr(predicate, "__name__", "the condition")
            raise AssertionError(f"{name} did not come true within {timeout:g} s; last answer: {answer!r}")
        time.sleep(interval)
        answer = predicate()
    return answer
