// A trace at a glance beside a list that goes on: how long, which stages, its spans as bars. The whole trace is one click away.
import { h, svg } from "./dom.js";
import { get } from "./api.js";
import { STAGES, serviceSlots, serviceVariable } from "./color.js";
import { count, duration, integer, percent, timeOfDay } from "./format.js";
import { stageBar } from "./stagebar.js";

/** Spans that are drawn. */
const MOST = 60;
const BARS = 150;

/** @param {string} id @param {AbortSignal} signal @returns {Promise<HTMLElement>} */
export async function peek(id, signal) {
  const trace = await get(`/api/ui/trace/${encodeURIComponent(id)}`, signal);
  const { columns, strings } = trace, total = Math.max(1, Number(trace.durationNano));
  const slots = serviceSlots(new Set(columns.service.map((/** @type {number} */ at) => strings[at])));
  /** @type {Record<string, number>} */
  const stages = Object.fromEntries((trace.strip ?? []).map((/** @type {any} */ part) => [part.stage, part.duration]));
  const rows = columns.start.slice(0, MOST).map((/** @type {number} */ start, /** @type {number} */ row) => {
    const service = strings[columns.service[row]], name = strings[columns.name[row]], failed = (columns.flags[row] & 1) === 1;
    const x = Math.max(0, Math.min(BARS - 2, start / total * BARS)), bar = svg("rect", { x: x.toFixed(1), y: 2, width: Math.max(2, Math.min(BARS - x, columns.duration[row] / total * BARS)).toFixed(1), height: 8, rx: 1.5 });
    bar.style.fill = failed ? "var(--error)" : serviceVariable(slots.get(service) ?? 0);
    const label = h("span", { class: "peek-name" }, name, h("span", { class: "faint" }, ` ${service}`));
    label.style.paddingLeft = `${Math.min(8, columns.depth[row]) * 10}px`;
    return h("li", { class: failed ? "failed" : null }, label, svg("svg", { width: BARS, height: 12, "aria-hidden": "true" }, bar), h("span", { class: "number" }, duration(columns.duration[row])));
  });
  return h("div", { "data-testid": "peek", "data-trace-id": id }, h("p", { class: "peek-head" }, h("b", null, trace.rootName || "no root span"), h("span", { class: "muted" }, ` ${trace.rootService} · ${timeOfDay(trace.startTimeUnixNano)}`)),
    h("p", null, h("b", { class: "peek-duration" }, duration(total)), h("span", { class: "muted" }, ` · ${count(columns.start.length, "span")}`), trace.errorCount ? h("span", { class: "error-text" }, ` · ${count(Number(trace.errorCount), "error")}`) : null),
    trace.errorMessage && h("p", { class: "error-text peek-error" }, trace.errorMessage),
    Object.keys(stages).length > 0 && [stageBar(stages, 340), h("ul", { class: "plain-list peek-stages" }, Object.entries(stages).filter(([, value]) => value > 0).map(([stage, value]) => h("li", null, STAGES[stage]?.label ?? stage, " ", h("b", null, duration(value)), h("span", { class: "faint" }, ` ${percent(value / total)}`))))],
    h("ol", { class: "plain-list peek-spans", "aria-label": "Spans" }, rows), columns.start.length > MOST && h("p", { class: "faint" }, `+${integer(columns.start.length - MOST)} spans`),
    h("p", null, h("a", { class: "button primary", href: `/trace/${id}`, "data-testid": "peek-open" }, "Open the trace →")));
}
