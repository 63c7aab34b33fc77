// An area of time and lanes: chosen with the pointer or keys, and what its executions sum up to.
import { h, fill } from "./dom.js";
import { duration, integer } from "./format.js";
import { placesText, readPlaces } from "./lanelayout.js";
import { ask } from "./windows.js";

export class LaneArea {
  /** @param {import("./lanechart.js").LaneChart} chart */
  constructor(chart) {
    this.chart = chart;
    /** @type {{from: number, to: number, lanes: number[]} | null} */
    this.chosen = null;
    this.summary = h("div", { class: "lane-summary", role: "status", "data-testid": "lane-summary" });
  }

  /** What the address tells. @param {AbortSignal} [signal] */
  async load(signal) {
    const told = this.chart.frame.parameters.get("area")?.match(/^(\d+)-(\d+)_([\d,-]+)$/);
    this.chosen = told ? { from: Number(told[1]), to: Number(told[2]), lanes: readPlaces(told[3]) } : null;
    await this.#sum(signal);
  }

  clear() {
    this.chosen = null;
    this.finish();
  }

  /** Moves the far edge. @param {number} time steps to the right @param {number} lanes steps down */
  extend(time, lanes) {
    const { chart } = this, order = chart.cursor.order(), width = chart.to - chart.from, block = chart.cursor.block();
    const at = block ? chart.base + block[0] / 1000 : chart.from + width * 0.4;
    const area = this.chosen ?? { from: at, to: block ? at + block[1] / 1000 : at + width * 0.2, lanes: [chart.cursor.place?.lane ?? order[0]] };
    const places = area.lanes.map((lane) => order.indexOf(lane)), first = Math.min(...places), last = Math.max(first, Math.min(order.length - 1, Math.max(...places) + lanes));
    this.chosen = { from: area.from, to: Math.max(area.from + width * 0.01, Math.min(chart.frame.range.to, area.to + time * width * 0.05)), lanes: order.slice(first, last + 1).sort((a, b) => a - b) };
    this.finish();
  }

  /** It was finished or cleared. */
  finish() {
    const { chosen, chart } = this;
    chart.frame.set({ area: chosen?.lanes.length ? `${Math.round(chosen.from)}-${Math.round(chosen.to)}_${placesText(chosen.lanes)}` : null });
    chart.draw();
    this.request?.abort();
    this.request = new AbortController();
    this.#sum(this.request.signal).catch((error) => { if (error.name !== "AbortError") fill(this.summary, h("span", { class: "error-text" }, error.message)); });
  }

  /** The rectangle, px; null when nothing of it is seen. */
  box() {
    const { chosen, chart } = this, { x, width } = chart;
    const rows = chosen && x && chart.layout?.rows.filter((row) => row.lane >= 0 && chosen.lanes.includes(row.lane) || row.kind === "group" && row.group?.folded && row.group.lanes.some((lane) => chosen.lanes.includes(lane)));
    if (!chosen || !x || !rows?.length) return null;
    const left = Math.max(-2, x.at(chosen.from)), right = Math.min(width + 2, x.at(chosen.to)), top = Math.min(...rows.map((row) => row.top));
    return right > left ? { class: "heat-box", "data-testid": "lane-selection", x: left, width: right - left, y: top, height: Math.max(...rows.map((row) => row.top + row.height)) - top } : null;
  }

  /** What it holds, of the executions themselves. @param {AbortSignal} [signal] */
  async #sum(signal) {
    const { chosen, chart } = this;
    if (!chosen) { fill(this.summary); return; }
    if (!chosen.lanes.length) { fill(this.summary, "No lane in the area."); return; }
    const area = await ask("lane-area", chart.question({ t0: Math.round(chosen.from), t1: Math.round(chosen.to), lanes: placesText(chosen.lanes) }), signal);
    const least = area.complete || area.sampling === "complete" ? "" : "≥ ";
    const fact = (/** @type {string} */ label, /** @type {any} */ value, /** @type {string} */ name) => h("div", { class: "lane-fact" }, h("span", { class: "muted" }, label), h("b", { "data-fact": name }, value));
    fill(this.summary, fact("lanes", integer(area.lanes), "lanes"), fact("time", duration(Math.round((chosen.to - chosen.from) * 1000)), "time"), fact("busy", least + (area.busyShare * 100).toFixed(1).replace(/\.0$/, "") + " %", "busy"), fact("executions", least + integer(area.executions), "executions"), fact("mean batch", area.meanBatch === undefined ? "–" : `${least}${area.meanBatch.toFixed(2)}`, "mean-batch"),
      fact("infer p50", duration(area.infer?.p50), "infer50"), fact("infer p99", duration(area.infer?.p99), "infer99"), fact("waited p50", duration(area.wait?.p50), "wait50"), fact("waited p99", duration(area.wait?.p99), "wait99"), fact("waiting, on average", least + area.meanWaiting.toPrecision(2), "waiting"),
      h("a", { class: "button small", href: chart.frame.link("/traces", { from: String(Math.round(chosen.from)), to: String(Math.round(chosen.to)), lookback: "" }) }, "Traces of this time"), h("button", { class: "button small", type: "button", onclick: () => chart.show(chosen.from, chosen.to) }, "Zoom to it"));
  }
}
