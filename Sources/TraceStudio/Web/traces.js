// The traces page: filter, picture and table of requests. The URL holds all of it.
import { h, fill, sessionPreference, setSessionPreference } from "./dom.js";
import { APIError } from "./api.js";
import { ago, count, dateTime, duration, exact, headline, integer, iso, moment, percent } from "./format.js";
import { tellBands } from "./bands.js";
import { boxText, readBox } from "./box.js";
import { FilterBox } from "./filterbox.js";
import { Facets } from "./facets.js";
import { Heatmap } from "./heat.js";
import { figure } from "./figure.js";
import { sortableTable } from "./table.js";
import { stageBar, stageKey } from "./stagebar.js";
import { ask, latest } from "./windows.js";
import { Pins } from "./pins.js";

/** @typedef {import("./windows.js").Row} Row */
/** @typedef {import("./box.js").Box} Box */

/** Rows asked for at once. */
const PAGE = 100;
/** Columns that the server sorts by. */
const SORTS = new Set(["start", "duration", "queue", "wait", "spans", "errors", "ttft"]);
/** What stands above the table, by the URL's `view`. @type {Array<[string, string]>} */
const VIEWS = [["heatmap", "Heatmap"], ["scatter", "Scatter"], ["table", "Table only"]];
/** A search that takes longer than this says so, and can be given up, ms; before a first result there is a skeleton a moment after the start. */
const LONG = 2000, UNNOTICED = 150;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const page = new TracesPage(frame);
  root.replaceChildren(page.element);
  frame.listen(() => page.show());
  await page.show();
}

class TracesPage {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {Row[]} */
    this.rows = [];
    /** The newest answer that was good. @type {any} */
    this.answer = null;
    /** @type {string | undefined} */
    this.cursor = undefined;
    this.filter = new FilterBox({ frame, onRun: (q) => this.#step({ q }) });
    this.heat = new Heatmap({ onBox: (box) => this.#step({ box: box && boxText(box) }), cellLink: (box) => frame.link("/traces", { box: boxText(box) }), label: "Requests by time and duration" });
    this.views = VIEWS.map(([view, label]) => h("button", { class: "button small", type: "button", "data-view": view, onclick: () => this.#step({ view: view === "heatmap" ? null : view }) }, label));
    this.heatFigure = figure({ title: "Latency", note: "drag a box to see only these", summary: "Requests by time and duration", testid: "latency", numbers: () => this.heat.numbers(), actions: this.heat.legend }, this.heat.element);
    this.facets = new Facets((term) => this.filter.toggle(term), (term) => this.filter.has(term));
    this.pins = new Pins(frame, () => this.#drawPins());
    this.count = h("h1", { role: "status", "data-testid": "result-count" });
    this.note = h("span", { class: "muted", "data-testid": "result-weight" });
    this.boxChip = h("span");
    this.pinBar = h("div", { class: "pin-bar", "data-testid": "pins", hidden: true });
    this.why = h("a", { class: "button small", "data-testid": "why", hidden: true });
    this.download = h("a", { class: "button small", download: "traces.otlp.json", "data-testid": "download", hidden: true }, "Download");
    this.table = sortableTable(/** @type {any} */ ({ label: "Traces", testid: "trace-table", columns: this.#columns(), rows: [], rowProps, onSort: (/** @type {string} */ key, /** @type {boolean} */ descending) => this.#step({ sort: key === "start" && descending ? null : key, order: descending ? null : "asc" }) }));
    this.more = h("button", { class: "button", type: "button", hidden: true, "data-testid": "more", onclick: () => this.#more() }, "Load more");
    this.key = h("div", { class: "stage-keys faint" });
    this.results = h("section", { class: "traces-results", "aria-label": "Results", "aria-busy": "false" },
      h("div", { class: "results-head" }, this.count, this.note, this.boxChip, h("span", { class: "spacer" }), h("span", { class: "segments", role: "group", "aria-label": "View" }, this.views), this.download, this.why), this.pinBar, this.table.element, h("div", { class: "results-foot" }, this.more, this.key));
    this.table.element.hidden = true;
    this.message = h("div");
    this.element = h("div", { class: "traces-page" }, this.filter.element, h("div", { class: "traces-body" }, this.facets.element, h("div", { class: "traces-main" }, this.heatFigure, this.message, this.results)));
    this.load = latest((signal) => this.#load(signal));
    this.#keepPlace();
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]") || /** @type {Element} */ (event.target).matches("input, select, textarea")) return;
      if (frame.parameters.get("box")) this.#step({ box: null });
    });
  }

  async show() {
    this.filter.set(this.frame.q);
    setSessionPreference("search", location.pathname + location.search);
    this.pins.read();
    await this.load();
  }

  /** One step that Back undoes. @param {Record<string, string | null>} changes */
  #step(changes) {
    this.#rememberPlace();
    this.frame.set(changes, { push: true, tell: true });
  }

  // MARK: the place on the page

  /** Back shows as many rows as before, at the same place. */
  #keepPlace() {
    history.scrollRestoration = "manual";
    addEventListener("pagehide", () => this.#rememberPlace());
    addEventListener("pageshow", (event) => { if (event.persisted) this.#drawPins(); });
    // Before another entry's state is there, the browser tells nothing: so the place is kept while it changes.
    let timer = 0;
    addEventListener("scroll", () => { clearTimeout(timer); timer = setTimeout(() => this.#rememberPlace(), 100); }, { passive: true });
  }

  #rememberPlace() {
    if (!this.answer || this.results.getAttribute("aria-busy") === "true") return;
    history.replaceState({ scroll: scrollY, rows: this.rows.length }, "");
  }

  // MARK: the table

  /** @returns {any[]} */
  #columns() {
    return [
      { key: "pin", label: "pin", title: "Pin two traces to compare them", sorts: false, value: () => null, view: (/** @type {Row} */ row) => this.pins.box(row) },
      { key: "name", label: "request", sorts: false, value: (/** @type {Row} */ row) => row.rootName, view: (/** @type {Row} */ row) => h("a", { class: "trace-link", href: `/trace/${row.traceID}`, "data-testid": "trace-row", "data-trace-id": row.traceID, "data-error": String(row.errorCount > 0) }, h("strong", null, row.rootName || "no root span yet"), " ", h("span", { class: "muted" }, row.rootService)) },
      { key: "model", label: "model", sorts: false, value: (/** @type {Row} */ row) => row.model, view: (/** @type {Row} */ row) => row.model ? h("span", null, row.model, row.version && h("span", { class: "faint" }, ` v${row.version}`), row.cold && h("span", { class: "chip", title: "The model's first execution, or its first with this batch size" }, "cold")) : h("span", { class: "faint" }, "–") },
      { key: "stages", label: "stages", sorts: false, value: () => null, view: (/** @type {Row} */ row) => stageBar(row.stages ?? {}, 150) },
      { key: "duration", label: "duration", numeric: true, value: (/** @type {Row} */ row) => row.durationNano, view: (/** @type {Row} */ row) => h("span", { title: exact(row.durationNano) }, duration(row.durationNano)) },
      { key: "queue", label: "queue", title: "Time in the queue", numeric: true, value: (/** @type {Row} */ row) => row.stages?.queue, view: (/** @type {Row} */ row) => row.stages?.queue ? duration(row.stages.queue) : h("span", { class: "faint" }, "–") },
      { key: "wait", label: "queue share", title: "Share of the duration spent in the queue", numeric: true, value: (/** @type {Row} */ row) => row.waitShare, view: (/** @type {Row} */ row) => row.model ? percent(row.waitShare) : h("span", { class: "faint" }, "–") },
      { key: "spans", label: "spans", numeric: true, value: (/** @type {Row} */ row) => row.spanCount, view: (/** @type {Row} */ row) => integer(row.spanCount) },
      { key: "errors", label: "errors", numeric: true, value: (/** @type {Row} */ row) => row.errorCount, view: (/** @type {Row} */ row) => row.errorCount ? h("span", { class: "error-text", title: row.errorMessage ? headline(row.errorMessage) : null }, integer(row.errorCount)) : h("span", { class: "faint" }, "0") },
      { key: "start", label: "start", numeric: true, value: (/** @type {Row} */ row) => Number(row.startTimeUnixNano), view: (/** @type {Row} */ row) => h("time", { datetime: iso(row.startTimeUnixNano), title: ago(row.startTimeUnixNano) }, dateTime(row.startTimeUnixNano)) },
    ];
  }

  #drawRows() {
    this.pins.know(this.rows);
    this.table.setRows(this.rows);
    this.more.hidden = !this.cursor;
    fill(this.key, stageKey(this.rows.flatMap((row) => Object.keys(row.stages ?? {}))));
    setSessionPreference("list", this.rows.map((row) => row.traceID).join(","));
  }

  #drawPins() {
    this.pins.drawBar(this.pinBar);
    const came = sessionPreference("came");
    this.pins.marks(came).then((marks) => this.heat.setMarks(marks));
  }

  // MARK: asking

  /** @param {AbortSignal} signal */
  async #load(signal) {
    const { frame } = this, box = readBox(frame.parameters.get("box")), view = this.#view;
    const place = history.state;
    const stop = new AbortController(), either = AbortSignal.any([signal, stop.signal]);
    for (const button of this.views) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    this.table.setSort(this.#sort, frame.parameters.get("order") !== "asc");
    this.heat.setBox(box);
    this.results.setAttribute("aria-busy", "true");
    this.results.classList.add("busy");
    const waits = setTimeout(() => { if (!this.answer) fill(this.message, skeleton()); }, UNNOTICED);
    const long = setTimeout(() => fill(this.message, h("div", { class: "notice", role: "status" }, `Still reading ${frame.range.label.toLowerCase()}… `, h("button", { class: "button small", type: "button", "data-testid": "cancel", onclick: () => stop.abort() }, "Cancel"))), LONG);
    try {
      const [answer, heat, points] = await Promise.all([this.#search(box, place?.rows ?? 0, either), view === "table" ? null : ask("heatmap", frame.ask({ columns: 80, bins: 32 }), either), view === "scatter" ? ask("points", this.#question(box, { rows: 2000 }), either) : null]);
      frame.tellSampling(answer);
      fill(this.message);
      if (this.#keepsLast(answer)) return;
      this.answer = answer;
      this.#drawPicture(heat, points);
      this.rows = answer.rows;
      this.cursor = answer.cursor;
      this.#draw(answer, box);
      this.facets.load(frame, box, signal);
      this.#drawPins();
      if (place?.scroll !== undefined) scrollTo(0, place.scroll);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#failed(error, stop.signal.aborted);
    } finally {
      clearTimeout(waits);
      clearTimeout(long);
      if (!signal.aborted) {
        this.results.setAttribute("aria-busy", "false");
        this.results.classList.remove("busy");
      }
    }
  }

  get #view() { const view = this.frame.parameters.get("view") ?? ""; return VIEWS.some(([name]) => name === view) ? view : "heatmap"; }
  get #sort() { const sort = this.frame.parameters.get("sort") ?? ""; return SORTS.has(sort) ? sort : "start"; }

  /** @param {Box | null} box @param {Record<string, string | number | undefined>} more */
  #question(box, more) {
    const { frame } = this;
    return frame.ask({ sort: this.#sort, order: frame.parameters.get("order") ?? undefined, ...box, ...more });
  }

  /** The first rows, and as many more as there were when the reader left. @param {Box | null} box @param {number} wanted @param {AbortSignal} signal */
  async #search(box, wanted, signal) {
    const answer = await ask("search", this.#question(box, { rows: PAGE }), signal);
    while (answer.cursor && answer.rows.length < wanted) {
      const next = await ask("search", this.#question(box, { rows: Math.min(200, wanted - answer.rows.length), cursor: answer.cursor }), signal);
      answer.rows = answer.rows.concat(next.rows);
      answer.cursor = next.cursor;
    }
    return answer;
  }

  async #more() {
    this.more.disabled = true;
    try {
      const answer = await ask("search", this.#question(readBox(this.frame.parameters.get("box")), { rows: PAGE, cursor: this.cursor }));
      this.rows = this.rows.concat(answer.rows);
      this.cursor = answer.cursor;
      this.#drawRows();
    } catch (error) {
      this.#failed(error, false);
    } finally {
      this.more.disabled = false;
    }
  }

  /** What was found before stays on the page. @param {unknown} error @param {boolean} isStopped */
  #failed(error, isStopped) {
    if (!(error instanceof APIError) || error.status !== 400) {
      const message = isStopped ? "Given up." : error instanceof Error ? error.message : String(error);
      fill(this.message, h("div", { class: `notice${isStopped ? "" : " error"}`, role: "alert", "data-testid": "search-error" }, h("strong", null, isStopped ? "" : "The search failed. "), message, " ", h("button", { class: "button small", type: "button", onclick: () => this.load() }, "Try again")));
      return;
    }
    fill(this.message);
    this.filter.tell({ message: error.message.replace(/^unable to parse param 'q': /, ""), place: error.place, note: this.#lastNote });
  }

  /** Says whose results are shown while a filter makes no sense. */
  get #lastNote() { return this.answer ? `Below is what ${this.lastFilter ? `“${this.lastFilter}”` : "no filter"} found.` : ""; }

  /** A term that can only be a slip of the pen is pointed at, and what was found before stays. @param {any} answer */
  #keepsLast(answer) {
    const slip = answer.misspelt?.[0];
    const keeps = Boolean(slip?.suggestion && answer.matched === 0 && this.answer && this.answer.matched > 0);
    this.filter.tell(slip ? { message: slip.message, term: slip.term, place: slip, note: keeps ? this.#lastNote : "" } : null);
    if (!keeps) this.lastFilter = this.frame.q;
    return keeps;
  }

  // MARK: drawing

  /** @param {any} heat @param {any} points */
  #drawPicture(heat, points) {
    this.heatFigure.hidden = !heat?.cells.length;
    if (!heat?.cells.length) return;
    const from = Number(BigInt(heat.from) / 1000n);
    this.heat.set(heat);
    tellBands(this.heatFigure, heat.bands);
    this.heat.setPoints(points && points.points.map((/** @type {number[]} */ point, /** @type {number} */ index) => ({ id: points.ids[index], start: from + point[0], duration: point[1], spans: point[2], errors: point[3], weight: point[4] })));
  }

  /** @param {any} answer @param {Box | null} box */
  #draw(answer, box) {
    const { frame } = this, none = answer.matched === 0;
    this.count.textContent = count(answer.matched, "trace");
    fill(this.note, !none && answer.mostWeight > 1 && [`≈ ${integer(answer.weighted)} requests `, h("span", { class: "chip", title: "These traces were sampled: each stands for so many requests" }, weightText(answer.leastWeight, answer.mostWeight))]);
    fill(this.boxChip, box && h("button", { class: "chip", type: "button", title: "Clear the box (Esc)", "data-testid": "box-chip", onclick: () => this.#step({ box: null }) }, `${duration(box.d0)} – ${duration(box.d1)}, ${moment(box.t0)} – ${moment(box.t1)} ×`));
    this.#drawRows();
    this.why.hidden = this.download.hidden = this.table.element.hidden = none;
    this.why.textContent = box ? "Why are these slow?" : "Why is p99 slow?";
    this.why.setAttribute("href", frame.link("/compare", { sel: box ? "" : "p99+", box: box ? boxText(box) : "" }));
    this.download.setAttribute("href", `/api/ui/export?${this.#question(box, {})}`);
    this.download.title = `OTLP JSON of ${answer.matched > 1000 ? "the first 1000 of these traces" : "these traces"}`;
    if (none) this.#drawEmpty(answer, box);
  }

  /** Nothing found: says how many traces there are, and which term excludes them. @param {any} answer @param {Box | null} box */
  #drawEmpty(answer, box) {
    const { frame } = this;
    const terms = /** @type {Array<{term: string, matches: number, without: number}>} */ (answer.terms ?? []).sort((a, b) => b.without - a.without || a.matches - b.matches);
    const guilty = terms.length > 1 && terms[0].without > 0 ? terms[0] : terms.find((term) => term.matches === 0);
    const remove = (/** @type {string} */ term) => this.filter.toggle(term);
    fill(this.message, h("section", { class: "empty", "data-testid": "no-results" }, h("h2", null, "No trace matches"),
      h("p", { class: "muted" }, answer.read.traces ? [`${frame.range.label} has ${count(answer.read.traces, "trace")} without the filter.`, guilty && [" ", h("code", null, guilty.term), guilty.matches ? ` excludes them: without it there ${guilty.without === 1 ? "is 1" : `are ${integer(guilty.without)}`}.` : " alone matches 0."]] : `${frame.range.label} has no traces at all.`),
      answer.read.traces > 0 && terms.length > 0 && h("ul", { class: "terms" }, terms.map((term) => h("li", null, h("button", { class: "chip", type: "button", "data-testid": "term", title: "Search without this", onclick: () => remove(term.term) }, h("code", null, term.term), ` alone matches ${integer(term.matches)}`, terms.length > 1 && `, without it ${integer(term.without)}`, " ×")))),
      box && h("button", { class: "button", type: "button", "data-testid": "without-box", onclick: () => this.#step({ box: null }) }, answer.withoutBox === undefined ? "Without the box" : `Without the box: ${integer(answer.withoutBox)}`),
      !answer.read.traces && h("div", { class: "actions center" }, h("button", { class: "button primary", type: "button", onclick: () => { frame.range.read(new URLSearchParams({ lookback: "7d" })); frame.range.write(frame.parameters); this.#step({}); } }, "Search the last 7 days"), h("a", { class: "button", href: "/help" }, "How to send traces"))));
  }
}

/** `≈ ×10` when all stand for ten. @param {number} least @param {number} most */
function weightText(least, most) { return least === most ? `≈ ×${Number(most.toPrecision(3))}` : `≈ ×${Number(least.toPrecision(3))} to ×${Number(most.toPrecision(3))}`; }

function skeleton() { return h("div", { class: "loading", role: "status", "aria-label": "Loading" }, h("div", { class: "skeleton tall" }), Array.from({ length: 6 }, () => h("div", { class: "skeleton" }))); }

/** @param {Row} row */
function rowProps(row) { return { class: row.errorCount ? "failed" : null }; }
