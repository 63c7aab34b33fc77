// Pictures of many requests to language models: heatmaps with a target that can be dragged, scatters, gaps by place in the answer.
import { h, fill, svg } from "./dom.js";
import { fitCanvas, onDrag } from "./canvas.js";
import { rgb } from "./color.js";
import { duration, integer } from "./format.js";
import { Heatmap } from "./heat.js";
import { LinearScale, LogScale } from "./scale.js";

/**
 * @typedef {{traceID: string, startTimeUnixNano: string, model: string, ttft?: number, itl?: number, tokensIn?: number, tokensOut?: number, tokensCached?: number,
 *   queue: number, prefill?: number, decode?: number, durationNano: number, weight: number}} Point
 * @typedef {"ttft" | "itl"} Key
 * @typedef {{from: string, to: string, gaps?: import("./gaps.js").Gap[], bands?: import("./bands.js").Band[]}} Window
 */

const COLUMNS = 72, BINS = 36;

/** When a request began, µs. @param {Point} point */
export function startOf(point) { return Number(BigInt(point.startTimeUnixNano) / 1000n); }

/** @param {number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : undefined;
}

/**
 * Requests by time and by one of their times, as the heatmap takes them.
 * @param {Point[]} points @param {Key} key @param {Window} window @param {number} target ns, which is always inside
 * @returns {import("./heat.js").HeatData}
 */
function binned(points, key, window, target) {
  const told = points.filter((point) => (point[key] ?? 0) > 0), values = told.map((point) => /** @type {number} */ (point[key]));
  const low = Math.min(target, ...values) * 0.8, high = Math.max(target, ...values) * 1.25, ratio = (high / low) ** (1 / BINS);
  const columnNano = Math.max(1, Number(BigInt(window.to) - BigInt(window.from)) / COLUMNS), base = BigInt(window.from);
  /** @type {Map<number, import("./heat.js").Cell>} */
  const cells = new Map();
  /** @type {number[][]} */
  const columns = Array.from({ length: COLUMNS }, () => []);
  for (const point of told) {
    const value = /** @type {number} */ (point[key]);
    const x = Math.max(0, Math.min(COLUMNS - 1, Math.floor(Number(BigInt(point.startTimeUnixNano) - base) / columnNano))), y = Math.max(0, Math.min(BINS - 1, Math.floor(Math.log(value / low) / Math.log(ratio))));
    const cell = cells.get(x * 1000 + y) ?? { x, y, n: 0, ids: [] };
    cell.n += point.weight;
    if (cell.ids.length < 4) cell.ids.push(point.traceID);
    cells.set(x * 1000 + y, cell);
    columns[x].push(value);
  }
  return { from: window.from, to: window.to, gaps: window.gaps, bands: window.bands, columnNano, lowestNano: low, ratio, bins: BINS, cells: [...cells.values()],
    columns: columns.map((column) => ({ n: column.length, p50: quantile(column, 0.5), p95: quantile(column, 0.95), p99: quantile(column, 0.99) })) };
}

/** A line at a target that is dragged, or moved by the arrow keys. */
class TargetLine {
  /** @param {{label: string, testid: string, get: () => number, set: (value: number, done: boolean) => void, y: () => LogScale | undefined}} options */
  constructor(options) {
    this.options = options;
    this.line = svg("line"), this.hit = svg("line", { class: "target-hit" }), this.text = svg("text", { "text-anchor": "end" });
    this.group = svg("g", { class: "target-line", tabindex: 0, role: "slider", "aria-label": options.label, "aria-orientation": "vertical", "data-testid": options.testid }, this.line, this.hit, this.text);
    this.element = svg("svg", { class: "target-layer" }, this.group);
    onDrag(this.group, (event) => {
      event.stopPropagation();
      return (next, done) => {
        const y = options.y(), bounds = this.element.getBoundingClientRect();
        if (!y) return;
        const low = Math.min(y.a, y.b), high = Math.max(y.a, y.b);
        options.set(Number(y.value(Math.max(low, Math.min(high, next.clientY - bounds.top))).toPrecision(2)), done);
      };
    });
    this.group.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const step = /** @type {Record<string, number>} */ ({ ArrowUp: 1.05, ArrowRight: 1.05, ArrowDown: 1 / 1.05, ArrowLeft: 1 / 1.05, PageUp: 1.5, PageDown: 1 / 1.5 })[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      options.set(Number((options.get() * step).toPrecision(3)), true);
    });
  }

  /** @param {number} width @param {number} height @param {number} left */
  draw(width, height, left) {
    const y = this.options.y();
    if (!y || !width) return;
    const value = this.options.get(), at = y.at(value);
    this.element.setAttribute("width", String(width));
    this.element.setAttribute("height", String(height));
    for (const line of [this.line, this.hit]) for (const [name, place] of /** @type {Array<[string, number]>} */ ([["x1", left], ["x2", width - 8], ["y1", at], ["y2", at]])) line.setAttribute(name, String(place));
    this.text.setAttribute("x", String(width - 12));
    this.text.setAttribute("y", String(at < 16 ? at + 13 : at - 5));
    this.text.textContent = `target ${duration(value)}`;
    this.group.setAttribute("aria-valuenow", String(value));
    this.group.setAttribute("aria-valuetext", duration(value));
  }
}

/** Requests by time and one of their times, with the target. */
export class TargetHeat {
  /** @param {{key: Key, label: string, get: () => number, set: (value: number, done: boolean) => void, onBox: (box: import("./heat.js").Box | null) => void, cellLink: (box: import("./heat.js").Box) => string}} options */
  constructor(options) {
    this.options = options;
    this.heat = new Heatmap({ onBox: options.onBox, cellLink: options.cellLink, height: 220, label: options.label });
    this.target = new TargetLine({ label: `${options.label}: target`, testid: `line-${options.key}`, get: options.get, set: options.set, y: () => this.heat.y });
    this.element = h("div", { class: "heat-target", "data-testid": `heat-${options.key}` }, this.heat.element, this.target.element);
    new ResizeObserver(() => this.drawTarget()).observe(this.element);
  }

  /** @param {Point[]} points @param {Window} window @param {import("./heat.js").Box | null} box */
  set(points, window, box) {
    this.heat.set(binned(points, this.options.key, window, this.options.get()));
    this.heat.setBox(box);
    this.drawTarget();
  }

  drawTarget() {
    this.heat.draw();
    this.target.draw(this.heat.element.clientWidth, this.heat.height, this.heat.x?.a ?? 60);
  }
}

const HEIGHT = 240, LEFT = 60, RIGHT = 12, TOP = 8, BOTTOM = 34;

/** Requests as dots, coloured by how much of the time to the first token was waiting; on a canvas, since there may be thousands. */
export class Scatter {
  /** @param {{label: string, xLabel: string, yLabel: string, testid: string, x: (point: Point) => number | undefined, y: (point: Point) => number | undefined, get: () => number, set: (value: number, done: boolean) => void, targetId: string}} options */
  constructor(options) {
    this.options = options;
    /** @type {Array<{point: Point, x: number, y: number}>} */
    this.dots = [];
    this.current = -1;
    this.canvas = h("canvas", { class: "heat-canvas", "aria-hidden": "true" });
    this.axes = svg("svg", { class: "heat-axes", "aria-hidden": "true" });
    this.tip = h("div", { class: "tip heat-tip", role: "status", hidden: true });
    this.target = new TargetLine({ label: `${options.label}: target`, testid: options.targetId, get: options.get, set: options.set, y: () => this.y });
    this.box = h("div", { class: "scatter", tabindex: 0, role: "application", "data-testid": options.testid, "aria-label": `${options.label}. Left and right go from request to request, Enter opens one.` }, this.canvas, this.axes, this.tip);
    this.element = h("div", { class: "heat-target" }, this.box, this.target.element);
    new ResizeObserver(() => this.draw()).observe(this.box);
    addEventListener("needletail-theme", () => this.draw());
    this.box.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#show(this.#near(event)));
    this.box.addEventListener("pointerleave", () => this.#show(-1));
    this.box.addEventListener("click", (/** @type {MouseEvent} */ event) => { const found = this.#near(event); if (found >= 0) location.assign(`/trace/${this.dots[found].point.traceID}`); });
    this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (step && this.dots.length) this.#show(Math.max(0, Math.min(this.dots.length - 1, this.current + step)));
      else if (event.key === "Enter" && this.current >= 0) location.assign(`/trace/${this.dots[this.current].point.traceID}`);
      else if (event.key === "Escape" && this.current >= 0) this.#show(-1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** @param {Point[]} points */
  set(points) {
    const { x, y } = this.options;
    this.dots = points.flatMap((point) => { const at = x(point), value = y(point); return at === undefined || value === undefined || value <= 0 ? [] : [{ point, x: at, y: value }]; }).sort((a, b) => a.x - b.x);
    this.current = -1;
    this.draw();
  }

  draw() {
    const width = this.box.clientWidth, { dots } = this;
    if (!width) return;
    const xs = dots.map((dot) => dot.x), ys = dots.map((dot) => dot.y), target = this.options.get();
    const x = this.x = new LinearScale(0, Math.max(1, ...xs) * 1.02, LEFT, width - RIGHT), y = this.y = new LogScale(Math.min(target, ...ys) * 0.8, Math.max(target, ...ys) * 1.25, HEIGHT - BOTTOM, TOP);
    const context = fitCanvas(this.canvas, width, HEIGHT), style = getComputedStyle(document.documentElement);
    const low = rgb(style.getPropertyValue("--stage-infer").trim()), high = rgb(style.getPropertyValue("--stage-queue").trim());
    context.clearRect(0, 0, width, HEIGHT);
    context.globalAlpha = dots.length > 2000 ? 0.35 : 0.7;
    for (const dot of dots) {
      const share = queueShare(dot.point);
      context.fillStyle = `rgb(${low.map((part, index) => Math.round(part + (high[index] - part) * share)).join(" ")})`;
      context.beginPath();
      context.arc(x.at(dot.x), y.at(dot.y), 3, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    fill(this.axes);
    this.axes.setAttribute("width", String(width));
    this.axes.setAttribute("height", String(HEIGHT));
    for (const tick of y.ticks()) this.axes.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y.at(tick.at), y2: y.at(tick.at) }), svg("text", { x: LEFT - 6, y: y.at(tick.at) + 4, "text-anchor": "end" }, tick.label));
    for (const at of x.ticks(70)) if (x.at(at) < width - 14) this.axes.append(svg("text", { x: x.at(at), y: HEIGHT - 19, "text-anchor": "middle" }, integer(at)));
    this.axes.append(svg("text", { x: (LEFT + width) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, this.options.xLabel));
    const now = dots[this.current];
    if (now) this.axes.append(svg("circle", { class: "heat-cursor", cx: x.at(now.x), cy: y.at(now.y), r: 6 }));
    this.target.draw(width, HEIGHT, LEFT);
  }

  /** @param {MouseEvent} event */
  #near(event) {
    const bounds = this.box.getBoundingClientRect(), px = event.clientX - bounds.left, py = event.clientY - bounds.top;
    let best = -1, distance = 100;
    this.dots.forEach((dot, index) => {
      const far = (/** @type {LinearScale} */ (this.x).at(dot.x) - px) ** 2 + (/** @type {LogScale} */ (this.y).at(dot.y) - py) ** 2;
      if (far < distance) [best, distance] = [index, far];
    });
    return best;
  }

  /** @param {number} index */
  #show(index) {
    if (index === this.current) return;
    this.current = index;
    this.draw();
    const dot = this.dots[index];
    this.tip.hidden = !dot;
    if (!dot) return;
    const { point } = dot;
    fill(this.tip, h("div", { class: "tip-title" }, `${this.options.yLabel} ${duration(Math.round(dot.y))}`), h("div", null, `${point.tokensIn === undefined ? "?" : integer(point.tokensIn)} → ${point.tokensOut === undefined ? "?" : integer(point.tokensOut)} tokens, queue ${duration(point.queue)}`), h("div", { class: "faint" }, `${point.traceID.slice(0, 8)}, click or Enter opens`));
    const left = Math.min(/** @type {LinearScale} */ (this.x).at(dot.x) + 10, this.box.clientWidth - this.tip.offsetWidth - 4);
    this.tip.style.transform = `translate(${Math.round(Math.max(0, left))}px, ${Math.round(/** @type {LogScale} */ (this.y).at(dot.y) + 10)}px)`;
  }

  numbers() {
    return { columns: [{ label: "trace" }, { label: this.options.xLabel, numeric: true }, { label: this.options.yLabel, numeric: true }, { label: "queue", numeric: true }], rows: this.dots.map(({ point, x, y }) => [point.traceID, x, duration(Math.round(y)), duration(point.queue)]) };
  }
}

/** The part of the time to the first token that was waiting. @param {Point} point */
function queueShare(point) { return point.ttft ? Math.max(0, Math.min(1, point.queue / point.ttft)) : 0; }

/**
 * Gaps between tokens by their place in the answer: darker where there were more; lines of the median and p99.
 * @param {any} positions of `/llm` @param {number} width
 */
export function positionHeat(positions, width) {
  const steps = positions.columns.length, bins = positions.cells.map((/** @type {any} */ cell) => cell.y), low = Math.min(...bins), high = Math.max(...bins) + 1;
  const edge = (/** @type {number} */ bin) => positions.lowestNano * positions.ratio ** bin;
  const x = new LinearScale(0, steps * positions.step, LEFT, width - RIGHT), y = new LogScale(edge(low), edge(high), HEIGHT - BOTTOM, TOP);
  const counts = positions.cells.map((/** @type {any} */ cell) => cell.n).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b), ceiling = counts[Math.floor(counts.length * 0.95)] || 1;
  const chart = svg("svg", { class: "chart", width, height: HEIGHT, "aria-hidden": "true" });
  for (const cell of positions.cells) {
    const rect = svg("rect", { class: "heat-cell", x: x.at(cell.x * positions.step) + 0.5, width: Math.max(1, x.at(positions.step) - x.at(0) - 1), y: y.at(edge(cell.y + 1)) + 0.5, height: Math.max(1, y.at(edge(cell.y)) - y.at(edge(cell.y + 1)) - 1) });
    rect.style.setProperty("--share", `${Math.round(Math.sqrt(Math.min(1, cell.n / ceiling)) * 100)}%`);
    chart.append(rect);
  }
  for (const tick of y.ticks()) chart.append(svg("text", { x: LEFT - 6, y: y.at(tick.at) + 4, "text-anchor": "end" }, tick.label));
  for (const at of x.ticks(70)) chart.append(svg("text", { x: x.at(at), y: HEIGHT - 19, "text-anchor": "middle" }, integer(at)));
  chart.append(svg("text", { x: (LEFT + width) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "place in the answer, tokens"));
  for (const [key, name] of [["p50", "line-p50"], ["p99", "line-p99"]]) chart.append(svg("polyline", { class: name, points: positions.columns.map((/** @type {any} */ column, /** @type {number} */ index) => `${x.at((index + 0.5) * positions.step).toFixed(1)},${y.at(column[key]).toFixed(1)}`).join(" ") }));
  return chart;
}
