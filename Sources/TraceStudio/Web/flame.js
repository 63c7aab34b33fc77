// The trace as a flame: every span on its level, as wide as its time. In order of time, or like spans put together ("left heavy").
import { h } from "./dom.js";
import { count, duration, percent } from "./format.js";
import { FLAG } from "./columns.js";
import { fitCanvas } from "./canvas.js";

const ROW = 18, LEAST = 0.4;
/** Lines more than the tree is deep, at most, for what ran side by side. */
const MOST_MORE = 60;
/** Overlaps of so small a part of the trace are clocks and rounding. */
const SLACK = 0.0005;

/** @typedef {{name: number, service: number, row: number, count: number, total: number, failed: boolean, from: number, depth: number, children: Map<string, Frame>}} Frame */

export class FlameView {
  /** @param {import("./view.js").TraceView} view */
  constructor(view) {
    this.view = view;
    /** Whether like spans below one parent are put together, the longest first. */
    this.isMerged = false;
    this.canvas = h("canvas", { class: "flame-canvas", "aria-hidden": "true" });
    this.tip = h("div", { class: "tip", hidden: true });
    this.box = h("div", { class: "flame-box", tabindex: 0, role: "application", "aria-label": "Flame graph of the trace. The table view has the same spans.", "data-testid": "flame" }, this.canvas, this.tip);
    const mode = (/** @type {boolean} */ merged, /** @type {string} */ label) => h("button", { class: "button small", type: "button", "aria-pressed": String(merged === this.isMerged), "data-merged": String(merged), onclick: () => { this.isMerged = merged; for (const button of this.modes.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-merged") === String(merged))); this.draw(); } }, label);
    this.modes = h("div", { class: "chips" }, mode(false, "Time order"), mode(true, "Left heavy"));
    this.element = h("div", { class: "trace-view" }, this.modes, this.box);
    /** @type {{line: Uint16Array, count: number} | null} */
    this.known = null;
    /** What stands where, for the pointer. @type {Array<{x: number, width: number, depth: number, frame: Frame}>} */
    this.places = [];
    new ResizeObserver(() => this.draw()).observe(this.box);
    view.listen(() => { if (this.element.isConnected) this.draw(); });
    this.box.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#hover(event));
    this.box.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.box.addEventListener("click", (/** @type {PointerEvent} */ event) => { const place = this.#at(event); if (place) view.select(place.frame.row); });
    this.box.addEventListener("dblclick", (/** @type {PointerEvent} */ event) => { const place = this.#at(event); if (place && !this.isMerged) view.fit(place.frame.row); });
  }

  draw() {
    const width = this.box.clientWidth, { view } = this, { trace } = view;
    if (!width) return;
    this.places = [];
    const height = (this.isMerged ? trace.levels : this.#lines.count) * ROW + 4;
    const context = fitCanvas(this.canvas, width, height);
    context.clearRect(0, 0, width, height);
    context.font = `11px ${view.palette.sans}`;
    if (this.isMerged) this.#drawMerged(context, width);
    else this.#drawTimes(context, width);
  }

  /** The line of each span: below its parent's, and below what ran at the same time. Worked out once. */
  get #lines() {
    if (this.known) return this.known;
    const { trace } = this.view, most = trace.levels + MOST_MORE, slack = trace.duration * SLACK;
    const line = new Uint16Array(trace.count), tall = new Uint16Array(trace.count).fill(1), end = new Float64Array(most).fill(-Infinity);
    for (let row = trace.count - 1; row >= 0; row--) if (trace.parent[row] >= 0) tall[trace.parent[row]] = Math.max(tall[trace.parent[row]], tall[row] + 1);
    let count = 0;
    for (let row = 0; row < trace.count; row++) {
      const lowest = trace.parent[row] < 0 ? 0 : line[trace.parent[row]] + 1, start = trace.start[row] + slack;
      let at = lowest;
      const isFree = () => { for (let below = at; below < Math.min(most, at + tall[row]); below++) if (end[below] > start) return false; return true; };
      while (at + tall[row] <= most && !isFree()) at++;
      // With more side by side than there are lines they lie over each other.
      if (at + tall[row] > most) at = Math.min(lowest, most - 1);
      line[row] = at;
      end[at] = Math.max(end[at], trace.start[row] + trace.durations[row]);
      count = Math.max(count, at + 1);
    }
    return this.known = { line, count };
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width */
  #drawTimes(context, width) {
    const { view } = this, { trace } = view, scale = width / (view.to - view.from);
    const { line, count: lines } = this.#lines;
    /** Where the line is covered up to, so that thousands of tiny spans are not drawn over each other. */
    const covered = new Float64Array(lines).fill(-1);
    for (let row = 0; row < trace.count; row++) {
      const x = (trace.start[row] - view.from) * scale, end = x + trace.durations[row] * scale;
      if (end < 0 || x > width) continue;
      const depth = line[row], left = Math.max(0, x), right = Math.min(width, Math.max(end, x + 1));
      if (right - covered[depth] < LEAST && row !== view.selected) continue;
      covered[depth] = Math.max(covered[depth], right);
      this.#frame(context, { x: left, width: right - left, depth, frame: { name: trace.name[row], service: trace.service[row], row, count: 1, total: trace.durations[row], failed: trace.has(row, FLAG.error), from: trace.start[row], depth, children: new Map() } });
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width */
  #drawMerged(context, width) {
    const roots = this.#merge();
    const total = [...roots.values()].reduce((sum, frame) => sum + frame.total, 0) || 1;
    /** @param {Map<string, Frame>} frames @param {number} x @param {number} room */
    const place = (frames, x, room) => {
      const sorted = [...frames.values()].sort((a, b) => b.total - a.total), sum = sorted.reduce((all, frame) => all + frame.total, 0);
      // Children that ran at the same time are narrowed to fit below their parent.
      const scale = Math.min(width / total, room / Math.max(sum, 1));
      for (const frame of sorted) {
        const wide = frame.total * scale;
        if (wide < LEAST) break;
        this.#frame(context, { x, width: wide, depth: frame.depth, frame });
        place(frame.children, x, wide);
        x += wide;
      }
    };
    place(roots, 0, width);
  }

  /** Spans with the same way from the root, service and name as one. */
  #merge() {
    const { trace } = this.view;
    /** @type {Map<string, Frame>} */
    const roots = new Map();
    /** @type {Array<Frame>} */
    const frames = new Array(trace.count);
    for (let row = 0; row < trace.count; row++) {
      const parent = trace.parent[row], siblings = parent < 0 ? roots : frames[parent].children;
      const key = `${trace.service[row]}/${trace.name[row]}`;
      let frame = siblings.get(key);
      if (!frame) siblings.set(key, frame = { name: trace.name[row], service: trace.service[row], row, count: 0, total: 0, failed: false, from: trace.start[row], depth: trace.depth[row], children: new Map() });
      frame.count++;
      frame.total += trace.durations[row];
      frame.failed ||= trace.has(row, FLAG.error);
      frames[row] = frame;
    }
    return roots;
  }

  /** @param {CanvasRenderingContext2D} context @param {{x: number, width: number, depth: number, frame: Frame}} place */
  #frame(context, place) {
    const { view } = this, { palette, trace } = view, { frame, x, width, depth } = place, y = depth * ROW + 2;
    this.places.push(place);
    const color = palette.services.get(frame.service);
    context.globalAlpha = view.isMatch.length && !view.isMatch[frame.row] ? 0.35 : 1;
    context.fillStyle = color?.bar ?? palette.ink3;
    context.fillRect(x, y, Math.max(0.6, width - 0.6), ROW - 2);
    if (frame.failed) { context.fillStyle = palette.error; context.fillRect(x, y, Math.min(3, width), ROW - 2); }
    if (frame.row === view.selected) { context.strokeStyle = palette.ink; context.lineWidth = 2; context.strokeRect(x + 1, y + 1, Math.max(1, width - 2.6), ROW - 4); }
    if (width > 28) {
      const label = `${trace.strings[frame.name]}${frame.count > 1 ? ` ×${frame.count}` : ""}`, fits = Math.floor((width - 8) / 6);
      context.fillStyle = color?.text ?? palette.bg;
      context.fillText(label.length > fits ? `${label.slice(0, Math.max(1, fits - 1))}…` : label, x + 4, y + 12);
    }
    context.globalAlpha = 1;
  }

  /** @param {PointerEvent | MouseEvent} event */
  #at(event) {
    const bounds = this.box.getBoundingClientRect(), x = event.clientX - bounds.left, depth = Math.floor((event.clientY - bounds.top + this.box.scrollTop - 2) / ROW);
    return this.places.findLast((place) => place.depth === depth && x >= place.x && x <= place.x + place.width);
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const place = this.#at(event), { trace } = this.view;
    this.tip.hidden = !place;
    if (!place) return;
    const { frame } = place;
    this.tip.replaceChildren(h("div", { class: "tip-title" }, trace.strings[frame.name], h("span", { class: "faint" }, ` ${trace.strings[frame.service]}`)), h("div", null, frame.count > 1 ? `${count(frame.count, "span")}, together ${duration(frame.total)}` : `${duration(frame.total)} from +${duration(frame.from)}`, h("span", { class: "faint" }, ` ${percent(frame.total / trace.duration)} of the trace`)));
    const bounds = this.box.getBoundingClientRect(), left = Math.min(event.clientX - bounds.left + 12, bounds.width - this.tip.offsetWidth - 4);
    this.tip.style.transform = `translate(${Math.round(Math.max(0, left))}px, ${Math.round(event.clientY - bounds.top + this.box.scrollTop + 16)}px)`;
  }
}
