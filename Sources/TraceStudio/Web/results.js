// The list of traces found: one link for each, with a bar behind its title relative to the longest.
import { h } from "./dom.js";
import { ago, count, dateTime, duration, exact, headline, integer, iso } from "./format.js";
import { serviceSlots, serviceVariable } from "./color.js";

/** @typedef {import("./api.js").TraceSummary} TraceSummary */

/** Orders of the list: words and comparison. @type {Record<string, [string, (a: TraceSummary, b: TraceSummary) => number]>} */
export const ORDERS = {
  newest: ["Newest first", (a, b) => compareText(b.startTimeUnixNano, a.startTimeUnixNano)],
  longest: ["Longest first", (a, b) => b.durationNano - a.durationNano],
  shortest: ["Shortest first", (a, b) => a.durationNano - b.durationNano],
  spans: ["Most spans first", (a, b) => b.spanCount - a.spanCount],
  errors: ["Most errors first", (a, b) => b.errorCount - a.errorCount],
};

/** Compares decimal numbers given as text. @param {string} a @param {string} b */
function compareText(a, b) { return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0); }

const PAGE = 100;
const CHIPS = 5;

/**
 * The list, a hundred rows at a time.
 * @param {TraceSummary[]} traces in the order to show
 */
export function resultList(traces) {
  const longest = traces.reduce((most, trace) => Math.max(most, trace.durationNano), 1);
  const list = h("ol", { class: "results", "data-testid": "results" });
  const more = h("button", { class: "button", type: "button" });
  let shown = 0;
  const showMore = () => {
    const next = traces.slice(shown, shown + PAGE);
    list.append(...next.map((trace) => resultRow(trace, longest)));
    shown += next.length;
    more.hidden = shown >= traces.length;
    more.textContent = `Show ${Math.min(PAGE, traces.length - shown)} more`;
  };
  more.addEventListener("click", () => {
    const first = shown;
    showMore();
    /** @type {HTMLElement | null} */ (list.children[first]?.querySelector("a"))?.focus();
  });
  showMore();
  return h("div", null, list, more);
}

/** @param {TraceSummary} trace @param {number} longest */
function resultRow(trace, longest) {
  const failed = trace.errorCount > 0;
  const link = h("a", { class: `result${failed ? " failed" : ""}`, href: `/trace/${trace.traceID}`, "data-testid": "trace-row", "data-trace-id": trace.traceID, "data-error": failed ? "true" : "false" },
    h("div", { class: "result-head" },
      h("span", { class: "result-title" }, h("span", { class: "muted" }, trace.rootService || "unknown service"), " ", h("strong", null, trace.rootName || "no root span yet"),
        h("span", { class: "mono faint result-id" }, trace.traceID.slice(0, 7))),
      h("span", { class: "result-duration", title: exact(trace.durationNano) }, duration(trace.durationNano))),
    h("div", { class: "result-facts" },
      h("span", { class: "chip" }, count(trace.spanCount, "span")),
      failed && h("span", { class: "chip error" }, count(trace.errorCount, "error")),
      trace.orphanCount > 0 && h("span", { class: "chip warning", title: "Spans whose parent is not here (yet)" }, `incomplete: ${integer(trace.orphanCount)} without parent`),
      serviceChips(trace),
      h("time", { class: "result-time muted", datetime: iso(trace.startTimeUnixNano), title: iso(trace.startTimeUnixNano) }, `${dateTime(trace.startTimeUnixNano)} · ${ago(trace.startTimeUnixNano)}`)),
    failed && trace.errorMessage && h("div", { class: "result-error", title: trace.errorMessage }, headline(trace.errorMessage)));
  link.style.setProperty("--share", `${Math.max(0.3, trace.durationNano / longest * 100)}%`);
  return h("li", null, link);
}

/** @param {TraceSummary} trace */
function serviceChips(trace) {
  const slots = serviceSlots(trace.services.map((service) => service.name));
  const chips = trace.services.slice(0, CHIPS).map((service) => {
    const mark = h("i", { class: "swatch" });
    mark.style.background = serviceVariable(slots.get(service.name) ?? 0);
    return h("span", { class: "chip" }, mark, `${service.name} ${integer(service.spanCount)}`);
  });
  const rest = trace.services.slice(CHIPS);
  if (rest.length) chips.push(h("span", { class: "chip", title: rest.map((service) => `${service.name} ${service.spanCount}`).join("\n") }, `+${rest.length}`));
  return chips;
}
