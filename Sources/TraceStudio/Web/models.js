// All models: how many requests, how long, how much of it waiting. Two that are ticked can be compared.
import { h, fill, svg } from "./dom.js";
import { batchTable } from "./batchtable.js";
import { coldSwitch } from "./cold.js";
import { duration, integer, percent, rate } from "./format.js";
import { estimate, quantile } from "./estimate.js";
import { quoted } from "./filterbox.js";
import { loadPage, nothing } from "./loading.js";
import { LogScale } from "./scale.js";
import { sortableTable } from "./table.js";
import { stageBar } from "./stagebar.js";
import { ask } from "./windows.js";

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const body = h("div"), cold = coldSwitch(frame), door = h("span", { class: "compare-door", role: "status" });
  const element = h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, "Models"), door, h("span", { class: "spacer" }), cold.element), body);
  await loadPage(root, frame, element, async (signal) => {
    const [answer, batches] = await Promise.all([ask("models", frame.ask({ cold: cold.parameter }), signal), ask("batches", frame.ask({ cold: cold.parameter, rows: 0 }), signal)]);
    frame.tellSampling(answer);
    cold.tell(answer.coldLeftOut);
    fill(door);
    fill(body, answer.models.length ? modelTable(answer.models, fills(batches.models), frame, door, cold.parameter) : nothing("No inference in this time", "Requests to models appear here, with their stages, as soon as a server sends their spans."), insideOthers(answer.models, batches.models, frame));
  });
}

/** Models that ran inside requests to others, as steps of ensembles or called by models: they have executions, and no requests of their own. @param {any[]} asked @param {any[]} ran @param {import("./frame.js").Frame} frame */
function insideOthers(asked, ran, frame) {
  const known = new Set(asked.map((row) => `${row.model} ${row.version}`)), inside = ran.filter((row) => !known.has(`${row.model} ${row.version}`));
  return inside.length > 0 && h("section", null, h("h2", { class: "section-title" }, "Inside other requests ", h("span", { class: "faint" }, "steps of ensembles, and models that models call")),
    batchTable(inside, frame, { label: "Models inside other requests", testid: "models-inside", link: (row) => frame.link(`/models/${encodeURIComponent(row.model)}`) }));
}

/** @param {any} row */
function modelTerms(row) { return [`model:${quoted(row.model)}`, row.version && `version:${quoted(row.version)}`, row.service && `server:${quoted(row.service)}`].filter(Boolean); }

/** The comparison of two rows: what both have is the filter, the rest the sides. @param {import("./frame.js").Frame} frame @param {any} a @param {any} b @param {string} [cold] */
export function versusLink(frame, a, b, cold) {
  const [left, right] = [modelTerms(a), modelTerms(b)], common = left.filter((term) => right.includes(term));
  return frame.link("/compare", { q: [frame.q, ...common].filter(Boolean).join(" "), a: left.filter((term) => !common.includes(term)).join(" "), b: right.filter((term) => !common.includes(term)).join(" "), cold: cold ?? "" });
}

/** A scale for the quantiles of all rows. @param {any[]} models @param {number} width */
export function quantileScale(models, width) {
  const times = models.flatMap((model) => [model.duration.p50, model.duration.p99]).filter((value) => value > 0);
  return times.length ? new LogScale(Math.min(...times) * 0.8, Math.max(...times) * 1.15, 0, width) : new LogScale(1, 10, 0, width);
}

/** @typedef {{mean: number, largest: number, exact: boolean, executions: number}} Fill requests in an execution */

/** Mean fill by service, model and version, over all of its servers. @param {any[]} models of /api/ui/batches @returns {Map<string, Fill>} */
function fills(models) {
  /** @type {Map<string, Fill>} */
  const result = new Map();
  for (const model of models) {
    const key = fillKey(model), known = result.get(key) ?? { mean: 0, largest: 0, exact: true, executions: 0 }, executions = known.executions + model.executions;
    result.set(key, { mean: (known.mean * known.executions + model.meanFill * model.executions) / Math.max(1, executions), largest: Math.max(known.largest, model.largest), exact: known.exact && model.exact, executions });
  }
  return result;
}

/** @param {any} row */
function fillKey(row) { return `${row.service}\n${row.model}\n${row.version}`; }

/** @param {any[]} models @param {Map<string, Fill>} fillOf @param {import("./frame.js").Frame} frame @param {HTMLElement} door @param {string | undefined} cold */
function modelTable(models, fillOf, frame, door, cold) {
  const scale = quantileScale(models, 180);
  /** Ticked rows, the older tick first. @type {any[]} */
  const ticked = [];
  const draw = () => fill(door, ticked.length === 2 ? h("a", { class: "button primary small", href: versusLink(frame, ticked[0], ticked[1], cold), "data-testid": "compare-ticked" }, `Compare ${name(ticked[0])} with ${name(ticked[1])}`) : h("span", { class: "muted" }, ticked.length ? "tick one more to compare" : "tick two to compare"));
  /** @type {Map<any, HTMLInputElement>} */
  const boxes = new Map();
  const tick = (/** @type {any} */ row) => {
    const known = boxes.get(row);
    if (known) return known;
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${name(row)} of ${row.service}`, "data-testid": "tick", "data-model": row.model, "data-version": row.version, "data-service": row.service, onchange: () => {
      const at = ticked.indexOf(row);
      if (at >= 0) ticked.splice(at, 1);
      if (box.checked) ticked.push(row);
      const first = ticked.length > 2 ? boxes.get(ticked.shift()) : null;
      if (first) first.checked = false;
      draw();
    } });
    boxes.set(row, box);
    return box;
  };
  draw();
  return sortableTable({
    label: "Models", testid: "models", rows: models, sort: "count", descending: true, rowProps: (row) => ({ "data-model": row.model, "data-version": row.version, "data-service": row.service }), columns: [
      { key: "tick", label: "", title: "tick two to compare them", sorts: false, value: () => null, view: (row) => h("label", { class: "tick-box" }, tick(row)) },
      { key: "model", label: "model", value: (row) => `${row.model} ${row.version}`, view: (row) => h("a", { href: frame.link(`/models/${encodeURIComponent(row.model)}`, { version: row.version, service: row.service, cold: cold ?? "" }) }, row.model, h("span", { class: "faint" }, row.version ? ` v${row.version}` : "")) },
      { key: "service", label: "server", value: (row) => row.service },
      { key: "count", label: "requests", numeric: true, value: (row) => row.count, view: (row) => estimate(row.count, row.traces) },
      { key: "rate", label: "rate", numeric: true, value: (row) => row.rate, view: (row) => rate(row.rate) },
      { key: "errors", label: "errors", numeric: true, value: (row) => row.errors / Math.max(1, row.count), view: (row) => h("span", { class: row.errors ? "error-text" : "faint" }, percent(row.errors / Math.max(1, row.count))) },
      { key: "p50", label: "p50", numeric: true, value: (row) => row.duration.p50, view: (row) => quantile(row.duration.p50, row.traces, 0.5) },
      { key: "p95", label: "p95", numeric: true, value: (row) => row.duration.p95, view: (row) => quantile(row.duration.p95, row.traces, 0.95) },
      { key: "p99", label: "p99", numeric: true, value: (row) => row.duration.p99, view: (row) => quantile(row.duration.p99, row.traces, 0.99) },
      { key: "range", label: "p50 – p95 – p99", title: "one logarithmic scale for all", sorts: false, value: () => null, view: (row) => quantileBar(row.duration, scale) },
      { key: "wait", label: "waiting", title: "share of the time that requests spend in the queue", numeric: true, value: (row) => row.waitShare, view: (row) => percent(row.waitShare) },
      { key: "fill", label: "mean fill", title: "requests in an execution: as told by the server, or ≈ as far as they were seen", numeric: true, value: (row) => fillOf.get(fillKey(row))?.mean, view: (row) => { const own = fillOf.get(fillKey(row)); return own ? h("span", { title: own.exact ? `exact, of ${integer(own.executions)} executions; the largest had ${own.largest}` : `of ${integer(own.executions)} executions as far as they were seen` }, `${own.exact ? "" : "≈ "}${own.mean.toFixed(1)}`) : h("span", { class: "faint" }, "–"); } },
      { key: "stages", label: "mean stages", sorts: false, value: () => null, view: (row) => stageBar(meanStages(row), 140) },
      { key: "vs", label: "", sorts: false, value: () => null, view: (row) => versus(row, models, frame, cold) },
    ],
  }).element;
}

/** @param {any} row */
function name(row) { return `${row.model}${row.version ? ` v${row.version}` : ""}`; }

/** Mean time by stage. @param {any} row @returns {Record<string, number>} */
export function meanStages(row) { return Object.fromEntries(Object.entries(row.stages).map(([name, stage]) => [name, /** @type {any} */ (stage).mean * /** @type {any} */ (stage).n / Math.max(1, row.count)])); }

/** From p50 to p99 on the scale of all. @param {{p50: number, p95: number, p99: number}} times @param {LogScale} scale */
export function quantileBar(times, scale) {
  const [a, b, c] = [scale.at(times.p50), scale.at(times.p95), scale.at(times.p99)], width = Math.abs(scale.b - scale.a) + 10;
  return svg("svg", { class: "range", width, height: 12, role: "img", "aria-label": `p50 ${duration(times.p50)}, p95 ${duration(times.p95)}, p99 ${duration(times.p99)}` }, svg("line", { class: "range-line", x1: a, x2: c, y1: 6, y2: 6 }), svg("line", { class: "range-bar", x1: a, x2: b, y1: 6, y2: 6 }),
    svg("circle", { class: "range-p50", cx: a, cy: 6, r: 3 }), svg("line", { class: "range-p99", x1: c, x2: c, y1: 2, y2: 10 }));
}

/** The version before, on the same server. @param {any} row @param {any[]} models @param {import("./frame.js").Frame} frame @param {string} [cold] */
function versus(row, models, frame, cold) {
  const older = models.filter((model) => model.model === row.model && model.service === row.service && newer(row.version, model.version)).sort((a, b) => (newer(a.version, b.version) ? -1 : 1))[0];
  return older ? h("a", { class: "chip", href: versusLink(frame, older, row, cold), "data-testid": "versus" }, `vs v${older.version}`) : null;
}

/** @param {string} a @param {string} b */
export function newer(a, b) { return a.localeCompare(b, undefined, { numeric: true }) > 0; }
