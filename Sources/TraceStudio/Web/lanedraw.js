// Draws lanes on a canvas: blocks of executions, who waited, and when models were loaded or cold. A frame costs what its pixels cost, however many
// blocks there are: they are written into the pixels of their row, and only words and curves are drawn.
import { bandWords } from "./bands.js";
import { packed } from "./color.js";
import { LinearScale, clockTicks } from "./scale.js";
import { ROW, RULER } from "./lanelayout.js";

/** Distance of blocks from the edges of their row, and the least height of what is dense, px. */
const INSET = 3, LEAST = 5;
/** Of a folded group's blocks: where lanes overlap it is darker. */
const FAINT = 0.55;

/**
 * @typedef {{context: CanvasRenderingContext2D, x: LinearScale, width: number, height: number, from: number, to: number, base: number, colors: import("./lanecolors.js").LaneColors}} Surface
 * times in µs: `from` and `to` of the view, `base` of the window
 */

export class LanePainter {
  constructor() {
    /** The whole picture, used again for each frame. @type {ImageData | null} */
    this.image = null;
    this.pixels = new Uint32Array(0);
    /** The font, which a canvas forgets when it gets another size. */
    this.font = "";
    /** @type {ImageData | null} */
    this.drawn = null;
    /** Blocks with room for a number: text, dark or not, middle, bottom. @type {Array<string | number>} */
    this.labels = [];
  }

  /** @param {Surface} surface @param {import("./lanelayout.js").LaneData} data @param {ReturnType<typeof import("./lanelayout.js").arrange>} layout */
  paint(surface, data, layout) {
    const { context, colors } = surface;
    // One picture for all: each one waits for what was drawn before it.
    context.putImageData(this.#raster(surface, layout.rows), 0, 0);
    const font = `10px ${colors.palette.sans}`;
    if (this.font !== font || this.drawn !== this.image) { context.font = this.font = font; this.drawn = this.image; }
    this.#numbers(context);
    for (const row of layout.rows) if (row.kind === "wait") drawLoad(surface, data, row);
    drawBands(surface, layout.groups);
    drawAxis(surface);
  }

  /** Rows and their blocks as pixels. @param {Surface} surface @param {import("./lanelayout.js").Row[]} rows */
  #raster(surface, rows) {
    const { context, colors } = surface, { canvas } = context, ratio = canvas.width / surface.width, { width } = canvas, panel = packed(colors.palette.panel);
    if (this.image?.width !== width || this.image.height !== canvas.height) {
      this.image = context.createImageData(width, canvas.height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const { pixels } = this, height = Math.round((ROW - 2 * INSET) * ratio);
    pixels.fill(0);
    pixels.fill(panel, 0, Math.round((RULER - 4) * ratio) * width);
    this.labels.length = 0;
    for (const row of rows) {
      const top = Math.round(row.top * ratio), inner = Math.round((row.top + INSET) * ratio);
      if (row.kind === "group") pixels.fill(panel, top * width, Math.round((row.top + row.height) * ratio) * width);
      if (row.kind === "lane") this.#blocks(surface, colors.lanes[row.lane], ratio, inner, height, false);
      // All lanes of a folded group over each other.
      else if (row.kind === "group" && row.group?.folded) for (const lane of row.group.lanes) this.#blocks(surface, colors.lanes[lane], ratio, inner, height, true);
    }
    return /** @type {ImageData} */ (this.image);
  }

  /** @param {Surface} surface @param {import("./lanecolors.js").LaneBlocks} blocks @param {number} ratio @param {number} top device px @param {number} height device px @param {boolean} isFaint */
  #blocks(surface, blocks, ratio, top, height, isFaint) {
    const { pixels, labels } = this, width = surface.context.canvas.width, bottom = (top + height) * width, { start, end, share, color, input, output, members } = blocks, { stages } = surface.colors.palette;
    const from = surface.from - surface.base, to = surface.to - surface.base, scale = width / (surface.to - surface.from), narrow = Math.round(ratio), least = LEAST * ratio;
    const inputColor = packed(stages.input.color), outputColor = packed(stages.output.color);
    for (let index = blocks.firstAfter(from); index < blocks.count && start[index] <= to; index++) {
      // It is never lost, however short.
      const left = Math.round((start[index] - from) * scale), right = Math.max(left + narrow, Math.round((end[index] - from) * scale)), own = right - left;
      const first = Math.max(0, left), last = Math.min(width, right), line = (top + (share[index] === 1 ? 0 : height - Math.round(Math.max(least, height * share[index])))) * width;
      if (isFaint) { this.#blend(first, last, line, bottom, width, color[index]); continue; }
      fillRows(pixels, first, last, line, bottom, width, color[index]);
      if (own < 3 * ratio) continue;
      fillRows(pixels, first, Math.min(last, left + Math.round(own * input[index])), line, bottom, width, inputColor);
      fillRows(pixels, Math.max(first, right - Math.round(own * output[index])), last, line, bottom, width, outputColor);
      if (members[index] === 0 || own < 16 * ratio) continue;
      const text = String(members[index]);
      if (own / ratio > 10 + 6 * text.length) labels.push(text, blocks.dark[index], (first + last) / 2 / ratio, top / ratio + 13);
    }
  }

  /** Part of a colour over what is there. @param {number} left @param {number} right @param {number} from where the first row begins @param {number} to @param {number} width @param {number} color */
  #blend(left, right, from, to, width, color) {
    const { pixels } = this;
    for (let line = from; line < to; line += width) {
      for (let at = line + left; at < line + right; at++) {
        let mixed = 255 << 24;
        for (let shift = 0; shift < 24; shift += 8) mixed |= Math.round((color >>> shift & 255) * FAINT + (pixels[at] >>> shift & 255) * (1 - FAINT)) << shift;
        pixels[at] = mixed >>> 0;
      }
    }
  }

  /** How many requests each execution has, where there is room. @param {CanvasRenderingContext2D} context */
  #numbers(context) {
    const { labels } = this;
    context.textAlign = "center";
    for (const dark of [0, 1]) {
      context.fillStyle = dark ? "#0b0d10" : "#ffffff";
      for (let at = 0; at < labels.length; at += 4) if (labels[at + 1] === dark) context.fillText(String(labels[at]), Number(labels[at + 2]), Number(labels[at + 3]));
    }
  }
}

/** A rectangle of pixels: filling a short run takes longer to begin than to do. @param {Uint32Array} pixels @param {number} left @param {number} right @param {number} from where the first row begins @param {number} to @param {number} width @param {number} color */
function fillRows(pixels, left, right, from, to, width, color) {
  if (right - left > 24) for (let line = from; line < to; line += width) pixels.fill(color, line + left, line + right);
  else for (let line = from; line < to; line += width) for (let at = line + left; at < line + right; at++) pixels[at] = color;
}

/** Requests that wait, hatched, and a line of all in hand. @param {Surface} surface @param {import("./lanelayout.js").LaneData} data @param {import("./lanelayout.js").Row} row */
function drawLoad(surface, data, row) {
  const { context, x, width, colors } = surface, { waiting, inFlight } = /** @type {import("./lanelayout.js").Group} */ (row.group);
  const t0 = Number(BigInt(data.t0) / 1000n), step = (Number(BigInt(data.t1) / 1000n) - t0) / Math.max(1, inFlight.length);
  const first = Math.max(0, Math.floor((surface.from - t0) / step) - 1), last = Math.min(inFlight.length, Math.ceil((surface.to - t0) / step) + 1);
  let most = 0;
  for (let index = first; index < last; index++) most = Math.max(most, inFlight[index]);
  const bottom = row.top + row.height - 3, scale = (row.height - 10) / Math.max(1, most);
  context.fillStyle = colors.palette.line;
  context.fillRect(0, bottom, width, 1);
  context.fillStyle = colors.palette.stages.queue.pattern ?? colors.palette.stages.queue.color;
  steps(context, x, waiting, first, last, t0, step, (value) => bottom - value * scale, bottom);
  context.strokeStyle = colors.palette.ink2;
  context.lineWidth = 1;
  steps(context, x, inFlight, first, last, t0, step, (value) => Math.round(bottom - value * scale) + 0.5);
  if (most < 0.05) return;
  context.textAlign = "left";
  context.fillStyle = colors.palette.ink3;
  context.fillText(`at most ${most < 10 ? Number(most.toPrecision(2)) : Math.round(most)} in hand`, 4, row.top + 9);
}

/**
 * A curve of steps; those of one height are one line. With a ground it is filled down to it, without one it is a line.
 * @param {CanvasRenderingContext2D} context @param {LinearScale} x @param {number[]} values @param {number} first @param {number} last
 * @param {number} t0 µs @param {number} step µs @param {(value: number) => number} y @param {number} [ground]
 */
function steps(context, x, values, first, last, t0, step, y, ground) {
  if (last <= first) return;
  context.beginPath();
  let height = ground ?? y(values[first]);
  context.moveTo(x.at(t0 + first * step), height);
  for (let index = first; index < last; index++) {
    const next = y(values[index]);
    if (next === height) continue;
    const at = x.at(t0 + index * step);
    context.lineTo(at, height);
    context.lineTo(at, height = next);
  }
  const end = x.at(t0 + last * step);
  context.lineTo(end, height);
  if (ground === undefined) { context.stroke(); return; }
  context.lineTo(end, ground);
  context.fill();
}

/** Full-height bands over their groups. @param {Surface} surface @param {import("./lanelayout.js").Group[]} groups */
function drawBands(surface, groups) {
  const { context, x, from, to, colors } = surface;
  context.textAlign = "left";
  context.fillStyle = colors.load;
  for (const group of groups) for (const { band, start, end } of group.bands) {
    if (end < from || start > to) continue;
    const left = x.at(start), width = Math.max(2, x.at(end) - left);
    context.globalAlpha = 0.16;
    context.fillRect(left, group.top, width, group.bottom - group.top);
    context.globalAlpha = 1;
    context.fillRect(left, group.top, width, 2);
    if (width > 34) context.fillText(bandWords(band).kind, Math.max(left, 0) + 4, group.top + 14);
  }
}

/** The times of day, and lines down from them. @param {Surface} surface */
function drawAxis(surface) {
  const { context, x, width, height, from, to, colors } = surface, { palette } = colors;
  context.textAlign = "center";
  for (const tick of clockTicks(from / 1000, to / 1000, Math.max(2, Math.floor(width / 130)))) {
    const at = Math.round(x.at(tick.at * 1000));
    context.globalAlpha = 0.6;
    context.fillStyle = palette.line;
    context.fillRect(at, RULER - 4, 1, height - RULER + 4);
    context.globalAlpha = 1;
    context.fillStyle = palette.ink3;
    if (at > tick.label.length * 3 && at + tick.label.length * 3 < width) context.fillText(tick.label, at, 14);
  }
}
