"""The pure parts of the page (formats, colours, tree of spans), run where users run them: in the browser."""

import colorsys
import json

import pytest

# One tree of seven spans: two levels below the root, one failure, two overlapping children.
COLUMNS = """{
  traceID: "0".repeat(31) + "1", rootService: "a", rootName: "root", startTimeUnixNano: "1700000000000000000", durationNano: 1000, errorCount: 1,
  strings: ["a", "b", "root", "child", "leaf", "odd one"], stages: [], events: [], strip: [], warnings: [],
  columns: {
    start: [0, 100, 150, 200, 300, 700, 800], duration: [1000, 400, 50, 100, 300, 200, 100],
    parent: [-1, 0, 1, 1, 0, 0, 5], size: [6, 2, 0, 0, 0, 1, 0], depth: [0, 1, 2, 2, 1, 1, 2],
    service: [0, 0, 1, 1, 0, 1, 1], name: [2, 3, 4, 4, 3, 3, 5], kind: [2, 1, 1, 1, 1, 1, 1], flags: [2, 0, 0, 0, 0, 2, 1],
    spanID: [1, 2, 3, 4, 5, 6, 7].map((id) => String(id).padStart(16, "0")).join(""),
  },
}"""


@pytest.fixture(scope="module")
def evaluate(traces_program, browser):
    """Runs an expression in the page, with the named module as `m`."""
    context = browser.new_context(timezone_id="UTC")
    page = context.new_page()
    page.goto(f"{traces_program.query}/search")
    yield lambda module, expression: page.evaluate(f"async () => {{ const m = await import('/assets/{module}.js'); return {expression}; }}")
    context.close()


def plain(text):
    """Thin spaces as plain ones."""
    return text.replace("\u202f", " ")


@pytest.mark.parametrize("nanoseconds, text", [
    (0, "0"), (1, "1 ns"), (512, "512 ns"), (999, "999 ns"), (1000, "1 µs"), (1950, "1.95 µs"), (33_400, "33.4 µs"), (999_400, "999 µs"), (999_950, "1 ms"),
    (184_000_000, "184 ms"), (999_600_000, "1 s"), (1_240_000_000, "1.24 s"), (59_940_000_000, "59.9 s"), (59_960_000_000, "1 min 00 s"),
    (125_000_000_000, "2 min 05 s"), (3_599_600_000_000, "1 h 00 min"), (3_840_000_000_000, "1 h 04 min"), (-5000, "−5 µs"),
])
def test_durations_have_three_digits_and_carry(evaluate, nanoseconds, text):
    assert plain(evaluate("format", f"m.duration({nanoseconds})")) == text


@pytest.mark.parametrize("text, nanoseconds", [("1.5s", 1_500_000_000), ("200ms", 200_000_000), ("300us", 300_000), ("1m30s", 90_000_000_000), ("10 ms", 10_000_000), ("10", None), ("fast", None), ("", None), ("-1s", None)])
def test_durations_are_read(evaluate, text, nanoseconds):
    assert evaluate("format", f"m.parseDuration('{text}')") == nanoseconds


@pytest.mark.parametrize("start, end, width", [(0, 184e6, 680), (0, 1, 500), (1e9, 1e9 + 50, 900), (0, 4e12, 300), (5e8, 5.0001e8, 1200)])
def test_ticks_are_far_enough_apart_and_step_by_1_2_5(evaluate, start, end, width):
    ticks = [tick["at"] for tick in evaluate("format", f"m.ticks({start}, {end}, {width})")]
    assert all(start - 1e-6 <= at <= end + 1e-6 for at in ticks)
    for before, after in zip(ticks, ticks[1:]):
        assert (after - before) / (end - start) * width >= 79.9
        assert f"{after - before:.0e}"[0] in "125"


@pytest.mark.parametrize("milliseconds", [0.01, 0.3, 1, 7, 50, 800, 3000, 60_000, 3_600_000, 86_400_000, 172_800_000, 2_592_000_000, 80_000_000_000])
@pytest.mark.parametrize("most", [2, 4, 9])
def test_no_two_times_on_the_axis_look_the_same(evaluate, milliseconds, most):
    start = 1_795_240_941_123.4
    ticks = evaluate("scale", f"m.clockTicks({start}, {start + milliseconds}, {most})")
    assert 1 <= len(ticks) <= most + 1
    labels = [tick["label"] for tick in ticks]
    assert len(set(labels)) == len(labels), labels
    assert all(start - 1e-3 <= tick["at"] <= start + milliseconds + 1e-3 for tick in ticks)


def test_the_axis_is_as_fine_as_its_step(evaluate):
    def labels(milliseconds):
        return [tick["label"] for tick in evaluate("scale", f"m.clockTicks(1795240941000, {1795240941000 + milliseconds}, 5)")]
    assert labels(5) == ["06:02:21.000", "06:02:21.001", "06:02:21.002", "06:02:21.003", "06:02:21.004", "06:02:21.005"]
    assert labels(5000)[:2] == ["06:02:21", "06:02:22"]
    assert labels(36_000_000)[:2] == ["08:00", "10:00"]


def test_a_long_message_has_a_headline(evaluate):
    assert evaluate("format", r"m.headline('Traceback (most recent call last):\n  File x\nValueError: no\n')") == "ValueError: no"
    assert evaluate("format", r"m.headline('first\nsecond')") == "first"
    assert evaluate("format", "m.headline('')") == ""


def test_services_get_the_same_colours_everywhere_and_none_twice(evaluate):
    names = [f"service-{index}" for index in range(12)]
    slots = evaluate("color", f"[...m.serviceSlots({names})]")
    assert slots == evaluate("color", f"[...m.serviceSlots({names[::-1]})]")
    assert sorted(slot for _, slot in slots) == list(range(12))
    # Every fourth hue is of one family: few services get hues far apart.
    for count in range(1, 13):
        families = [slot % 4 for _, slot in evaluate("color", f"[...m.serviceSlots({names[:count]})]")]
        assert max(families.count(family) for family in range(4)) - min(families.count(family) for family in range(4)) <= 1
    assert evaluate("color", f"m.serviceSlots({[f's{n}' for n in range(40)]}).size") == 40


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_service_looks_like_a_failure(evaluate, theme):
    """Hues keep off the reds, bars stand out from the ground by 3 : 1 (WCAG 2.2, 1.4.11)."""
    tokens = evaluate("color", f"""(() => {{
      document.documentElement.dataset.theme = "{theme}";
      const style = getComputedStyle(document.documentElement);
      return Object.fromEntries(["bg", "panel", "selection", "hover", "error", ...Array.from({{ length: 12 }}, (_, slot) => `service-${{slot}}`)].map((name) => [name, m.rgb(style.getPropertyValue(`--${{name}}`))]));
    }})()""")
    services = [tokens[f"service-{slot}"] for slot in range(12)]
    assert len({tuple(color) for color in services}) == 12
    for color in services:
        degrees = colorsys.rgb_to_hls(*(part / 255 for part in color))[0] * 360
        assert 35 < degrees < 320, f"{color} reads as red"
        for ground in ("bg", "panel", "selection", "hover"):
            assert contrast(color, tokens[ground]) >= 3, f"{color} on {ground}"
        bar = [0.85 * part + 0.15 * under for part, under in zip(color, tokens["bg"])]
        assert contrast(bar, tokens["bg"]) >= 3


def contrast(one, other):
    """The contrast of two colours as WCAG measures it."""
    def luminance(color):
        return sum(weight * (part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4) for weight, part in zip((0.2126, 0.7152, 0.0722), color))
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def tree(evaluate, expression):
    return evaluate("columns", f"(() => {{ const t = new m.TraceColumns({COLUMNS}); return {expression}; }})()")


def test_folding_hides_what_lies_below(evaluate):
    assert tree(evaluate, "[...t.visible]") == [0, 1, 2, 3, 4, 5, 6]
    assert tree(evaluate, "(t.fold(1, true), [...t.visible])") == [0, 1, 4, 5, 6]
    assert tree(evaluate, "(t.fold(0, true), t.reveal(6), [...t.visible])") == [0, 1, 2, 3, 4, 5, 6]
    assert tree(evaluate, "(t.fold(0, true, true), t.fold(0, false), [...t.visible])") == [0, 1, 4, 5]
    assert tree(evaluate, "(t.showDepth(2), [...t.visible])") == [0, 1, 4, 5]
    assert tree(evaluate, "(t.shiftLevel(false), [...t.visible])") == [0, 1, 4, 5]
    assert tree(evaluate, "(t.shiftLevel(false), t.shiftLevel(false), t.shiftLevel(true), [...t.visible])") == [0, 1, 4, 5]


def test_own_time_counts_overlapping_children_once(evaluate):
    # Children cover 100…600 (two overlap) and 700…900 of 0…1000.
    assert tree(evaluate, "t.selfTime(0)") == 300
    assert tree(evaluate, "t.selfTime(1)") == 250
    assert tree(evaluate, "t.selfTime(6)") == 100


def test_find_and_errors(evaluate):
    assert tree(evaluate, "[...t.find('leaf')]") == [2, 3]
    assert tree(evaluate, "[...t.find('LEAF root')]") == [0, 2, 3]
    assert tree(evaluate, "[...t.find('\"odd one\"')]") == [6]
    assert tree(evaluate, "[...t.find('0000000000000004')]") == [3]
    assert tree(evaluate, "[...t.find('nothing such')]") == []
    assert tree(evaluate, "[t.nextError(0, 1), t.nextError(6, 1), t.nextError(6, -1)]") == [6, 6, 6]
    assert tree(evaluate, "[t.rowOf('0000000000000007'), t.rowOf('00000000000000ff'), t.rowOf('x')]") == [6, -1, -1]
    assert tree(evaluate, "[t.levels, t.services.length, [...t.position], t.siblings[1]]") == [3, 2, [1, 1, 1, 2, 2, 3, 1], 3]


# Where the trace of seven spans went: its pieces in the order of time.
CRITICAL = """{ row: [0, 4, 0, 5, 6, 0], start: [0, 300, 600, 700, 800, 900], duration: [300, 300, 100, 100, 100, 100] }"""


def path(evaluate, expression):
    return evaluate("columns", f"(() => {{ const t = new m.TraceColumns({{ ...{COLUMNS}, critical: {CRITICAL} }}), c = t.critical; return {expression}; }})()")


def test_the_critical_path_shows_on_the_rows_that_hide_it(evaluate):
    assert path(evaluate, "[0, 1, 2, 3, 4, 5, 6].map((row) => c.isOn(row))") == [True, False, False, False, True, True, True]
    assert path(evaluate, "[c.ownTime(0), c.ownTime(1), c.ownTime(5)]") == [500, 0, 100]
    assert path(evaluate, "c.segments(0, false)") == [[0, 300], [600, 700], [900, 1000]]
    # What lies below is folded away: touching pieces are one, and nothing is lost.
    assert path(evaluate, "[c.segments(5, false), c.segments(5, true), c.segments(1, true), c.segments(0, true)]") == [[[700, 800]], [[700, 900]], [], [[0, 1000]]]
    assert evaluate("columns", f"new m.TraceColumns({COLUMNS}).critical.isEmpty") is True


# Two spans without their parents, the first over another one, behind a root.
ORPHANS = """{
  traceID: "0".repeat(31) + "3", startTimeUnixNano: "0", durationNano: 1000, strings: ["a", "root", "lost", "below", "other"], missingSpans: 2,
  problems: [{ kind: "missingParent", spans: 2, text: "2 spans have parents that are not here", rows: [1, 3] }], warnings: ["2 spans have parents that are not here", "another"],
  stages: [{ row: 2, stage: "infer", start: 120, duration: 10 }], events: [{ row: 3, time: 310, exception: false }], critical: { row: [0, 2], start: [0, 120], duration: [100, 10] },
  columns: {
    start: [0, 100, 120, 300], duration: [1000, 50, 10, 20], parent: [-1, -1, 1, -1], size: [0, 1, 0, 0], depth: [0, 0, 1, 0], service: [0, 0, 0, 0], name: [1, 2, 3, 4], kind: [2, 1, 1, 1],
    flags: [0, 16, 0, 16], spanID: [1, 2, 3, 4].map((id) => String(id).padStart(16, "0")).join(""),
  },
}"""


def test_missing_parents_have_a_row(evaluate):
    def orphans(expression):
        return evaluate("columns", f"(() => {{ const t = new m.TraceColumns({ORPHANS}); return {expression}; }})()")

    assert orphans("[t.missingParents, t.count, t.spanCount, [...t.parent], [...t.depth], [...t.size]]") == [1, 5, 4, [-1, -1, 1, 2, 1], [0, 0, 1, 2, 1], [0, 3, 1, 0, 0]]
    assert orphans("[t.start[1], t.durations[1]]") == [100, 220]
    assert orphans("[0, 2, 3, 4].map((row) => t.serverRow(row))") == [0, 1, 2, 3]
    assert orphans("[t.problems[0].rows, t.warnings]") == [[2, 4], ["another"]]
    # Stages, events and the critical path stay with their spans.
    assert orphans("[t.stageFirst[3], t.stageFirst[4], t.eventFirst[4], t.eventFirst[5], t.critical.ownTime(3)]") == [0, 1, 0, 1, 10]
    assert orphans("[t.rowOf('0000000000000004'), t.nameOf(4), [...t.find('lost')], [...t.find('missing')]]") == [4, "other", [2], []]
    assert orphans("(t.fold(1, true), [...t.visible])") == [0, 1]


def test_a_trace_of_many_spans_opens_folded(evaluate):
    """Above 250,000 spans only two levels are open at first; the address can say otherwise."""
    huge = """(() => {
      const count = 250_101, steps = 100, each = 2_500, rows = (make) => Array.from({ length: count }, (_, row) => make(row, row === 0 ? -1 : Math.floor((row - 1) / (each + 1)), row === 0 || (row - 1) % (each + 1) === 0));
      const t = new m.TraceColumns({ traceID: "0".repeat(32), startTimeUnixNano: "0", durationNano: count, strings: ["a", "b", "c"], columns: {
        start: rows((row) => row), duration: rows(() => 1), parent: rows((row, step, isStep) => (row === 0 ? -1 : isStep ? 0 : 1 + step * (each + 1))), size: rows((row, step, isStep) => (row === 0 ? count - 1 : isStep ? each : 0)),
        depth: rows((row, step, isStep) => (row === 0 ? 0 : isStep ? 1 : 2)), service: rows(() => 0), name: rows((row) => row % 3), kind: rows(() => 1), flags: rows(() => 0), spanID: "0".repeat(16 * count) } });
      return t;
    })()"""
    assert evaluate("columns", f"(() => {{ const t = {huge}; const first = t.visible.length; t.showDepth(0); return [t.opensFolded, first, t.visible.length]; }})()") == [True, 101, 250_101]


# A root over six equal leaves (the third failed), another child, and four equal leaves: too few for a group.
REPEATED = """{
  traceID: "0".repeat(31) + "2", startTimeUnixNano: "0", durationNano: 1000, strings: ["a", "root", "get", "other", "put"],
  columns: {
    start: [0, 0, 100, 150, 300, 400, 500, 600, 700, 710, 720, 730], duration: [1000, 50, 60, 10, 50, 50, 50, 50, 5, 5, 5, 5],
    parent: [-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], size: [11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], depth: [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    service: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], name: [1, 2, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4], kind: [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    flags: [2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], spanID: Array.from({ length: 12 }, (_, id) => String(id + 1).padStart(16, "0")).join(""),
  },
}"""


def repeated(evaluate, expression):
    return evaluate("columns", f"(() => {{ const t = new m.TraceColumns({REPEATED}); return {expression}; }})()")


def test_equal_siblings_are_one_row_until_opened(evaluate):
    closed = [0, 1, 7, 8, 9, 10, 11]
    assert repeated(evaluate, "[...t.visible]") == closed
    assert repeated(evaluate, "[...t.groups.length]") == [0, 6] + [0] * 10
    assert repeated(evaluate, "t.groups.facts(1)") == {"count": 6, "sum": 270, "longest": 60, "from": 0, "to": 550, "failed": 1}
    assert repeated(evaluate, "[t.extent(1), t.extent(7)]") == [[0, 550], [600, 650]]
    assert repeated(evaluate, "[t.standIn(4), t.reveal(4), [...t.visible], t.reveal(4)]") == [1, True, list(range(12)), False]
    # The first row stands for the group and is on screen already.
    assert repeated(evaluate, "[t.reveal(1), [...t.visible]]") == [False, closed]


def test_groups_open_last_and_close_first(evaluate):
    assert repeated(evaluate, "(t.shiftLevel(true), t.visible.length)") == 12
    assert repeated(evaluate, "(t.shiftLevel(true), t.shiftLevel(false), t.visible.length)") == 7
    assert repeated(evaluate, "(t.shiftLevel(false), [t.visible.length, (t.shiftLevel(true), t.visible.length), (t.shiftLevel(true), t.visible.length)])") == [1, 7, 12]


def test_density_counts_the_spans_over_each_pixel(evaluate):
    assert evaluate("groups", "m.density([[0, 4], [2, 4], [3, 3], [8, 30]], 10)") == [
        {"from": 0, "to": 2, "share": 1 / 3}, {"from": 2, "to": 3, "share": 2 / 3}, {"from": 3, "to": 4, "share": 1}, {"from": 8, "to": 10, "share": 1 / 3}]
    assert evaluate("groups", "m.density([[-5, -2], [12, 14]], 10)") == [{"from": 0, "to": 1, "share": 1}, {"from": 9, "to": 10, "share": 1}]
    assert evaluate("groups", "m.density([], 10)") == []


# A box of 500 px over a million rows of 42 px, which no browser could place: `go` scrolls as the browser does and tells the first pixel seen.
TALL = """(async () => {
  const box = document.createElement("div"), space = document.createElement("div");
  box.style.cssText = "height: 500px; overflow-y: scroll";
  box.append(space);
  document.body.append(box);
  const scroll = new m.TallScroll(box, space), frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  scroll.resize(HEIGHT);
  const go = async (top) => { box.scrollTop = top; await frame(); return scroll.at; }, rest = () => new Promise((done) => setTimeout(done, 300));
  const told = await (async () => { BODY })();
  box.remove();
  return told;
})()"""


def tall(evaluate, height, body):
    return evaluate("scroll", "await " + TALL.replace("HEIGHT", str(height)).replace("BODY", body))


def test_more_rows_than_a_browser_can_place_are_all_reached(evaluate):
    """The scrollbar spans all rows; small steps move as many pixels as they are; the bar then stands where it belongs."""
    height, end = 42_000_000, 42_000_000 - 500
    assert tall(evaluate, height, "return [space.offsetHeight, await go(1e9)]") == [12_000_000, end]
    assert abs(tall(evaluate, height, "return go(6_000_000)") / end - 0.5) < 0.001
    assert tall(evaluate, height, "let at; for (let step = 1; step <= 20; step++) at = await go(box.scrollTop + 100); return at") == 2_000
    assert tall(evaluate, height, "scroll.to(21_000_000); await frame(); await go(box.scrollTop + 300); await rest(); return [scroll.at, Math.abs(box.scrollTop / (12e6 - 500) - scroll.at / (42e6 - 500)) < 1e-6]") == [21_000_300, True]
    # Small steps at the border go on to the very end.
    assert tall(evaluate, height, f"scroll.to({end} - 900); await frame(); for (let step = 0; step < 12; step++) {{ await go(box.scrollTop + 100); await rest(); }} return scroll.at") == end
    assert tall(evaluate, 24_000, "return [space.offsetHeight, await go(300), (scroll.resize(600), scroll.at)]") == [24_000, 300, 100]
