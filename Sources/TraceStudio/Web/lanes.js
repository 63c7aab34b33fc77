// Instance lanes of all servers: was the machine busy, idle, or held by another model?
import { h, fill } from "./dom.js";
import { get } from "./api.js";
import { LaneChart, endOf } from "./lanechart.js";
import { loadPage, nothing } from "./loading.js";
import { ask } from "./windows.js";

/** The window around an execution that one came from, µs: the store is asked for so much. */
const AROUND = 300_000_000;
/** The view around it is at least so long, µs. */
const CLOSE = 400_000;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const chart = new LaneChart(frame, { title: "Executions" });
  const servers = h("div", { class: "chips" }), empty = h("div", { class: "page-message" });
  const element = h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, "Instance lanes"), servers), empty, chart.element);
  await loadPage(root, frame, element, async (signal) => {
    await showSpan(frame, signal);
    const answer = await ask("batches", frame.ask({ rows: 1 }), signal);
    frame.tellSampling(answer);
    const names = [...new Set(answer.models.map((/** @type {any} */ model) => model.server))].sort();
    const chosen = frame.parameters.get("server") ?? "", model = frame.parameters.get("model");
    fill(servers, names.length > 1 && ["", ...names].map((name) => h("button", { class: "chip", type: "button", "aria-pressed": String(name === chosen), onclick: () => frame.set({ server: String(name), area: null }, { push: true, tell: true }) }, name || "all servers")), model && h("button", { class: "chip", type: "button", "aria-pressed": "true", onclick: () => frame.set({ model: null, area: null }, { push: true, tell: true }) }, `only ${model} ×`));
    chart.element.hidden = !answer.models.length;
    fill(empty, !answer.models.length && nothing("No executions in this time", "Lanes are made of compute spans, as Triton and Needletail send them for each request."));
    if (!answer.models.length) return;
    const at = Number(frame.parameters.get("at"));
    await chart.load(signal, at ? at + AROUND : endOf(answer));
  });
}

/** Who comes from an execution sees its time, its server, and a mark where it began. @param {import("./frame.js").Frame} frame @param {AbortSignal} signal */
async function showSpan(frame, signal) {
  const { parameters } = frame, span = parameters.get("span");
  if (!span || parameters.get("at")) return;
  const { batch } = await get(`/api/ui/batch/${encodeURIComponent(span)}`, signal);
  if (!batch) return;
  const at = Number(BigInt(batch.startTimeUnixNano) / 1000n), half = Math.max(CLOSE, batch.durationNano / 1000 * 4);
  const range = parameters.get("from") ? {} : { from: at - AROUND, to: at + AROUND, lookback: null };
  frame.set({ at, z: `${Math.round(at - half)}-${Math.round(at + half)}`, server: batch.server || null, ...range });
  frame.range.read(parameters);
}
