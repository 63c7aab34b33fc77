// The block under the keyboard or the pointer: going from one to the next, what it says, and what it opens.
import { h, fill } from "./dom.js";
import { count, dateTime, duration, integer, percent } from "./format.js";
import { firstAfter } from "./lanelayout.js";

/** @typedef {import("./lanelayout.js").Block} Block */

/** The closest view, µs. */
export const CLOSEST = 1_000;

export class LaneCursor {
  /** @param {import("./lanechart.js").LaneChart} chart */
  constructor(chart) {
    this.chart = chart;
    /** The block under the keyboard. @type {{lane: number, start: number} | null} */
    this.place = null;
    this.tip = h("div", { class: "tip", hidden: true });
  }

  /** @returns {number[]} lanes from top to bottom as they stand */
  order() { return (this.chart.layout?.rows ?? []).filter((row) => row.kind === "lane").map((row) => row.lane); }

  block() {
    const { place, chart } = this, blocks = place ? chart.data?.lanes[place.lane]?.blocks ?? [] : [];
    return place ? blocks[firstAfter(blocks, place.start)] ?? null : null;
  }

  hideTip() { if (!this.tip.hidden) this.tip.hidden = true; }

  /** The next block of the lane; its place moves into the view. @param {number} by */
  step(by) {
    const { chart } = this, lane = this.place?.lane ?? this.order()[0], blocks = chart.data?.lanes[lane]?.blocks;
    if (!blocks?.length) { chart.tell("No block here; look at a longer time."); return; }
    const now = this.place ? firstAfter(blocks, this.place.start) : firstAfter(blocks, this.#middle()) - by;
    const block = blocks[now + by];
    if (!block) { chart.tell(by > 0 ? "The last block that is loaded; → moves on." : "The first block that is loaded; ← moves on."); return; }
    this.#goTo(lane, block);
  }

  /** @param {number} by */
  changeLane(by) {
    const { chart } = this, order = this.order(), lane = order[Math.max(0, Math.min(order.length - 1, order.indexOf(this.place?.lane ?? -1) + by))];
    const blocks = chart.data?.lanes[lane]?.blocks ?? [];
    const block = blocks[Math.min(blocks.length - 1, firstAfter(blocks, this.place?.start ?? this.#middle()))];
    if (block) this.#goTo(lane, block);
    else if (lane !== undefined) { this.place = { lane, start: this.place?.start ?? 0 }; chart.tell(`${chart.data?.lanes[lane].name}: no block here`); }
  }

  /** The middle of the view, ns from the window's start. */
  #middle() { return ((this.chart.from + this.chart.to) / 2 - this.chart.base) * 1000; }

  /** @param {number} lane @param {Block} block */
  #goTo(lane, block) {
    const { chart } = this, { data } = chart;
    if (!data) return;
    // A whole microsecond into the block, which is the block that is found there again.
    this.place = { lane, start: block[0] + Math.min(1, block[1]) };
    const start = chart.base + block[0] / 1000, end = start + block[1] / 1000, width = chart.to - chart.from;
    if (start < chart.from || end > chart.to) { const middle = (start + end) / 2; chart.show(middle - width / 2, middle + width / 2); }
    chart.draw();
    const found = data.lanes[lane];
    chart.tell(`${found.name}, ${found.model} v${found.version}: ${this.#words(block)}, at ${dateTime(String(BigInt(data.from) + BigInt(block[0])))}.${block[2] === 1 ? " Enter opens the batch." : " Enter looks closer."}`);
  }

  /** @param {Block} block */
  #words([, length, executions, members, busy, , input, output, client]) {
    const who = this.chart.data?.clients[client];
    if (executions === 1) return `${duration(length)}, ${count(members, "request")}${input + output > 0 ? `, of it infer ${duration(length - input - output)}` : ""}${who ? `, ${members > 1 ? "mostly " : ""}for ${who}` : ""}`;
    return `${integer(executions)} executions, ${count(members, "request")}, busy ${percent(busy / Math.max(1, length))} of ${duration(length)}`;
  }

  openBlock() {
    const block = this.block();
    if (block) this.#open(block);
  }

  fit() {
    const block = this.block(), { chart } = this;
    if (!block) return;
    const start = chart.base + block[0] / 1000, length = Math.max(CLOSEST / 2, block[1] / 1000);
    chart.show(start - length / 2, start + length * 1.5);
  }

  /** @param {Block} block */
  #open(block) {
    const { chart } = this, start = chart.base + block[0] / 1000, length = Math.max(CLOSEST / 3, block[1] / 1000);
    if (block[2] === 1) location.assign(chart.frame.link(`/batch/${block[5]}`));
    else chart.show(start - length * 0.2, start + length * 1.2);
  }

  /** The lane and block at a place. @param {number} px @param {number} py */
  #blockAt(px, py) {
    const { chart } = this, row = chart.layout?.rows.find((candidate) => py >= candidate.top && py < candidate.top + candidate.height), lane = row?.kind === "lane" ? chart.data?.lanes[row.lane] : null;
    if (!row || !lane || !chart.x) return null;
    // A block is at least two pixels wide to the pointer.
    const slack = (chart.to - chart.from) / Math.max(1, chart.width) * 1000, at = (chart.x.value(px) - chart.base) * 1000;
    const block = lane.blocks[firstAfter(lane.blocks, at - slack)];
    return block && block[0] <= at + slack ? { lane, index: row.lane, block } : null;
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const bounds = this.chart.area.getBoundingClientRect(), found = this.#blockAt(event.clientX - bounds.left, event.clientY - bounds.top);
    if (!found) { this.hideTip(); return; }
    this.tip.hidden = false;
    fill(this.tip, h("div", { class: "tip-title" }, `${found.lane.model} v${found.lane.version}`, h("span", { class: "faint" }, ` ${found.lane.name}`)), h("div", null, this.#words(found.block)), h("div", { class: "faint" }, found.block[2] === 1 ? "click to open the batch" : "click to look closer"));
    const left = Math.min(event.clientX - bounds.left + 12, bounds.width - this.tip.offsetWidth - 4);
    this.tip.style.transform = `translate(${Math.round(Math.max(0, left))}px, ${Math.round(event.clientY - bounds.top + 14)}px)`;
  }

  /** @param {number} px @param {number} py */
  openAt(px, py) {
    const found = this.#blockAt(px, py);
    if (!found) { this.chart.selection.clear(); return; }
    this.place = { lane: found.index, start: found.block[0] + Math.min(1, found.block[1]) };
    this.#open(found.block);
  }
}
