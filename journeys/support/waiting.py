"""Waiting for a condition with a deadline: nothing here sleeps for luck."""

import threading
import time

import requests


def wait_until(predicate, timeout=120.0, interval=0.05, what=None):
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


def wait_until_busy(program, model="passthrough"):
    """Returns when a request is being executed by a model of one instance: the sign is that others have to wait for it."""
    signs = 0

    def ask():
        try:
            program.generate({"sleep": 0}, model=model)
        except requests.RequestException:
            pass  # Ended with the program.

    def is_busy():
        nonlocal signs
        threading.Thread(target=ask, daemon=True).start()
        lines = requests.get(program.metrics, timeout=60).text.splitlines()
        waiting = [float(line.split()[-1]) for line in lines if line.startswith("nv_inference_pending_request_count") and f'model="{model}"' in line]
        # More than once: these questions wait for each other too, but not for long.
        signs = signs + 1 if sum(waiting) > 0 else 0
        return signs == 3

    wait_until(is_busy, what=f"a request to {model} under way")
