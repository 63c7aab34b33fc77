"""The map: which hop adds the time, seen in a browser; truth is what the API says of the sample, and own spans."""

import random
import time

import pytest
from playwright.sync_api import expect

from support import otlp, studio
from support.steady import send
from support.studio import rate, shown
from support.waiting import wait_until

MILLISECOND = 1_000_000


def call(caller, callee, client, server, peer=None):
    """The spans of one call, by service: the caller's own, its client span, and the callee's server span."""
    trace, root, out, into = otlp.trace_id(), otlp.span_id(), otlp.span_id(), otlp.span_id()
    start = time.time_ns() - 2_000 * MILLISECOND
    spans = {caller: [
        {"trace": trace, "id": root, "name": f"{caller} handles", "kind": 2, "start": start, "duration": client + 2 * MILLISECOND},
        {"trace": trace, "id": out, "parent": root, "name": f"call {callee}", "kind": 3, "start": start + MILLISECOND, "duration": client, "attributes": {"peer.service": peer} if peer else {}},
    ]}
    if server is not None:
        spans.setdefault(callee, []).append({"trace": trace, "id": into, "parent": out, "name": "serve", "kind": 2, "start": start + MILLISECOND, "duration": server})
    return spans


@pytest.fixture
def filled(start):
    """A server of its own, filled with calls."""
    program = start("traces")

    def fill(calls):
        send(program.otlp, *(group for spans in calls for group in spans.items()))
        return program

    return fill


def open_map(page, program, **parameters):
    page.goto(f"{program.query}/map" + ("?" + "&".join(f"{key}={value}" for key, value in parameters.items()) if parameters else ""))
    studio.ready(page)


def rows_of_twin(page):
    page.get_by_test_id("map").get_by_role("button", name="Table").click()
    return page.get_by_test_id("map").locator("tbody tr").evaluate_all("(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))")


def test_each_hop_says_what_the_api_says(sample, page):
    """Every hop of the API's answer is drawn with its p50, p95, rate, errors and network time; the table has the same hops with the same figures."""
    answer = sample.ask("map")
    sample.open(page, "/map")
    drawn = {(edge.get_attribute("data-caller"), edge.get_attribute("data-callee")): edge for edge in page.get_by_test_id("map-edge").all()}
    assert set(drawn) == {(edge["caller"], edge["callee"]) for edge in answer["edges"]}
    for edge in answer["edges"]:
        text = drawn[edge["caller"], edge["callee"]].locator("text").all_text_contents()
        times = edge.get("client") or edge["server"]
        assert text[0] == f"{shown(times['p50'])} / {shown(times['p95'])}", edge
        assert text[1].split(" · ")[0] == rate(edge["rate"]) and ("err" in text[1]) == (edge["errors"] > 0), edge
        assert (len(text) > 2) == ("network" in edge)
        if "network" in edge:
            assert text[2].startswith(f"net {shown(edge['network']['p50'])} / {shown(edge['network']['p95'])}"), edge
    for node in answer["nodes"]:
        box = page.locator(f"[data-testid=map-node][data-name='{node['name']}']")
        for model in node["models"]:
            expect(box).to_contain_text(model["name"][:12])
    rows = rows_of_twin(page)
    assert len(rows) == len(answer["edges"])
    for row, edge in zip(rows, answer["edges"]):
        sketch = [shown((edge.get(side) or {}).get(key)) for side in ("client", "server", "network") for key in ("p50", "p95")]
        assert [row[0], row[1].replace(" (inferred)", ""), row[2], row[3], row[4], *row[5:11]] == [edge["caller"], edge["callee"], str(round(edge["count"])), rate(edge["rate"]), str(round(edge["errors"])), *sketch]


def test_the_network_is_the_client_minus_the_server(filled, page):
    """Of each call the hop's network time is what the client saw minus what the server took; a server that took longer than its client is set to 0 and marked."""
    program = filled([call("web", "api", 100 * MILLISECOND, 60 * MILLISECOND), call("web", "clock", 100 * MILLISECOND, 120 * MILLISECOND)])
    open_map(page, program)
    edge = page.locator("[data-testid=map-edge][data-callee=api]")
    expect(edge).to_contain_text("net 40\u202fms")
    expect(page.locator("[data-testid=map-edge][data-callee=clock]")).to_contain_text("net 0 / 0 *")
    expect(edge.get_by_test_id("map-edge-link")).to_have_attribute("aria-label", "web to api: 1 call; client p50 100\u202fms, p95 100\u202fms; server p50 60\u202fms, p95 60\u202fms; network and marshalling p50 40\u202fms, p95 40\u202fms; 49 % of the end-to-end time")
    rows = {row[1]: row for row in rows_of_twin(page)}
    assert rows["api"][9] == "40\u202fms" and rows["clock"][9:] == ["0", "0", "1"]


def test_a_service_that_sent_no_spans_is_dashed(filled, page):
    """A client span without a server span makes a dashed box by the name of its peer, and a dashed line to it; others are drawn through."""
    program = filled([call("web", "api", 100 * MILLISECOND, 60 * MILLISECOND), call("web", "store", 10 * MILLISECOND, None, peer="store-db")])
    open_map(page, program)
    dashed = "(element) => getComputedStyle(element).strokeDasharray"
    for name, is_dashed in (("store-db", True), ("api", False)):
        assert (page.locator(f"[data-name={name}] .node-box").evaluate(dashed) != "none") == is_dashed
        assert (page.locator(f"[data-callee={name}] .edge-line").evaluate(dashed) != "none") == is_dashed
    assert [row[1] for row in rows_of_twin(page)] == ["api", "store-db (inferred)"]


def overlaps(page):
    """Pairs of boxes and labels that meet on the picture."""
    return page.get_by_test_id("map").evaluate(
        """(map) => {
          const boxes = [...map.querySelectorAll(".node-box, .edge-label")].map((element) => ({ r: element.getBoundingClientRect(), name: element.parentElement.textContent }));
          const found = [];
          boxes.forEach((a, i) => boxes.slice(0, i).forEach((b) => { if (a.r.left < b.r.right - 1 && b.r.left < a.r.right - 1 && a.r.top < b.r.bottom - 1 && b.r.top < a.r.bottom - 1) found.push([a.name, b.name]); }));
          return found;
        }"""
    )


def web_of_services(count, seed):
    """Calls between many services, some in circles, one to itself."""
    choose = random.Random(seed)
    calls = [call(f"s{number:02}", f"s{target:02}", (200 - number) * MILLISECOND, (150 - number) * MILLISECOND)
             for number in range(count) for target in {choose.randrange(count), min(number + 1 + choose.randrange(4), count - 1)} if number != target]
    return calls + [call("s00", "s00", 9 * MILLISECOND, 8 * MILLISECOND)]


@pytest.mark.parametrize("count", [12, 50, 75])
def test_no_label_meets_another(filled, page, count):
    """Boxes and labels never meet, also with circles, self calls and many services; above sixty, forty are drawn, the number of others is told, and the table has all."""
    program = filled(web_of_services(count, seed=count))
    open_map(page, program)
    names = page.get_by_test_id("map-node")
    expect(names).to_have_count(count if count <= 60 else 40)
    assert overlaps(page) == []
    if count > 60:
        expect(page.get_by_test_id("map-more")).to_contain_text(f"+{count - 40} more")
    whole = {(edge["caller"], edge["callee"]) for edge in page.request.get(f"{program.query}/api/ui/map").json()["edges"]}
    page.get_by_test_id("map").get_by_role("button", name="Table").click()
    more = page.get_by_test_id("map").get_by_role("button", name="Show")
    while more.count():
        more.click()
    rows = page.get_by_test_id("map").locator("tbody tr").evaluate_all("(rows) => rows.map((row) => [row.cells[0].textContent, row.cells[1].textContent])")
    assert {tuple(row) for row in rows} == whole and len(rows) == len(whole)


def test_the_sample_has_no_meeting_labels(sample, page):
    """The labels of the sample's map do not meet."""
    sample.open(page, "/map")
    expect(page.get_by_test_id("map-node").first).to_be_visible()
    assert overlaps(page) == []


def test_hops_below_a_share_fade(sample, page):
    """The slider fades what takes less of the end-to-end time, and only that; it stands in the address."""
    sample.open(page, "/map")
    page.get_by_test_id("map-share").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert "share=20" in page.url
    for edge in page.get_by_test_id("map-edge").all():
        assert ("faded" in edge.get_attribute("class").split()) == (float(edge.get_attribute("data-share")) < 0.2)
    faded = page.locator("[data-testid=map-edge].faded").count()
    assert 0 < faded < page.get_by_test_id("map-edge").count()
    page.reload()
    studio.ready(page)
    expect(page.locator("[data-testid=map-edge].faded")).to_have_count(faded)


def test_the_neighbours_of_a_service_stand_out(sample, page):
    """Under the pointer as well as by keyboard focus, a service stands out with those it calls and those that call it."""
    sample.open(page, "/map")
    near = lambda: sorted(page.locator("[data-testid=map-node].near").evaluate_all("(nodes) => nodes.map((node) => node.dataset.name)"))
    page.locator("[data-name=rank-formatter]").hover()
    assert near() == ["edge-gateway", "rank-formatter", "redis"]
    page.mouse.move(0, 0)
    wait_until(lambda: near() == [], what="nothing stands out")
    page.locator("[data-name=feature-store]").get_by_test_id("map-node-link").focus()
    assert near() == ["edge-gateway", "feature-store", "redis"]


def test_clicks_on_a_service(sample, page):
    """One click searches the traces of the service; a double click makes it the root of the map, in the address, and Back undoes it; so does the button in the box."""
    sample.open(page, "/map")
    count = page.get_by_test_id("map-node").count()
    page.locator("[data-name=feature-store]").get_by_test_id("map-node-link").dblclick(position={"x": 40, "y": 12})
    expect(page.get_by_test_id("map-node")).to_have_count(2)
    assert "root=feature-store" in page.url and "/map" in page.url
    page.go_back()
    expect(page.get_by_test_id("map-node")).to_have_count(count)
    page.locator("[data-name=search-api]").get_by_test_id("map-reroot").press("Enter")
    studio.ready(page)
    expect(page.get_by_test_id("map-node")).to_have_count(3)
    page.get_by_test_id("map-all").click()
    studio.ready(page)
    expect(page.get_by_test_id("map-node")).to_have_count(count)
    page.locator("[data-name=vllm]").get_by_test_id("map-node-link").click(position={"x": 40, "y": 12})
    page.wait_for_url("**/traces?*")
    assert "q=service%3Avllm" in page.url


def test_a_hop_leads_to_its_traces(sample, page):
    """The label of each hop leads to traces in which it happened, also of one that is inferred."""
    sample.open(page, "/map")
    for caller, callee in (("edge-gateway", "vllm"), ("feature-store", "redis")):
        href = page.locator(f"[data-caller={caller}][data-callee={callee}]").get_by_test_id("map-edge-link").get_attribute("href")
        query = page.evaluate("(href) => new URL(href, location.href).searchParams.get('q')", href)
        found = sample.ask("search", q=query, rows=3)["rows"]
        assert found, query
        for row in found:
            names = {(edge["caller"], edge["callee"]) for edge in page.request.get(f"{sample.query}/api/ui/trace/{row['traceID']}/map").json()["edges"]}
            assert (caller, callee) in names


def test_the_map_of_one_trace(sample, page):
    """One trace has a map of its own: its hops with their times, without rates."""
    trace = sample.truth["stall"]["traceID"]
    sample.open(page, "/map", trace=trace)
    answer = page.request.get(f"{sample.query}/api/ui/trace/{trace}/map").json()
    expect(page.get_by_test_id("map-edge")).to_have_count(len(answer["edges"]))
    expect(page.get_by_test_id("map-note")).to_contain_text(trace[:16])
    for edge in page.get_by_test_id("map-edge").all():
        assert not any(text.endswith(("/s", "/min", "/h")) for text in edge.locator("text").all_text_contents())


def test_a_filter_makes_a_map_of_what_it_finds(sample, page):
    """The map follows the filter, and one that cannot be read is underlined while the last map stays."""
    sample.open(page, "/map", q="model:llama*")
    expect(page.locator("[data-name=vllm]")).to_be_visible()
    expect(page.locator("[data-name=triton-a]")).to_have_count(0)
