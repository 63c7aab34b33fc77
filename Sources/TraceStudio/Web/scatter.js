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
  const first = Math.min(...times), range = Math.max(...times) - first;
  // Traces of one instant stand in the middle of a tenth of a second.
  const margin = range < 0.001 ? 50 : range * 0.02;
  const t0 = first - margin, t1 = first + range + margin;
  const low = Math.log10(Math.min(...spans)) - 0.15, high = Math.log10(Math.max(...spans)) + 0.15;
  /** @param {number} time */
  const x = (time) => LEFT + (time - t0) / (t1 - t0) * (width - LEFT - RIGHT);
  /** @param {number} ns */
  const y = (ns) => HEIGHT - BOTTOM - (Math.log10(ns) - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
  const plot = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" });
  for (const at of logTicks(low, high)) {
    plot.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(at), y2: y(at) }), svg("text", { x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, duration(at)));
  }
  for (const { at, label } of clockTicks(t0, t1, Math.max(2, Math.floor((width - LEFT - RIGHT) / 120)))) {
    // Labels at the ends keep inside the plot.
    const center = Math.max(LEFT + label.length * 3, Math.min(width - label.length * 3, x(at)));
    plot.append(svg("line", { class: "notch", x1: x(at), x2: x(at), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4 }), svg("text", { class: "time", x: center, y: HEIGHT - 5, "text-anchor": "middle" }, label));
  }
  const order = traces.map((_, index) => index).sort((a, b) => traces[b].spanCount - traces[a].spanCount);
  const largest = Math.max(...traces.map((trace) => trace.spanCount));
  for (const index of order) {
    const trace = traces[index];
    const radius = 3 + 6 * Math.sqrt(trace.spanCount / largest);
    const dot = svg("circle", { class: trace.errorCount ? "dot failed" : "dot", cx: x(times[index]), cy: y(spans[index]), r: radius.toFixed(1), "data-trace": trace.traceID },
      svg("title", null, `${trace.rootService}: ${trace.rootName}\n${duration(trace.durationNano)} · ${count(trace.spanCount, "span")}${trace.errorCount ? ` · ${count(trace.errorCount, "error")}` : ""}\n${dateTime(trace.startTimeUnixNano)}`));
    plot.append(dot);
  }
  plot.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const id = /** @type {Element} */ (event.target).closest("[data-trace]")?.getAttribute("data-trace");
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

/** Steps of the time axis in ms: from microseconds to weeks, each a round part of the next. */
const STEPS = [
  ...[0.001, 0.01, 0.1, 1, 10, 100].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1e3), ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 6e4),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3.6e6), ...[1, 2, 7, 14, 28].map((days) => days * 8.64e7),
];

/**
 * Round local times inside a range, never two with the same label: the precision follows from the step between them.
 * @param {number} from ms since 1970 @param {number} to ms @param {number} most how many ticks fit
 * @returns {Array<{at: number, label: string}>}
 */
export function clockTicks(from, to, most) {
  const step = STEPS.find((size) => (to - from) / size <= most) ?? Math.ceil((to - from) / most / 2.4192e9) * 2.4192e9;
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / 1000) - 1e-9)));
  const days = step >= 8.64e7;
  const severalDays = new Date(from).toDateString() !== new Date(to).toDateString();
  const offset = new Date(from).getTimezoneOffset() * 6e4;
  const result = [];
  // Whole multiples of the step in integers, so that the time since 1970 keeps its microseconds.
  const last = Math.floor((to - offset) / step);
  for (let index = Math.ceil((from - offset) / step); index <= last && result.length <= most; index++) {
    const at = index * step + offset;
    const date = new Date(Math.floor(at + 1e-4));
    const day = date.toLocaleDateString(undefined, { day: "numeric", month: "short", year: to - from > 2.5e10 ? "numeric" : undefined });
    result.push({ at, label: days ? day : `${severalDays ? `${day} ` : ""}${clock(at, date, step, digits)}` });
  }
  return result;
}

/** The time of day with as many decimals of the second as the step needs. @param {number} at ms @param {Date} date @param {number} step ms @param {number} digits */
function clock(at, date, step, digits) {
  const text = date.toTimeString();
  if (step >= 6e4) return text.slice(0, 5);
  if (digits === 0) return text.slice(0, 8);
  const micros = Math.round((at % 1000 + 1000) % 1000 * 1000) % 1e6;
  return `${text.slice(0, 8)}.${String(micros).padStart(6, "0").slice(0, digits)}`;
}
