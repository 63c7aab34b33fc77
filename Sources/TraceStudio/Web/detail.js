// The panel on the right: everything known about the selected span.
import * as api from "./api.js";
import { h, fill, copyButton } from "./dom.js";
import { copyMenu, similarLink } from "./copymenu.js";
import { languageModelCard } from "./llmspan.js";
import { ENOUGH, difference, normalPicture, stageScales } from "./normal.js";
import { dateTime, duration, exact, integer, iso, percent, count } from "./format.js";
import { attributeTable, longText } from "./attributes.js";
import { FLAG, KINDS } from "./columns.js";
import { STAGES } from "./color.js";
import { stageSwatch } from "./tip.js";

/** Spans kept so that going back does not ask again. */
const KEPT = 200;

export class DetailPanel {
  /** @param {import("./view.js").TraceView} view @param {() => void} onClose */
  constructor(view, onClose) {
    this.view = view;
    this.tab = "attributes";
    /** @type {Map<number, any>} */
    this.cache = new Map();
    /** @type {AbortController | null} */
    this.request = null;
    this.timer = 0;
    /** What the server said of how normal a row is. @type {Map<number, any>} */
    this.ranks = new Map();
    this.normalHeight = 0;
    /** Called when another tab is shown. @type {() => void} */
    this.onTab = () => {};
    this.extra = h("div", { class: "panel-extra" });
    // What can be pressed (the title's button, the actions, the tabs) stays the same element while facts come in: a press that begins before them ends on it.
    this.title = h("h2", { "data-testid": "panel-title" });
    /** What is said of the span; below it its stages, and what can be done. */
    this.top = h("div");
    this.stages = h("div");
    this.actions = h("div", { class: "panel-actions" });
    this.acted = -1;
    this.head = h("div", { class: "panel-head" },
      h("div", { class: "panel-title" }, this.title, h("button", { class: "button small icon", type: "button", "aria-label": "Close the panel", title: "Close (\\)", onclick: onClose }, "×")),
      this.top, this.stages, this.actions);
    /** @type {Map<string, any>} */
    this.tabButtons = new Map();
    this.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Facts of the span" });
    this.body = h("div", { class: "panel-body", role: "tabpanel", id: "panel-body", tabindex: 0 });
    this.element = h("aside", { class: "panel", tabindex: -1, "aria-label": "Selected span", "data-testid": "panel" }, this.head, this.extra, this.tabs, this.body);
    this.open = true;
    view.listen((change) => {
      if (change === "select") this.show();
      else if (change === "split" && this.open && view.selected >= 0 && view.selected !== view.trace.missingParents) this.#head(view.selected, this.cache.get(view.selected));
    });
    this.tabs.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#tabKey(event));
  }

  /** Facts of one row; asked once, then kept. @param {number} row @param {AbortSignal} [signal] */
  async load(row, signal) {
    const known = this.cache.get(row);
    if (known) return known;
    const { trace } = this.view, number = trace.serverRow(row);
    const [span] = await api.spans(trace.traceID, number, number, signal, trace.shape);
    if (!span) throw new api.APIError("The server sent nothing for this span. It may have been deleted; reload the page.", 404);
    if (this.cache.size >= KEPT) this.cache.delete(/** @type {number} */ (this.cache.keys().next().value));
    this.cache.set(row, span);
    return span;
  }

  /** Shows the selected row; waits a moment first, so that a held arrow key does not ask for every row. */
  show() {
    if (!this.open) return;
    const row = this.view.selected;
    if (row < 0) return;
    this.request?.abort();
    clearTimeout(this.timer);
    if (row === this.view.trace.missingParents) { this.#missingParents(); return; }
    this.#head(row, this.cache.get(row));
    fill(this.extra, languageModelCard(this.view, row), this.#normal(row));
    const known = this.cache.get(row);
    const request = this.request = new AbortController();
    this.#compare(row, request.signal);
    if (known) { this.#content(row, known); return; }
    this.body.setAttribute("aria-busy", "true");
    setTimeout(() => {
      if (request !== this.request || this.cache.has(row) || this.body.getAttribute("aria-busy") !== "true") return;
      this.tabs.classList.add("waiting");
      fill(this.body, h("p", { class: "faint none" }, "Loading…"));
    }, 250);
    this.timer = setTimeout(async () => {
      try {
        const span = await this.load(row, request.signal);
        if (this.view.selected !== row || request.signal.aborted) return;
        this.#head(row, span);
        this.#content(row, span);
      } catch (error) {
        if (request.signal.aborted) return;
        fill(this.tabs);
        fill(this.body, h("div", { class: "notice error", role: "alert" }, `${error instanceof Error ? error.message : error} `, h("button", { class: "button small", type: "button", onclick: () => this.show() }, "Try again")));
      } finally {
        if (!request.signal.aborted) this.body.setAttribute("aria-busy", "false");
      }
    }, 40);
  }

  /** What there is to say about the row above spans whose parents are missing. */
  #missingParents() {
    const { trace } = this.view, orphans = trace.problems.find((problem) => problem.kind === "missingParent");
    this.body.setAttribute("aria-busy", "false");
    fill(this.extra);
    fill(this.tabs);
    this.acted = -1;
    fill(this.stages);
    fill(this.actions);
    fill(this.top);
    this.title.className = "";
    this.title.textContent = "Missing parents";
    fill(this.body, h("p", null, `${count(orphans?.spans ?? 0, "span")} name parents that are not here: at least ${count(trace.missingSpans, "span")} missing.`),
      h("p", { class: "muted" }, "They may still be on their way, were not sampled, were dropped by an exporter whose queue was full, or their program sends its spans elsewhere or ended before it sent them."),
      h("p", null, h("a", { href: "/health/data" }, "What arrives and what is dropped: Data health →")));
  }

  /** Asks how long spans like this one take elsewhere; a while after the selection stands still. @param {number} row @param {AbortSignal} signal */
  #compare(row, signal) {
    if (this.ranks.has(row)) return;
    setTimeout(async () => {
      if (signal.aborted || !this.open) return;
      const { trace } = this.view;
      let answer = null;
      try { answer = await api.spanRank(trace.traceID, trace.serverRow(row), trace.shape, signal); } catch { if (signal.aborted) return; }
      if (this.ranks.size >= KEPT) this.ranks.clear();
      this.ranks.set(row, answer);
      if (this.view.selected !== row) return;
      this.#head(row, this.cache.get(row));
      const normal = this.#normal(row);
      this.extra.querySelector(".normal")?.replaceWith(normal);
      this.normalHeight = normal.offsetHeight;
    }, 150);
  }

  /** @param {number} row */
  #normal(row) {
    const answer = this.ranks.get(row);
    if (!answer) {
      const place = h("section", { class: "normal waiting-normal", "aria-hidden": "true" });
      // As high as the last one was, which this one most likely becomes: what lies below stands still.
      if (this.normalHeight > 0) place.style.minHeight = `${this.normalHeight}px`;
      return place;
    }
    return normalPicture(answer, similarLink(this.view, row, `{ resource.service.name = ${JSON.stringify(answer.service)} && name = ${JSON.stringify(answer.name)} }`));
  }

  /** @param {number} row @param {any} span */
  #head(row, span) {
    const { trace, view } = { trace: this.view.trace, view: this.view };
    const failed = trace.has(row, FLAG.error);
    const message = span ? errorMessage(span) : null;
    const parent = trace.parent[row];
    this.title.className = failed ? "failed" : "";
    this.title.textContent = trace.nameOf(row);
    fill(this.top,
      h("div", { class: "panel-service muted" }, trace.serviceOf(row), h("span", { class: "faint" }, ` · ${KINDS[trace.kind[row]]}`)),
      failed && h("div", { class: "failure", role: "note", "data-testid": "panel-error" }, h("strong", null, "Failed"), message ? h("div", { class: "failure-text" }, longText(message)) : span ? h("div", null, "The span has status error and no message.") : null),
      trace.groups.isClosed(row) && h("div", { class: "remark plain" }, `The first of ${integer(trace.groups.length[row])} alike in a row; Enter opens the group.`),
      trace.has(row, FLAG.orphan) && h("div", { class: "remark" }, "The parent of this span is not here (yet)."),
      h("dl", { class: "facts" },
        fact("Duration", duration(trace.durations[row]), exact(trace.durations[row])),
        fact("Own time", duration(trace.selfTime(row)), "Time not covered by child spans"),
        fact("Starts at", `+${duration(trace.start[row])}`, span ? iso(span.startTimeUnixNano) : exact(trace.start[row])),
        fact("Share", percent(trace.durations[row] / trace.duration), "Of the trace's duration")));
    fill(this.stages, this.#stages(row));
    if (this.acted === row) return;
    this.acted = row;
    fill(this.actions, copyMenu(view, row),
        parent >= 0 && h("button", { class: "button small", type: "button", onclick: () => view.select(parent) }, "Parent"),
        h("button", { class: "button small", type: "button", title: "Zoom to the span (f)", onclick: () => view.fit(row) }, "Zoom"),
        trace.size[row] > 0 && row !== 0 && h("button", { class: "button small", type: "button", title: "Show what lies below as if it were the trace (.)", "data-testid": "reroot", onclick: () => this.onRoot(row) }, "As root"),
        executionLinks(trace, row));
  }

  /** @param {number} row */
  #stages(row) {
    const { trace } = this.view;
    const first = trace.stageFirst[row], end = trace.stageFirst[row + 1];
    if (first === end) return null;
    const answer = this.ranks.get(row), known = answer?.others >= ENOUGH ? stageScales(answer) : new Map();
    /** @type {Map<string, number>} */
    const times = new Map();
    for (let index = first; index < end; index++) {
      const name = trace.stageNames[index], whole = STAGES[name]?.of;
      // A stage in parts stands above them as a whole: that is what others are compared with.
      for (const one of whole ? [whole, name] : [name]) times.set(one, (times.get(one) ?? 0) + trace.stageDuration[index]);
    }
    const order = Object.keys(STAGES), why = trace.unsplit.get(row);
    const table = h("table", { class: "panel-stages", "data-testid": "panel-stages", "aria-label": "Stages of this span" },
      h("thead", null, h("tr", null, ["stage", "this", "share", ...(known.size ? ["p50", "p99", "Δ p50"] : [])].map((label) => h("th", { scope: "col" }, label)))),
      h("tbody", null, [...times].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0])).map(([name, length]) => h("tr", { class: `panel-stage${STAGES[name]?.of ? " part" : ""}`, "data-stage": name, "data-ns": length, title: exact(length) }, h("th", { scope: "row" }, stageSwatch(name), STAGES[name]?.label ?? name),
        h("td", null, h("b", null, duration(length))), h("td", { class: "faint" }, percent(length / Math.max(1, trace.durations[row]))),
        known.size > 0 && (known.has(name) ? [h("td", null, duration(known.get(name)?.p50)), h("td", null, duration(known.get(name)?.p99)), h("td", null, difference(/** @type {any} */ (known.get(name)), trace.durations[row]))] : [h("td"), h("td"), h("td")])))));
    return [table, why && h("p", { class: "faint panel-why", "data-testid": "panel-unsplit" }, `What the queue was for is not known: ${why}.`)];
  }

  /** @param {number} row @param {any} span */
  #content(row, span) {
    const { trace } = this.view, whole = (/** @type {string} */ key) => api.valuePath(trace.traceID, span.row, key, undefined, trace.shape);
    this.body.setAttribute("aria-busy", "false");
    this.tabs.classList.remove("waiting");
    /** @type {Array<[string, string, number | null, boolean, () => any]>} */
    const tabs = [
      ["attributes", "Attributes", span.attributes.length, false, () => attributeTable(span.attributes, "This span has no attributes.", span.service, whole)],
      ["events", "Events", span.events.length, false, () => eventList(span, (/** @type {number} */ event) => (/** @type {string} */ key) => api.valuePath(trace.traceID, span.row, key, event, trace.shape))],
      ["errors", "Status", null, span.status.code === "error", () => statusView(span)],
      ["resource", "Resource", span.resource.length, false, () => resourceView(span, whole)],
      ["links", "Links", span.links.length, false, () => linkList(span)],
    ];
    if (isExecution(trace, row)) tabs.unshift(["batch", "Batch", null, false, () => this.#batch(row)]);
    const known = tabs.find(([id]) => id === this.tab) ?? tabs.find(([id]) => id === "attributes") ?? tabs[0];
    const buttons = tabs.map(([id, label, number, failed]) => {
      const button = this.#tabButton(id, label);
      button.className = `tab${failed ? " failed" : ""}`;
      fill(button.lastElementChild, number ? String(number) : null);
      return button;
    });
    if (buttons.length !== this.tabs.childElementCount || buttons.some((button, index) => button !== this.tabs.children[index])) fill(this.tabs, buttons);
    this.#mark(known[0]);
    this.body.setAttribute("aria-labelledby", `tab-${known[0]}`);
    fill(this.body, known[4](), known[0] === "attributes" && droppedNote(span));
  }

  /** @param {string} id @param {string} label */
  #tabButton(id, label) {
    const known = this.tabButtons.get(id);
    if (known) return known;
    const button = h("button", { type: "button", role: "tab", id: `tab-${id}`, "data-testid": `tab-${id}`, "aria-controls": "panel-body", onclick: () => this.#choose(id) }, label, h("span", { class: "tab-count" }));
    this.tabButtons.set(id, button);
    return button;
  }

  /** Shows another tab; that of a span whose facts are on their way when they have come. @param {string} id */
  #choose(id) {
    this.tab = id;
    this.onTab();
    const row = this.view.selected, span = this.cache.get(row);
    if (span) this.#content(row, span);
    else this.#mark(id);
    this.tabButtons.get(id)?.focus({ preventScroll: true });
  }

  /** @param {string} shown the tab that is selected */
  #mark(shown) {
    for (const [id, button] of this.tabButtons) {
      button.setAttribute("aria-selected", String(id === shown));
      button.tabIndex = id === shown ? 0 : -1;
    }
  }

  /** Who ran in the same execution. @param {number} row */
  #batch(row) {
    const { trace } = this.view, box = h("div", { "data-testid": "panel-batch", "aria-busy": "true" }, h("p", { class: "faint none" }, "Looking for who shared it…"));
    api.batchOf(trace.traceID, trace.idOf(row)).then((batch) => {
      if (!batch) { fill(box, h("p", { class: "faint none" }, "This execution's batch is not known.")); return; }
      const others = batch.seen - 1;
      fill(box, h("p", null, `Ran in one execution with ${count(others, "other request")}${batch.complete ? "" : " that were seen"}. `, batch.complete ? `The batch had ${count(batch.requests, "request")}; the largest that was seen here had ${batch.largest ?? batch.requests}.` : h("span", { class: "faint" }, "Sampling may hide members: no size is claimed.")),
        h("ul", { class: "batch-members" }, batch.members.slice(0, 16).map((/** @type {any} */ member) => h("li", null, h("a", { class: "mono", href: `/trace/${member.traceID}?span=${member.spanID}&tab=batch` }, member.traceID === trace.traceID ? "this request" : member.traceID.slice(0, 8)), h("span", { class: "muted" }, ` waited ${duration(member.queueNano)}`)))),
        batch.members.length > 16 && h("p", { class: "faint" }, `and ${integer(batch.members.length - 16)} more`));
    }).catch((error) => fill(box, h("p", { class: "remark" }, error instanceof Error ? error.message : String(error)))).finally(() => box.setAttribute("aria-busy", "false"));
    return box;
  }

  /** Shows what lies below a row as the trace. @type {(row: number) => void} */
  onRoot = () => {};

  /** @param {KeyboardEvent} event */
  #tabKey(event) {
    const tabs = [...this.tabs.querySelectorAll("[role=tab]")];
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    /** @type {HTMLElement} */ (tabs[(at + step + tabs.length) % tabs.length]).click();
  }
}

/** From an execution to those who shared it, and to what its server did at the time. @param {import("./columns.js").TraceColumns} trace @param {number} row */
function executionLinks(trace, row) {
  if (trace.nameOf(row) !== "compute" || trace.parent[row] < 0) return null;
  const key = `${trace.traceID}-${trace.idOf(row)}`;
  return [h("a", { class: "button small", href: `/batch/${key}`, "data-testid": "batch-of-span", title: "The requests that ran in the same execution" }, "Batch"),
    h("a", { class: "button small", href: `/lanes?span=${key}`, title: "What the instances did at this time" }, "Lanes")];
}

/** @param {string} label @param {string} value @param {string} title */
function fact(label, value, title) { return h("div", { title }, h("dt", null, label), h("dd", null, value)); }

/** Whether a row is an execution of a model. @param {import("./columns.js").TraceColumns} trace @param {number} row */
function isExecution(trace, row) {
  for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) if (trace.stageNames[index] === "infer") return true;
  return false;
}

/** @param {any[]} attributes @param {string} key */
function valueOf(attributes, key) { return attributes.find((attribute) => attribute.key === key)?.value; }

/** What the failed span says: the status message, else the first exception's. @param {any} span @returns {string | null} */
export function errorMessage(span) {
  if (span.status.message) return span.status.message;
  for (const event of span.events) {
    const text = valueOf(event.attributes, "exception.message") ?? valueOf(event.attributes, "exception.type");
    if (text) return String(text);
  }
  return null;
}

/** @param {any} span @param {(event: number) => (key: string) => string} whole where an event's value is in full */
function eventList(span, whole) {
  if (!span.events.length) return h("p", { class: "faint none" }, "This span has no events.");
  return h("ol", { class: "events" }, span.events.map((/** @type {any} */ event, /** @type {number} */ index) => h("li", { class: event.name === "exception" ? "event failed" : "event", "data-testid": "event", "data-name": event.name },
    h("div", { class: "event-head", title: `${exact(event.sinceStartNano)} after the span's start` }, h("span", { class: "event-time" }, `${event.sinceStartNano < 0 ? "" : "+"}${duration(event.sinceStartNano)}`), h("span", { class: "event-name" }, event.name)),
    event.attributes.length > 0 && attributeTable(event.attributes, "", undefined, whole(index)))));
}

/** @param {any} span */
function statusView(span) {
  const exceptions = span.events.filter((/** @type {any} */ event) => event.name === "exception");
  const words = /** @type {Record<string, string>} */ ({ unset: "unset (no error reported)", ok: "ok", error: "error" });
  return h("div", { class: "status" },
    h("p", null, h("span", { class: "faint" }, "Status "), h("strong", { class: span.status.code === "error" ? "failed" : "" }, words[span.status.code] ?? span.status.code)),
    span.status.message && h("pre", { class: "wrapped", tabindex: 0 }, longText(span.status.message)),
    exceptions.map((/** @type {any} */ event) => {
      const trace = valueOf(event.attributes, "exception.stacktrace");
      return h("section", { class: "exception", "data-testid": "exception" },
        h("h3", null, String(valueOf(event.attributes, "exception.type") ?? "exception")),
        valueOf(event.attributes, "exception.message") && h("p", { class: "failed" }, longText(String(valueOf(event.attributes, "exception.message")))),
        trace && h("div", null, h("div", { class: "pre-head" }, h("span", { class: "faint" }, "Stack trace"), copyButton("Copy", () => String(trace), "the stack trace")), h("pre", { class: "wrapped", tabindex: 0 }, longText(String(trace)))));
    }));
}

/** @param {any} span @param {(key: string) => string} whole */
function resourceView(span, whole) {
  return h("div", null, attributeTable(span.resource, "The sender gave no resource.", span.service, whole),
    h("h3", { class: "sub" }, "Instrumentation"),
    h("p", { class: "value" }, span.scope?.name ? `${span.scope.name}${span.scope.version ? ` ${span.scope.version}` : ""}` : "not named"),
    h("h3", { class: "sub" }, "Times and ids"),
    attributeTable([
      { key: "start", type: "string", value: `${dateTime(span.startTimeUnixNano)} (${iso(span.startTimeUnixNano)})` },
      { key: "span id", type: "string", value: span.spanID },
      { key: "parent span id", type: "string", value: span.parentSpanID ?? "none" },
      ...(span.traceState ? [{ key: "tracestate", type: "string", value: span.traceState }] : []),
    ], ""));
}

/** @param {any} span */
function linkList(span) {
  if (!span.links.length) return h("p", { class: "faint none" }, "This span links to no other.");
  return h("ul", { class: "links" }, span.links.map((/** @type {any} */ link) => h("li", null,
    h("a", { class: "mono", href: `/trace/${link.traceID}?span=${link.spanID}` }, `${link.traceID.slice(0, 8)}… span ${link.spanID}`),
    link.attributes.length > 0 && attributeTable(link.attributes, ""))));
}

/** @param {any} span */
function droppedNote(span) {
  const dropped = span.dropped ?? {};
  const parts = ["attribute", "event", "link"].filter((noun) => dropped[`${noun}s`] > 0).map((noun) => count(dropped[`${noun}s`], noun));
  return parts.length > 0 && h("p", { class: "remark" }, `The sender dropped ${parts.join(", ")} because of its limits.`);
}
