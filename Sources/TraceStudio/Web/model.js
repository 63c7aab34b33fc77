// One model: its figures, latency, why the slow ones are slow, its versions, stages, batches and instances.
import { h, fill } from "./dom.js";
import { tellBands } from "./bands.js";
import { boxText, readBox } from "./box.js";
import { chartBox } from "./chartbox.js";
import { coldSwitch } from "./cold.js";
import { compact, duration, percent, rate, timeOfDay } from "./format.js";
import { STAGES } from "./color.js";
import { estimate, quantile } from "./estimate.js";
import { figure } from "./figure.js";
import { quoted } from "./filterbox.js";
import { Heatmap } from "./heat.js";
import { delayCells, fillBars } from "./histogram.js";
import { LaneChart, endOf } from "./lanechart.js";
import { loadPage, nothing, tile } from "./loading.js";
import { meanStages, newer, quantileBar, quantileScale, versusLink } from "./models.js";
import { stageBar } from "./stagebar.js";
import { sortableTable } from "./table.js";
import { whyPanel } from "./why.js";
import { ask } from "./windows.js";

/** Cold requests that are listed. */
const COLD = 50;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame @param {string} name */
export async function open(root, frame, name) {
  document.title = `${name} · Needletail`;
  const { parameters } = frame, cold = coldSwitch(frame);
  const own = () => [`model:${quoted(name)}`, parameters.get("version") && `version:${quoted(parameters.get("version") ?? "")}`, parameters.get("service") && `server:${quoted(parameters.get("service") ?? "")}`].filter(Boolean).join(" ");
  const filter = () => `${own()} ${frame.q}`.trim();
  const question = (/** @type {Record<string, any>} */ more) => { const result = frame.ask({ cold: cold.parameter, ...more }); result.set("q", filter()); return result; };
  // Executions of the model in all requests, also in those to an ensemble.
  const ran = () => frame.ask({ cold: cold.parameter, model: name, version: parameters.get("version") ?? "", service: parameters.get("service") ?? "", rows: 1 });
  const traces = (/** @type {Record<string, string>} */ more = {}) => frame.link("/traces", { q: filter(), ...more });
  const chips = h("div", { class: "chips" }), tiles = h("div", { class: "tiles", role: "list", "aria-label": "Figures" });
  const heat = new Heatmap({ height: 300, onBox: (box) => frame.set({ box: box && boxText(box) }, { push: true, tell: true }), cellLink: (box) => traces({ box: boxText(box) }), label: `Requests of ${name} by time and duration` });
  const coldLine = h("p", { class: "cold-line", "data-testid": "cold-starts" });
  const heatFigure = figure({ title: "Latency heatmap", note: "drag a box to ask why", summary: `Heatmap of the requests of ${name}`, testid: "latency", numbers: () => heat.numbers(), actions: h("span", { class: "faint legend-lines" }, "— p50 ┄ p99") }, h("div", null, heat.element, coldLine));
  const why = h("div"), whyTitle = h("h2"), whole = h("a", { "data-testid": "whole-comparison" }, "aggregate and split →");
  const versions = h("div", { class: "page-parts" }), batches = h("div", { class: "columns two" }), lanes = new LaneChart(frame, { model: name });
  const bodies = [h("div", { class: "columns wide-first" }, h("div", { class: "page-parts" }, heatFigure, versions), h("section", { class: "card", "aria-label": "Why" }, h("div", { class: "card-head" }, whyTitle, whole), why)), batches, lanes.element];
  const element = h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, name), chips, h("span", { class: "spacer" }), cold.element, h("a", { class: "button small", "data-testid": "traces-of-model" }, "Traces of this model")), tiles, bodies);
  await loadPage(root, frame, element, async (signal) => {
    const box = readBox(parameters.get("box")), coldOnly = question({ rows: COLD });
    coldOnly.set("q", `${filter()} cold:true`);
    coldOnly.delete("cold");
    const everything = frame.ask({ cold: cold.parameter });
    everything.set("q", `model:${quoted(name)}`);
    const [all, chosen, latency, tail, batch, first] = await Promise.all([ask("models", everything, signal), ask("models", question({}), signal), ask("heatmap", question({ columns: 72, bins: 36 }), signal), ask("tail", box ? question({ ...box }) : question({ sel: "p99+" }), signal), ask("batches", ran(), signal), ask("search", coldOnly, signal)]);
    frame.tellSampling(latency);
    cold.tell(latency.coldLeftOut);
    fill(chips, chip("version", all.models, frame), chip("service", all.models, frame), versusChips(all.models, frame, name, own(), cold.parameter));
    element.querySelector("[data-testid=traces-of-model]")?.setAttribute("href", traces());
    for (const part of bodies) part.hidden = !chosen.all;
    if (!chosen.all && batch.models.length) {
      fill(tiles, nothing(`No request asks ${name} itself`, "It ran inside other requests: as a step of an ensemble, or called by another model. These are its executions."));
      [batches, lanes.element].forEach((part) => { part.hidden = false; });
      fill(chips);
      element.querySelector("[data-testid=traces-of-model]")?.setAttribute("href", frame.link("/traces", { q: `operation:${quoted(name)} ${frame.q}`.trim() }));
      drawBatches(batches, batch, frame, name);
      await lanes.load(signal, endOf(batch));
      return;
    }
    if (!chosen.all) { fill(tiles, nothing(`No requests to ${name} in this time`, frame.q ? h("span", null, "The filter ", h("code", null, frame.q), " lets none through. ", h("button", { class: "button small", type: "button", onclick: () => frame.set({ q: null }, { push: true, tell: true }) }, "Without the filter")) : "Requests to it appear here as soon as a server sends their spans.")); return; }
    drawTiles(tiles, chosen.all);
    // Its own, and those of a model that its requests waited for.
    const waited = new Set(first.rows.map((/** @type {any} */ row) => row.traceID));
    latency.bands = latency.bands.filter((/** @type {import("./bands.js").Band} */ band) => band.model === name || band.model === "" || waited.has(band.traceID));
    heat.set(latency);
    tellBands(heatFigure, latency.bands);
    fill(coldLine, first.rows.length > 0 && h("span", { class: "muted" }, cold.parameter ? "cold starts, left out of all figures:" : "cold starts:"), first.rows.map((/** @type {any} */ row) => h("a", { href: `/trace/${row.traceID}`, "data-trace-id": row.traceID }, `${timeOfDay(row.startTimeUnixNano).slice(0, 8)} ${duration(row.durationNano)}`)));
    heat.setBox(box);
    whyTitle.textContent = box ? "Why is the selection slow?" : "Why is p99 slow?";
    const at = { box: box ? boxText(box) : "", cold: cold.parameter ?? "" }, sel = box ? "" : "p99+", here = `/models/${encodeURIComponent(name)}`, side = { version: parameters.get("version") ?? "", service: parameters.get("service") ?? "" };
    whole.setAttribute("href", frame.link("/compare", { ...at, q: filter(), sel }));
    fill(why, whyPanel(tail, { link: (term) => frame.link(here, { ...side, ...at, q: `${frame.q} ${term}`.trim() }), exclude: (term) => frame.link(here, { ...side, ...at, q: `${frame.q} -${term}`.trim() }), split: (term) => frame.link("/compare", { ...at, q: filter(), sel, split: term }), versus: (term) => frame.link("/compare", { q: filter(), a: `-${term}`, b: term, cold: at.cold }) }));
    fill(versions, versionTable(all.models, frame, name, cold.parameter), stageRanges(chosen.all));
    drawBatches(batches, batch, frame, name);
    await lanes.load(signal, endOf(batch));
  });
}

/** Links to each version or server; one more to all. @param {"version" | "service"} key @param {any[]} models @param {import("./frame.js").Frame} frame */
function chip(key, models, frame) {
  const values = [...new Set(models.map((model) => model[key]))].filter(Boolean).sort((a, b) => (newer(a, b) ? 1 : -1)), word = (/** @type {string} */ value) => (key === "version" ? `v${value}` : value);
  if (values.length < 2) return values.map((value) => h("span", { class: "chip" }, word(value)));
  const choice = (/** @type {string} */ value, /** @type {string} */ label) => h("button", { class: "chip", type: "button", "aria-pressed": String((frame.parameters.get(key) ?? "") === value), onclick: () => frame.set({ [key]: value, box: null }, { push: true, tell: true }) }, label);
  return [choice("", key === "version" ? "all versions" : "all servers"), ...values.map((value) => choice(value, word(value)))];
}

/** Doors to comparisons: with the other versions, of the servers, with the time before. @param {any[]} models @param {import("./frame.js").Frame} frame @param {string} name @param {string} own @param {string | undefined} cold */
function versusChips(models, frame, name, own, cold) {
  const { range } = frame, version = frame.parameters.get("version"), q = `${own} ${frame.q}`.trim(), more = { cold: cold ?? "" };
  const versions = [...new Set(models.map((model) => model.version))].filter(Boolean).sort((a, b) => (newer(a, b) ? 1 : -1)), services = [...new Set(models.map((model) => model.service))].filter(Boolean).sort();
  const without = (/** @type {string} */ key) => q.replace(new RegExp(`(^| )${key}:("[^"]*"|\\S+)`), "").trim();
  const link = (/** @type {string} */ label, /** @type {Record<string, string>} */ parameters) => h("a", { class: "chip vs", href: frame.link("/compare", { ...more, ...parameters }), "data-testid": "versus" }, label);
  const pair = version ? versions.filter((other) => other !== version).map((other) => /** @type {[string, string]} */ (newer(version, other) ? [other, version] : [version, other])) : versions.slice(1).map((other, index) => /** @type {[string, string]} */ ([versions[index], other]));
  return [pair.slice(0, 3).map(([a, b]) => link(version ? `vs v${a === version ? b : a}` : `v${a} vs v${b}`, { q: without("version"), a: `version:${quoted(a)}`, b: `version:${quoted(b)}` })),
    services.length === 2 ? link(`${services[0]} vs ${services[1]}`, { q: without("server"), a: `server:${quoted(services[0])}`, b: `server:${quoted(services[1])}` }) : null,
    link("vs the time before", { q, "a.from": String(Math.round(2 * range.from - range.to)), "a.to": String(Math.round(range.from)), "b.from": String(Math.round(range.from)), "b.to": String(Math.round(range.to)) })];
}

/** @param {HTMLElement} tiles @param {any} row of all that was chosen */
function drawTiles(tiles, row) {
  const weighted = Math.round(row.count) !== row.traces;
  fill(tiles, tile(weighted ? `requests (${compact(row.traces)} traces)` : "requests", estimate(row.count, row.traces)), tile("rate", `${weighted ? "≈ " : ""}${rate(row.rate)}`),
    tile("p50", quantile(row.duration.p50, row.traces, 0.5)), tile("p95", quantile(row.duration.p95, row.traces, 0.95)), tile("p99", quantile(row.duration.p99, row.traces, 0.99)),
    tile("errors", percent(row.errors / Math.max(1, row.count))), tile("time waiting", percent(row.waitShare ?? 0)));
}

/** @param {any[]} models @param {import("./frame.js").Frame} frame @param {string} name @param {string | undefined} cold */
function versionTable(models, frame, name, cold) {
  if (models.length < 2) return null;
  const scale = quantileScale(models, 140);
  const older = (/** @type {any} */ row) => models.filter((other) => other.service === row.service && newer(row.version, other.version)).sort((a, b) => (newer(a.version, b.version) ? -1 : 1))[0];
  return h("section", { class: "card", "aria-label": "Versions" }, h("h2", null, "Versions and servers"), sortableTable({ label: "Versions and servers", testid: "versions", rows: models, sort: "version", columns: [
    { key: "version", label: "version", value: (row) => `${row.version} ${row.service}`, view: (row) => h("a", { href: frame.link(`/models/${encodeURIComponent(name)}`, { version: row.version, service: row.service, cold: cold ?? "" }) }, row.version ? `v${row.version}` : "–", h("span", { class: "faint" }, ` ${row.service}`)) },
    { key: "count", label: "requests", numeric: true, value: (row) => row.count, view: (row) => estimate(row.count, row.traces) },
    { key: "p50", label: "p50", numeric: true, value: (row) => row.duration.p50, view: (row) => duration(row.duration.p50) },
    { key: "p99", label: "p99", numeric: true, value: (row) => row.duration.p99, view: (row) => quantile(row.duration.p99, row.traces, 0.99) },
    { key: "range", label: "p50 – p95 – p99", sorts: false, value: () => null, view: (row) => quantileBar(row.duration, scale) },
    { key: "stages", label: "mean stages", sorts: false, value: () => null, view: (row) => stageBar(meanStages(row), 100) },
    { key: "vs", label: "", sorts: false, value: () => null, view: (row) => { const other = older(row); return other ? h("a", { class: "chip", href: versusLink(frame, other, row, cold) }, `vs v${other.version}`) : null; } },
  ] }).element);
}

/** How long each stage takes, from p50 to p99. @param {any} row */
function stageRanges(row) {
  const names = Object.keys(STAGES).filter((stage) => row.stages[stage]?.p99 > 0);
  if (!names.length) return null;
  const scale = quantileScale(names.map((stage) => ({ duration: row.stages[stage] })), 220), most = Math.round(row.traces);
  return figure({ title: "Stages", note: "p50 – p95 – p99 of the requests that have the stage", summary: `Times of ${names.length} stages`, testid: "stage-ranges", numbers: () => ({ columns: [{ label: "stage" }, { label: "requests", numeric: true }, { label: "mean", numeric: true }, { label: "p50", numeric: true }, { label: "p95", numeric: true }, { label: "p99", numeric: true }], rows: names.map((stage) => { const times = row.stages[stage]; return [STAGES[stage].label, Math.round(times.n), duration(Math.round(times.mean)), duration(times.p50), duration(times.p95), duration(times.p99)]; }) }) },
    h("table", { class: "table why-stages stage-ranges" }, h("tbody", null, names.map((stage) => { const times = row.stages[stage], swatch = h("i", { class: `swatch${STAGES[stage].waiting ? " hatched" : ""}` }); swatch.style.setProperty("--stage", `var(--stage-${stage})`); return h("tr", { "data-stage": stage }, h("th", { scope: "row" }, swatch, STAGES[stage].label), h("td", null, quantileBar(times, scale)), h("td", { class: "number" }, duration(times.p50)), h("td", { class: "number muted" }, quantile(times.p99, most, 0.99))); }))));
}

/** @param {HTMLElement} place @param {any} answer @param {import("./frame.js").Frame} frame @param {string} name */
function drawBatches(place, answer, frame, name) {
  const busiest = [...answer.models].sort((/** @type {any} */ a, /** @type {any} */ b) => b.executions - a.executions).slice(0, 2);
  const title = (/** @type {any} */ model) => `${model.server}${model.version ? ` v${model.version}` : ""}`;
  const fillOf = (/** @type {any} */ model) => figure({ title: "Batch fill", note: `${title(model)}, ${model.exact ? "exact" : "as far as seen"}: mean ${model.meanFill.toFixed(1)}, largest ${model.largest}`, summary: `How many requests ran together: mean ${model.meanFill.toFixed(1)}`, testid: "batch-fill", numbers: () => ({ columns: [{ label: "size", numeric: true }, { label: "executions", numeric: true }], rows: model.fill.map((/** @type {any} */ bar) => [bar.size, Math.round(bar.n)]) }) }, chartBox((width) => fillBars(model.fill, width)).element);
  const delayOf = (/** @type {any} */ model) => figure({ title: "Batch size × queue delay", note: title(model), summary: "Executions by their size and how long their requests waited", testid: "batch-delay", numbers: () => ({ columns: [{ label: "size", numeric: true }, { label: "delay bin", numeric: true }, { label: "executions", numeric: true }], rows: model.cells.map((/** @type {any} */ cell) => [cell.size, cell.delay, Math.round(cell.n)]) }) }, chartBox((width) => delayCells(model.cells, answer.delayScale, width, () => frame.link("/batches", { model: name, server: model.server }))).element);
  fill(place, busiest.map((/** @type {any} */ model) => [delayOf(model), fillOf(model)]));
}
