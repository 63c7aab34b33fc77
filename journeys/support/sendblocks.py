"""The blocks of the page that say how to send data here: what is copied from them, and what came of it."""

from playwright.sync_api import expect


def copied_block(page, query, title):
    """The commands that the Copy button of a block on the page gives."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{query}/help")
    page.locator(f'[data-testid="send-block"][data-title="{title}"]').get_by_role("button", name="Copy").click()
    expect(page.locator("#toast")).to_contain_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def shows_on_the_page(page, query, trace):
    """The page of the trace shows each of its spans."""
    page.goto(f"{query}/trace/{trace.id}")
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", str(len(trace.spans)))
    for name in set(trace.names):
        expect(page.locator(f'[data-testid="span-row"][data-name="{name}"]').first).to_be_visible()
