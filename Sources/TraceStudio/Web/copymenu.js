// What can be taken along from a trace or a span: links, ids, the spans in several formats, a summary for a ticket, and the search that finds more like it.
import { h, copy, toast } from "./dom.js";
import * as api from "./api.js";
import { count, duration, iso, percent } from "./format.js";
import { STAGES } from "./color.js";
import { quoted } from "./filterbox.js";
import { closeOutside } from "./frame.js";

/** @typedef {import("./view.js").TraceView} View */

/**
 * The menu of the trace (without a row) or of a span.
 * @param {View} view @param {number} [row]
 */
export function copyMenu(view, row = -1) {
  const { trace } = view, isSpan = row >= 0;
  const what = isSpan ? "the span" : "the trace", id = isSpan ? trace.idOf(row) : trace.traceID;
  const address = (/** @type {string} */ format) => `/api/ui/trace/${trace.traceID}/export?${new URLSearchParams({ format, ...(isSpan ? { span: id } : {}) })}`;
  const menu = h("details", { class: "menu", "data-testid": isSpan ? "copy-span" : "copy-trace" }, h("summary", { class: "button small", "aria-label": `Copy ${what}` }, "Copy ▾"));
  /** @type {Array<[string, string, () => string | Promise<string>]>} */
  const items = [
    ["link", isSpan ? "Link to the span" : "Link to this view", () => (isSpan ? spanLink(trace, row) : location.href)],
    ["id", isSpan ? "Span id" : "Trace id", () => id],
    ["traceparent", "traceparent (W3C)", () => traceparent(view, isSpan ? row : view.selected)],
    ["otlp", "OTLP JSON", () => api.text(address("otlp"))],
    ["jaeger", "Jaeger JSON", () => api.text(address("jaeger"))],
    ["markdown", "Summary as Markdown", () => (isSpan ? spanMarkdown(view, row) : traceMarkdown(view))],
    ["curl", "curl for the OTLP JSON", () => `curl -s '${location.origin}${address("otlp")}'`],
    ["filter", "Filter that finds similar", () => similar(view, row)],
  ];
  if (!isSpan) items.push(["traceql", "TraceQL that finds similar", () => traceQL(view, row)]);
  const run = async (/** @type {string} */ label, /** @type {() => string | Promise<string>} */ text) => {
    menu.open = false;
    menu.querySelector("summary")?.focus();
    try { await copy(await text(), label); } catch (error) { toast(`Nothing was copied: ${error instanceof Error ? error.message : error}`); }
  };
  menu.append(h("div", { class: "menu-items" }, items.map(([key, label, text]) => h("button", { type: "button", "data-copy": key, onclick: () => run(label, text) }, label)),
    h("a", { href: similarLink(view, row), "data-copy": "similar" }, "Find similar traces →"),
    h("a", { href: address("otlp"), download: "" }, "Download OTLP JSON")));
  closeOutside(menu);
  return menu;
}

/** The address of the trace with a span selected. @param {import("./columns.js").TraceColumns} trace @param {number} row */
function spanLink(trace, row) { return `${location.origin}/trace/${trace.traceID}?span=${trace.idOf(row)}`; }

/** @param {View} view @param {number} row */
function traceparent(view, row) { return `00-${view.trace.traceID}-${view.trace.idOf(Math.max(0, row))}-01`; }

/** Our filter for traces like this one, or with a span like that one. @param {View} view @param {number} row */
export function similar(view, row) {
  const { trace } = view;
  if (row < 0) return [trace.rootService && `service:${quoted(trace.rootService)}`, trace.rootName && `operation:${quoted(trace.rootName)}`, trace.errorCount ? "status:error" : `duration>=${plainDuration(trace.exactDuration * 0.8)}`].filter(Boolean).join(" ");
  // The filter's words are about traces and what is on their critical path; a single span is named best in TraceQL, which the same box takes.
  return traceQL(view, row);
}

/** The search page with that filter, half an hour around the trace. @param {View} view @param {number} row @param {string} [q] */
export function similarLink(view, row, q = similar(view, row)) {
  const at = Number(BigInt(view.trace.startTimeUnixNano) / 1000n), around = 1_800_000_000;
  return `/traces?${new URLSearchParams({ q, from: String(at - around), to: String(at + around) })}`;
}

/** @param {View} view @param {number} row */
function traceQL(view, row) {
  const { trace } = view, text = (/** @type {string} */ value) => JSON.stringify(value);
  if (row < 0) return `{ rootServiceName = ${text(trace.rootService)} && rootName = ${text(trace.rootName)} && traceDuration >= ${plainDuration(trace.exactDuration * 0.8)} }`;
  return `{ resource.service.name = ${text(trace.serviceOf(row))} && name = ${text(trace.nameOf(row))}${trace.flags[row] & 1 ? " && status = error" : ` && duration >= ${plainDuration(trace.durations[row] * 0.8)}`} }`;
}

/** A duration as filters take it. @param {number} ns */
export function plainDuration(ns) {
  for (const [size, unit] of /** @type {Array<[number, string]>} */ ([[1e9, "s"], [1e6, "ms"], [1e3, "us"]])) if (ns >= size) return `${Number((ns / size).toPrecision(3))}${unit}`;
  return `${Math.max(0, Math.round(ns))}ns`;
}

/** A summary for a ticket. @param {View} view */
function traceMarkdown(view) {
  const { trace } = view;
  const lines = [`**${cell(trace.rootName)}** (${cell(trace.rootService)}): ${duration(trace.exactDuration)}, ${count(trace.spanCount, "span")}, ${count(trace.errorCount, "error")}`, "",
    `Trace [\`${trace.traceID}\`](${location.origin}/trace/${trace.traceID}), started ${iso(trace.startTimeUnixNano)}`];
  if (trace.strip.length) lines.push("", "| stage | time | share | |", "|---|---:|---:|---|", ...trace.strip.map((part) => `| ${STAGES[part.stage]?.label ?? part.stage} | ${duration(part.duration)} | ${percent(part.duration / trace.duration)} | ${part.waiting ? "waiting" : "working"} |`));
  if (trace.errorMessage) lines.push("", `Error: ${cell(trace.errorMessage)}`);
  const remarks = [...trace.problems.map((problem) => problem.text), ...trace.warnings];
  if (remarks.length) lines.push("", ...remarks.map((remark) => `- ⚠ ${remark}`));
  return lines.join("\n");
}

/** @param {View} view @param {number} row */
function spanMarkdown(view, row) {
  const { trace } = view;
  const lines = [`**${cell(trace.nameOf(row))}** (${cell(trace.serviceOf(row))}): ${duration(trace.durations[row])}, ${percent(trace.durations[row] / trace.duration)} of the trace, starts at +${duration(trace.start[row])}${trace.flags[row] & 1 ? ", failed" : ""}`, "",
    `Span [\`${trace.idOf(row)}\`](${spanLink(trace, row)}) of trace \`${trace.traceID}\``];
  const first = trace.stageFirst[row], end = trace.stageFirst[row + 1];
  if (end > first) lines.push("", "| stage | time |", "|---|---:|");
  for (let index = first; index < end; index++) lines.push(`| ${STAGES[trace.stageNames[index]]?.label ?? trace.stageNames[index]} | ${duration(trace.stageDuration[index])} |`);
  return lines.join("\n");
}

/** Text that means nothing to Markdown. @param {string} text */
function cell(text) { return text.replace(/\s+/g, " ").replace(/[\\\x60*_|[\]<>]/g, "\\$&"); }
