// The ruler above the bars: ticks, the time under the pointer, drag to zoom.
import { h, fill } from "./dom.js";
import { duration, ticks } from "./format.js";
import { onDrag } from "./canvas.js";

export class Ruler {
  /** @param {import("./view.js").TraceView} view @param {import("./waterfall.js").Waterfall} waterfall */
  constructor(view, waterfall) {
    this.view = view;
    this.waterfall = waterfall;
    this.labels = h("div", { class: "ruler-labels", "aria-hidden": "true" });
    this.cursor = h("span", { class: "ruler-cursor", hidden: true, "data-testid": "ruler-cursor" });
    this.band = h("span", { class: "ruler-band", hidden: true });
    this.scale = h("div", { class: "ruler-scale", "data-testid": "ruler", title: "Drag to zoom, with alt to move; double-click to see all" }, this.labels, this.band, this.cursor);
    this.levels = h("div", { class: "ruler-names" }, h("span", null, "Span"),
      h("button", { class: "button tiny", type: "button", title: "Fold one level ([)", "aria-label": "Fold one level", onclick: () => this.#level(false) }, "−"),
      h("button", { class: "button tiny", type: "button", title: "Open one level (])", "aria-label": "Open one level", onclick: () => this.#level(true) }, "+"));
    this.path = h("button", { class: "button tiny path-toggle", type: "button", title: "The line under the bars: what made the trace as long as it is (c)", "data-testid": "critical-path", onclick: () => view.toggleCriticalPath() }, h("i", { "aria-hidden": "true" }), "critical path");
    this.path.hidden = view.criticalPath.isEmpty;
    this.levels.append(this.path);
    this.#showPath();
    this.element = h("div", { class: "ruler" }, this.levels, this.scale);
    view.listen((change) => {
      if (change === "zoom") this.draw();
      if (change === "critical") this.#showPath();
    });
    waterfall.onHover = (time) => this.#hover(time);
    this.#wire();
  }

  #showPath() { this.path.setAttribute("aria-pressed", String(this.view.showsCriticalPath)); }

  #wire() {
    onDrag(this.scale, (event) => {
      if (event.altKey) return this.#panFrom(event);
      const origin = this.#time(event);
      return (next, done) => {
        const time = this.#time(next);
        const from = Math.max(this.view.from, Math.min(origin, time)), to = Math.min(this.view.to, Math.max(origin, time));
        this.band.hidden = done;
        this.band.style.left = `${this.#x(from)}px`;
        this.band.style.width = `${this.#x(to) - this.#x(from)}px`;
        if (done && this.#x(to) - this.#x(from) > 4) this.view.zoom(from, to);
      };
    });
    this.scale.addEventListener("dblclick", () => this.view.reset());
    this.scale.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.waterfall.pointAt(this.#time(event)));
    this.scale.addEventListener("pointerleave", () => this.waterfall.pointAt(null));
    this.scale.addEventListener("wheel", (/** @type {WheelEvent} */ event) => this.waterfall.wheel(event), { passive: false });
  }

  /** With alt the ruler is dragged along. @param {PointerEvent} event */
  #panFrom(event) {
    let last = event.clientX;
    return (/** @type {PointerEvent} */ next) => {
      this.view.pan((last - next.clientX) / Math.max(1, this.waterfall.barWidth));
      last = next.clientX;
    };
  }

  draw() {
    const width = this.waterfall.barWidth;
    this.scale.style.left = `${this.waterfall.barLeft}px`;
    const all = ticks(this.view.from, this.view.to, width);
    fill(this.labels, all.map((tick) => {
      const x = this.#x(tick.at);
      if (x > width - 30 && all.length > 1) return null;
      const label = h("span", { class: "tick" }, tick.label);
      label.style.left = `${x}px`;
      return label;
    }));
  }

  /** @param {boolean} open */
  #level(open) {
    this.view.trace.shiftLevel(open);
    this.view.afterFold();
  }

  /** @param {number | null} time */
  #hover(time) {
    this.cursor.hidden = time === null;
    if (time === null) return;
    this.cursor.textContent = duration(time);
    const x = this.#x(time), width = this.waterfall.barWidth;
    this.cursor.style.transform = `translateX(${x > width - 70 ? "-100%" : "0"})`;
    this.cursor.style.left = `${x}px`;
  }

  /** @param {number} time */
  #x(time) { return (time - this.view.from) / (this.view.to - this.view.from) * this.waterfall.barWidth; }
  /** @param {PointerEvent} event */
  #time(event) {
    const x = event.clientX - this.scale.getBoundingClientRect().left;
    return this.view.from + x / Math.max(1, this.waterfall.barWidth) * (this.view.to - this.view.from);
  }
}
