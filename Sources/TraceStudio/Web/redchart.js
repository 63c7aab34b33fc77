// One of the monitor's charts: a figure over time, with gaps where nobody told anything.
import { h, svg } from "./dom.js";
import { chartBox, timeLabels } from "./chartbox.js";
import { dateTime } from "./format.js";
import { figure } from "./figure.js";
import { bandSentence, loadBands, withBands } from "./bands.js";
import { absence, gapBands } from "./gaps.js";
import { LinearScale } from "./scale.js";

const HEIGHT = 150, LEFT = 58, BOTTOM = 24, TOP = 8;

/**
 * @typedef {{name: string, class: string, values: Array<number | null>}} Line null where there is nothing to tell
 */

/**
 * @param {{title: string, note?: string, testid: string, lines: Line[], from: number, to: number, gaps?: import("./gaps.js").Gap[], bands?: import("./bands.js").Band[], words: (value: number) => string, onSpan: (from: number, to: number) => string}} options
 * `from` and `to` in µs since 1970; `onSpan` leads to the traces of a part of time
 */
export function redChart(options) {
  const { lines, from, to } = options, steps = Math.max(1, ...lines.map((line) => line.values.length)), step = (to - from) / steps;
  const most = Math.max(0, ...lines.flatMap((line) => line.values.filter((value) => value !== null)));
  const nothing = (/** @type {number} */ index) => absence(options.gaps, from + index * step, from + (index + 1) * step) ?? "no calls";
  const at = (/** @type {number} */ index) => dateTime(`${Math.round(from + index * step)}000`).replace(/\.\d+$/, "");
  /** @param {number} width */
  function draw(width) {
    const x = new LinearScale(from, to, LEFT, width - 8), y = new LinearScale(0, most * 1.06 || 1, HEIGHT - BOTTOM, TOP), area = { left: LEFT, right: width - 8, top: TOP, bottom: HEIGHT - BOTTOM };
    const chart = svg("svg", { class: "chart", width, height: HEIGHT },
      (most ? y.ticks(34) : [0]).map((tick) => [svg("line", { class: "grid", x1: LEFT, x2: width - 8, y1: y.at(tick), y2: y.at(tick) }), svg("text", { x: LEFT - 6, y: y.at(tick) + 4, "text-anchor": "end" }, options.words(tick))]),
      gapBands(options.gaps, (micros) => x.at(micros), area),
      lines.map((line) => {
        const left = (/** @type {number} */ index) => x.at(from + (index + 0.5) * step), top = (/** @type {number} */ value) => y.at(value);
        return [svg("path", { class: `red-line ${line.class}`, d: path(line.values, left, top) }),
          line.values.map((value, index) => value !== null && isAlone(line.values, index) && svg("circle", { class: `red-point ${line.class}`, cx: left(index), cy: top(value), r: 2.5 }))];
      }),
      timeLabels(x, width, HEIGHT));
    // Each step of time is a door to its traces.
    for (let index = 0; index < steps; index++) {
      const told = lines.filter((line) => line.values[index] !== null && line.values[index] !== undefined).map((line) => `${line.name} ${options.words(/** @type {number} */ (line.values[index]))}`);
      chart.append(svg("a", { href: options.onSpan(from + index * step, from + (index + 1) * step), tabindex: -1, "aria-hidden": "true" }, svg("rect", { class: "red-step", x: x.at(from + index * step), y: TOP, width: x.at(from + step) - x.at(from), height: HEIGHT - BOTTOM - TOP }, svg("title", null, `${at(index)}: ${told.join(", ") || nothing(index)}`))));
    }
    // Above the doors, of which they leave all but their flags.
    chart.append(...loadBands(options.bands, (micros) => x.at(micros), area));
    return chart;
  }
  return figure({ title: options.title, note: [options.note, lines.length > 1 && lines.map((line) => [" ", h("span", { class: `red-name ${line.class}` }, line.name)])], testid: options.testid, summary: `${options.title} over time, at most ${options.words(most)}${bandSentence(options.bands)}`,
    numbers: () => withBands({ columns: [{ label: "from" }, ...lines.map((line) => ({ label: line.name, numeric: true }))], rows: Array.from({ length: steps }, (_, index) => [at(index), ...lines.map((line) => { const value = line.values[index]; return value === null || value === undefined ? nothing(index) : options.words(value); })]) }, options.bands, (index) => [from + index * step, from + (index + 1) * step]) }, chartBox(draw).element);
}

/** Whether a value has none beside it, so that no line leads to it. @param {Array<number | null>} values @param {number} index */
function isAlone(values, index) { return (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null; }

/** A line that breaks where there is nothing. @param {Array<number | null>} values @param {(index: number) => number} x @param {(value: number) => number} y */
export function path(values, x, y) {
  let text = "", open = false;
  values.forEach((value, index) => {
    if (value === null || value === undefined) { open = false; return; }
    text += `${open ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}${isAlone(values, index) ? "h.1" : ""}`;
    open = true;
  });
  return text;
}
