// Found traces as dots: time across, duration up (logarithmic), area by span count, red when something failed.
import { svg, h } from "./dom.js";
import { count, dateTime, duration, milliseconds } from "./format.js";

/** @typedef {import("./api.js").TraceSummary} TraceSummary */

const HEIGHT = 132, LEFT = 56, RIGHT = 12, TOP = 10, BOTTOM = 22;

/**
 * The plot. The list below it holds the same numbers, so it is hidden from screen readers apart from one sentence.
 * @param {TraceSummary[]} traces @param {number} width px
 */
export function scatter(traces, width) {
  const times = traces.map((trace) => milliseconds(trace.startTimeUnixNano));
  const spans = traces.map((trace) => Math.max(1000, trace.durationNano));
  const margin = Math.max(1, (Math.max(...times) - Math.min(...times)) * 0.02);
  const t0 = Math.min(...times) - margin, t1 = Math.max(...times) + margin;
  const low = Math.log10(Math.min(...spans)) - 0.15, high = Math.log10(Math.max(...spans)) + 0.15;
  /** @param {number} time */
  const x = (time) => LEFT + (time - t0) / (t1 - t0) * (width - LEFT - RIGHT);
  /** @param {number} ns */
  const y = (ns) => HEIGHT - BOTTOM - (Math.log10(ns) - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
  const plot = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" });
  for (const at of logTicks(low, high)) {
    plot.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(at), y2: y(at) }), svg("text", { x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, duration(at)));
  }
  const steps = Math.max(1, Math.min(6, Math.floor((width - LEFT) / 140)));
  for (let step = 0; step <= steps; step++) {
    const time = t0 + (t1 - t0) * step / steps;
    const anchor = step === 0 ? "start" : step === steps ? "end" : "middle";
    plot.append(svg("text", { x: x(time), y: HEIGHT - 6, "text-anchor": anchor }, clock(time, t1 - t0)));
  }
  const order = traces.map((_, index) => index).sort((a, b) => traces[b].spanCount - traces[a].spanCount);
  const largest = Math.max(...traces.map((trace) => trace.spanCount));
  for (const index of order) {
    const trace = traces[index];
    const radius = 3 + 6 * Math.sqrt(trace.spanCount / largest);
    const dot = svg("circle", { class: trace.errorCount ? "dot failed" : "dot", cx: x(times[index]), cy: y(spans[index]), r: radius.toFixed(1), "data-trace-id": trace.traceID },
      svg("title", null, `${trace.rootService}: ${trace.rootName}\n${duration(trace.durationNano)} · ${count(trace.spanCount, "span")}${trace.errorCount ? ` · ${count(trace.errorCount, "error")}` : ""}\n${dateTime(trace.startTimeUnixNano)}`));
    plot.append(dot);
  }
  plot.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const id = /** @type {Element} */ (event.target).closest("[data-trace-id]")?.getAttribute("data-trace-id");
    if (!id) return;
    if (event.ctrlKey || event.metaKey) window.open(`/trace/${id}`);
    else location.assign(`/trace/${id}`);
  });
  return h("figure", { class: "scatter", "aria-label": `Traces by time and duration; the list below has the same ${traces.length} traces.` }, plot);
}

/** At most four ticks on a logarithmic axis. @param {number} low @param {number} high powers of ten */
function logTicks(low, high) {
  const all = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const factor of high - low > 1.6 ? [1] : high - low > 0.7 ? [1, 3] : [1, 1.5, 2, 3, 5, 7]) {
      const at = factor * 10 ** power;
      if (Math.log10(at) >= low && Math.log10(at) <= high) all.push(at);
    }
  }
  const every = Math.ceil(all.length / 4);
  return all.filter((_, index) => index % every === 0);
}

/** @param {number} time ms @param {number} range ms */
function clock(time, range) {
  const date = new Date(time);
  if (range > 172800000) return date.toLocaleDateString();
  const text = date.toTimeString();
  return range > 600000 ? text.slice(0, 5) : text.slice(0, 8);
}
