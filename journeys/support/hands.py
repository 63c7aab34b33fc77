"""Hands on the keys only."""

from playwright.sync_api import expect


class Keyboard:
    """Counts the presses, and says where the focus is. A text typed is one step."""

    def __init__(self, page):
        self.page = page
        self.steps = 0

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.steps += 1

    def type(self, text):
        self.page.keyboard.type(text)
        self.steps += 1

    def tab_to(self, target, back=False, most=60):
        """Presses Tab until the target has the focus: it must be reachable, and be seen when it is."""
        for _ in range(most):
            if target.evaluate("(element) => element === document.activeElement"):
                expect(target).to_be_in_viewport()
                # A link that stands for its whole row has its ring round the row.
                rings = target.evaluate("(element) => [null, '::after'].map((part) => getComputedStyle(element, part)).map((style) => [style.outlineStyle, style.outlineWidth, style.boxShadow])")
                assert any(style != "none" and width != "0px" or shadow != "none" for style, width, shadow in rings), "the focus cannot be seen"
                return
            self.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"not reached with {most} presses of Tab: {target}")
