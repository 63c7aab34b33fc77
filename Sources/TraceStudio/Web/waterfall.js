// The waterfall: a scrolling tree with pooled rows for names and one canvas for all bars, drawn once a frame.
import { h, preference, setPreference } from "./dom.js";
import { BarPainter } from "./bars.js";
import { RowPool } from "./rows.js";
import { Tip } from "./tip.js";
import { TallScroll } from "./scroll.js";
import { fitCanvas, splitter, wheelPixels, wheelZoom } from "./canvas.js";

/** Below this width names stand above their bars. */
const STACKED_BELOW = 640;
const NAME_WIDTH = 360, NAME_MINIMUM = 200;

export class Waterfall {
  /** @param {import("./view.js").TraceView} view @param {() => void} onActivate opens the detail of the selection */
  constructor(view, onActivate) {
    this.view = view;
    this.onActivate = onActivate;
    this.canvas = h("canvas", { class: "bars", "aria-hidden": "true" });
    this.window = h("div", { class: "tree-window", role: "presentation" });
    this.space = h("div", { class: "tree-space", role: "presentation" }, this.window);
    this.element = h("div", { class: "tree", role: "tree", tabindex: 0, "aria-label": "Spans of the trace", "data-testid": "waterfall" }, this.space);
    this.scroll = new TallScroll(this.element, this.space);
    this.divider = h("div", { class: "divider" });
    this.outer = h("div", { class: "waterfall" }, this.element, this.divider);
    this.painter = new BarPainter(view);
    this.pool = new RowPool(view, this.window, (row, deep) => this.#toggle(row, deep));
    this.tip = new Tip(view);
    this.window.append(this.canvas, this.tip.element);
    this.preferredNameWidth = Number(preference("nameWidth")) || NAME_WIDTH;
    this.nameWidth = NAME_WIDTH;
    /** Left edge and width of the bars, height of the tree, in px; zero until measured. */
    this.barLeft = 0;
    this.barWidth = 0;
    this.height = 0;
    /** Whether names stand above their bars. */
    this.stacked = false;
    this.rowHeight = 24;
    this.barOffset = 6;
    this.hoverX = -1;
    this.scheduled = false;
    /** Own drawing time of the last frames, in ms; read by tests. @type {number[]} */
    this.drawTimes = [];
    /** @type {() => void} called when the widths have changed */
    this.onLayout = () => {};
    this.#wire();
  }

  #wire() {
    this.element.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(this.element);
    this.view.listen((change) => {
      if (change === "fold") this.#resizeSpace();
      if (change !== "zoom" && change !== "stage" && change !== "critical") this.pool.invalidate();
      if (change === "select") this.scrollTo(this.view.selected);
      this.schedule();
    });
    splitter(this.divider, {
      label: "Width of the names", direction: 1, get: () => this.nameWidth,
      set: (px) => { this.preferredNameWidth = px; this.layout(); },
      done: () => setPreference("nameWidth", String(Math.round(this.nameWidth))),
    });
    this.window.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const row = this.#rowAt(event);
      if (row < 0) return;
      const closed = this.view.trace.groups.isClosed(row);
      this.view.select(row);
      this.element.focus({ preventScroll: true });
      if (closed) this.view.openGroup(row, true);
      else this.onActivate();
    });
    this.window.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => {
      const row = this.#rowAt(event);
      if (row >= 0 && !/** @type {Element} */ (event.target).closest(".row-fold")) this.view.fit(row);
    });
    this.window.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#hover(event));
    this.window.addEventListener("pointerleave", () => this.#leave());
    this.element.addEventListener("wheel", (/** @type {WheelEvent} */ event) => this.wheel(event), { passive: false });
  }

  /** Measures the box and sets the widths. */
  layout() {
    const width = this.element.clientWidth, height = this.element.clientHeight;
    if (!width || !height) return;
    const stacked = width < STACKED_BELOW;
    const coarse = matchMedia("(pointer: coarse)").matches;
    this.stacked = stacked;
    this.outer.classList.toggle("stacked", stacked);
    this.rowHeight = stacked ? (coarse ? 48 : 42) : coarse ? 44 : 24;
    this.barOffset = stacked ? this.rowHeight - 18 : (this.rowHeight - 12) / 2;
    this.nameWidth = stacked ? 0 : Math.round(Math.max(NAME_MINIMUM, Math.min(this.preferredNameWidth, width * 0.6)));
    this.barLeft = this.nameWidth + (stacked ? 8 : 0);
    this.barWidth = Math.max(10, width - this.barLeft - 8);
    this.height = height;
    const depth = this.view.trace.levels;
    this.pool.indent = Math.max(1, Math.min(12, ((stacked ? width : this.nameWidth) - 150) / depth));
    this.outer.style.setProperty("--name-width", `${this.nameWidth}px`);
    this.outer.style.setProperty("--row-height", `${this.rowHeight}px`);
    this.window.style.height = `${height}px`;
    this.canvas.style.left = `${this.barLeft}px`;
    this.pool.resize(Math.ceil(height / this.rowHeight) + 1);
    this.#resizeSpace();
    this.onLayout();
    this.draw();
  }

  #resizeSpace() { this.scroll.resize(this.view.trace.visible.length * this.rowHeight); }

  /** Draws on the next frame, once. */
  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.scheduled = false;
    if (!this.height) return;
    const began = performance.now();
    const scroll = this.scroll.at;
    this.pool.update(Math.floor(scroll / this.rowHeight), scroll, this.rowHeight);
    const context = fitCanvas(this.canvas, this.barWidth, this.height);
    this.painter.paint(context, { width: this.barWidth, height: this.height, rowHeight: this.rowHeight, barOffset: this.barOffset, stacked: this.stacked, scroll, hoverX: this.hoverX });
    this.#markActive();
    this.drawTimes.push(performance.now() - began);
    if (this.drawTimes.length > 600) this.drawTimes.shift();
  }

  #markActive() {
    const { selected, trace } = this.view;
    const line = selected >= 0 ? trace.line[selected] : -1;
    const first = Math.floor(this.scroll.at / this.rowHeight);
    const active = line >= first && line < first + this.pool.rows.length ? `row-${selected}` : "";
    if (this.element.getAttribute("aria-activedescendant") === active) return;
    if (active) this.element.setAttribute("aria-activedescendant", active);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** Brings a row into sight, in the middle when it is far away. @param {number} row */
  scrollTo(row) {
    const line = this.view.trace.line[row];
    if (line < 0 || !this.height) return;
    const top = line * this.rowHeight, scroll = this.scroll.at;
    const height = Math.max(this.rowHeight, this.height - this.covered());
    if (top >= scroll && top + this.rowHeight <= scroll + height) return;
    const near = top > scroll - height && top < scroll + 2 * height;
    if (!near) this.scroll.to(top - height / 2);
    else this.scroll.to(top < scroll ? top : top + this.rowHeight - height);
  }

  /** Lines that fit on one screen. */
  get page() { return Math.max(1, Math.floor(this.height / this.rowHeight) - 1); }

  /** @param {number} row @param {boolean} deep */
  #toggle(row, deep) {
    if (row < 0) return;
    const { groups, folded } = this.view.trace;
    if (groups.length[row] > 0) this.view.openGroup(row, groups.isClosed(row));
    else this.view.fold(row, !folded[row], deep);
  }

  /** @param {MouseEvent} event */
  #rowAt(event) {
    const line = Math.floor((event.clientY - this.window.getBoundingClientRect().top + this.scroll.at) / this.rowHeight);
    return this.view.trace.visible[line] ?? -1;
  }

  /** The time under the pointer, or null over the names. @param {MouseEvent} event */
  #timeAt(event) {
    const x = event.clientX - this.canvas.getBoundingClientRect().left;
    if (x < 0 || x > this.barWidth) return null;
    return { x, time: this.view.from + x / this.barWidth * (this.view.to - this.view.from) };
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const at = this.#timeAt(event);
    if (at && event.pointerType === "mouse") {
      const row = this.#rowAt(event);
      const slack = 4 / this.barWidth * (this.view.to - this.view.from);
      const [start, end] = row >= 0 ? this.view.trace.extent(row) : [Infinity, 0];
      const over = at.time >= start - slack && at.time <= end + slack;
      if (over) this.tip.show(row, at.time, slack, event, this.window);
      else this.tip.hide();
    } else this.tip.hide();
    this.pointAt(at ? at.time : null);
  }

  #leave() {
    this.tip.hide();
    this.pointAt(null);
  }

  /** Shows the line of the pointer at a time, and the time in the ruler; null hides both. @param {number | null} time ns */
  pointAt(time) {
    this.hoverX = time === null ? -1 : (time - this.view.from) / (this.view.to - this.view.from) * this.barWidth;
    this.onHover?.(time);
    this.schedule();
  }

  /** Ctrl or ⌘ zooms where the pointer is, shift moves sideways. @param {WheelEvent} event */
  wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const at = this.#timeAt(event);
      this.view.zoomBy(wheelZoom(event), at?.time);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      if (!this.view.isZoomed) return;
      event.preventDefault();
      this.view.pan(wheelPixels(event, event.deltaX || event.deltaY) / this.barWidth);
    }
  }

  /** Called with the time under the pointer. @type {((time: number | null) => void) | undefined} */
  onHover;
  /** Pixels at the bottom that something else covers. @type {() => number} */
  covered = () => 0;
}
