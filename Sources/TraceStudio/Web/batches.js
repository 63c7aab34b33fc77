// Batches of all models: how full they were, how long their requests waited, what another delay would have done, and the newest ones.
import { h, fill, svg } from "./dom.js";
import { batchTable } from "./batchtable.js";
import { chartBox, timeLabels } from "./chartbox.js";
import { dateTime, duration, integer, percent } from "./format.js";
import { figure } from "./figure.js";
import { fillBars } from "./histogram.js";
import { loadPage, nothing } from "./loading.js";
import { LinearScale } from "./scale.js";
import { SizeDelay, batchBoxText, batchBoxWords, readBatchBox } from "./sizedelay.js";
import { sortableTable } from "./table.js";
import { whatIf } from "./whatif.js";
import { ask } from "./windows.js";

const WORDS = /** @type {Record<string, string>} */ ({ attribute: "by batch id", equalTimes: "by equal times" });
/** Servers and versions of one model whose pictures are shown. */
const SHOWN = 4;
/** Executions in the list. */
const LISTED = 500;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const chips = h("div", { class: "chips" }), body = h("div", { class: "page-parts" });
  const element = h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, "Batches"), chips), body);
  await loadPage(root, frame, element, async (signal) => {
    const { parameters } = frame, chosen = parameters.get("model") ?? "", box = readBatchBox(parameters.get("sel"));
    const which = { model: chosen, server: parameters.get("server") ?? undefined, version: parameters.get("version") ?? undefined };
    const delay = parameters.get("delay") ?? undefined;
    const answer = await ask("batches", frame.ask({ ...which, rows: LISTED, estimate: chosen ? "true" : undefined, delay: chosen ? delay : undefined, ...(box ? { size0: box.size0, size1: box.size1, wait0: box.wait0, wait1: Number.isFinite(box.wait1) ? box.wait1 : undefined } : {}) }), signal);
    const all = chosen ? await ask("batches", frame.ask({ rows: 0 }), signal) : answer;
    frame.tellSampling(answer);
    const names = [...new Set(all.models.map((/** @type {any} */ model) => model.model))].sort();
    const chip = (/** @type {string} */ label, /** @type {boolean} */ on, /** @type {Record<string, string | null>} */ changes) => h("button", { class: "chip", type: "button", "aria-pressed": String(on), onclick: () => frame.set({ ...changes, sel: null }, { push: true, tell: true }) }, label);
    fill(chips, names.length > 1 && ["", ...names].map((name) => chip(String(name || "all models"), name === chosen, { model: String(name), server: null, version: null })), (which.server || which.version) && chip(`only ${[which.server, which.version && `v${which.version}`].filter(Boolean).join(" ")} ×`, true, { server: null, version: null }));
    if (!answer.models.length) { fill(body, nothing(all.models.length ? "No such executions in this time" : "No executions in this time", "Batches are told by the executions that requests share: by the server's batch id, else by equal compute times.")); return; }
    const busiest = [...answer.models].sort((a, b) => b.executions - a.executions);
    fill(body, batchTable(answer.models, frame, { label: "Batches by model and server", testid: "batch-models", link: (row) => frame.link("/batches", places(row)) }), chosen ? busiest.slice(0, SHOWN).map((model) => pictures(model, answer, frame, box)) : null, chosen && busiest.length > SHOWN ? h("p", { class: "muted" }, `${busiest.length - SHOWN} more servers or versions: choose one in the table.`) : null, list(answer, frame, box));
  });
}

/** @param {any} model */
function places(model) { return { model: model.model, server: model.server, version: model.version }; }

/** @param {any} model @param {any} answer @param {import("./frame.js").Frame} frame @param {import("./sizedelay.js").BatchBox | null} box */
function pictures(model, answer, frame, box) {
  const most = model.maximum ?? model.largest, sure = model.exact ? "exact" : "as far as seen";
  const bars = model.fill.some((/** @type {any} */ bar) => bar.size === most) ? model.fill : [...model.fill, { size: most, n: 0 }];
  const chart = new SizeDelay(model, answer.delayScale, box, (next) => frame.set(next ? { ...places(model), sel: batchBoxText(next) } : { sel: null }, { push: true, tell: true }));
  return h("section", { class: "page-parts", "data-testid": "batch-model" },
    h("h2", { class: "section-title" }, `${model.model} v${model.version}`, h("span", { class: "muted" }, ` on ${model.server}`)),
    h("div", { class: "columns two" },
      figure({ title: "Batch size × queue delay", note: "drag a box to list its executions", summary: `Executions of ${model.model} by size and queue delay`, testid: "size-delay-figure", numbers: () => chart.numbers() }, chart.element),
      figure({ title: "Fill", note: `${sure}, mean ${model.exact ? "" : "≥ "}${model.meanFill.toFixed(2)} of ${most}${model.maximum ? "" : " (the largest seen)"}`, summary: `Sizes of the executions of ${model.model}`, testid: "fill", numbers: () => ({ columns: [{ label: "size", numeric: true }, { label: "executions", numeric: true }], rows: model.fill.map((/** @type {any} */ bar) => [bar.size, Math.round(bar.n)]) }) }, chartBox((width) => fillBars(bars, width, 220)).element),
      fillOverTime(model, answer, most), whatIf(model, frame)),
    padding(model, answer));
}

/** @param {any} model @param {any} answer */
function padding(model, answer) {
  const [key, ...others] = answer.lengthKeys;
  return h("p", { class: model.paddingWaste === undefined ? "faint" : "muted", "data-testid": "padding" }, model.paddingWaste === undefined
    ? [`Padding waste is not known: no compute or model span has an attribute that tells a request's length (`, h("code", null, key), others.map((/** @type {string} */ other) => [", or ", h("code", null, other)]), ")."]
    : `Padding waste ${percent(model.paddingWaste)}: what is added when each request of a batch is padded to the longest.`);
}

/** @param {any} model @param {any} answer @param {number} most */
function fillOverTime(model, answer, most) {
  const from = Number(BigInt(answer.from) / 1000n), step = model.columnNano / 1000, columns = /** @type {any[]} */ (model.fillOverTime);
  const draw = (/** @type {number} */ width) => {
    const height = 220, x = new LinearScale(from, from + step * columns.length, 40, width - 10), y = new LinearScale(0, most, height - 22, 10);
    const picture = svg("svg", { class: "chart", width, height, "aria-hidden": "true" });
    for (const at of y.ticks(40)) picture.append(svg("line", { class: "grid", x1: 40, x2: width - 10, y1: y.at(at), y2: y.at(at) }), svg("text", { x: 34, y: y.at(at) + 4, "text-anchor": "end" }, String(at)));
    picture.append(...timeLabels(x, width, height));
    // A part of time without executions is a gap, not a zero.
    let path = "";
    columns.forEach((column, index) => { if (column.meanFill !== undefined) path += `${index && columns[index - 1].meanFill !== undefined ? "L" : "M"}${x.at(from + (index + 0.5) * step).toFixed(1)} ${y.at(column.meanFill).toFixed(1)}h.01`; });
    picture.append(svg("path", { class: "line-fill", d: path }));
    return picture;
  };
  return figure({ title: "Mean fill over time", note: model.exact ? "" : "as far as seen", summary: `Mean requests in an execution of ${model.model} over time`, testid: "fill-over-time", numbers: () => ({ columns: [{ label: "from" }, { label: "executions", numeric: true }, { label: "mean fill", numeric: true }], rows: columns.map((column, index) => [dateTime(String(BigInt(answer.from) + BigInt(Math.round(index * model.columnNano)))), Math.round(column.n), column.meanFill === undefined ? null : column.meanFill.toFixed(2)]) }) }, chartBox(draw).element);
}

/** @param {any} answer @param {import("./frame.js").Frame} frame @param {import("./sizedelay.js").BatchBox | null} box */
function list(answer, frame, box) {
  const shown = answer.batches.length;
  return h("section", null, h("h2", { class: "section-title", "data-testid": "batch-count", "data-count": answer.selected }, box ? `${integer(answer.selected)} of ${integer(answer.count)} executions: ${batchBoxWords(box)} ` : `${shown < answer.count ? "Newest of " : ""}${integer(answer.count)} executions`, box && h("button", { class: "button small", type: "button", onclick: () => frame.set({ sel: null }, { push: true, tell: true }) }, "Clear")), sortableTable({
    label: "Executions", testid: "batches", rows: answer.batches, columns: [
      { key: "start", label: "start", value: (row) => Number(BigInt(row.startTimeUnixNano) / 1000n), view: (row) => h("a", { href: frame.link(`/batch/${row.key}`), "data-testid": "batch-link" }, dateTime(row.startTimeUnixNano)) },
      { key: "model", label: "model", value: (row) => `${row.model} ${row.version}`, view: (row) => [row.model, h("span", { class: "faint" }, ` v${row.version}`)] },
      { key: "server", label: "server", value: (row) => row.server },
      { key: "seen", label: "requests", numeric: true, value: (row) => row.requests ?? row.seen, view: (row) => (row.complete ? String(row.seen) : row.requests > row.seen ? `${row.seen} seen of ${row.requests}` : `${row.seen} seen`) },
      { key: "queue", label: "longest wait", numeric: true, value: (row) => row.queueDelayNano, view: (row) => duration(row.queueDelayNano) },
      { key: "spread", label: "arrivals", title: "from the first arrival to the last", numeric: true, value: (row) => row.arrivalSpreadNano, view: (row) => duration(row.arrivalSpreadNano) },
      { key: "duration", label: "execution", numeric: true, value: (row) => row.durationNano, view: (row) => duration(row.durationNano) },
      { key: "share", label: "infer each", title: "the execution's inference time shared by its requests", numeric: true, value: (row) => row.costShareNano, view: (row) => `${row.complete ? "" : "≤ "}${duration(Math.round(row.costShareNano))}` },
      { key: "how", label: "known", value: (row) => WORDS[row.evidence] ?? row.evidence },
    ],
  }).element);
}
