// Draws the bars of the rows on screen: tint, stages, event ticks, error caps, labels. Only whole pixels, only visible rows.
import { FLAG } from "./columns.js";
import { isStage } from "./color.js";
import { density } from "./groups.js";
import { duration, ticks } from "./format.js";
import { streamFacts } from "./llmspan.js";

const BAR = 12, RADIUS = 2, MINIMUM = 2, TICK = 16, PATH = 2, HALO = 0.5;

/** @typedef {{width: number, height: number, rowHeight: number, barOffset: number, stacked: boolean, scroll: number, hoverX: number}} Frame */

export class BarPainter {
  /** @param {import("./view.js").TraceView} view */
  constructor(view) {
    this.view = view;
    /** @type {Map<string, number>} */
    this.widths = new Map();
    /** Streams of tokens, looked at once. @type {Map<number, ReturnType<typeof streamFacts>>} */
    this.streams = new Map([...view.trace.llm].filter(([, facts]) => facts.tokens).map(([row, facts]) => [row, streamFacts(facts.tokens ?? [])]));
  }

  /** Draws one frame. Coordinates are CSS pixels. @param {CanvasRenderingContext2D} context @param {Frame} frame */
  paint(context, frame) {
    const { view } = this, { palette, trace } = view;
    context.clearRect(0, 0, frame.width, frame.height);
    const lines = ticks(view.from, view.to, frame.width).map((tick) => Math.round(this.x(tick.at, frame)));
    context.fillStyle = palette.line;
    if (!frame.stacked) for (const x of lines) context.fillRect(x, 0, 1, frame.height);
    context.font = `11px ${palette.sans}`;
    context.textBaseline = "middle";
    const first = Math.max(0, Math.floor(frame.scroll / frame.rowHeight));
    const last = Math.min(trace.visible.length - 1, Math.floor((frame.scroll + frame.height) / frame.rowHeight));
    for (let line = first; line <= last; line++) {
      const top = Math.round(line * frame.rowHeight - frame.scroll);
      if (frame.stacked) {
        // Lines stop short of the names above the bars.
        context.fillStyle = palette.line;
        for (const x of lines) context.fillRect(x, top + frame.barOffset - 3, 1, frame.rowHeight - frame.barOffset + 3);
      }
      this.#row(context, frame, trace.visible[line], top);
    }
    if (frame.hoverX >= 0) {
      context.fillStyle = palette.lineStrong;
      context.fillRect(Math.round(frame.hoverX), 0, 1, frame.height);
    }
  }

  /** The pixel of a time, kept near the canvas. @param {number} time ns @param {Frame} frame */
  x(time, frame) {
    const { from, to } = this.view;
    return Math.max(-8, Math.min(frame.width + 8, (time - from) / (to - from) * frame.width));
  }

  /** @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} row @param {number} top */
  #row(context, frame, row, top) {
    const { trace, palette, stage } = this.view;
    const [start, end] = trace.extent(row);
    const y = top + frame.barOffset;
    if (end < this.view.from || start > this.view.to) {
      if (row === this.view.selected) this.#outside(context, frame, end < this.view.from, y);
      return;
    }
    const left = Math.round(this.x(start, frame));
    const right = Math.max(left + MINIMUM, Math.round(this.x(end, frame)));
    if (trace.groups.isClosed(row)) { this.#group(context, frame, row, left, right, y); return; }
    if (row === trace.missingParents) { this.#missingParents(context, left, right, y); return; }
    const colors = palette.services.get(trace.service[row]) ?? { bar: palette.ink3, tint: palette.line, text: palette.bg };
    const firstStage = trace.stageFirst[row], endStage = trace.stageFirst[row + 1];
    const staged = endStage > firstStage;
    context.globalAlpha = stage && !staged ? 0.3 : 1;
    context.fillStyle = staged ? colors.tint : colors.bar;
    rounded(context, left, y, right - left, BAR);
    if (staged) this.#stages(context, frame, firstStage, endStage, left, right, y);
    context.globalAlpha = 1;
    if (trace.has(row, FLAG.error)) this.#errorMark(context, left, right, y);
    this.#events(context, frame, row, y);
    if (trace.llm.has(row)) this.#stream(context, frame, row, y);
    this.#label(context, frame, row, left, right, y, staged, colors.text);
    if (this.view.showsCriticalPath) this.#criticalPath(context, frame, row, y + BAR + 1);
  }

  /** Where spans are whose parents are missing. @param {CanvasRenderingContext2D} context @param {number} left @param {number} right @param {number} y */
  #missingParents(context, left, right, y) {
    context.strokeStyle = this.view.palette.ink3;
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.strokeRect(left + 0.5, y + 0.5, Math.max(2, right - left - 1), BAR - 1);
    context.setLineDash([]);
  }

  /** The first token's flag, ticks of tokens above the bar (darker where they are dense), and where the stream stood still. @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} row @param {number} y */
  #stream(context, frame, row, y) {
    const { trace, palette, from, to } = this.view, facts = trace.llm.get(row), stream = this.streams.get(row);
    if (stream) {
      const times = facts?.tokens ?? [], inside = times.filter((time) => time >= from && time <= to);
      context.fillStyle = palette.stages.decode.color;
      for (const run of density(inside.map((time) => { const x = Math.round(this.x(time, frame)); return [x, x + 1]; }), Math.ceil(frame.width))) {
        context.globalAlpha = 0.5 + 0.5 * run.share;
        context.fillRect(run.from, y - 5, run.to - run.from, 4);
      }
      context.globalAlpha = 1;
      for (const stall of stream.stalls) {
        if (stall.to < from || stall.from > to) continue;
        const left = Math.round(this.x(stall.from, frame)), right = Math.max(left + 3, Math.round(this.x(stall.to, frame)));
        context.fillStyle = palette.warning;
        context.fillRect(left, y - 4, right - left, 2);
        context.fillRect(left, y - 6, 1, 6);
        context.fillRect(right - 1, y - 6, 1, 6);
      }
    }
    if (facts?.ttft === undefined) return;
    const time = trace.start[row] + facts.ttft;
    if (time < from || time > to) return;
    const x = Math.round(this.x(time, frame));
    context.fillStyle = palette.ink;
    context.fillRect(x, y - 6, 1, BAR + 8);
    context.beginPath();
    context.moveTo(x, y - 6);
    context.lineTo(x + 7, y - 3.5);
    context.lineTo(x, y - 1);
    context.fill();
  }

  /** A closed group: the darker, the more of its spans at that time; failed ones in red. @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} head @param {number} left @param {number} right @param {number} y */
  #group(context, frame, head, left, right, y) {
    const { trace, palette, from, to, showsCriticalPath, stage } = this.view;
    const colors = palette.services.get(trace.service[head]) ?? { bar: palette.ink3, tint: palette.line };
    context.globalAlpha = stage ? 0.3 : 1;
    context.fillStyle = colors.tint;
    rounded(context, left, y, right - left, BAR);
    /** @type {Array<[number, number]>} */
    const spans = [];
    const failed = [];
    for (let row = head; row < head + trace.groups.length[head]; row++) {
      const start = trace.start[row], end = start + trace.durations[row];
      if (end < from || start > to) continue;
      spans.push([Math.round(this.x(start, frame)), Math.round(this.x(end, frame))]);
      if (trace.has(row, FLAG.error)) failed.push(spans[spans.length - 1][0]);
    }
    context.fillStyle = colors.bar;
    for (const run of density(spans, Math.ceil(frame.width))) {
      context.globalAlpha = (stage ? 0.3 : 1) * (0.4 + 0.6 * run.share);
      context.fillRect(run.from, y, run.to - run.from, BAR);
    }
    context.globalAlpha = 1;
    context.fillStyle = palette.error;
    for (const x of failed) context.fillRect(x, y - 2, 2, BAR + 4);
    if (showsCriticalPath) for (let row = head; row < head + trace.groups.length[head]; row++) this.#criticalPath(context, frame, row, y + BAR + 1);
  }

  /** A line under the bar where the row is on the critical path; what is folded away shows on the row that hides it. @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} row @param {number} y */
  #criticalPath(context, frame, row, y) {
    const { criticalPath, trace, palette, from, to } = this.view;
    for (const [begin, end] of criticalPath.segments(row, trace.folded[row] === 1)) {
      if (end < from || begin > to) continue;
      const left = Math.round(this.x(begin, frame)), width = Math.max(1, Math.round(this.x(end, frame)) - left);
      context.fillStyle = palette.bg;
      context.fillRect(left - HALO, y - HALO, width + 2 * HALO, PATH + 2 * HALO);
      context.fillStyle = palette.ink;
      context.fillRect(left, y, width, PATH);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} first @param {number} end @param {number} left @param {number} right @param {number} y */
  #stages(context, frame, first, end, left, right, y) {
    const { trace, palette, stage: focus } = this.view;
    for (let index = first; index < end; index++) {
      const stage = palette.stages[trace.stageNames[index]];
      if (!stage || !(trace.stageDuration[index] > 0)) continue;
      const from = Math.max(left, Math.round(this.x(trace.stageStart[index], frame)));
      const to = Math.min(right, Math.max(from + 1, Math.round(this.x(trace.stageStart[index] + trace.stageDuration[index], frame))));
      context.globalAlpha = focus && !isStage(trace.stageNames[index], focus) ? 0.2 : 1;
      context.fillStyle = stage.pattern ?? stage.color;
      const rounds = from === left || to === right;
      if (rounds && to - from > 4) rounded(context, from, y, to - from, BAR, from === left, to === right);
      else context.fillRect(from, y, to - from, BAR);
    }
    context.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} left @param {number} right @param {number} y */
  #errorMark(context, left, right, y) {
    context.strokeStyle = context.fillStyle = this.view.palette.error;
    context.lineWidth = 1;
    if (right - left > 5) context.strokeRect(left + 0.5, y + 0.5, right - left - 1, BAR - 1);
    context.fillRect(left, y - 2, 2, BAR + 4);
  }

  /** Ticks of 1 px; those within 3 px of the one before are left out. @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} row @param {number} y */
  #events(context, frame, row, y) {
    const { trace, palette } = this.view;
    const top = y - (TICK - BAR) / 2, isStream = this.streams.has(row);
    let previous = -10;
    for (let index = trace.eventFirst[row]; index < trace.eventFirst[row + 1]; index++) {
      const time = trace.eventTime[index];
      if (time < this.view.from || time > this.view.to) continue;
      const x = Math.round(this.x(time, frame));
      if (trace.eventException[index]) {
        context.fillStyle = palette.error;
        context.fillRect(x - 1, top, 2, TICK);
        context.beginPath();
        context.moveTo(x - 4, top - 2);
        context.lineTo(x + 4, top - 2);
        context.lineTo(x, top + 4);
        context.fill();
        previous = x;
      } else if (!isStream && x - previous >= 3) {
        context.globalAlpha = 0.7;
        context.fillStyle = palette.ink;
        context.fillRect(Math.min(x, frame.width - 1), top, 1, TICK);
        context.globalAlpha = 1;
        previous = x;
      }
    }
  }

  /**
   * The duration: inside when it fits and the bar is plain, else right of it, else left, else on a plate inside.
   * @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} row @param {number} left @param {number} right @param {number} y
   * @param {boolean} staged @param {string} inside colour of text on the bar
   */
  #label(context, frame, row, left, right, y, staged, inside) {
    const { trace, palette } = this.view;
    const text = duration(trace.durations[row]);
    const width = this.#width(context, text);
    const low = Math.max(0, left), high = Math.min(frame.width, right);
    const middle = y + BAR / 2 + 0.5;
    context.textAlign = "left";
    if (!staged && width + 12 <= high - low) {
      context.fillStyle = inside;
      context.fillText(text, low + 6, middle);
      return;
    }
    context.fillStyle = palette.ink2;
    if (right + 6 + width <= frame.width) context.fillText(text, right + 6, middle);
    else if (left - 6 - width >= 0) context.fillText(text, left - 6 - width, middle);
    else if (high - low >= width + 8) {
      context.fillStyle = palette.bg;
      context.globalAlpha = 0.88;
      context.fillRect(high - width - 9, y + 1, width + 6, BAR - 2);
      context.globalAlpha = 1;
      context.fillStyle = palette.ink;
      context.fillText(text, high - width - 6, middle);
    }
  }

  /** A mark at the edge where the selected span lies out of the window. @param {CanvasRenderingContext2D} context @param {Frame} frame @param {boolean} before @param {number} y */
  #outside(context, frame, before, y) {
    const x = before ? 4 : frame.width - 4, tip = before ? 6 : -6;
    context.fillStyle = this.view.palette.accent;
    context.beginPath();
    context.moveTo(x, y + BAR / 2);
    context.lineTo(x + tip, y);
    context.lineTo(x + tip, y + BAR);
    context.fill();
  }

  /** @param {CanvasRenderingContext2D} context @param {string} text */
  #width(context, text) {
    let width = this.widths.get(text);
    if (width === undefined) {
      if (this.widths.size > 4000) this.widths.clear();
      width = context.measureText(text).width;
      this.widths.set(text, width);
    }
    return width;
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width @param {number} height @param {boolean} [l] @param {boolean} [r] */
function rounded(context, x, y, width, height, l = true, r = true) {
  if (width < 5) { context.fillRect(x, y, width, height); return; }
  context.beginPath();
  context.roundRect(x, y, width, height, [l ? RADIUS : 0, r ? RADIUS : 0, r ? RADIUS : 0, l ? RADIUS : 0]);
  context.fill();
}

