// Compares two things: a selection with the rest, two selections (versions, hosts, clients, times), or two traces.
import { h, fill } from "./dom.js";
import { boxText, readBox } from "./box.js";
import { coldSwitch } from "./cold.js";
import { FilterBox } from "./filterbox.js";
import { figure } from "./figure.js";
import { Heatmap } from "./heat.js";
import { LeftHeavy } from "./leftheavy.js";
import { loadPage, nothing } from "./loading.js";
import { pairView } from "./pair.js";
import { selectionsView, sideParameters } from "./selections.js";
import { whyPanel } from "./why.js";
import { ask } from "./windows.js";

const ID = /^[0-9a-f]{32}$/i;
/** What can be selected without a box. */
const CHOICES = [["p90+", "slowest tenth"], ["p95+", "slowest twentieth"], ["p99+", "slowest hundredth"], ["status:error", "failed"]];
const COLUMNS = 80, BINS = 32;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const body = h("div", { class: "page-parts" });
  const filter = new FilterBox({ frame, onRun: (q) => frame.set({ q }, { push: true, tell: true }) });
  const element = h("div", null, filter.element, h("div", { class: "page" }, body));
  const cold = coldSwitch(frame), heavy = new LeftHeavy(frame);
  await loadPage(root, frame, element, async (signal) => {
    const { parameters } = frame, a = parameters.get("a") ?? "", b = parameters.get("b") ?? "";
    filter.set(frame.q);
    filter.element.hidden = ID.test(a) && ID.test(b);
    if (filter.element.hidden) { fill(body, await pairView(a.toLowerCase(), b.toLowerCase(), frame)); return; }
    if (["a", "b", "a.from", "b.from"].some((name) => parameters.has(name))) fill(body, await twoSelections(frame, cold, signal));
    else fill(body, await tail(frame, cold, heavy, signal));
  });
}

/** @param {import("./frame.js").Frame} frame @param {ReturnType<typeof coldSwitch>} cold @param {AbortSignal} signal */
async function twoSelections(frame, cold, signal) {
  const answer = await ask("compare", frame.ask({ ...sideParameters(frame), cold: cold.parameter }), signal);
  frame.tellSampling(answer.b.window);
  cold.tell((answer.a.coldLeftOut ?? 0) + (answer.b.coldLeftOut ?? 0));
  return selectionsView(answer, frame, cold.element);
}

/** @param {import("./frame.js").Frame} frame @param {ReturnType<typeof coldSwitch>} cold @param {LeftHeavy} heavy @param {AbortSignal} signal */
async function tail(frame, cold, heavy, signal) {
  const box = readBox(frame.parameters.get("box")), selected = frame.parameters.get("sel") ?? "", split = frame.parameters.get("split") ?? "";
  const selection = box ? { ...box, sel: selected || undefined } : { sel: selected || "p99+" };
  const question = (/** @type {Record<string, any>} */ more) => frame.ask({ cold: cold.parameter, ...more });
  const [latency, answer, aggregate] = await Promise.all([ask("heatmap", question({ columns: COLUMNS, bins: BINS }), signal), ask("tail", question(selection), signal), ask("aggregate", question({ ...selection, band: frame.parameters.get("band") ?? undefined }), signal)]);
  frame.tellSampling(answer);
  cold.tell(answer.coldLeftOut);
  const now = selected || (box ? "" : "p99+");
  const head = h("div", { class: "results-head" }, h("h1", null, "Why is it slow?"), h("span", { class: "muted" }, "select"), CHOICES.map(([value, label]) => h("button", { class: "chip", type: "button", "aria-pressed": String(value === now), "data-selection": value, onclick: () => frame.set({ sel: value, box: null }, { push: true, tell: true }) }, label)),
    h("span", { class: "muted" }, "or drag a box"), box && h("button", { class: "chip", type: "button", "data-testid": "box-chip", onclick: () => frame.set({ box: null }, { push: true, tell: true }) }, "box ×"), h("span", { class: "spacer" }), cold.element);
  if (!latency.cells.length) { queueMicrotask(() => { heavy.element.hidden = true; }); return [head, nothing("No requests in this time", frame.q ? `None that ${frame.q} lets through.` : "")]; }
  const maps = split ? await splitMaps(split, latency, question, frame, signal) : [heatFigure("Latency", "the box is compared with the rest", latency, box, frame, frame.q)];
  heavy.set(aggregate);
  const at = { box: box ? boxText(box) : "", cold: cold.parameter ?? "" }, q = (/** @type {string} */ term) => `${frame.q} ${term}`.trim();
  return [head, split && h("p", { class: "split-note" }, "Split by ", h("code", null, split), " ", h("button", { class: "chip", type: "button", "data-testid": "unsplit", onclick: () => frame.set({ split: null }, { push: true, tell: true }) }, "one heatmap again ×")),
    h("div", { class: "columns wide-first" }, h("div", { class: "page-parts" }, maps), h("section", { class: "card", "aria-label": "Why" }, whyPanel(answer, {
      link: (term) => frame.link("/compare", { ...at, q: q(term), sel: selected }), exclude: (term) => frame.link("/compare", { ...at, q: q(`-${term}`), sel: selected }), split: (term) => frame.link("/compare", { ...at, sel: selected, split: term }), versus: (term) => frame.link("/compare", { cold: at.cold, a: `-${term}`, b: term }),
    }), h("p", null, h("a", { href: frame.link("/traces", { box: at.box, q: box ? frame.q : q(selected && !/^p[\d.]+\+$/.test(selected) ? selected : "") }) }, "These in the list of traces →")))), heavy.element];
}

/** The traces with a term and those without it, on the same axes. @param {string} term @param {any} whole @param {(more: Record<string, any>) => URLSearchParams} question @param {import("./frame.js").Frame} frame @param {AbortSignal} signal */
async function splitMaps(term, whole, question, frame, signal) {
  const range = { least: Math.max(1, Math.floor(whole.lowestNano)), most: Math.ceil(whole.lowestNano * whole.ratio ** whole.bins) }, box = readBox(frame.parameters.get("box"));
  return Promise.all([term, `-${term}`].map(async (part) => {
    const parameters = question({ columns: COLUMNS, bins: BINS, ...range }), q = `${frame.q} ${part}`.trim();
    parameters.set("q", q);
    const data = await ask("heatmap", parameters, signal);
    return heatFigure(part, "", data, box, frame, q, part === term ? "with" : "without");
  }));
}

/** @param {string} title @param {string} note @param {any} data @param {import("./heat.js").Box | null} box @param {import("./frame.js").Frame} frame @param {string} q @param {string} [side] */
function heatFigure(title, note, data, box, frame, q, side) {
  const heat = new Heatmap({ height: side ? 180 : 260, onBox: (next) => frame.set({ box: next && boxText(next), sel: null }, { push: true, tell: true }), cellLink: (cell) => frame.link("/traces", { q, box: boxText(cell) }), label: `Requests by time and duration: ${title}` });
  const element = figure({ title, note, summary: `Heatmap of the requests that are compared: ${title}`, testid: side ? `latency-${side}` : "latency", numbers: () => heat.numbers(), actions: h("span", { class: "faint legend-lines" }, "— p50 ┄ p99") }, heat.element);
  queueMicrotask(() => { heat.set(data); heat.setBox(box); });
  return element;
}
