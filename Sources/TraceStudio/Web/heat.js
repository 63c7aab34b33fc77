// The heatmap of requests: time × latency, darker where there were more. A box drawn on it asks about what lies inside.
import { h, fill, svg } from "./dom.js";
import { compact, count, dateTime, duration, integer, moment } from "./format.js";
import { LinearScale, LogScale, clockTicks } from "./scale.js";
import { loadBands, withBands } from "./bands.js";
import { absence, gapBands } from "./gaps.js";
import { fitCanvas, onDrag } from "./canvas.js";
import { drawLines, drawPoints, ramp } from "./heatdraw.js";

const HEIGHT = 220, LEFT = 62, RIGHT = 8, TOP = 8, BOTTOM = 22;

/**
 * @typedef {{x: number, y: number, n: number, err?: number, ids: string[]}} Cell
 * @typedef {{from: string, to: string, sampling?: string, gaps?: import("./gaps.js").Gap[], bands?: import("./bands.js").Band[], columnNano: number, lowestNano: number, ratio: number, bins: number, cells: Cell[],
 *   columns: Array<{n: number, p50?: number, p95?: number, p99?: number}>}} HeatData
 * @typedef {{t0: number, t1: number, d0: number, d1: number}} Box times in µs since 1970, durations in ns
 * @typedef {{kind: "pinned" | "came", id: string, start: number, duration: number, name: string}} Mark a trace to find again: start in µs since 1970, duration in ns
 * @typedef {{id: string, start: number, duration: number, spans: number, errors: number, weight: number}} Point a trace as a dot: start in µs since 1970, duration in ns
 */

/** Signs of marked traces, and what they say. @type {Record<Mark["kind"], [string, string]>} */
const MARKS = { pinned: ["◆", "pinned"], came: ["▲", "the one you came from"] };

export class Heatmap {
  /** @param {{onBox: (box: Box | null) => void, cellLink: (box: Box) => string, height?: number, label?: string}} options `onBox` is told of a finished box, or null when it was cleared */
  constructor(options) {
    this.options = options;
    this.height = options.height ?? HEIGHT;
    /** @type {HeatData | null} */
    this.data = null;
    /** @type {Box | null} */
    this.box = null;
    /** @type {Mark[]} */
    this.marks = [];
    /** Single traces that are drawn instead of cells. @type {Point[] | null} */
    this.points = null;
    this.pinned = false;
    /** The cell under the keyboard, and the other corner of a box made by keys. @type {{x: number, y: number} | null} */
    this.cursor = null;
    /** @type {{x: number, y: number} | null} */
    this.corner = null;
    this.canvas = h("canvas", { class: "heat-canvas", "aria-hidden": "true" });
    this.axes = svg("svg", { class: "heat-axes", "aria-hidden": "true" });
    /** Where bands were drawn, and which. */
    this.bandsAt = "";
    /** @type {import("./bands.js").Band[] | undefined} */
    this.bandsOf = undefined;
    this.bands = svg("svg", { class: "heat-axes", role: "group", "aria-label": "Loads and cold starts" });
    this.tip = h("div", { class: "tip heat-tip", role: "status", hidden: true });
    this.element = h("div", { class: "heat", tabindex: 0, role: "application", "data-testid": "heatmap", "aria-label": `${options.label ?? "Requests by time and duration"}. Arrow keys move, with shift a box is drawn, Enter uses it, Escape clears it.` }, this.canvas, this.axes, this.bands, this.tip);
    /** What the colours and signs mean; for the head of the figure. */
    this.legend = h("span", { class: "faint legend-lines", "data-testid": "heat-legend" });
    this.width = 0;
    this.#wire();
    new ResizeObserver(() => this.draw()).observe(this.element);
    addEventListener("needletail-theme", () => this.draw());
  }

  /** @param {HeatData} data */
  set(data) {
    this.data = data;
    this.cursor = this.corner = null;
    this.tip.hidden = true;
    this.pinned = false;
    this.#index();
    this.#drawLegend();
    this.draw();
  }

  /** Draws single traces instead of cells; null for cells again. @param {Point[] | null} points */
  setPoints(points) {
    this.points = points;
    this.#drawLegend();
    this.draw();
  }

  /** Traces to mark. @param {Mark[]} marks */
  setMarks(marks) {
    this.marks = marks;
    this.#drawLegend();
    this.draw();
  }

  #drawLegend() {
    const kinds = new Set(this.marks.map((mark) => mark.kind));
    fill(this.legend, this.points ? [h("span", { class: "heat-key" }, `${count(this.points.length, "dot")}, larger with more spans`)] : ["fewer ", h("i", { class: "heat-ramp", "aria-hidden": "true" }), ` ${this.ceiling ? `${this.#about}${compact(Math.round(this.ceiling))}+ a cell` : "more"}`], h("span", { class: "heat-key" }, h("b", { class: "error-text" }, "○"), " failed"),
      [...kinds].map((kind) => h("span", { class: "heat-key" }, h("b", { class: `heat-${kind}` }, MARKS[kind][0]), ` ${MARKS[kind][1]}`)), h("span", { class: "heat-key" }, "— p50 ┄ p99"));
  }

  /** Counts of sampled traces are estimates. */
  get #about() { return ["sampled", "mixed"].includes(this.data?.sampling ?? "") ? "≈ " : ""; }

  /** @param {Box | null} box */
  setBox(box) {
    this.box = box;
    this.draw();
  }

  #index() {
    const data = /** @type {HeatData} */ (this.data);
    /** @type {Map<number, Cell>} */
    this.cells = new Map(data.cells.map((cell) => [cell.x * 1000 + cell.y, cell]));
    const counts = data.cells.map((cell) => cell.n).sort((a, b) => a - b);
    // The busiest cells do not decide how the others look.
    this.ceiling = counts[Math.min(counts.length - 1, Math.floor(counts.length * 0.95))] || 1;
  }

  #scales() {
    const data = /** @type {HeatData} */ (this.data);
    const from = Number(BigInt(data.from) / 1000n), to = Number(BigInt(data.to) / 1000n);
    const high = data.lowestNano * data.ratio ** data.bins;
    this.x = new LinearScale(from, to, LEFT, this.width - RIGHT);
    this.y = new LogScale(data.lowestNano, high, this.height - BOTTOM, TOP);
  }

  draw() {
    const width = this.element.clientWidth;
    if (!width || !this.data) return;
    this.width = width;
    this.#scales();
    const { data } = this, { x, y } = /** @type {{x: LinearScale, y: LogScale}} */ (this);
    const style = getComputedStyle(document.documentElement);
    const low = style.getPropertyValue("--heat-0").trim(), high = style.getPropertyValue("--heat-1").trim(), error = style.getPropertyValue("--error").trim();
    const context = fitCanvas(this.canvas, width, this.height);
    context.clearRect(0, 0, width, this.height);
    if (this.points) drawPoints(context, this.points, x, y, style.getPropertyValue("--service-0").trim(), error);
    else this.#drawCells(context, ramp(low, high), y, error);
    drawLines(context, data.columns, style.getPropertyValue("--ink-2").trim(), (index) => { const [left, right] = this.#columnEdges(index); return (left + right) / 2; }, y);
    this.#drawAxes(x, y);
    this.#drawBands(x);
  }

  /** Loads and cold starts: made again only when they stand elsewhere, since one of them may have the focus. @param {LinearScale} x */
  #drawBands(x) {
    const { width, height, data } = this, told = `${width} ${x.low} ${x.high}`;
    if (told === this.bandsAt && data?.bands === this.bandsOf) return;
    this.bandsAt = told;
    this.bandsOf = data?.bands;
    this.bands.setAttribute("width", String(width));
    this.bands.setAttribute("height", String(height));
    fill(this.bands, loadBands(data?.bands, (micros) => x.at(micros), { left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM }));
  }

  /** @param {CanvasRenderingContext2D} context @param {string[]} steps colours @param {LogScale} y @param {string} error colour */
  #drawCells(context, steps, y, error) {
    for (const cell of /** @type {HeatData} */ (this.data).cells) {
      const [left, right] = this.#columnEdges(cell.x), [bottom, top] = [y.at(this.#edge(cell.y)), y.at(this.#edge(cell.y + 1))];
      const share = Math.min(1, Math.sqrt(cell.n / /** @type {number} */ (this.ceiling)));
      context.fillStyle = steps[Math.round(share * (steps.length - 1))];
      context.fillRect(left, top, Math.max(1, right - left - 0.5), Math.max(1, bottom - top - 0.5));
      if (!cell.err) continue;
      context.strokeStyle = error;
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc((left + right) / 2, (top + bottom) / 2, Math.max(1.5, Math.min(3, (right - left) / 2)), 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** @param {LinearScale} x @param {LogScale} y */
  #drawAxes(x, y) {
    const { width, height } = this;
    fill(this.axes);
    this.axes.setAttribute("width", String(width));
    this.axes.setAttribute("height", String(height));
    this.axes.append(...gapBands(this.data?.gaps, (micros) => x.at(micros), { left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM }).filter((band) => band !== null));
    for (const tick of y.ticks()) this.axes.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y.at(tick.at), y2: y.at(tick.at) }), svg("text", { x: LEFT - 6, y: y.at(tick.at) + 4, "text-anchor": "end" }, tick.label));
    for (const tick of clockTicks(x.low / 1000, x.high / 1000, Math.max(2, Math.floor(width / 110)))) {
      const at = x.at(tick.at * 1000);
      const half = tick.label.length * 3;
      if (at > LEFT + Math.min(20, half) && at + half < width - 2) this.axes.append(svg("text", { x: at, y: height - 6, "text-anchor": "middle" }, tick.label));
    }
    for (const mark of this.marks) {
      const px = x.at(mark.start), py = y.at(Math.max(mark.duration, 1));
      if (px < LEFT || px > width - RIGHT || py < TOP - 1 || py > height - BOTTOM + 1) continue;
      this.axes.append(svg("text", { class: `heat-mark heat-${mark.kind}`, "data-testid": "heat-mark", "data-kind": mark.kind, "data-trace-id": mark.id, x: px, y: py + (mark.kind === "came" ? 10 : 4), "text-anchor": "middle" }, MARKS[mark.kind][0], svg("title", null, `${MARKS[mark.kind][1]}: ${mark.name}, ${duration(mark.duration)}`)));
    }
    if (this.cursor) {
      const [left, right] = this.#columnEdges(this.cursor.x), top = y.at(this.#edge(this.cursor.y + 1));
      this.axes.append(svg("rect", { class: "heat-cursor", x: left - 1, y: top - 1, width: right - left + 1, height: y.at(this.#edge(this.cursor.y)) - top + 1 }));
    }
    if (!this.box) return;
    const left = Math.max(LEFT, x.at(this.box.t0)), right = Math.min(width - RIGHT, x.at(this.box.t1));
    const top = Math.max(TOP, y.at(this.box.d1)), bottom = Math.min(height - BOTTOM, y.at(this.box.d0));
    if (right > left && bottom > top) this.axes.append(svg("rect", { class: "heat-box", "data-testid": "heat-box", x: left, y: top, width: right - left, height: bottom - top }));
  }

  /** @param {number} bin */
  #edge(bin) { const data = /** @type {HeatData} */ (this.data); return data.lowestNano * data.ratio ** bin; }

  /** Left and right of a column, px. @param {number} index */
  #columnEdges(index) {
    const data = /** @type {HeatData} */ (this.data), x = /** @type {LinearScale} */ (this.x);
    const step = data.columnNano / 1000;
    return [x.at(x.low + index * step), x.at(x.low + (index + 1) * step)];
  }

  /** @param {number} px @param {number} py */
  #cellAt(px, py) {
    const data = this.data;
    if (!data || !this.x || !this.y) return null;
    const column = Math.floor((this.x.value(px) - this.x.low) * 1000 / data.columnNano);
    const bin = Math.floor(Math.log(this.y.value(py) / data.lowestNano) / Math.log(data.ratio));
    return { x: Math.max(0, Math.min(data.columns.length - 1, column)), y: Math.max(0, Math.min(data.bins - 1, bin)) };
  }

  /** The box around two cells. @param {{x: number, y: number}} a @param {{x: number, y: number}} b @returns {Box} */
  #boxOf(a, b) {
    const data = /** @type {HeatData} */ (this.data), x = /** @type {LinearScale} */ (this.x), step = data.columnNano / 1000;
    const [x0, x1] = [Math.min(a.x, b.x), Math.max(a.x, b.x) + 1], [y0, y1] = [Math.min(a.y, b.y), Math.max(a.y, b.y) + 1];
    return { t0: Math.floor(x.low + x0 * step), t1: Math.ceil(x.low + x1 * step), d0: Math.floor(this.#edge(y0)), d1: Math.ceil(this.#edge(y1)) };
  }

  #wire() {
    onDrag(this.element, (event) => {
      if (!this.data || /** @type {Element} */ (event.target).closest(".heat-tip, .load-band")) return null;
      const bounds = this.element.getBoundingClientRect();
      const start = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
      if (start.x < LEFT) return null;
      this.element.focus({ preventScroll: true });
      return (next, done) => {
        const end = { x: next.clientX - bounds.left, y: next.clientY - bounds.top };
        const moved = Math.abs(end.x - start.x) + Math.abs(end.y - start.y) > 5;
        if (!moved) {
          const point = done ? this.#pointAt(start.x, start.y) : null;
          if (point) location.assign(`/trace/${point.id}`);
          else if (done && !this.points) this.#openCell(this.#cellAt(start.x, start.y));
          return;
        }
        const x = /** @type {LinearScale} */ (this.x), y = /** @type {LogScale} */ (this.y);
        const times = [x.value(Math.max(LEFT, Math.min(start.x, end.x))), x.value(Math.min(this.width - RIGHT, Math.max(start.x, end.x)))];
        const durations = [y.value(Math.min(this.height - BOTTOM, Math.max(start.y, end.y))), y.value(Math.max(TOP, Math.min(start.y, end.y)))];
        this.tip.hidden = true;
        this.setBox({ t0: Math.floor(times[0]), t1: Math.ceil(times[1]), d0: Math.floor(durations[0]), d1: Math.ceil(durations[1]) });
        if (done) this.options.onBox(this.box);
      };
    });
    this.element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (event.buttons || this.pinned) return;
      if (/** @type {Element} */ (event.target).closest(".load-band")) { this.tip.hidden = true; return; }
      const bounds = this.element.getBoundingClientRect();
      const at = { x: event.clientX - bounds.left, y: event.clientY - bounds.top }, point = this.#pointAt(at.x, at.y);
      this.element.classList.toggle("on-point", point !== null);
      if (this.points) { this.#showPointTip(point, at); return; }
      const cell = this.#cellAt(at.x, at.y);
      if (cell && this.cells?.has(cell.x * 1000 + cell.y)) this.#showTip(cell, false);
      else this.tip.hidden = true;
    });
    this.element.addEventListener("pointerleave", () => { if (!this.pinned) this.tip.hidden = true; });
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const data = this.data;
    if (!data || event.ctrlKey || event.metaKey || event.altKey || (event.key === "Enter" && /** @type {Element} */ (event.target).closest("a"))) return;
    const step = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] })[event.key];
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      const before = this.cursor ?? this.#busiest();
      const next = this.cursor ? { x: Math.max(0, Math.min(data.columns.length - 1, before.x + step[0])), y: Math.max(0, Math.min(data.bins - 1, before.y + step[1])) } : before;
      if (event.shiftKey) {
        this.corner ??= before;
        this.cursor = next;
        this.setBox(this.#boxOf(this.corner, next));
      } else {
        this.corner = null;
        this.cursor = next;
        this.draw();
      }
      this.#showTip(next, false);
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (this.corner && this.box) this.options.onBox(this.box);
      else if (this.cursor) this.#openCell(this.cursor);
    } else if (event.key === "Escape" && (this.box || this.cursor || !this.tip.hidden)) {
      event.stopPropagation();
      const hadBox = this.box !== null;
      this.cursor = this.corner = null;
      this.tip.hidden = true;
      this.pinned = false;
      this.setBox(null);
      if (hadBox) this.options.onBox(null);
    }
  }

  #busiest() {
    const cells = this.data?.cells ?? [];
    const most = cells.reduce((best, cell) => (cell.n > (best?.n ?? -1) ? cell : best), /** @type {Cell | null} */ (null));
    return { x: most?.x ?? 0, y: most?.y ?? 0 };
  }

  /** Shows the doors of a cell: four traces, and all of them. @param {{x: number, y: number} | null} cell */
  #openCell(cell) {
    this.pinned = false;
    if (!cell || !this.cells?.has(cell.x * 1000 + cell.y)) { this.tip.hidden = true; return; }
    this.cursor = cell;
    this.draw();
    this.#showTip(cell, true);
    this.pinned = true;
    /** @type {HTMLElement | null} */ (this.tip.querySelector("a"))?.focus();
  }

  /** @param {{x: number, y: number}} place @param {boolean} doors */
  #showTip(place, doors) {
    const cell = this.cells?.get(place.x * 1000 + place.y), y = /** @type {LogScale} */ (this.y);
    const box = this.#boxOf(place, place);
    const marked = this.marks.filter((mark) => mark.start >= box.t0 && mark.start <= box.t1 && mark.duration >= box.d0 && mark.duration <= box.d1);
    fill(this.tip, h("div", { class: "tip-title" }, cell ? this.#about + count(cell.n, "request") : "no requests", cell?.err ? h("span", { class: "error-text" }, ` · ${integer(cell.err)} failed`) : null),
      h("div", { class: "muted" }, `${duration(box.d0)} – ${duration(box.d1)} · ${moment(box.t0)}`),
      marked.map((mark) => h("div", null, h("b", { class: `heat-${mark.kind}` }, MARKS[mark.kind][0]), ` ${MARKS[mark.kind][1]}: `, h("a", { href: `/trace/${mark.id}` }, mark.name))),
      doors && cell && h("ul", { class: "tip-links", "aria-label": "Examples" }, cell.ids.map((id) => h("li", null, h("a", { href: `/trace/${id}`, class: "mono", "data-testid": "exemplar" }, id.slice(0, 8)))), h("li", null, h("a", { href: this.options.cellLink(box), "data-testid": "cell-all" }, `all ${this.#about}${integer(cell.n)} →`))),
      !doors && cell && h("div", { class: "faint" }, "click for examples, drag for a box"));
    this.tip.hidden = false;
    this.#placeTip(this.#columnEdges(place.x)[1] + 8, y.at(this.#edge(place.y + 1)));
  }

  /** The dot under the pointer, or near it. @param {number} px @param {number} py */
  #pointAt(px, py) {
    const { x, y } = this;
    if (!this.points || !x || !y) return null;
    let best = null, nearest = 81;
    for (const point of this.points) {
      const away = (x.at(point.start) - px) ** 2 + (y.at(Math.max(point.duration, 1)) - py) ** 2;
      if (away < nearest) { nearest = away; best = point; }
    }
    return best;
  }

  /** @param {Point | null} point @param {{x: number, y: number}} at */
  #showPointTip(point, at) {
    this.tip.hidden = point === null;
    if (!point) return;
    fill(this.tip, h("div", { class: "tip-title" }, duration(point.duration), point.errors ? h("span", { class: "error-text" }, ` · ${count(point.errors, "error")}`) : null),
      h("div", { class: "muted" }, `${moment(point.start)} · ${count(point.spans, "span")}${point.weight > 1 ? ` · stands for ${integer(point.weight)}` : ""}`), h("div", { class: "faint" }, "click to open, drag for a box"));
    this.#placeTip(at.x + 12, at.y + 12);
  }

  /** @param {number} left @param {number} top */
  #placeTip(left, top) {
    this.tip.style.transform = `translate(${Math.round(Math.max(0, Math.min(left, this.width - this.tip.offsetWidth - 4)))}px, ${Math.round(Math.max(0, Math.min(top, this.height - this.tip.offsetHeight)))}px)`;
  }

  /** The numbers of the picture. */
  numbers() {
    const data = this.data, from = Number(BigInt(data?.from ?? 0) / 1000n), step = (data?.columnNano ?? 0) / 1000;
    if (this.points) {
      const points = this.points;
      return withBands({
        columns: [{ label: "trace" }, { label: "start" }, { label: "duration", numeric: true }, { label: "spans", numeric: true }, { label: "errors", numeric: true }],
        rows: points.map((point) => [point.id, dateTime(`${point.start}000`), duration(point.duration), point.spans, point.errors]),
      }, data?.bands, (index) => [points[index].start, points[index].start + points[index].duration / 1000]);
    }
    return withBands({
      columns: [{ label: "from" }, { label: "requests", numeric: true }, { label: "p50", numeric: true }, { label: "p95", numeric: true }, { label: "p99", numeric: true }],
      rows: (data?.columns ?? []).map((column, index) => [dateTime(String(BigInt(data?.from ?? 0) + BigInt(Math.round(index * (data?.columnNano ?? 0))))), column.n || (absence(data?.gaps, from + index * step, from + (index + 1) * step) ?? 0), column.p50 ?? null, column.p95 ?? null, column.p99 ?? null].map((value, at) => (at > 1 && typeof value === "number" ? duration(value) : value))),
    }, data?.bands, (index) => [from + index * step, from + (index + 1) * step]);
  }
}
