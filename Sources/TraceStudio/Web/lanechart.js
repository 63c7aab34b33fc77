// Instance lanes: one line for each instance of a model, a block for each execution, and below them who waited.
import { bandList, bandTime, tellBands } from "./bands.js";
import { fitCanvas } from "./canvas.js";
import { h, fill } from "./dom.js";
import { figure } from "./figure.js";
import { duration, percent } from "./format.js";
import { LaneArea } from "./lanearea.js";
import { COLORS, LaneColors } from "./lanecolors.js";
import { wireLanes } from "./lanecontrols.js";
import { CLOSEST, LaneCursor } from "./lanecursor.js";
import { LanePainter } from "./lanedraw.js";
import { arrange } from "./lanelayout.js";
import { LaneMarks } from "./lanemarks.js";
import { LaneNames } from "./lanenames.js";
import { LinearScale } from "./scale.js";
import { ask } from "./windows.js";

/** Of a window; what is longer is shown from its end on. µs */
const FIRST_VIEW = 600_000_000;
/** How long the wheel must rest before finer blocks are asked for, ms. */
const REST = 120;
/** Part of the view that is asked for beside it on each side, so that one can move at once. */
const MARGIN = 0.5;

/** @typedef {import("./lanelayout.js").LaneData} LaneData */

/** Where the view ends at first: shortly after what ran last, µs. @param {{batches: Array<{startTimeUnixNano: string}>}} answer of /batches, newest first */
export function endOf(answer) {
  const newest = answer.batches[0];
  return newest && Number(BigInt(newest.startTimeUnixNano) / 1000n) + 1_000_000;
}

export class LaneChart {
  /** @param {import("./frame.js").Frame} frame @param {{model?: string, title?: string}} options */
  constructor(frame, options) {
    this.frame = frame;
    this.options = options;
    /** @type {LaneData | null} */
    this.data = null;
    /** Start of the answer's window, µs. */
    this.base = 0;
    /** The part of time on screen, µs. */
    this.from = 0;
    this.to = 0;
    /** Of the picture, px. */
    this.width = 0;
    /** While the ruler is dragged. @type {{from: number, to: number} | null} */
    this.reach = null;
    /** The next frame's drawing. @type {number | undefined} */
    this.pending = undefined;
    /** Runs until finer blocks have come. @type {number | undefined} */
    this.timer = undefined;
    /** The bands that the list below tells of. */
    this.toldBands = "";
    this.painter = new LanePainter();
    this.marks = new LaneMarks();
    this.names = new LaneNames(frame, (what, id) => this.#toggle(what, id));
    this.cursor = new LaneCursor(this);
    this.selection = new LaneArea(this);
    this.canvas = h("canvas", { class: "lanes-canvas", "aria-hidden": "true" });
    this.area = h("div", { class: "lane-area", tabindex: 0, role: "application", "data-testid": "lanes", "aria-describedby": "lane-keys", "aria-label": "Executions of each instance over time" }, this.canvas, this.marks.element, this.cursor.tip);
    this.status = h("p", { class: "muted lane-status", role: "status", "data-testid": "lane-status" });
    this.bands = h("div", { class: "lane-bands" });
    const color = h("select", { "data-testid": "lane-color", "aria-label": "Colour by", onchange: () => { frame.set({ color: color.value === "stage" ? null : color.value }); this.#recolor(); } }, COLORS.map(([value, label]) => h("option", { value, selected: value === this.#colorBy() }, label)));
    this.color = color;
    const button = (/** @type {string} */ label, /** @type {string} */ title, /** @type {() => void} */ run) => h("button", { class: "button small", type: "button", title, "aria-label": title, onclick: run }, label);
    this.element = figure({ title: options.title ?? "Instance lanes", note: "a row for each instance, a block for each execution", summary: "Executions of each instance over time", testid: "lane-figure", numbers: () => this.numbers(),
      actions: [h("label", { class: "inline" }, "colour", color), button("+", "Closer", () => this.zoom(0.5)), button("−", "Further", () => this.zoom(2)), button("All", "The whole window", () => this.whole())] },
    h("div", null, this.names.legend, h("div", { class: "lanes" }, this.names.element, this.area), this.status, this.selection.summary, this.bands,
      h("p", { class: "faint", id: "lane-keys" }, "Drag sums up an area; drag on the ruler or turn the wheel with ctrl to look closer; a click on a block opens its batch. Keys: + and − zoom, ← → move, , and . go from block to block, ↑ ↓ from lane to lane, Enter opens, shift with arrows selects, Escape clears, 0 shows all.")));
    // Beside other things it is there only when there is something in it.
    this.element.hidden = !options.title;
    wireLanes(this);
    // Measured here, never while drawing.
    new ResizeObserver(() => { if (this.data && this.area.clientWidth !== this.width) this.#later(false); }).observe(this.area);
    addEventListener("needletail-theme", () => this.#recolor());
  }

  #colorBy() { return COLORS.find(([value]) => value === this.frame.parameters.get("color"))?.[0] ?? "stage"; }

  /** @param {"pin" | "fold"} name */
  #groups(name) { return new Set((this.frame.parameters.get(name) ?? "").split(",").filter(Boolean).map(decodeURIComponent)); }

  /** @param {AbortSignal} [signal] @param {number} [end] µs, of what is seen first */
  async load(signal, end) {
    const { range, parameters } = this.frame;
    const zoom = parameters.get("z")?.match(/^(\d+)-(\d+)$/);
    if (zoom && Number(zoom[2]) > Number(zoom[1])) [this.from, this.to] = [Number(zoom[1]), Number(zoom[2])];
    else {
      this.to = Math.min(end ?? range.to, range.to);
      this.from = Math.max(range.from, this.to - FIRST_VIEW);
    }
    this.#clamp();
    this.color.value = this.#colorBy();
    await this.#ask(signal);
    await this.selection.load(signal);
    this.draw();
  }

  /** @param {AbortSignal} [signal] */
  async #ask(signal) {
    const width = Math.max(200, this.area.clientWidth || 900), extra = (this.to - this.from) * MARGIN, { range } = this.frame;
    const t0 = Math.max(range.from, this.from - extra), t1 = Math.min(range.to, this.to + extra);
    const data = await ask("lanes", this.question({ t0: Math.floor(t0), t1: Math.ceil(t1), px: Math.min(10_000, Math.ceil(width * (t1 - t0) / (this.to - this.from))) }), signal);
    this.data = data;
    this.base = Number(BigInt(data.from) / 1000n);
    this.element.hidden = data.lanes.length === 0 && !this.options.title;
    this.#tellBands(data.bands);
    this.#recolor();
  }

  /** @param {import("./bands.js").Band[]} bands */
  #tellBands(bands) {
    const told = JSON.stringify(bands);
    if (told === this.toldBands) return;
    this.toldBands = told;
    tellBands(this.element, bands);
    fill(this.bands, bands.length > 0 && bandList(bands, (band) => h("button", { class: "button small", type: "button", onclick: () => { const { start, end } = bandTime(band); this.show(start - (end - start), end + (end - start)); } }, "show")));
  }

  /** @param {Record<string, string | number>} more */
  question(more) {
    const { parameters } = this.frame;
    return this.frame.ask({ model: this.options.model ?? parameters.get("model") ?? undefined, server: parameters.get("server") ?? undefined, ...more });
  }

  #recolor() {
    if (!this.data) return;
    this.colors = new LaneColors(this.data, this.#colorBy());
    this.names.tell(this.data, this.colors);
    this.#arrange();
  }

  #arrange() {
    if (!this.data) return;
    this.layout = arrange(this.data, this.#groups("pin"), this.#groups("fold"));
    this.names.draw(this.data, this.layout);
    this.width = this.area.clientWidth;
    this.draw();
  }

  /** @param {"pin" | "fold"} name @param {string} id */
  #toggle(name, id) {
    const names = this.#groups(name);
    if (!names.delete(id)) names.add(id);
    this.frame.set({ [name]: [...names].map(encodeURIComponent).join(",") }, { push: true });
    this.#arrange();
    this.names.focus(name, id);
  }

  /** A frame: it reads nothing of the page and changes only what is another. */
  draw() {
    const { data, layout, colors, width } = this;
    if (!width || !data || !layout || !colors) return;
    const { height } = layout, x = this.x = new LinearScale(this.from, this.to, 0, width);
    this.painter.paint({ context: fitCanvas(this.canvas, width, height), x, width, height, from: this.from, to: this.to, base: this.base, colors }, data, layout);
    this.#mark(x, width, height);
  }

  /** @param {LinearScale} x @param {number} width @param {number} height */
  #mark(x, width, height) {
    const { marks, reach } = this, came = Number(this.frame.parameters.get("at"));
    marks.resize(width, height);
    marks.line("came", came > this.from && came < this.to ? x.at(came) : null, height);
    marks.show("reach", "rect", reach && { class: "heat-box", x: x.at(reach.from), width: Math.max(0, x.at(reach.to) - x.at(reach.from)), y: 0, height });
    marks.show("area", "rect", this.selection.box());
    const block = this.cursor.block(), row = block && this.layout?.rows.find((candidate) => candidate.lane === this.cursor.place?.lane);
    const left = block ? x.at(this.base + block[0] / 1000) : 0, right = block ? x.at(this.base + (block[0] + block[1]) / 1000) : 0;
    marks.show("cursor", "rect", row ? { class: "heat-cursor", x: left - 1, width: Math.max(3, right - left + 2), y: row.top + 1, height: row.height - 2 } : null);
  }

  #clamp() {
    const { range } = this.frame, width = Math.min(range.to - range.from, Math.max(CLOSEST, this.to - this.from));
    this.from = Math.max(range.from, Math.min(range.to - width, this.from));
    this.to = this.from + width;
  }

  /** @param {number} from µs @param {number} to µs */
  show(from, to) {
    this.from = from;
    this.to = to;
    this.#clamp();
    this.#later();
  }

  /** @param {number} factor below 1 is closer @param {number} [at] µs that stay where they are */
  zoom(factor, at = (this.from + this.to) / 2) {
    const { range } = this.frame;
    const width = Math.min(range.to - range.from, Math.max(CLOSEST, (this.to - this.from) * factor)), share = (at - this.from) / (this.to - this.from);
    this.show(at - width * share, at + width * (1 - share));
  }

  /** @param {number} share of the width */
  pan(share) { const step = (this.to - this.from) * share; this.show(this.from + step, this.to + step); }

  whole() { this.show(this.frame.range.from, this.frame.range.to); }

  /** Draws at the next frame from what is there, and asks for finer blocks when the wheel rests. @param {boolean} [moved] whether the view is another one, which the URL is told */
  #later(moved = true) {
    this.cursor.hideTip();
    if (!moved) this.width = this.area.clientWidth;
    this.pending ??= requestAnimationFrame(() => { this.pending = undefined; this.draw(); });
    if (this.timer === undefined) this.area.setAttribute("aria-busy", "true");
    clearTimeout(this.timer);
    const timer = this.timer = setTimeout(async () => {
      this.request?.abort();
      const own = this.request = new AbortController();
      if (moved) this.frame.set({ z: `${Math.round(this.from)}-${Math.round(this.to)}` });
      try {
        await this.#ask(own.signal);
        this.tell("");
      } catch (error) {
        if (own.signal.aborted) return;
        this.tell(error instanceof Error ? error.message : String(error));
      }
      // Unless somebody moved on meanwhile.
      if (this.timer !== timer) return;
      this.area.setAttribute("aria-busy", "false");
      this.timer = undefined;
    }, REST);
  }

  /** @param {string} text */
  tell(text) { this.status.textContent = text; }

  numbers() {
    return { columns: [{ label: "server" }, { label: "model" }, { label: "version" }, { label: "instance" }, { label: "executions", numeric: true }, { label: "busy", numeric: true }, { label: "share", numeric: true }],
      rows: (this.data?.lanes ?? []).map((lane) => [lane.server, lane.model, lane.version, lane.name + (lane.inferred ? " (inferred)" : ""), lane.executions, duration(lane.busyNano), (lane.complete || this.data?.sampling === "complete" ? "" : "≥ ") + percent(lane.busyShare)]) };
  }
}
