// The last minute of finished requests as dots, time × latency: what arrives now. Each dot is made once; time moves all of them together.
import { h, fill, svg } from "./dom.js";
import { count, duration, integer, timeOfDay } from "./format.js";
import { figure } from "./figure.js";
import { LinearScale, LogScale } from "./scale.js";

/** What the strip shows, ms, and how many dots at most: 20 a second for a minute. */
const SHOWN = 60_000, MOST = 1200;
const HEIGHT = 96, LEFT = 62, RIGHT = 18, BOTTOM = 20, TOP = 8;

/** @typedef {{time: number, row: import("./windows.js").Row, link: SVGElement, mark: SVGElement}} Dot `time` is when it finished, ms since 1970 */

export class LiveStrip {
  /** @param {{title: string, note: string, actions?: any}} options what stands above the picture */
  constructor(options) {
    /** @type {Dot[]} */
    this.dots = [];
    this.origin = Date.now();
    /** Since when it is filled: of what was before nothing is known here. */
    this.begun = this.origin;
    /** What the axes were drawn for. */
    this.drawn = "";
    this.axes = svg("g");
    this.group = svg("g");
    this.picture = svg("svg", { class: "strip-dots", height: HEIGHT, "aria-hidden": "true" }, this.axes, this.group);
    this.box = h("div", { class: "strip-box" }, this.picture);
    this.element = figure({ ...options, summary: "Requests of the last minute by the time they finished and how long they took", testid: "live-strip", class: "live-strip-figure", numbers: () => this.numbers() }, this.box);
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** Takes a request that finished. @param {import("./windows.js").Row} row */
  add(row) {
    const now = Date.now(), end = Number(BigInt(row.startTimeUnixNano) / 1_000_000n) + row.durationNano / 1e6;
    const mark = row.errorCount ? svg("rect", { class: "dot failed", x: -3, y: -3, width: 6, height: 6 }) : svg("circle", { class: "dot", r: 3 });
    const link = svg("a", { href: `/trace/${row.traceID}`, tabindex: -1, "data-testid": "live-dot", "data-trace-id": row.traceID, "aria-label": `${row.rootName || "no root span yet"} ${duration(row.durationNano)}` }, mark);
    // A trace is told of a moment after it ended; old ones that are sent now, as from a file, arrive now.
    this.dots.push({ time: now - end < SHOWN && end <= now ? end : now, row, link, mark });
    this.drawn = "";
  }

  clear() {
    this.dots = [];
    this.begun = Date.now();
    this.drawn = "";
    fill(this.group);
  }

  /** Moves the minute on. Only what came or went is touched, and all when an axis changes. */
  draw() {
    const now = Date.now(), width = this.box.clientWidth, kept = this.dots.filter((dot) => now - dot.time < SHOWN).slice(-MOST);
    if (kept.length !== this.dots.length) {
      const stay = new Set(kept);
      for (const dot of this.dots) if (!stay.has(dot)) dot.link.remove();
      this.dots = kept;
    }
    this.element.setAttribute("data-dots", String(kept.length));
    if (!width) return;
    let low = Infinity, high = 0;
    for (const { row } of kept) { low = Math.min(low, Math.max(1, row.durationNano)); high = Math.max(high, row.durationNano, 1); }
    const x = new LinearScale(0, SHOWN, LEFT, width - RIGHT);
    this.group.setAttribute("transform", `translate(${(x.at(SHOWN) - x.at(now - this.origin)).toFixed(1)} 0)`);
    const needed = `${width} ${low} ${high}`;
    if (needed === this.drawn) return;
    this.drawn = needed;
    this.picture.setAttribute("width", String(width));
    const y = new LogScale(high ? low * 0.8 : 1e6, high ? high * 1.25 : 1e9, HEIGHT - BOTTOM, TOP);
    fill(this.axes, y.ticks(24).map((tick) => [svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y.at(tick.at), y2: y.at(tick.at) }), svg("text", { x: LEFT - 6, y: y.at(tick.at) + 4, "text-anchor": "end" }, tick.label)]),
      [60, 45, 30, 15, 0].map((seconds) => svg("text", { x: x.at(SHOWN - seconds * 1000), y: HEIGHT - 4, "text-anchor": seconds === 60 ? "start" : "middle" }, seconds ? `−${seconds} s` : "now")));
    for (const { time, row, link, mark } of kept) {
      mark.setAttribute("transform", `translate(${x.at(time - this.origin).toFixed(1)} ${y.at(Math.max(1, row.durationNano)).toFixed(1)})`);
      if (!link.parentNode) this.group.append(link);
    }
  }

  /** Its dots in words. @param {number} skipped requests that were not told of */
  words(skipped) {
    const failed = this.dots.filter((dot) => dot.row.errorCount > 0).length;
    return this.dots.length ? `${count(this.dots.length, "request")}${skipped ? `, ${integer(skipped)} more not shown` : ""}${failed ? `, ${failed} failed` : ""}` : Date.now() - this.begun < SHOWN ? "no request since this page was opened" : "no request in the last minute";
  }

  /** The numbers of the picture, newest first. */
  numbers() {
    /** @type {Array<Array<string | number | null>>} */
    const rows = [...this.dots].reverse().map(({ row }) => [timeOfDay(row.startTimeUnixNano), `${row.rootName} ${row.rootService}`, duration(row.durationNano), row.errorCount, row.traceID]);
    return { columns: [{ label: "start" }, { label: "request" }, { label: "duration", numeric: true }, { label: "errors", numeric: true }, { label: "trace" }], rows: rows.length ? rows : [[null, "none in the last minute", null, null, null]] };
  }
}
