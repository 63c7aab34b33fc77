// Batch size × queue delay: how full executions were, and how long the first of each had waited. A box drawn on it lists those executions.
import { h, fill, svg } from "./dom.js";
import { chartBox } from "./chartbox.js";
import { onDrag } from "./canvas.js";
import { count, duration, integer } from "./format.js";
import { LinearScale } from "./scale.js";

const HEIGHT = 210, LEFT = 58, RIGHT = 8, TOP = 8, BOTTOM = 34;

/** @typedef {{size0: number, size1: number, wait0: number, wait1: number}} BatchBox sizes inclusive; waits in ns, the upper one excluded, `Infinity` without end */

/** As it stands in a URL: `4-16_1000000-`. @param {BatchBox} box */
export function batchBoxText(box) { return `${box.size0}-${box.size1}_${box.wait0}-${Number.isFinite(box.wait1) ? box.wait1 : ""}`; }

/** @param {string | null | undefined} text @returns {BatchBox | null} */
export function readBatchBox(text) {
  const match = text?.match(/^(\d{1,9})-(\d{1,9})_(\d{1,15})-(\d{0,15})$/);
  if (!match || Number(match[1]) > Number(match[2])) return null;
  return { size0: Number(match[1]), size1: Number(match[2]), wait0: Number(match[3]), wait1: match[4] ? Number(match[4]) : Infinity };
}

/** In words. @param {BatchBox} box */
export function batchBoxWords(box) {
  return `${box.size0 === box.size1 ? count(box.size0, "request") : `${integer(box.size0)} to ${integer(box.size1)} requests`}, waited ${box.wait0 ? `${duration(box.wait0)} ` : ""}${Number.isFinite(box.wait1) ? `${box.wait0 ? "to" : "less than"} ${duration(box.wait1)}` : "or more"}`;
}

export class SizeDelay {
  /** @param {any} model of `/batches` @param {{lowestNano: number, ratio: number}} scale @param {BatchBox | null} box @param {(box: BatchBox | null) => void} onBox */
  constructor(model, scale, box, onBox) {
    this.model = model;
    this.scale = scale;
    this.box = box;
    this.onBox = onBox;
    /** @type {{x: number, y: number} | null} */
    this.cursor = null;
    /** @type {{x: number, y: number} | null} */
    this.corner = null;
    const delays = model.cells.map((/** @type {any} */ cell) => cell.delay);
    this.first = Math.max(0, Math.min(...delays) - 1);
    this.last = Math.max(...delays) + 1;
    this.most = model.maximum ?? model.largest;
    this.chart = chartBox((width) => this.#draw(width));
    this.tip = h("div", { class: "size-delay-tip muted", role: "status" });
    this.element = h("div", { class: "size-delay", tabindex: 0, role: "application", "data-testid": "size-delay", "aria-label": `Executions of ${model.model} by batch size and queue delay. Arrow keys move, with shift a box is drawn, Enter lists its executions, Escape clears it.` }, this.chart.element, this.tip);
    this.#wire();
  }

  /** Where a step of the delay begins, ns. @param {number} step */
  #from(step) { return step <= 0 ? 0 : Math.round(this.scale.lowestNano * this.scale.ratio ** step); }

  /** @param {number} width */
  #draw(width) {
    const { model, most, first, last } = this;
    const x = this.x = new LinearScale(0.5, most + 0.5, LEFT, width - RIGHT), y = this.y = new LinearScale(first, last, HEIGHT - BOTTOM, TOP);
    const picture = svg("svg", { class: "chart", width, height: HEIGHT, "aria-hidden": "true" });
    const step = (width - LEFT - RIGHT) / most, every = Math.ceil((last - first) / 6), top = Math.max(1, ...model.cells.map((/** @type {any} */ cell) => cell.n));
    for (let bin = first; bin <= last; bin += every) picture.append(svg("text", { x: LEFT - 6, y: y.at(bin) + 4, "text-anchor": "end" }, bin === 0 ? "0" : duration(this.#from(bin))));
    for (let size = 1; size <= most; size += Math.ceil(22 / step)) picture.append(svg("text", { x: x.at(size), y: HEIGHT - 19, "text-anchor": "middle" }, String(size)));
    picture.append(svg("text", { x: (LEFT + width) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "requests in an execution"));
    for (const cell of model.cells) {
      const rect = svg("rect", { class: "heat-cell", x: x.at(cell.size - 0.5) + 0.5, y: y.at(cell.delay + 1) + 0.5, width: Math.max(1, step - 1), height: Math.max(1, y.at(cell.delay) - y.at(cell.delay + 1) - 1) });
      rect.style.setProperty("--share", `${Math.round(Math.sqrt(Math.min(1, cell.n / top)) * 100)}%`);
      picture.append(rect);
    }
    if (this.cursor) picture.append(this.#rect("heat-cursor", this.cursor, this.cursor));
    const { box } = this;
    if (box) {
      const left = x.at(Math.max(0.5, box.size0 - 0.5)), right = x.at(Math.min(most + 0.5, box.size1 + 0.5)), high = Math.max(TOP, y.at(this.#step(box.wait1))), low = Math.min(HEIGHT - BOTTOM, y.at(this.#step(box.wait0)));
      if (right > left && low > high) picture.append(svg("rect", { class: "heat-box", "data-testid": "size-delay-box", x: left, y: high, width: right - left, height: low - high }));
    }
    return picture;
  }

  /** @param {string} name @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
  #rect(name, a, b) {
    const x = /** @type {LinearScale} */ (this.x), y = /** @type {LinearScale} */ (this.y);
    return svg("rect", { class: name, x: x.at(Math.min(a.x, b.x) - 0.5), width: x.at(Math.max(a.x, b.x) + 0.5) - x.at(Math.min(a.x, b.x) - 0.5), y: y.at(Math.max(a.y, b.y) + 1), height: y.at(Math.min(a.y, b.y)) - y.at(Math.max(a.y, b.y) + 1) });
  }

  /** The step, with its part, of a wait. @param {number} wait ns */
  #step(wait) { return !Number.isFinite(wait) ? this.last : wait <= this.scale.lowestNano ? 0 : Math.log(wait / this.scale.lowestNano) / Math.log(this.scale.ratio); }

  /** @param {{x: number, y: number}} a @param {{x: number, y: number}} b @returns {BatchBox} */
  #boxOf(a, b) {
    const low = Math.min(a.y, b.y), high = Math.max(a.y, b.y) + 1;
    return { size0: Math.min(a.x, b.x), size1: Math.max(a.x, b.x), wait0: low <= this.first ? 0 : this.#from(low), wait1: high >= this.last ? Infinity : this.#from(high) };
  }

  /** @param {number} px @param {number} py */
  #cell(px, py) {
    const x = /** @type {LinearScale} */ (this.x), y = /** @type {LinearScale} */ (this.y);
    return { x: Math.max(1, Math.min(this.most, Math.round(x.value(px)))), y: Math.max(this.first, Math.min(this.last - 1, Math.floor(y.value(py)))) };
  }

  /** @param {{x: number, y: number}} cell */
  #tell(cell) {
    const found = this.model.cells.find((/** @type {any} */ one) => one.size === cell.x && one.delay === cell.y), box = this.#boxOf(cell, cell);
    fill(this.tip, `${found ? count(Math.round(found.n), "execution") : "no execution"} of ${batchBoxWords({ ...box, wait0: this.#from(cell.y), wait1: this.#from(cell.y + 1) })}`);
  }

  #wire() {
    const { element } = this;
    onDrag(element, (event) => {
      if (!this.x) return null;
      const bounds = this.chart.element.getBoundingClientRect(), start = this.#cell(event.clientX - bounds.left, event.clientY - bounds.top);
      element.focus({ preventScroll: true });
      return (next, done) => {
        this.box = this.#boxOf(start, this.#cell(next.clientX - bounds.left, next.clientY - bounds.top));
        this.chart.redraw();
        if (done) this.onBox(this.box);
      };
    });
    element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (event.buttons || !this.x) return;
      const bounds = this.chart.element.getBoundingClientRect();
      this.#tell(this.#cell(event.clientX - bounds.left, event.clientY - bounds.top));
    });
    element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] })[event.key];
      if (step) {
        const before = this.cursor ?? this.#busiest();
        const next = this.cursor ? { x: Math.max(1, Math.min(this.most, before.x + step[0])), y: Math.max(this.first, Math.min(this.last - 1, before.y + step[1])) } : before;
        if (event.shiftKey) { this.corner ??= before; this.box = this.#boxOf(this.corner, next); } else this.corner = null;
        this.cursor = next;
        this.#tell(next);
      } else if (event.key === "Enter" && this.cursor) {
        this.box = this.#boxOf(this.corner ?? this.cursor, this.cursor);
        this.onBox(this.box);
      } else if (event.key === "Escape" && (this.box || this.cursor)) {
        const had = this.box;
        this.box = this.cursor = this.corner = null;
        fill(this.tip);
        if (had) this.onBox(null);
      } else return;
      event.preventDefault();
      event.stopPropagation();
      this.chart.redraw();
    });
  }

  #busiest() {
    const most = this.model.cells.reduce((/** @type {any} */ best, /** @type {any} */ cell) => (cell.n > best.n ? cell : best), this.model.cells[0]);
    return { x: most.size, y: most.delay };
  }

  numbers() {
    return { columns: [{ label: "requests", numeric: true }, { label: "waited from", numeric: true }, { label: "to", numeric: true }, { label: "executions", numeric: true }],
      rows: this.model.cells.map((/** @type {any} */ cell) => [cell.size, duration(this.#from(cell.delay)), duration(this.#from(cell.delay + 1)), Math.round(cell.n)]) };
  }
}
