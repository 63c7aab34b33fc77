"""Coroutines in journeys: the browser's fixture keeps an event loop in the main thread, so they run in a thread of their own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def run(coroutine):
    """What the coroutine gives or raises."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, coroutine).result()
