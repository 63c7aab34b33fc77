"""Debian's Chromium, headless, driven by Playwright."""

from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"

# The colour an element really has on screen, as [red, green, blue], whatever notation the style sheet uses.
_COLOUR = """([element, property]) => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.fillStyle = getComputedStyle(element)[property];
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}"""


@contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched_page(browser, **options):
    """A page that fails the test for any error in its console, any script error and any request that went wrong."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "timezone_id": "UTC", **options})
    context.set_default_timeout(20_000)
    page = context.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("response", lambda response: wrong.append(f"{response.status}: {response.url}") if response.status >= 400 else None)
    try:
        yield page
        assert not wrong, "\n".join(wrong)
    finally:
        context.close()


def screenshot(page, name):
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / f"{name}.png"))


def is_red(element, property="color"):
    """Whether red clearly outweighs green and blue in a colour of the element."""
    red, green, blue, alpha = element.evaluate(f"(element) => ({_COLOUR})([element, '{property}'])")
    return alpha > 0 and red > green + 40 and red > blue + 40


def brightness(element, property):
    red, green, blue, _ = element.evaluate(f"(element) => ({_COLOUR})([element, '{property}'])")
    return (red + green + blue) / 3


def painted(canvas):
    """Number of pixels on a canvas that are not transparent."""
    return canvas.evaluate(
        """(canvas) => {
          const context = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let index = 3; index < data.length; index += 4) if (data[index] > 0) count++;
          return count;
        }"""
    )
