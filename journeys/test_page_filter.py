"""The filter of the traces page: completion, slips, facets. What it finds is compared with the traces themselves, read one by one without a filter."""

import re

from playwright.sync_api import expect

from support.browser import screenshot
from support.searchpage import MS, all_ids, found, ids, number, run
from support.studio import PATIENCE, ready


def test_completion_offers_real_names_and_values_with_their_counts(sample, page, everything):
    """Keys and values are those that the traces have, each with the requests that its traces stand for; Enter runs, the address changes, and it shows the same list to another reader."""
    sample.open(page, "/traces")
    box, options = page.get_by_test_id("filter"), page.locator(".filter-option")
    box.press_sequentially("mod")
    expect(options.first).to_contain_text("model", timeout=PATIENCE)
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("model:")
    weights = {}
    for row in everything:
        if row.get("model"):
            weights[row["model"]] = weights.get(row["model"], 0) + row["weight"]
    expect(options).to_have_count(len(weights), timeout=PATIENCE)
    shown = [(option.locator(".filter-text").inner_text(), number(option.locator(".filter-count").inner_text())) for option in options.all()]
    assert shown == sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    box.press_sequentially("be")
    expect(options).to_have_count(1, timeout=PATIENCE)
    expect(options).to_contain_text("bert_reranker")
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("model:bert_reranker ")
    box.press("Enter")
    expect(page).to_have_url(re.compile("q=model%3Abert_reranker"))
    ready(page)
    assert found(page) == sum(row.get("model") == "bert_reranker" for row in everything)
    first = ids(page)
    assert first
    with page.context.expect_page() as other:
        page.evaluate("window.open(location.href)")
    ready(other.value)
    expect(other.value.get_by_test_id("trace-row")).to_have_count(len(first), timeout=PATIENCE)
    assert ids(other.value) == first


def test_a_filter_finds_exactly_the_traces_it_means(sample, page, everything):
    """Each term is checked against the traces' own facts, and the number of requests that sampled traces stand for is told as an estimate."""
    sample.open(page, "/traces", q="model:bert_reranker queue>20ms status:error")
    wanted = [row for row in everything if row.get("model") == "bert_reranker" and row["stages"].get("queue", 0) > 20 * MS and row["errorCount"] > 0]
    assert wanted
    assert sorted(all_ids(page)) == sorted(row["traceID"] for row in wanted)
    assert found(page) == len(wanted)
    assert {row["weight"] for row in wanted} == {sample.truth["sampled"]["weight"]}
    expect(page.get_by_test_id("result-weight")).to_contain_text(f"≈ ×{sample.truth['sampled']['weight']}")
    assert number(page.get_by_test_id("result-weight").inner_text().split("requests")[0]) == sum(row["weight"] for row in wanted)
    screenshot(page, "traces-filter")
    run(page, "status:error")
    assert found(page) == sum(sample.truth["failures"].values()) == sum(row["errorCount"] > 0 for row in everything)
    run(page, "-model:bert_* duration>=1s")
    assert sorted(all_ids(page)) == sorted(row["traceID"] for row in everything if not row.get("model", "").startswith("bert_") and row["durationNano"] >= 1000 * MS)
    expect(page.get_by_test_id("result-weight")).to_have_text("")


def test_a_slip_is_underlined_where_it_is_with_what_was_meant(sample, unwatched):
    """What cannot be read and what nothing has is marked in place, the last good result stays, and one click mends it."""
    page = unwatched
    sample.open(page, "/traces", q="model:bert_reranker")
    before, total = ids(page), found(page)
    wrong, suggestion, problem = page.get_by_test_id("filter-wrong"), page.get_by_test_id("suggestion"), page.get_by_test_id("filter-problem")
    for text, marked, meant in [
        ("modle:bert_reranker", "modle", "model:bert_reranker"), ("model:bert_rernaker", "bert_rernaker", "model:bert_reranker"), ("model:bert_reranker status:eror", "status:eror", "status:error"),
        ("queue>20msec", "queue>20msec", "queue>20ms"), ("-hots:gpu-07", "hots", "-host:gpu-07"),
    ]:
        run(page, text)
        expect(wrong).to_have_text(marked)
        expect(suggestion).to_have_text(meant)
        if not text.startswith("-"):
            expect(problem).to_contain_text("Below is what “model:bert_reranker” found")
            assert ids(page) == before and found(page) == total
        # The mark lies under the word, letter by letter.
        assert wrong.evaluate("""(mark) => {
          const input = document.querySelector(".filter-input"), style = getComputedStyle(input), context = document.createElement("canvas").getContext("2d");
          context.font = style.font;
          const at = input.value.indexOf(mark.textContent), left = input.getBoundingClientRect().left + parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft) + context.measureText(input.value.slice(0, at)).width;
          const box = mark.getBoundingClientRect();
          return Math.abs(box.left - left) + Math.abs(box.width - context.measureText(mark.textContent).width);
        }""") < 3
        if not text.startswith("-"):
            run(page, "model:bert_reranker")
    run(page, "queue>20msec")
    suggestion.click()
    expect(page).to_have_url(re.compile("q=queue%3E20ms($|&)"))
    ready(page)
    expect(wrong).to_have_count(0)
    expect(problem).to_have_text("")
    assert found(page) > 0


def test_nothing_found_says_why(sample, page, everything):
    """An empty result tells how many traces there are without the filter and which term keeps them out; a click takes that one away."""
    sample.open(page, "/traces", q="model:bert_reranker queue>90s")
    empty = page.get_by_test_id("no-results")
    expect(empty).to_contain_text(re.compile(rf"{len(everything) // 1000}\W?{len(everything) % 1000:03} traces without the filter"))
    rerankers = sum(row.get("model") == "bert_reranker" for row in everything)
    expect(empty).to_contain_text(re.compile(rf"queue>90s alone matches 0, without it {rerankers // 1000}\W?{rerankers % 1000:03}"))
    expect(page.get_by_test_id("trace-table")).to_be_hidden()
    screenshot(page, "traces-nothing")
    page.get_by_test_id("term").filter(has_text="queue>90s").click()
    ready(page)
    expect(page.get_by_test_id("filter")).to_have_value("model:bert_reranker")
    assert found(page) == rerankers
    page.go_back()
    ready(page)
    # Two terms that have traces each, but none together.
    run(page, "model:llama-3.1-70b-instruct status:error")
    if not any(row.get("model") == "llama-3.1-70b-instruct" and row["errorCount"] for row in everything):
        llama = sum(row.get("model") == "llama-3.1-70b-instruct" for row in everything)
        failed = sum(row["errorCount"] > 0 for row in everything)
        expect(page.get_by_test_id("term").filter(has_text="status:error")).to_contain_text(f"alone matches {failed}, without it {llama}")


def test_traceql_is_a_filter_too(sample, page, everything):
    """What begins with a brace is TraceQL; what is wrong in it is pointed at."""
    sample.open(page, "/traces", q="{ status = error }")
    assert sorted(all_ids(page)) == sorted(row["traceID"] for row in everything if row["errorCount"] > 0)
    # What a click cannot narrow down says so.
    expect(page.locator(".facet-value").first).to_be_disabled(timeout=PATIENCE)


def test_a_filter_that_cannot_be_read_says_where(sample, unwatched):
    sample.open(unwatched, "/traces")
    run(unwatched, "{ status = }")
    expect(unwatched.get_by_test_id("filter-problem")).to_contain_text("col 12")
    expect(unwatched.get_by_test_id("filter-wrong")).to_have_text("}")
    assert ids(unwatched)
    run(unwatched, "duration>fast")
    expect(unwatched.get_by_test_id("filter-wrong")).to_have_text("duration>fast")
    expect(unwatched.get_by_test_id("filter")).to_have_attribute("aria-invalid", "")


def test_traceql_is_completed_inside_braces(sample, page, everything):
    """Within braces the box offers fields, attributes with their scope and values, each with how many traces have it; what is chosen by the keyboard makes a query that runs and finds them."""
    sample.open(page, "/traces")
    box, options = page.get_by_test_id("filter"), page.locator(".filter-option")

    def take(text):
        """Goes down to the offer and takes it."""
        offer = options.filter(has=page.locator(".filter-text", has_text=re.compile(f"^{re.escape(text)}$")))
        expect(offer).to_be_visible(timeout=PATIENCE)
        while offer.get_attribute("aria-selected") != "true":
            box.press("ArrowDown")
        box.press("Enter")

    box.press_sequentially("{ ")
    expect(options.filter(has_text="rootServiceName")).to_be_visible(timeout=PATIENCE)
    expect(options.first).to_contain_text("name")
    box.press_sequentially("model_n")
    expect(options.filter(has_text="span.triton.model_name").locator(".filter-count")).to_be_visible(timeout=PATIENCE)
    take("span.triton.model_name")
    expect(box).to_have_value("{ span.triton.model_name ")
    take("=")
    expect(options.filter(has_text="rank_ensemble").locator(".filter-count")).to_be_visible(timeout=PATIENCE)
    box.press_sequentially('"rank_e')
    expect(options).to_have_count(1, timeout=PATIENCE)
    counted = number(options.locator(".filter-count").inner_text())
    assert counted == round(sum(row["weight"] for row in everything if row.get("model") == "rank_ensemble"))
    take("rank_ensemble")
    expect(box).to_have_value('{ span.triton.model_name = "rank_ensemble" ')
    take("&&")
    box.press_sequentially("resource.ho")
    take("host.name")
    take("=")
    box.press_sequentially('"gpu-07')
    expect(options).to_have_count(1, timeout=PATIENCE)
    take("gpu-07")
    take("}")
    expect(box).to_have_value('{ span.triton.model_name = "rank_ensemble" && resource.host.name = "gpu-07" } ')
    expect(page.locator(".filter-list")).to_be_hidden()
    box.press("Enter")
    expect(page).to_have_url(re.compile("q=%7B"))
    expected = sample.ask("search", q='{ span.triton.model_name = "rank_ensemble" && resource.host.name = "gpu-07" }')["matched"]
    assert found(page) == expected > 0


def test_traceql_is_completed_without_scope_and_quotes(sample, page):
    """A name with dots but no scope and a value without quotes are completed, too; what is put in makes a query that runs and finds what it says."""
    sample.open(page, "/traces")
    box, options = page.get_by_test_id("filter"), page.locator(".filter-option")
    for typed, value, whole in (
        ("{ triton.model_na", "span.triton.model_name", "{ span.triton.model_name "), ("{ .triton.model_na", "triton.model_name", "{ .triton.model_name "),
        ("{ span.triton.model_name = rank_e", "rank_ensemble", '{ span.triton.model_name = "rank_ensemble" '), ("{ triton.model_name=rank_e", "rank_ensemble", '{ .triton.model_name = "rank_ensemble" '),
        ("{ status = er", "error", "{ status = error "), ("{ kind = ser", "server", "{ kind = server "),
    ):
        box.fill("")
        box.press_sequentially(typed)
        offer = options.filter(has=page.locator(".filter-text", has_text=re.compile(f"^{re.escape(value)}$")))
        expect(offer).to_be_visible(timeout=PATIENCE)
        while offer.get_attribute("aria-selected") != "true":
            box.press("ArrowDown")
        box.press("Enter")
        expect(box).to_have_value(whole)
    # In the middle of a value its end goes, too, and not what comes after it.
    box.fill('{ span.triton.model_name = "rank_xyz" && status = error }')
    page.evaluate("document.querySelector('[data-testid=filter]').setSelectionRange(33, 33)")
    box.press("ArrowDown")
    expect(options.first.locator(".filter-text")).to_have_text("rank_ensemble", timeout=PATIENCE)
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value('{ span.triton.model_name = "rank_ensemble" && status = error }')


def test_facets_narrow_down_and_count_what_was_found(sample, page, everything):
    """A value is kept or left out by a click, each field counts what the other terms leave, and the terms stand in the filter."""
    sample.open(page, "/traces", q="status:error")
    failed = [row for row in everything if row["errorCount"] > 0]
    facet = page.get_by_test_id("facet").and_(page.locator('[data-key="model"]'))
    weights = {}
    for row in failed:
        if row.get("model"):
            weights[row["model"]] = weights.get(row["model"], 0) + row["weight"]
    expect(facet.locator(".facet-value")).to_have_count(len(weights), timeout=PATIENCE)
    titles = facet.locator(".facet-value").evaluate_all("(all) => all.map((one) => one.title)")
    assert {title.split("model:")[1].rsplit(": ", 1)[0]: number(title.rsplit(": ", 1)[1]) for title in titles} == {name: round(weight) for name, weight in weights.items()}
    name = max(weights, key=weights.get)
    facet.locator(".facet-value", has_text=name).click()
    expect(page.get_by_test_id("filter")).to_have_value(f"status:error model:{name}")
    ready(page)
    assert found(page) == sum(row.get("model") == name for row in failed)
    page.get_by_role("button", name=f"Without model:{name}").click()
    expect(page.get_by_test_id("filter")).to_have_value(f"status:error -model:{name}")
    ready(page)
    assert found(page) == sum(row.get("model") != name for row in failed)
    expect(page.get_by_role("button", name=f"Without model:{name}")).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    page.go_back()
    page.go_back()
    ready(page)
    assert found(page) == len(failed)
