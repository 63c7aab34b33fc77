// The panel on the right: everything known about the selected span.
import * as api from "./api.js";
import { h, fill, copyButton } from "./dom.js";
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
    this.onClose = onClose;
    this.tab = "attributes";
    /** @type {Map<number, any>} */
    this.cache = new Map();
    /** @type {AbortController | null} */
    this.request = null;
    this.timer = 0;
    this.head = h("div", { class: "panel-head" });
    this.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Facts of the span" });
    this.body = h("div", { class: "panel-body", role: "tabpanel", id: "panel-body", tabindex: 0 });
    this.element = h("aside", { class: "panel", "aria-label": "Selected span", "data-testid": "panel" }, this.head, this.tabs, this.body);
    this.open = true;
    view.listen((change) => { if (change === "select") this.show(); });
    this.tabs.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#tabKey(event));
  }

  /** Facts of one row; asked once, then kept. @param {number} row @param {AbortSignal} [signal] */
  async load(row, signal) {
    const known = this.cache.get(row);
    if (known) return known;
    const [span] = await api.spans(this.view.trace.traceID, row, row, signal);
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
    this.#head(row, this.cache.get(row));
    const known = this.cache.get(row);
    if (known) { this.#content(row, known); return; }
    const request = this.request = new AbortController();
    this.body.setAttribute("aria-busy", "true");
    setTimeout(() => {
      if (request !== this.request || this.cache.has(row) || this.body.getAttribute("aria-busy") !== "true") return;
      fill(this.tabs);
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

  /** @param {number} row @param {any} span */
  #head(row, span) {
    const { trace, view } = { trace: this.view.trace, view: this.view };
    const failed = trace.has(row, FLAG.error);
    const message = span ? errorMessage(span) : null;
    const parent = trace.parent[row];
    fill(this.head,
      h("div", { class: "panel-title" }, h("h2", { class: failed ? "failed" : "", "data-testid": "panel-title" }, trace.nameOf(row)),
        h("button", { class: "button small icon", type: "button", "aria-label": "Close the panel", title: "Close (\\)", onclick: this.onClose }, "×")),
      h("div", { class: "panel-service muted" }, trace.serviceOf(row), h("span", { class: "faint" }, ` · ${KINDS[trace.kind[row]]}`)),
      failed && h("div", { class: "failure", role: "note", "data-testid": "panel-error" }, h("strong", null, "Failed"), message ? h("div", { class: "failure-text" }, longText(message)) : span ? h("div", null, "The span has status error and no message.") : null),
      trace.groups.isClosed(row) && h("div", { class: "remark plain" }, `The first of ${integer(trace.groups.length[row])} alike in a row; Enter opens the group.`),
      trace.has(row, FLAG.orphan) && h("div", { class: "remark" }, "The parent of this span is not here (yet)."),
      h("dl", { class: "facts" },
        fact("Duration", duration(trace.durations[row]), exact(trace.durations[row])),
        fact("Own time", duration(trace.selfTime(row)), "Time not covered by child spans"),
        fact("Starts at", `+${duration(trace.start[row])}`, span ? iso(span.startTimeUnixNano) : exact(trace.start[row])),
        fact("Share", percent(trace.durations[row] / trace.duration), "Of the trace's duration")),
      this.#stages(row),
      h("div", { class: "panel-actions" },
        copyButton("Copy id", () => trace.idOf(row), "the span id"),
        copyButton("Copy link", () => spanLink(trace, row), "a link to this span"),
        span && copyButton("Copy JSON", () => JSON.stringify(span, null, 2), "the span as JSON"),
        parent >= 0 && h("button", { class: "button small", type: "button", onclick: () => view.select(parent) }, "Parent"),
        h("button", { class: "button small", type: "button", title: "Zoom to the span (f)", onclick: () => view.fit(row) }, "Zoom")));
  }

  /** @param {number} row */
  #stages(row) {
    const { trace } = this.view;
    const first = trace.stageFirst[row], end = trace.stageFirst[row + 1];
    if (first === end) return null;
    const lines = [];
    for (let index = first; index < end; index++) {
      const name = trace.stageNames[index], length = trace.stageDuration[index];
      lines.push(h("div", { class: "panel-stage", "data-stage": name, title: exact(length) }, stageSwatch(name), h("span", null, STAGES[name]?.label ?? name),
        h("b", null, duration(length)), h("span", { class: "faint" }, percent(length / Math.max(1, trace.durations[row])))));
    }
    return h("div", { class: "panel-stages", "aria-label": "Stages of this span" }, lines);
  }

  /** @param {number} row @param {any} span */
  #content(row, span) {
    this.body.setAttribute("aria-busy", "false");
    /** @type {Array<[string, string, number | null, boolean, () => any]>} */
    const tabs = [
      ["attributes", "Attributes", span.attributes.length, false, () => attributeTable(span.attributes, "This span has no attributes.", span.service)],
      ["events", "Events", span.events.length, false, () => eventList(span, this.view.trace.start[row])],
      ["errors", "Status", null, span.status.code === "error", () => statusView(span)],
      ["resource", "Resource", span.resource.length, false, () => resourceView(span)],
      ["links", "Links", span.links.length, false, () => linkList(span)],
    ];
    const known = tabs.find(([id]) => id === this.tab) ?? tabs[0];
    fill(this.tabs, tabs.map(([id, label, number, failed]) => h("button", {
      class: `tab${failed ? " failed" : ""}`, type: "button", role: "tab", id: `tab-${id}`, "data-testid": `tab-${id}`, "aria-controls": "panel-body",
      "aria-selected": id === known[0] ? "true" : "false", tabindex: id === known[0] ? 0 : -1,
      onclick: () => { this.tab = id; this.#content(row, span); document.getElementById(`tab-${id}`)?.focus({ preventScroll: true }); },
    }, label, number ? h("span", { class: "tab-count" }, String(number)) : null)));
    this.body.setAttribute("aria-labelledby", `tab-${known[0]}`);
    fill(this.body, known[4](), known[0] === "attributes" && droppedNote(span));
  }

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

/** @param {string} label @param {string} value @param {string} title */
function fact(label, value, title) { return h("div", { title }, h("dt", null, label), h("dd", null, value)); }

/** The address of the trace with a span selected. @param {import("./columns.js").TraceColumns} trace @param {number} row */
export function spanLink(trace, row) { return `${location.origin}/trace/${trace.traceID}?span=${trace.idOf(row)}`; }

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

/** @param {any} span @param {number} start ns from the trace's start */
function eventList(span, start) {
  if (!span.events.length) return h("p", { class: "faint none" }, "This span has no events.");
  return h("ol", { class: "events" }, span.events.map((/** @type {any} */ event) => h("li", { class: event.name === "exception" ? "event failed" : "event", "data-testid": "event", "data-name": event.name },
    h("div", { class: "event-head", title: `${exact(event.timeNano - start)} after the span's start` }, h("span", { class: "event-time" }, `${event.timeNano < start ? "" : "+"}${duration(event.timeNano - start)}`), h("span", { class: "event-name" }, event.name)),
    event.attributes.length > 0 && attributeTable(event.attributes, ""))));
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

/** @param {any} span */
function resourceView(span) {
  return h("div", null, attributeTable(span.resource, "The sender gave no resource.", span.service),
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
