// Two selections of traces: versions, hosts, clients, times. How their durations lie, and which stages differ with how much certainty.
import { h, svg } from "./dom.js";
import { count, dateTime, duration, integer, percent } from "./format.js";
import { chartBox } from "./chartbox.js";
import { STAGES } from "./color.js";
import { estimate, quantile } from "./estimate.js";
import { figure } from "./figure.js";
import { nothing } from "./loading.js";
import { LinearScale, LogScale } from "./scale.js";
import { signed } from "./why.js";

const MEASURES = [["mean", "mean"], ["p50", "p50"], ["p95", "p95"], ["p99", "p99"]];
const SHARES = /** @type {Record<string, number>} */ ({ p50: 0.5, p95: 0.95, p99: 0.99 });

/** Names of the parameters of a side. @type {Array<["a" | "b", "a.from" | "b.from", "a.to" | "b.to"]>} */
const SIDES = [["a", "a.from", "a.to"], ["b", "b.from", "b.to"]];

/** What the page's URL says of both sides, as the API takes it. @param {import("./frame.js").Frame} frame */
export function sideParameters(frame) {
  return Object.fromEntries(SIDES.flat().map((name) => [name, frame.parameters.get(name) ?? undefined]));
}

/** @param {any} answer of /api/ui/compare @param {import("./frame.js").Frame} frame @param {any} switches of the page's head */
export function selectionsView(answer, frame, switches) {
  const names = SIDES.map(([side, from]) => sideName(frame, side, from));
  const swap = () => { const { parameters } = frame; frame.set(Object.fromEntries(SIDES[0].flatMap((name, index) => [[name, parameters.get(SIDES[1][index])], [SIDES[1][index], parameters.get(name)]])), { push: true, tell: true }); };
  const head = h("div", { class: "results-head" }, h("h1", null, "Compare"), h("span", { class: "spacer" }), switches, h("button", { class: "button small", type: "button", "data-testid": "swap", title: "A becomes B; all signs turn round", onclick: swap }, "Swap sides"));
  const parts = [head, form(frame)];
  if (!answer.a.traces || !answer.b.traces) return [...parts, nothing("One side has no traces", `${names[0]}: ${count(answer.a.traces, "trace")}; ${names[1]}: ${count(answer.b.traces, "trace")}.`)];
  const measure = MEASURES.find(([name]) => name === frame.parameters.get("measure"))?.[0] ?? "mean";
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Measure" }, MEASURES.map(([name, label]) => h("button", { class: "chip", type: "button", "aria-pressed": String(name === measure), "data-measure": name, onclick: () => frame.set({ measure: name === "mean" ? null : name }, { push: true, tell: true }) }, label)));
  const used = answer.a.used < answer.a.traces || answer.b.used < answer.b.traces ? ` Intervals are made of ${integer(answer.a.used)} of ${integer(answer.a.traces)} and ${integer(answer.b.used)} of ${integer(answer.b.traces)} traces.` : "";
  const cut = [["A", answer.a.window], ["B", answer.b.window]].filter(([, window]) => !window.read.complete).map(([side, window]) => `${side}: ${integer(window.read.traces)} of ≈ ${integer(window.read.of)} traces used. `).join("");
  return [...parts, h("p", { class: "why-words", "data-testid": "compare-words" }, answer.sentences.join(" ")), (used || cut) && h("p", { class: "muted", "data-testid": "used" }, `${cut}${used}`.trim()),
    sides(answer, names), h("div", { class: "columns wide-last" },
      figure({ title: "Latency", note: "share of each side, on one logarithmic axis", summary: `Two latency histograms: ${names[0]} to the left, ${names[1]} to the right`, testid: "butterfly", numbers: () => histogramNumbers(answer, names) }, butterfly(answer, names)),
      figure({ title: "Stages, B − A", note: "grey may be chance, or is below 1 % of the whole", summary: "Difference of each stage with its interval", testid: "stages", numbers: () => stageNumbers(answer), actions: chips }, stageTable(answer, measure)))];
}

/** @param {import("./frame.js").Frame} frame @param {"a" | "b"} side @param {string} from */
function sideName(frame, side, from) {
  const time = frame.parameters.get(from);
  return [frame.parameters.get(side) || (time ? "" : "everything"), time && `from ${dateTime(`${Math.round(Number(time))}000`).replace(/\.\d+$/, "")}`].filter(Boolean).join(" ");
}

/** Both filters, to be changed in place. @param {import("./frame.js").Frame} frame */
function form(frame) {
  const inputs = SIDES.map(([side]) => h("input", { type: "text", value: frame.parameters.get(side) ?? "", "aria-label": `Filter of side ${side.toUpperCase()}`, placeholder: "everything", spellcheck: "false", autocomplete: "off", "data-testid": `side-${side}` }));
  return h("form", { class: "sides-form", "aria-label": "Both sides", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); frame.set({ a: inputs[0].value.trim(), b: inputs[1].value.trim() }, { push: true, tell: true }); } },
    SIDES.map(([side, from], index) => h("label", null, h("span", { class: `side-mark ${side}` }, side.toUpperCase()), inputs[index], frame.parameters.get(from) ? h("span", { class: "muted" }, sideName(frame, side, from).replace(frame.parameters.get(side) ?? "", "").trim()) : null)), h("button", { class: "button", type: "submit" }, "Compare"));
}

/** Size, errors and quantiles of both sides with their examples. @param {any} answer @param {string[]} names */
function sides(answer, names) {
  const row = (/** @type {any} */ side, /** @type {string} */ mark, /** @type {string} */ name) => h("tr", { "data-side": mark }, h("th", { scope: "row" }, h("span", { class: `side-mark ${mark}` }, mark.toUpperCase()), " ", h("code", null, name)), h("td", { class: "number" }, estimate(side.count, side.traces)), h("td", { class: `number${side.errors ? " error-text" : " faint"}` }, percent(side.errors / Math.max(1, side.count))), h("td", { class: "number" }, duration(Math.round(side.meanNano))),
    ["p50", "p95", "p99"].map((measure) => { const example = side.exemplars.find((/** @type {any} */ one) => one.measure === measure); return h("td", { class: "number" }, quantile(side[`${measure}Nano`], side.traces, SHARES[measure]), " ", example && h("a", { class: "mono", href: `/trace/${example.traceID}`, "data-testid": "exemplar", "data-measure": measure, title: `A trace at ${measure} of ${name}: ${duration(example.durationNano)}` }, example.traceID.slice(0, 8))); }));
  return h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Both sides" }, h("table", { class: "table", "data-testid": "sides" }, h("thead", null, h("tr", null, ["side", "requests", "errors", "mean", "p50 · example", "p95 · example", "p99 · example"].map((label, index) => h("th", { scope: "col", class: index ? "number" : null }, label)))), h("tbody", null, row(answer.a, "a", names[0]), row(answer.b, "b", names[1]))));
}

/** @param {any} row @param {string} measure */
function of(row, measure) { return row.differences.find((/** @type {any} */ one) => one.measure === measure); }
/** @param {any} row */
function rowLabel(row) { return row.stage ? STAGES[row.stage]?.label ?? row.stage : "whole"; }

/** @param {any} answer @param {string} measure */
function stageTable(answer, measure) {
  const all = answer.rows.map((/** @type {any} */ row) => of(row, measure)), width = 160;
  const x = new LinearScale(Math.min(0, ...all.map((/** @type {any} */ one) => Math.min(one.lowNano, one.differenceNano))), Math.max(0, ...all.map((/** @type {any} */ one) => Math.max(one.highNano, one.differenceNano))), 6, width - 6);
  const rows = answer.rows.map((/** @type {any} */ row) => {
    const one = of(row, measure), at = x.at(one.differenceNano), tells = one.certain && !one.negligible;
    const plot = svg("svg", { class: `whisker${tells ? one.differenceNano > 0 ? " slower" : " faster" : " unsure"}`, width, height: 16, "aria-hidden": "true" }, svg("line", { class: "axis", x1: x.at(0), x2: x.at(0), y1: 0, y2: 16 }), svg("rect", { x: Math.min(at, x.at(0)), width: Math.abs(at - x.at(0)), y: 4, height: 8 }), svg("line", { class: "whisker-line", x1: x.at(one.lowNano), x2: x.at(one.highNano), y1: 8, y2: 8 }), svg("line", { class: "whisker-line", x1: x.at(one.lowNano), x2: x.at(one.lowNano), y1: 5, y2: 11 }), svg("line", { class: "whisker-line", x1: x.at(one.highNano), x2: x.at(one.highNano), y1: 5, y2: 11 }));
    return h("tr", { "data-stage": row.stage ?? "whole", "data-certain": String(tells), "data-difference": one.differenceNano, class: tells ? null : "unsure" }, h("th", { scope: "row" }, rowLabel(row)), h("td", null, plot),
      h("td", { class: "number" }, h("b", null, signed(one.differenceNano)), one.aNano > 0 && Math.abs(one.differenceNano) >= one.aNano * 0.001 ? h("span", { class: "muted" }, ` ${one.differenceNano >= 0 ? "+" : "−"}${percent(Math.abs(one.differenceNano / one.aNano))}`) : null), h("td", { class: "number muted" }, `${signed(one.lowNano)} … ${signed(one.highNano)}`), h("td", { class: "number muted" }, `${duration(Math.round(one.aNano))} → ${duration(Math.round(one.bNano))}`));
  });
  return h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": "Differences by stage" }, h("table", { class: "table stage-differences", "data-testid": "stage-differences" }, h("thead", null, h("tr", null, ["stage", "", "difference", "interval", "A → B"].map((label, index) => h("th", { scope: "col", class: index > 1 ? "number" : null }, label)))), h("tbody", null, rows)));
}

/** @param {any} answer */
function stageNumbers(answer) {
  return { columns: [{ label: "stage" }, { label: "measure" }, { label: "A", numeric: true }, { label: "B", numeric: true }, { label: "difference", numeric: true }, { label: "at least", numeric: true }, { label: "at most", numeric: true }, { label: "certain" }, { label: "below 1 %" }],
    rows: answer.rows.flatMap((/** @type {any} */ row) => row.differences.map((/** @type {any} */ one) => [rowLabel(row), one.measure, duration(Math.round(one.aNano)), duration(Math.round(one.bNano)), signed(one.differenceNano), signed(one.lowNano), signed(one.highNano), one.certain ? "yes" : "no", one.negligible ? "yes" : "no"])) };
}

/** Shares of a side by duration. @param {any} answer @param {any} side */
function shares(answer, side) {
  const total = side.histogram.reduce((/** @type {number} */ sum, /** @type {number} */ value) => sum + value, 0) || 1;
  return side.histogram.map((/** @type {number} */ value, /** @type {number} */ index) => ({ low: answer.lowestNano * answer.ratio ** index, high: answer.lowestNano * answer.ratio ** (index + 1), share: value / total }));
}

/** @param {any} answer @param {string[]} names */
function histogramNumbers(answer, names) {
  return { columns: [{ label: "from", numeric: true }, { label: "to", numeric: true }, { label: names[0], numeric: true }, { label: names[1], numeric: true }],
    rows: shares(answer, answer.a).map((/** @type {any} */ bar, /** @type {number} */ index) => [duration(bar.low), duration(bar.high), percent(bar.share), percent(shares(answer, answer.b)[index].share)]) };
}

/** @param {any} answer @param {string[]} names */
function butterfly(answer, names) {
  const halves = [shares(answer, answer.a), shares(answer, answer.b)];
  return chartBox((width) => drawButterfly(answer, names, halves, Math.min(520, width))).element;
}

/** @param {any} answer @param {string[]} names @param {Array<Array<{low: number, high: number, share: number}>>} halves @param {number} width */
function drawButterfly(answer, names, halves, width) {
  const height = 340, middle = width / 2, gap = 34, top = 20, letters = Math.floor(width / 18.5);
  const y = new LogScale(answer.lowestNano, answer.lowestNano * answer.ratio ** answer.a.histogram.length, height - 8, top), most = Math.max(...halves.flat().map((bar) => bar.share));
  const chart = svg("svg", { class: "chart", width, height, "aria-hidden": "true" });
  halves.forEach((half, index) => {
    const sign = index ? 1 : -1, start = middle + sign * gap, room = middle - gap - 30;
    chart.append(svg("text", { x: start, y: 12, "text-anchor": index ? "start" : "end", class: "this" }, `${index ? "B" : "A"} ${names[index].length > letters ? `${names[index].slice(0, letters - 1)}…` : names[index]}`));
    for (const bar of half) {
      if (!bar.share) continue;
      const length = bar.share / most * room;
      chart.append(svg("rect", { class: index ? "side-b" : "side-a", x: index ? start : start - length, width: length, y: y.at(bar.high), height: Math.max(1, y.at(bar.low) - y.at(bar.high) - 1) }, svg("title", null, `${duration(bar.low)} – ${duration(bar.high)}: ${percent(bar.share)}`)));
    }
    const side = index ? answer.b : answer.a;
    let last = Infinity;
    for (const measure of ["p50", "p95", "p99"]) {
      const at = y.at(side[`${measure}Nano`]);
      chart.append(svg("line", { class: "quantile-line", x1: start, x2: start + sign * (room + 4), y1: at, y2: at }));
      if (last - at >= 11) { chart.append(svg("text", { x: start + sign * (room + 6), y: at + 4, "text-anchor": index ? "start" : "end" }, measure)); last = at; }
    }
  });
  for (const tick of y.ticks(36)) chart.append(svg("text", { x: middle, y: y.at(tick.at) + 4, "text-anchor": "middle" }, tick.label));
  return chart;
}
