"""What drawing costs: processor time of each animation frame's own work, as Chromium's tracing tells it, so that it holds on a busy machine too."""

import json

# The page's own work for a frame, milliseconds.
FRAME = 6


def watched(browser, page, act):
    """Own work of each frame while something is done, milliseconds of processor time, sorted."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    try:
        act()
    finally:
        trace = json.loads(browser.stop_tracing())
    return sorted(event["tdur"] / 1000 for event in trace["traceEvents"] if event["name"] == "FireAnimationFrame" and event.get("tdur"))


def p95(frames):
    """What 19 of 20 frames stay below; there have to be enough for that."""
    assert len(frames) > 30, f"only {len(frames)} frames"
    return frames[int(len(frames) * 0.95)]
