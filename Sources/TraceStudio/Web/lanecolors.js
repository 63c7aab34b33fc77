// What a block of the lanes looks like: its colour by what one asks for, and all blocks in columns, as drawing needs them.
import { Palette, packed, rgb, serviceSlots, textOn } from "./color.js";

/** What a block's colour can tell. @type {Array<[string, string]>} */
export const COLORS = [["stage", "stage"], ["size", "batch size"], ["model", "model"], ["client", "client"]];

/** Colours of the theme for one answer of lanes. */
export class LaneColors {
  /** @param {import("./lanelayout.js").LaneData} data @param {string} by one of `COLORS` */
  constructor(data, by) {
    const style = getComputedStyle(document.documentElement);
    const token = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
    this.by = by;
    this.palette = new Palette(new Map(), []);
    this.load = token("stage-load");
    this.low = rgb(token("heat-0"));
    this.high = rgb(token("heat-1"));
    this.largest = 1;
    for (const lane of data.lanes) for (const block of lane.blocks) this.largest = Math.max(this.largest, block[3] / Math.max(1, block[2]));
    const models = serviceSlots(data.lanes.map((lane) => lane.model)), clients = serviceSlots(data.clients);
    /** @type {Map<string, string>} */
    this.models = new Map([...models].map(([name, slot]) => [name, token(`service-${slot}`)]));
    /** @type {string[]} */
    this.clients = data.clients.map((name) => token(`service-${clients.get(name) ?? 0}`));
    /** Names that the colours stand for. @type {Array<[string, string]>} */
    this.legend = by === "model" ? [...this.models] : by === "client" ? data.clients.map((name, index) => /** @type {[string, string]} */ ([name || "unknown", this.clients[index]])) : [];
    /** Blocks of each lane, by its place in the answer. */
    this.lanes = data.lanes.map((lane) => new LaneBlocks(lane, this));
  }

  /** @param {import("./lanelayout.js").Lane} lane @param {import("./lanelayout.js").Block} block */
  of(lane, block) {
    if (this.by === "model") return this.models.get(lane.model) ?? this.palette.ink2;
    if (this.by === "client") return this.clients[block[8]] ?? this.palette.ink2;
    if (this.by === "size") return this.size(block[3] / Math.max(1, block[2]));
    return this.palette.stages.infer.color;
  }

  /** @param {number} members */
  size(members) {
    // The palest still stands out from the ground.
    const share = this.largest > 1 ? 0.35 + 0.65 * Math.sqrt((members - 1) / (this.largest - 1)) : 1;
    return `#${this.low.map((part, index) => Math.round(part + (this.high[index] - part) * share).toString(16).padStart(2, "0")).join("")}`;
  }
}

/** The blocks of a lane in columns, made once for an answer and its colours: a frame then reads numbers, and makes nothing. */
export class LaneBlocks {
  /** @param {import("./lanelayout.js").Lane} lane @param {LaneColors} colors */
  constructor(lane, colors) {
    const { blocks } = lane, count = this.count = blocks.length;
    /** µs from the window's start. */
    this.start = new Float64Array(count);
    this.end = new Float64Array(count);
    /** Of the row's height: a block of several is as tall as they were dense. */
    this.share = new Float32Array(count);
    /** A pixel's bytes. */
    this.color = new Uint32Array(count);
    /** Parts of the width that are copying, of single executions. */
    this.input = new Float32Array(count);
    this.output = new Float32Array(count);
    /** Requests of a single execution, 0 for several. */
    this.members = new Uint32Array(count);
    /** Whether text on the colour is dark. */
    this.dark = new Uint8Array(count);
    /** @type {Map<string, [pixel: number, dark: number]>} */
    const known = new Map();
    for (let index = 0; index < count; index++) {
      const block = blocks[index], length = Math.max(1, block[1]), color = colors.of(lane, block);
      let told = known.get(color);
      if (!told) known.set(color, told = [packed(color), textOn(color) === "#ffffff" ? 0 : 1]);
      this.start[index] = block[0] / 1000;
      this.end[index] = (block[0] + block[1]) / 1000;
      this.color[index] = told[0];
      this.dark[index] = told[1];
      if (block[2] > 1) { this.share[index] = Math.sqrt(Math.min(1, block[4] / length)); continue; }
      this.share[index] = 1;
      this.members[index] = block[3];
      if (colors.by !== "stage") continue;
      this.input[index] = block[6] / length;
      this.output[index] = block[7] / length;
    }
  }

  /** Index of the first block that ends after a time. @param {number} at µs from the window's start */
  firstAfter(at) {
    let low = 0, high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
