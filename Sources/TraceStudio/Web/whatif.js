// What batches would have been with another queue delay: the recorded arrivals run again. An estimate, and labelled so.
import { h, fill, svg } from "./dom.js";
import { chartBox } from "./chartbox.js";
import { duration, integer, parseDuration, percent } from "./format.js";
import { figure } from "./figure.js";
import { LinearScale } from "./scale.js";

const HEIGHT = 130, LEFT = 58, RIGHT = 58, TOP = 10, BOTTOM = 20;

/** A duration as one types it. @param {number} ns */
export function typed(ns) { return ns === 0 ? "0s" : ns >= 1e9 ? `${Number((ns / 1e9).toPrecision(6))}s` : ns >= 1e6 ? `${Number((ns / 1e6).toPrecision(6))}ms` : `${Number((ns / 1e3).toPrecision(6))}us`; }

/** @param {number} nano a difference */
function signed(nano) { return `${nano < 0 ? "−" : "+"}${duration(Math.abs(Math.round(nano)))}`; }

/** @param {any} model of `/batches` with `estimates` @param {import("./frame.js").Frame} frame */
export function whatIf(model, frame) {
  // As recorded, without weights: what was not recorded is not run again either.
  const recorded = model.seen / Math.max(1, model.executions);
  const estimates = /** @type {any[]} */ (model.estimates), wanted = parseDuration(frame.parameters.get("delay") ?? "");
  // The delay in the address, else the one that comes nearest to what was recorded.
  let chosen = estimates.findIndex((one) => one.delayNano === wanted);
  if (chosen < 0) chosen = estimates.reduce((best, one, index) => (Math.abs(one.meanFill - recorded) < Math.abs(estimates[best].meanFill - recorded) - 1e-9 ? index : best), 0);
  const words = h("div", { class: "what-if-words", role: "status", "data-testid": "what-if" });
  const slider = h("input", { type: "range", min: 0, max: estimates.length - 1, step: 1, value: chosen, "data-testid": "delay", "aria-label": `Queue delay of ${model.model} v${model.version}` });
  const chart = chartBox((width) => curve(width));
  const show = () => {
    const one = estimates[chosen];
    slider.setAttribute("aria-valuetext", duration(one.delayNano));
    const fact = (/** @type {string} */ label, /** @type {string} */ name, /** @type {number} */ exact, /** @type {string} */ value, /** @type {string} */ change) => h("div", { class: "lane-fact" }, h("span", { class: "muted" }, label), h("b", { "data-fact": name, "data-value": exact }, value), h("span", { class: "faint" }, change));
    fill(words, fact("queue delay", "delay", one.delayNano, duration(one.delayNano), "of the first in a batch"), fact("mean fill", "fill", one.meanFill, one.meanFill.toFixed(2), `recorded ${recorded.toFixed(2)}`), fact("executions", "executions", one.executions, integer(one.executions), `recorded ${integer(model.executions)}`),
      fact("mean wait", "wait", one.meanWaitNano, duration(Math.round(one.meanWaitNano)), `${signed(one.meanWaitNano - model.meanWaitNano)} on recorded`), fact("wait p99", "wait99", one.p99WaitNano, duration(one.p99WaitNano), ""), fact("instances busy", "busy", one.busyShare, percent(one.busyShare), ""));
    chart.redraw();
  };
  slider.addEventListener("input", () => { chosen = Number(slider.value); show(); });
  slider.addEventListener("change", () => frame.set({ delay: typed(estimates[chosen].delayNano) }));

  /** @param {number} width */
  function curve(width) {
    const x = new LinearScale(0, Math.max(1, estimates.length - 1), LEFT, width - RIGHT), fills = new LinearScale(0, Math.max(...estimates.map((one) => one.meanFill), recorded), HEIGHT - BOTTOM, TOP), waits = new LinearScale(0, Math.max(...estimates.map((one) => one.meanWaitNano)), HEIGHT - BOTTOM, TOP);
    const picture = svg("svg", { class: "chart", width, height: HEIGHT, "aria-hidden": "true" });
    const line = (/** @type {string} */ name, /** @type {(one: any) => number} */ y) => svg("polyline", { class: name, points: estimates.map((one, index) => `${x.at(index).toFixed(1)},${y(one).toFixed(1)}`).join(" ") });
    for (const at of fills.ticks(36)) picture.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: fills.at(at), y2: fills.at(at) }), svg("text", { x: LEFT - 6, y: fills.at(at) + 4, "text-anchor": "end" }, String(at)));
    for (const at of waits.ticks(36)) picture.append(svg("text", { x: width - RIGHT + 6, y: waits.at(at) + 4 }, duration(at)));
    const every = Math.ceil(estimates.length * 54 / Math.max(1, width - LEFT - RIGHT));
    estimates.forEach((one, index) => { if (index % every === 0) picture.append(svg("text", { x: x.at(index), y: HEIGHT - 5, "text-anchor": "middle" }, duration(one.delayNano))); });
    picture.append(svg("line", { class: "recorded", x1: LEFT, x2: width - RIGHT, y1: fills.at(recorded), y2: fills.at(recorded) }), line("line-fill", (one) => fills.at(one.meanFill)), line("line-wait", (one) => waits.at(one.meanWaitNano)),
      svg("line", { class: "lane-mark", x1: x.at(chosen), x2: x.at(chosen), y1: TOP, y2: HEIGHT - BOTTOM }), svg("circle", { class: "point-fill", cx: x.at(chosen), cy: fills.at(estimates[chosen].meanFill), r: 4 }), svg("circle", { class: "point-wait", cx: x.at(chosen), cy: waits.at(estimates[chosen].meanWaitNano), r: 4 }));
    return picture;
  }
  show();
  return figure({ title: "What if the queue delay were …", note: h("span", { class: "chip warning" }, "estimate"), summary: `Mean fill and wait of ${model.model} for other queue delays, an estimate from ${integer(model.estimatedArrivals)} recorded arrivals`, testid: "what-if-figure",
    numbers: () => ({ columns: [{ label: "queue delay", numeric: true }, { label: "mean fill", numeric: true }, { label: "executions", numeric: true }, { label: "mean wait", numeric: true }, { label: "wait p99", numeric: true }, { label: "busy", numeric: true }], rows: estimates.map((one) => [duration(one.delayNano), one.meanFill.toFixed(2), one.executions, duration(Math.round(one.meanWaitNano)), duration(one.p99WaitNano), percent(one.busyShare)]) }) },
  h("div", null, h("label", { class: "what-if-slider" }, slider), words, chart.element, h("p", { class: "faint" }, h("span", { class: "key-fill" }, "─ mean fill"), " (left), ", h("span", { class: "key-wait" }, "┄ mean wait"), " (right), dotted: the recorded fill. ",
    `${integer(model.estimatedArrivals)} recorded arrivals run again through ${model.instances} ${model.instances === 1 ? "instance" : "instances"}, at most ${model.maximum ?? model.largest} in a batch (${model.maximum ? "as the server says" : "the largest seen"}). `, model.sampled ? "Sampling hid requests: real batches would be fuller." : "")));
}
