// Rate, errors and duration of a service and of each of its operations, over time.
import { h, fill, svg } from "./dom.js";
import { duration, integer, percent, rate, rateUnit } from "./format.js";
import { estimate, quantile } from "./estimate.js";
import { FilterBox, quoted } from "./filterbox.js";
import { loadPage, nothing } from "./loading.js";
import { path, redChart } from "./redchart.js";
import { sortableTable } from "./table.js";
import { ask } from "./windows.js";

const STEPS = 60;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const filter = new FilterBox({ frame, onRun: (q) => frame.set({ q }, { push: true, tell: true }) });
  const select = h("select", { id: "service", "aria-label": "Service", "data-testid": "monitor-service" }), body = h("div", { class: "page-parts" }), note = h("span", { class: "muted" });
  select.addEventListener("change", () => frame.set({ service: select.value, operation: null }, { push: true, tell: true }));
  const element = h("div", null, filter.element, h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, "Monitor"), select, note), body));
  await loadPage(root, frame, element, async (signal) => {
    filter.set(frame.q);
    let answer;
    try {
      answer = await ask("operations", frame.ask({ service: frame.parameters.get("service") ?? undefined, steps: STEPS }), signal);
    } catch (/** @type {any} */ error) {
      if (signal.aborted || error.status !== 400) throw error;
      filter.tell(error);
      return;
    }
    frame.tellSampling(answer);
    const names = answer.services.map((/** @type {any} */ service) => service.name);
    if (answer.service && !names.includes(answer.service)) names.unshift(answer.service);
    fill(select, names.map((/** @type {string} */ name) => h("option", { value: name, selected: name === answer.service }, name)));
    select.hidden = !names.length;
    note.textContent = answer.operations.length ? "scaled to all requests where senders tell how they sample" : "";
    fill(body, answer.operations.length ? [charts(answer, frame), operations(answer, frame)] : nothing(answer.service ? `No calls of ${answer.service} in this time` : "No services in this time"));
  });
}

/** What a series tells of each step: null where nothing was called. @param {any} answer @param {any} one @param {(step: any) => number | null} value @returns {Array<number | null>} */
function series(answer, one, value) {
  /** @type {Array<number | null>} */
  const values = new Array(answer.steps).fill(null);
  for (const step of one.series) values[step.step] = value(step);
  return values;
}

/** Calls a second: 0 where nothing was called, unless there is no data at all. @param {any} answer @param {any} one */
function rates(answer, one) {
  const seconds = answer.stepNano / 1e9, from = BigInt(answer.from), step = BigInt(Math.round(answer.stepNano));
  const covered = BigInt(answer.read.coveredFrom);
  return series(answer, one, (at) => at.calls / seconds).map((value, index) => {
    if (value !== null) return value;
    const [start, end] = [from + BigInt(index) * step, from + BigInt(index + 1) * step];
    return start < covered || (answer.gaps ?? []).some((/** @type {any} */ gap) => BigInt(gap.from) < end && BigInt(gap.to) > start) || end > BigInt(Date.now()) * 1000000n ? null : 0;
  });
}

/** @param {any} answer @param {import("./frame.js").Frame} frame */
function charts(answer, frame) {
  const operation = frame.parameters.get("operation");
  const one = (operation !== null && answer.operations.find((/** @type {any} */ candidate) => candidate.operation === operation)) || answer.requests;
  const isAll = one === answer.requests;
  const from = Number(BigInt(answer.from) / 1000n), to = from + answer.stepNano * answer.steps / 1000;
  const common = { from, to, gaps: answer.gaps, bands: answer.bands, onSpan: (/** @type {number} */ start, /** @type {number} */ end) => frame.link("/traces", { q: terms(answer.service, isAll ? null : one.operation, frame), from: String(Math.round(start)), to: String(Math.round(end)), lookback: "" }) };
  const calls = rates(answer, one), unit = rateUnit(Math.max(0, ...calls.map((value) => value ?? 0)));
  return h("section", { "aria-label": isAll ? `All requests to ${answer.service}` : one.operation },
    h("div", { class: "results-head" }, h("h2", { class: "section-title", "data-testid": "monitor-title" }, isAll ? `All requests to ${answer.service}` : one.operation), !isAll && h("a", { href: here(frame, null) }, "all operations"), h("span", { class: "muted" }, `${estimate(one.calls, one.duration.samples)} calls, ${percent(one.errors / Math.max(1e-9, one.calls))} failed, p95 ${duration(one.duration.p95)}`)),
    h("div", { class: "red" },
      redChart({ ...common, title: "Rate", note: `calls ${unit.words}`, testid: "chart-rate", lines: [{ name: `calls ${unit.words}`, class: "red-rate", values: calls.map((value) => (value === null ? null : value * unit.seconds)) }], words: (value) => rate(value / unit.seconds, unit) }),
      redChart({ ...common, title: "Errors", note: "share of calls", testid: "chart-errors", lines: [{ name: "errors", class: "red-errors", values: series(answer, one, (step) => step.errors / step.calls) }], words: percent }),
      redChart({ ...common, title: "Duration", testid: "chart-duration", lines: ["p50", "p95", "p99"].map((key) => ({ name: key, class: `red-${key}`, values: series(answer, one, (step) => step[key] ?? null) })), words: duration })));
}

/** Traces of a service's operation. @param {string} service @param {string | null} operation @param {import("./frame.js").Frame} frame */
function terms(service, operation, frame) { return [`service:${quoted(service)}`, operation ? `"${operation.replace(/"/g, "")}"` : "", frame.q].filter(Boolean).join(" "); }

/** This page about one operation. @param {import("./frame.js").Frame} frame @param {string | null} operation */
function here(frame, operation) {
  const parameters = new URLSearchParams(frame.parameters);
  if (operation === null) parameters.delete("operation");
  else parameters.set("operation", operation);
  return `/monitor?${parameters}`;
}

/** @param {any} answer @param {import("./frame.js").Frame} frame */
function operations(answer, frame) {
  const total = answer.operations.reduce((/** @type {number} */ sum, /** @type {any} */ row) => sum + row.totalNano, 0) || 1;
  return [sortableTable({
    label: `Operations of ${answer.service}`, testid: "operations", rows: answer.operations, sort: "impact", descending: true, rowProps: (row) => ({ "data-operation": row.operation, class: row.operation === frame.parameters.get("operation") ? "chosen" : null }), columns: [
      { key: "operation", label: "operation", value: (row) => row.operation, view: (row) => [h("a", { href: here(frame, row.operation) }, row.operation), h("span", { class: "faint" }, ` ${row.kind}`)] },
      { key: "rate", label: "rate", numeric: true, value: (row) => row.rate, view: (row) => [line(rates(answer, row)), ` ${rate(row.rate)}`] },
      { key: "calls", label: "calls", numeric: true, value: (row) => row.calls, view: (row) => estimate(row.calls, row.duration.samples) },
      { key: "errors", label: "errors", numeric: true, value: (row) => row.errors / row.calls, view: (row) => [line(series(answer, row, (step) => step.errors / step.calls), "failed"), " ", row.failed ? h("a", { href: `/trace/${row.failed}`, class: "error-text", title: "the newest trace in which it failed" }, percent(row.errors / row.calls)) : h("span", { class: "faint" }, "0 %")] },
      { key: "p50", label: "p50", numeric: true, value: (row) => row.duration.p50, view: (row) => duration(row.duration.p50) },
      { key: "p95", label: "p95", numeric: true, value: (row) => row.duration.p95, view: (row) => [line(series(answer, row, (step) => step.p95 ?? null)), " ", quantile(row.duration.p95, row.duration.samples, 0.95)] },
      { key: "p99", label: "p99", numeric: true, value: (row) => row.duration.p99, view: (row) => quantile(row.duration.p99, row.duration.samples, 0.99) },
      { key: "impact", label: "impact", title: "share of the time of all its operations", numeric: true, value: (row) => row.totalNano, view: (row) => percent(row.totalNano / total) },
      { key: "doors", label: "traces", sorts: false, value: () => null, view: (row) => [h("a", { href: `/trace/${row.slowest}`, "data-testid": "slowest" }, "slowest"), " · ", h("a", { href: frame.link("/traces", { q: terms(answer.service, row.operation, frame) }), "data-testid": "operation-traces" }, "all")] },
    ],
  }).element, answer.leftOut ? h("p", { class: "faint" }, `${integer(answer.leftOut)} spans of more operations are in the charts only.`) : null];
}

/** A series as a small line. @param {Array<number | null>} values @param {string} [name] */
function line(values, name = "") {
  const most = Math.max(1e-12, ...values.map((value) => value ?? 0));
  return svg("svg", { class: `spark-line ${name}`, width: 80, height: 16, "aria-hidden": "true" }, svg("path", { d: path(values, (index) => 1 + index / Math.max(1, values.length - 1) * 78, (value) => 15 - value / most * 13) }));
}
