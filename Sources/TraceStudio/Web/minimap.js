// The whole trace in 64 px, with a brush for the window of time.
import { h } from "./dom.js";
import { duration } from "./format.js";
import { FLAG } from "./columns.js";
import { packed } from "./color.js";
import { onDrag, wheelZoom } from "./canvas.js";

const HEIGHT = 62, MARGIN = 3;

export class Minimap {
  /** @param {import("./view.js").TraceView} view */
  constructor(view) {
    this.view = view;
    this.canvas = h("canvas", { class: "minimap-canvas", "aria-hidden": "true" });
    this.before = h("div", { class: "minimap-shade" });
    this.after = h("div", { class: "minimap-shade" });
    this.frame = h("div", { class: "minimap-frame" });
    this.selection = h("div", { class: "minimap-selected", "data-testid": "minimap-selected" });
    this.handles = [this.#handle("from", "Start of the window"), this.#handle("to", "End of the window")];
    this.box = h("div", { class: "minimap-box" }, this.canvas, this.before, this.after, this.frame, this.selection, this.handles);
    this.element = h("div", { class: "minimap", role: "group", "aria-label": "Overview of the trace", "data-testid": "minimap" }, this.box);
    this.width = 0;
    new ResizeObserver(() => this.#measure()).observe(this.box);
    view.listen((change) => {
      if (change === "theme" || change === "find") this.#raster();
      this.#place();
    });
    this.#wire();
  }

  /** @param {"from" | "to"} side @param {string} label */
  #handle(side, label) {
    const handle = h("div", { class: "minimap-handle", role: "slider", tabindex: 0, "aria-label": label, "data-side": side });
    handle.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const direction = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
      if (!direction) return;
      event.preventDefault();
      event.stopPropagation();
      this.#move(side, this.view[side] + direction * this.view.trace.duration * (event.shiftKey ? 0.1 : 0.01));
    });
    onDrag(handle, (event) => {
      event.stopPropagation();
      return (next) => this.#move(side, this.#time(next));
    });
    return handle;
  }

  /** @param {"from" | "to"} side @param {number} time */
  #move(side, time) {
    const { view } = this, bounded = Math.max(0, Math.min(view.trace.duration, time));
    if (side === "from") view.zoom(Math.min(bounded, view.to), view.to);
    else view.zoom(view.from, Math.max(bounded, view.from));
  }

  #wire() {
    onDrag(this.box, (event) => {
      const { view } = this;
      if (/** @type {Element} */ (event.target).closest(".minimap-handle")) return null;
      const origin = this.#time(event), from = view.from, to = view.to, x = event.clientX;
      const moving = view.isZoomed && origin >= from && origin <= to;
      let dragged = false;
      return (next, done) => {
        const time = this.#time(next);
        if (!dragged && Math.abs(next.clientX - x) < 3) {
          // A click beside the window brings the window there.
          if (done && view.isZoomed && !moving) view.zoom(time - (to - from) / 2, time + (to - from) / 2);
          return;
        }
        dragged = true;
        if (moving) {
          const start = Math.max(0, Math.min(from + time - origin, view.trace.duration - (to - from)));
          view.zoom(start, start + to - from);
        } else view.zoom(Math.max(0, Math.min(origin, time)), Math.min(view.trace.duration, Math.max(origin, time)));
      };
    });
    this.box.addEventListener("dblclick", () => this.view.reset());
    this.box.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      this.view.zoomBy(wheelZoom(event), this.#time(event));
    }, { passive: false });
  }

  /** @param {MouseEvent} event */
  #time(event) {
    const x = event.clientX - this.box.getBoundingClientRect().left;
    return Math.max(0, Math.min(1, x / Math.max(1, this.width))) * this.view.trace.duration;
  }

  #measure() {
    const width = this.box.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    this.#raster();
    this.#place();
  }

  #place() {
    const { view, width } = this, duration_ = view.trace.duration;
    const left = view.from / duration_ * width, right = view.to / duration_ * width;
    this.before.style.width = `${left}px`;
    this.after.style.width = `${width - right}px`;
    this.box.classList.toggle("zoomed", view.isZoomed);
    this.frame.style.left = `${left}px`;
    this.frame.style.width = `${right - left}px`;
    this.handles[0].style.left = `${left}px`;
    this.handles[1].style.left = `${right}px`;
    for (const [index, side] of /** @type {const} */ (["from", "to"]).entries()) {
      this.handles[index].setAttribute("aria-valuemin", "0");
      this.handles[index].setAttribute("aria-valuemax", "100");
      this.handles[index].setAttribute("aria-valuenow", String(Math.round(view[side] / duration_ * 100)));
      this.handles[index].setAttribute("aria-valuetext", duration(view[side]));
    }
    const row = view.selected;
    this.selection.hidden = row < 0 || !view.chosen;
    if (row >= 0) this.selection.style.left = `${view.trace.start[row] / duration_ * width}px`;
  }

  /** Writes all rows into pixels: the longest span wins a pixel, an error wins over all. */
  #raster() {
    const { trace, palette, matches } = this.view;
    if (!this.width) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.round(this.width * ratio), height = Math.round(HEIGHT * ratio);
    this.canvas.width = width;
    this.canvas.height = height;
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const weight = new Float32Array(width * height);
    const colors = new Map([...palette.services].map(([index, color]) => [index, packed(color.mark)]));
    const error = packed(palette.error);
    const margin = MARGIN * ratio, usable = height - 2 * margin;
    const pitch = Math.min(4 * ratio, usable / Math.max(1, trace.count));
    const thickness = Math.max(1, Math.min(2 * ratio, Math.floor(pitch * 0.7)));
    const scale = width / trace.duration;
    for (let row = 0; row < trace.count; row++) {
      const y = Math.floor(margin + row * pitch);
      const from = Math.max(0, Math.min(width - 1, Math.floor(trace.start[row] * scale)));
      const to = Math.max(from + 1, Math.min(width, Math.ceil((trace.start[row] + trace.durations[row]) * scale)));
      const failed = (trace.flags[row] & FLAG.error) !== 0;
      const color = failed ? error : colors.get(trace.service[row]) ?? error;
      // A failed span is never too small to be seen.
      const right = failed ? Math.min(width, Math.max(to, from + Math.round(3 * ratio))) : to;
      const rows = failed ? Math.min(Math.max(2, thickness), height - y) : thickness;
      const importance = failed ? Infinity : trace.durations[row] + 1;
      for (let line = 0; line < rows; line++) {
        for (let at = (y + line) * width + from, end = (y + line) * width + right; at < end; at++) {
          if (importance > weight[at]) { weight[at] = importance; pixels[at] = color; }
        }
      }
    }
    const mark = packed("#e0a400");
    for (const row of matches) {
      const y = Math.min(height - 2, Math.floor(margin + row * pitch));
      for (let at = width - Math.round(5 * ratio); at < width; at++) pixels[y * width + at] = pixels[(y + 1) * width + at] = mark;
    }
    context.putImageData(image, 0, 0);
  }
}
