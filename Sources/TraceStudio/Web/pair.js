// Two traces beside each other: their stages and critical paths on one axis, and each span with the one on the same path of the other.
import { h } from "./dom.js";
import * as api from "./api.js";
import { count, duration, integer } from "./format.js";
import { STAGES, serviceSlots, serviceVariable } from "./color.js";
import { figure } from "./figure.js";
import { sortableTable } from "./table.js";
import { signed } from "./why.js";

/** Pieces of a critical path that are drawn; what is narrower than a pixel joins its neighbours anyway. */
const PIECES = 400;

/** @param {string} a @param {string} b ids @param {import("./frame.js").Frame} frame */
export async function pairView(a, b, frame) {
  const traces = await Promise.all([api.trace(a), api.trace(b)]);
  const longest = Math.max(...traces.map((trace) => trace.durationNano), 1);
  const slots = serviceSlots(traces.flatMap((trace) => [...trace.columns.service].map((/** @type {number} */ service) => trace.strings[service])));
  const rows = paired(traces[0], traces[1]);
  const added = rows.filter((row) => !row.a).length, removed = rows.filter((row) => !row.b).length, both = rows.length - added - removed;
  const head = h("div", { class: "results-head" }, h("h1", null, "Two traces"), h("b", { "data-testid": "pair-gap", "data-gap": traces[1].durationNano - traces[0].durationNano }, signed(traces[1].durationNano - traces[0].durationNano)), h("span", { class: "spacer" }), h("button", { class: "button small", type: "button", "data-testid": "swap", title: "A becomes B; all signs turn round", onclick: () => frame.set({ a: b, b: a }, { push: true, tell: true }) }, "Swap sides"));
  const cards = traces.map((trace, index) => strips(trace, index ? "b" : "a", longest, slots));
  return [head, ...cards, stageDifferences(traces),
    h("section", { class: "card", "aria-label": "Spans" }, h("div", { class: "card-head" }, h("h2", null, "Spans by path"), h("span", { class: "muted", "data-testid": "pair-counts" }, `${count(both, "span")} in both, ${integer(added)} only in B, ${integer(removed)} only in A`)), spanTable(rows, traces))];
}

/** Stages and critical path of a trace on the axis of both. @param {any} trace @param {"a" | "b"} side @param {number} longest @param {Map<string, number>} slots */
function strips(trace, side, longest, slots) {
  const bar = h("div", { class: "pair-bar", "aria-hidden": "true" });
  for (const part of trace.strip) {
    const segment = h("div", { class: `strip-segment${part.waiting ? " hatched" : ""}`, title: `${STAGES[part.stage]?.label ?? part.stage} ${duration(part.duration)}` });
    segment.style.setProperty("--stage", `var(--stage-${part.stage in STAGES ? part.stage : "unaccounted"})`);
    segment.style.width = `${part.duration / longest * 100}%`;
    bar.append(segment);
  }
  const path = h("div", { class: "pair-bar pair-path", "aria-hidden": "true" });
  const pieces = trace.critical.duration.length <= PIECES ? [...trace.critical.row.keys()] : [...trace.critical.row.keys()].sort((x, y) => trace.critical.duration[y] - trace.critical.duration[x]).slice(0, PIECES);
  for (const index of pieces) {
    const row = trace.critical.row[index], name = trace.strings[trace.columns.name[row]], service = trace.strings[trace.columns.service[row]];
    const piece = h("a", { class: "pair-piece", href: `/trace/${trace.traceID}?span=${spanID(trace, row)}`, tabindex: -1, title: `${name} (${service}) ${duration(trace.critical.duration[index])}` }, h("span", null, name));
    piece.style.left = `${trace.critical.start[index] / longest * 100}%`;
    piece.style.width = `${trace.critical.duration[index] / longest * 100}%`;
    piece.style.setProperty("--stage", serviceVariable(slots.get(service) ?? 0));
    path.append(piece);
  }
  const numbers = () => ({ columns: [{ label: "part" }, { label: "what" }, { label: "from", numeric: true }, { label: "time", numeric: true }], rows: [...trace.strip.map((/** @type {any} */ part) => ["stage", STAGES[part.stage]?.label ?? part.stage, null, duration(part.duration)]), ...[...trace.critical.row.keys()].map((index) => ["critical path", trace.strings[trace.columns.name[trace.critical.row[index]]], duration(trace.critical.start[index]), duration(trace.critical.duration[index])])] });
  return figure({ title: side.toUpperCase(), note: [h("a", { href: `/trace/${trace.traceID}` }, trace.rootName || trace.traceID.slice(0, 8)), ` ${trace.rootService} · ${duration(trace.durationNano)} · ${count(trace.spanCount, "span")}, ${count(trace.errorCount, "error")}`], summary: `Stages and critical path of trace ${side.toUpperCase()}`, testid: "compared", numbers },
    h("div", { class: "pair-strips" }, h("span", { class: "faint" }, "stages"), trace.strip.length ? bar : h("span", { class: "faint" }, "none are known"), h("span", { class: "faint" }, "critical path"), path));
}

/** @param {any[]} traces */
function stageDifferences(traces) {
  const times = traces.map((trace) => new Map(trace.strip.map((/** @type {any} */ part) => [part.stage, part.duration])));
  const names = Object.keys(STAGES).filter((name) => times.some((side) => side.has(name)));
  if (!names.length) return null;
  return sortableTable({ label: "Stages of both", testid: "pair-stages", rows: names.map((name) => ({ name, a: times[0].get(name) ?? 0, b: times[1].get(name) ?? 0 })), rowProps: (row) => ({ "data-stage": row.name, "data-difference": row.b - row.a }), columns: [
    { key: "stage", label: "stage", value: (row) => STAGES[row.name].label }, { key: "a", label: "A", numeric: true, value: (row) => row.a, view: (row) => duration(row.a) }, { key: "b", label: "B", numeric: true, value: (row) => row.b, view: (row) => duration(row.b) }, { key: "difference", label: "B − A", numeric: true, value: (row) => row.b - row.a, view: (row) => h("b", null, signed(row.b - row.a)) }] }).element;
}

/** @typedef {{name: string, service: string, depth: number, order: number, a: {row: number, time: number} | null, b: {row: number, time: number} | null}} Pair */

/** @param {Pair[]} rows @param {any[]} traces */
function spanTable(rows, traces) {
  const link = (/** @type {Pair} */ row, /** @type {"a" | "b"} */ side) => { const span = row[side], trace = traces[side === "a" ? 0 : 1]; return span ? h("a", { class: "cell-link", href: `/trace/${trace.traceID}?span=${spanID(trace, span.row)}` }, duration(span.time)) : h("span", { class: "faint" }, "–"); };
  return sortableTable({ label: "Spans of both", testid: "pair-spans", rows, rowProps: (row) => ({ class: !row.a ? "added" : !row.b ? "removed" : null, "data-side": !row.a ? "b" : !row.b ? "a" : "both" }), columns: [
    { key: "order", label: "span", value: (row) => row.order, view: (row) => { const cell = h("span", { class: "pair-name" }, h("b", null, row.name), " ", h("span", { class: "muted" }, row.service), !row.a ? h("span", { class: "chip" }, "only in B") : !row.b ? h("span", { class: "chip" }, "only in A") : null); cell.style.paddingLeft = `${Math.min(row.depth, 20) * 14}px`; return cell; } },
    { key: "a", label: "A", numeric: true, value: (row) => row.a?.time, view: (row) => link(row, "a") },
    { key: "b", label: "B", numeric: true, value: (row) => row.b?.time, view: (row) => link(row, "b") },
    { key: "difference", label: "B − A", title: "the largest difference first, either way", numeric: true, value: (row) => (row.a && row.b ? Math.abs(row.b.time - row.a.time) : null), view: (row) => (row.a && row.b ? h("b", null, signed(row.b.time - row.a.time)) : "–") },
  ] }).element;
}

/** The spans of a trace by path; siblings of one name are told apart by their order. @param {any} trace @returns {Map<string, {row: number, time: number, depth: number}>} */
function byPath(trace) {
  const { parent, name, service, duration: durations, depth } = trace.columns;
  /** @type {Map<string, {row: number, time: number, depth: number}>} */
  const result = new Map();
  /** @type {string[]} */
  const paths = [];
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (let row = 0; row < trace.spanCount; row++) {
    const above = parent[row] >= 0 ? paths[parent[row]] : "", key = `${above}\n${trace.strings[service[row]]}\t${trace.strings[name[row]]}`;
    const number = seen.get(key) ?? 0;
    seen.set(key, number + 1);
    paths[row] = `${key}\t${number}`;
    result.set(paths[row], { row, time: durations[row], depth: depth?.[row] ?? paths[row].split("\n").length - 2 });
  }
  return result;
}

/** Spans of both by path, in the order of A; those that only B has come after the span before them there. @param {any} a @param {any} b @returns {Pair[]} */
function paired(a, b) {
  const left = byPath(a), right = byPath(b), order = [...left.keys()];
  /** @type {Map<string, string[]>} */
  const after = new Map();
  let last = "";
  for (const path of right.keys()) {
    if (left.has(path)) { last = path; continue; }
    after.set(last, [...(after.get(last) ?? []), path]);
  }
  const all = [...(after.get("") ?? []), ...order.flatMap((path) => [path, ...(after.get(path) ?? [])])];
  return all.map((path, place) => {
    const one = left.get(path) ?? null, other = right.get(path) ?? null, trace = one ? a : b, row = (one ?? other)?.row ?? 0;
    return { name: trace.strings[trace.columns.name[row]], service: trace.strings[trace.columns.service[row]], depth: (one ?? other)?.depth ?? 0, order: place, a: one, b: other };
  });
}

/** The ids of all spans stand behind each other. @param {any} trace @param {number} row */
function spanID(trace, row) { return trace.columns.spanID.slice(row * 16, row * 16 + 16); }
