"""Errors: what fails, since when, for whom; truth is what was planted in the sample, and own failures."""

import re
import time

import pytest
from playwright.sync_api import expect

from support import otlp, studio
from support.browser import watched_page
from support.steady import inference, send


def rows(page):
    """The listed groups, as texts by column."""
    table = page.get_by_test_id("error-groups")
    heads = table.locator("thead th").all_text_contents()
    return [dict(zip((re.sub(r" [↓↑]", "", head) for head in heads), cells)) for cells in table.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))")]


def test_groups_are_the_planted_failures(sample, page):
    """Each planted kind of failure is a group with its template, model, stage and share of the requests; the stored ones add up to what was planted."""
    sample.open(page, "/errors")
    listed = rows(page)
    answer = sample.ask("errors")["groups"]
    assert [row["message"] for row in listed] == [group["template"] for group in sorted(answer, key=lambda group: -group["count"])]
    by_kind = {kind: sum(group["samples"] for group in answer if kind.lower() in (group["template"] + group.get("waiting", "")).lower()) for kind in ("queue timeout", "CUDA out of memory")}
    assert by_kind == {kind: sample.truth["failures"][kind] for kind in by_kind}
    timeouts = [row for row in listed if row["message"] == "queue timeout"]
    assert {row["stage"] for row in timeouts} == {"queue"} and all("bert_reranker" in row["model"] and "v3" in row["model"] and "v4" in row["model"] for row in timeouts)
    # Their service keeps one of ten: the count is an estimate with a margin.
    assert all(row["count"].startswith("≈") and "±" in row["count"] for row in timeouts)
    memory = [row for row in listed if row["message"].startswith("CUDA out of memory")]
    assert memory and all("<n>" in row["message"] and row["stage"] == "infer" and "≈" not in row["count"] for row in memory)
    assert all(re.fullmatch(r"(< )?[\d.]+ %", row["of requests"]) for row in listed)
    expect(page.get_by_test_id("error-groups").locator("svg.spark")).to_have_count(len(listed))


def test_a_group_leads_to_its_errors(sample, page):
    """A group opens with examples that lead to the failed span, a link to exactly its traces, and what its failing requests have in common."""
    sample.open(page, "/errors")
    group = max(sample.ask("errors")["groups"], key=lambda group: group["samples"])
    page.locator(f"[data-group='{group['group']}'] a").first.click()
    page.wait_for_url("**/errors/*")
    studio.ready(page)
    examples = page.get_by_test_id("example")
    expect(examples).to_have_count(5)
    for example, known in zip(examples.all(), group["examples"]):
        assert example.get_attribute("href") == f"/trace/{known['traceID']}?span={known['spanID']}"
    expect(page.get_by_test_id("attributes")).to_be_visible()
    expect(page.get_by_test_id("why-panel")).to_contain_text(f"failing: {group['samples']} traces")
    expect(page.get_by_test_id("contributions").locator("tr[data-stage=queue]")).to_contain_text("+")
    # That they failed explains nothing.
    assert not [key for key in page.get_by_test_id("ranking").locator("li").evaluate_all("(items) => items.map((item) => item.dataset.key)") if key.split(".")[-1] in ("status", "status_code")]
    href = page.get_by_test_id("group-traces").get_attribute("href")
    query = page.evaluate("(href) => new URL(href, location.href).searchParams.get('q')", href)
    found = sample.ask("search", q=query, rows=200)
    assert found["matched"] == group["samples"]
    assert {example["traceID"] for example in group["examples"]} <= {row["traceID"] for row in found["rows"]}
    page.get_by_test_id("error-times").get_by_role("button", name="Table").click()
    cells = page.get_by_test_id("error-times").locator("tbody td.number").all_text_contents()
    assert sum(int(cell) for cell in cells) == group["samples"]


def test_a_known_error_is_not_listed(sample, browser):
    """Marked as known until a time, a group leaves the list, also after a reload, and only in this browser; a button shows it again."""
    with watched_page(browser) as page:
        sample.open(page, "/errors")
        before = len(rows(page))
        link = page.get_by_test_id("error-groups").locator("tbody a").first
        group = link.get_attribute("href").split("?")[0]
        link.click()
        page.wait_for_url("**/errors/*")
        studio.ready(page)
        page.get_by_test_id("known").select_option("7d")
        page.get_by_role("link", name="all errors").click()
        page.wait_for_url("**/errors?*")
        studio.ready(page)
        assert len(rows(page)) == before - 1
        page.reload()
        studio.ready(page)
        assert len(rows(page)) == before - 1
        page.get_by_test_id("known-toggle").click()
        expect(page.get_by_test_id("error-groups").locator("tbody tr")).to_have_count(before)
        expect(page.locator("tr.known")).to_contain_text("known until")
        page.goto(sample.url(group))
        studio.ready(page)
        page.get_by_test_id("known").select_option("")
        sample.open(page, "/errors")
        assert len(rows(page)) == before
    with watched_page(browser) as other:
        sample.open(other, "/errors")
        assert len(rows(other)) == before


WAITING = {"queue timeout": "Request timeout expired", "queue full": "Exceeds maximum queue size", "cancelled by client": "request was cancelled by client"}


def test_errors_of_waiting_have_their_own_names(start, page):
    """Timeouts and full queues, clients that leave, and gateways that shed have names of their own; a message is shown as text whatever is in it."""
    program = start("traces")
    now = time.time_ns() - 5_000_000_000
    spans = [span for message in WAITING.values() for span in inference(now, error=message)] + inference(now, error="<img src=x onerror=alert(1)> at 77") + inference(now)
    shed = {"trace": otlp.trace_id(), "id": otlp.span_id(), "name": "ingress", "kind": 2, "start": now, "error": "overflow", "attributes": {"response_flags": "UO"}}
    send(program.otlp, ("triton", spans), ("envoy", [shed]))
    page.goto(f"{program.query}/errors")
    studio.ready(page)
    listed = rows(page)
    assert {row["type"] for row in listed} == {*WAITING, "shed by gateway", "–"}
    assert [row["message"] for row in listed if row["type"] == "–"] == ["<img src=x onerror=alert(<n>)> at <n>"]
    # Of five requests to the model, each of its errors hit one.
    assert {row["of requests"] for row in listed if row["model"] != "–"} == {"20 %"}


def test_the_filter_chooses_errors(sample, page):
    """The filter chooses whose errors are listed; one that cannot be read is underlined and the list stays; a filter without errors says so."""
    sample.open(page, "/errors")
    page.get_by_test_id("filter").fill("service:triton-a")
    page.get_by_test_id("filter").press("Enter")
    expected = sorted(group["group"] for group in sample.ask("errors", q="service:triton-a")["groups"])
    expect(page.get_by_test_id("error-groups").locator("tbody tr")).to_have_count(len(expected), timeout=studio.PATIENCE)
    assert sorted(page.get_by_test_id("error-groups").locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.dataset.group)")) == expected
    page.get_by_test_id("filter").fill("model:nothing_like_it")
    page.get_by_test_id("filter").press("Enter")
    expect(page.get_by_test_id("nothing")).to_contain_text("Nothing that matches the filter failed", timeout=studio.PATIENCE)


@pytest.mark.parametrize("path", ["/errors", "/errors/0000000000000001"])
def test_nothing_failed(start, page, path):
    """Without errors the page says so."""
    program = start("traces")
    send(program.otlp, ("triton", inference(time.time_ns() - 1_000_000_000)))
    page.goto(f"{program.query}{path}")
    studio.ready(page)
    expect(page.get_by_test_id("nothing")).to_contain_text("in this time")
