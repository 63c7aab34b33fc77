"""Files of traces are chosen or dropped in the page, and their traces open from there."""

import gzip
import json
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import brightness, is_red, screenshot
from support.program import ROOT

GOLDEN = ROOT.parent / "shared/golden"
captured = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


@pytest.fixture
def tab(browser):
    """A page in which answers may be errors, but no script may."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(60_000)
    tab = context.new_page()
    wrong = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    yield tab
    context.close()
    assert not wrong, "\n".join(wrong)


def document(count=3, name="imported"):
    trace = otlp.trace_id()
    return trace, otlp.to_json(otlp.request(name, [{"trace": trace, "id": otlp.span_id(), "name": f"span {number}"} for number in range(count)]))


def as_file(name, content):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content if isinstance(content, bytes) else content.encode()}


def uploads(tab, state):
    return tab.locator(f'[data-testid="upload"][data-state="{state}"]')


def upload(tab, name):
    return tab.locator(f'[data-testid="upload"][data-name="{name}"]')


def drop(tab, files):
    """Drops files onto the page, as a file manager does."""
    transfer = tab.evaluate_handle(
        """(files) => {
          const transfer = new DataTransfer();
          for (const [name, text] of files) transfer.items.add(new File([text], name));
          return transfer;
        }""",
        files,
    )
    tab.dispatch_event("main", "dragenter", {"dataTransfer": transfer})
    yield
    tab.dispatch_event("main", "dragover", {"dataTransfer": transfer})
    tab.dispatch_event("main", "drop", {"dataTransfer": transfer})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_several_files_and_a_bad_one(traces_program, tab, scheme):
    """Each file tells what became of it; one that cannot be read holds up no other."""
    tab.emulate_media(color_scheme=scheme)
    (first, one), (second, two), (third, three) = document(), document(2), document(4)
    lines = (json.dumps(json.loads(two)) + "\n" + json.dumps(json.loads(three))[:-9] + "\n" + json.dumps(json.loads(three))).encode()
    tab.goto(f"{traces_program.query}/traces")
    tab.get_by_role("button", name="Import…").first.click()
    dialog = tab.get_by_test_id("import")
    expect(dialog).to_be_visible()
    with tab.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="Choose files…").click()
    chooser.value.set_files([as_file("one.json", one), as_file("broken.json", '{"resourceSpans":[{'), as_file("lines.json.gz", gzip.compress(lines)), as_file("notes.txt", "hello")])
    expect(uploads(tab, "done")).to_have_count(2)
    expect(uploads(tab, "failed")).to_have_count(2)
    expect(upload(tab, "one.json")).to_contain_text("OTLP JSON: 3 spans in 1 trace")
    expect(upload(tab, "broken.json").get_by_role("alert")).to_contain_text("malformed OTLP JSON at byte 19")
    expect(upload(tab, "notes.txt").get_by_role("alert")).to_be_visible()
    assert is_red(upload(tab, "broken.json").get_by_role("alert"))
    # What is lost of a file that was taken is told with it.
    expect(upload(tab, "lines.json.gz")).to_contain_text("6 spans in 2 traces")
    expect(upload(tab, "lines.json.gz").get_by_role("alert")).to_contain_text("1 part unreadable: line 2")
    expect(tab.get_by_test_id("import-status")).to_have_text("2 files imported with 9 spans, 2 failed")
    assert (brightness(dialog, "backgroundColor") < 100) == (scheme == "dark")
    screenshot(tab, f"import-{scheme}")
    for trace in (first, second, third):
        assert requests.get(f"{traces_program.query}/api/traces/{trace}", timeout=10).status_code == 200
    upload(tab, "one.json").get_by_test_id("imported-trace").click()
    expect(tab.get_by_test_id("trace-page")).to_have_attribute("data-spans", "3")
    assert tab.url.endswith(f"/trace/{first}")


def test_by_keyboard_alone(traces_program, tab):
    trace, content = document()
    # Listening for one choice alone would begin when the key is pressed, and a busy page takes the key first: Chromium then opens its own dialog.
    tab.on("filechooser", lambda _: None)
    tab.goto(f"{traces_program.query}/traces")
    tab.locator("#import").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Choose files…")).to_be_focused()
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Space")
    chooser.value.set_files([as_file("one.json", content)])
    expect(uploads(tab, "done")).to_have_count(1)
    tab.keyboard.press("Tab")
    expect(tab.get_by_test_id("imported-trace")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.get_by_test_id("import")).to_be_hidden()
    expect(tab.locator("#import")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(upload(tab, "one.json")).to_be_visible()
    tab.get_by_test_id("imported-trace").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_test_id("trace-page")).to_be_visible()
    assert tab.url.endswith(f"/trace/{trace}")


def test_dropped_anywhere(start, tab):
    """On the page of an empty server, whose waiting line then leads to what came; on the list, which then has it; and on a trace's page."""
    program = start("traces")
    (first, one), (second, two), (third, three) = document(), document(5), document(2)
    tab.goto(program.query)
    expect(tab.get_by_test_id("welcome")).to_be_visible()
    step = drop(tab, [["one.json", one]])
    next(step)
    expect(tab.locator("html.dropping")).to_have_count(1)
    next(step, None)
    expect(tab.locator("html.dropping")).to_have_count(0)
    expect(uploads(tab, "done")).to_have_count(1)
    tab.keyboard.press("Escape")
    expect(tab.get_by_test_id("first-trace")).to_have_attribute("href", f"/trace/{first}")
    tab.goto(f"{program.query}/traces")
    rows = tab.get_by_test_id("trace-row")
    expect(rows).to_have_count(1)
    for _ in drop(tab, [["three.json", three]]):
        pass
    expect(upload(tab, "three.json")).to_have_attribute("data-state", "done")
    tab.keyboard.press("Escape")
    expect(rows).to_have_count(2)
    expect(tab.locator(f'[data-testid="trace-row"][data-trace-id="{third}"]')).to_be_visible()
    tab.goto(f"{program.query}/trace/{first}")
    expect(tab.get_by_test_id("trace-page")).to_be_visible()
    for _ in drop(tab, [["two.json", two]]):
        pass
    expect(upload(tab, "two.json")).to_have_attribute("data-state", "done")
    upload(tab, "two.json").get_by_test_id("imported-trace").click()
    expect(tab.get_by_test_id("trace-page")).to_have_attribute("data-spans", "5")
    assert tab.url.endswith(f"/trace/{second}")


def test_what_is_downloaded_can_be_imported(start, traces_program, tab, tmp_path):
    """The file of the found traces, chosen in the page of another server, shows the same traces there."""
    source, target = traces_program, start("traces")
    name = f"service {otlp.trace_id()}"
    sent = [document(number, name) for number in (2, 3)]
    for _, content in sent:
        assert requests.post(source.otlp, data=content, headers={"Content-Type": otlp.JSON}, timeout=30).status_code == 200
    tab.goto(f"{source.query}/traces?q=" + quote(f'service:"{name}"'))
    expect(tab.get_by_test_id("trace-row")).to_have_count(2)
    with tab.expect_download() as download:
        tab.get_by_test_id("download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    tab.goto(target.query)
    tab.locator("#import").click()
    tab.get_by_test_id("import-input").set_input_files(path)
    expect(uploads(tab, "done")).to_contain_text("5 spans in 2 traces")
    for trace, _ in sent:
        one, other = (requests.get(f"{program.query}/api/ui/trace/{trace}/export", timeout=10).content for program in (source, target))
        assert one == other


def test_stopped_and_refused(traces_program, tab):
    """A server that does not answer is waited for until the user stops it; files behind it are told too. A busy server is asked again."""
    _, content = document()
    answers = []

    def answer(route):
        answers.append(route.request.method)
        if len(answers) == 1:
            route.fulfill(status=429, json={"errors": [{"code": 429, "msg": "another file is being imported"}]})
        elif len(answers) == 2:
            route.continue_()
        # The third is left without an answer.

    tab.route("**/api/ui/import*", answer)
    tab.goto(f"{traces_program.query}/traces")
    tab.locator("#import").click()
    tab.get_by_test_id("import-input").set_input_files([as_file("busy.json", content), as_file("stuck.json", content), as_file("behind.json", content)])
    expect(upload(tab, "busy.json")).to_have_attribute("data-state", "done")
    expect(upload(tab, "stuck.json")).to_have_attribute("data-state", "sending")
    expect(upload(tab, "stuck.json").locator("progress")).to_be_visible()
    expect(upload(tab, "behind.json")).to_have_attribute("data-state", "waiting")
    tab.get_by_role("button", name="Stop").click()
    expect(upload(tab, "stuck.json")).to_contain_text("Stopped.")
    expect(upload(tab, "behind.json")).to_contain_text("Stopped before it was sent.")
    expect(tab.get_by_test_id("import-status")).to_have_text("1 file imported with 3 spans, 2 failed")
    assert answers == ["POST"] * 3


@captured
def test_captured_files(traces_program, tab):
    """Real Triton's trace files and requests, all at once."""
    paths = sorted(GOLDEN.glob("triton/triton_mode/*.json*")) + sorted(GOLDEN.glob("triton/otel_bare/*/*.json"))[:10] + sorted(GOLDEN.glob("triton/otel_pytriton/*/*.pb"))[:10]
    files = [as_file(f"{number}-{path.name}", path.read_bytes()) for number, path in enumerate(paths)]
    tab.goto(f"{traces_program.query}/traces")
    tab.locator("#import").click()
    tab.get_by_test_id("import-input").set_input_files(files + [as_file("bad.json", b"\x1f\x8b\x08garbage")])
    expect(uploads(tab, "done")).to_have_count(len(files))
    expect(upload(tab, "bad.json").get_by_role("alert")).to_contain_text("cannot be decompressed")
    expect(tab.get_by_test_id("import")).to_contain_text("Trace file of Triton")
    links = tab.get_by_test_id("imported-trace")
    assert links.count() >= len(files)
    links.first.click()
    expect(tab.get_by_test_id("trace-page")).to_be_visible()
