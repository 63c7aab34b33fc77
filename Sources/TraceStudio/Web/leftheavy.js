// Many traces merged into one flame graph: how wide a frame is says how long requests wait for it on average. The widest comes first.
import { h, fill } from "./dom.js";
import { duration, integer, percent } from "./format.js";
import { STAGES, serviceSlots, serviceVariable } from "./color.js";
import { figure } from "./figure.js";
import { exemplars, signed } from "./why.js";

const ROW = 22;
/** Narrower frames cannot be seen or hit, share of the whole. */
const NARROWEST = 0.002;
/** A change of less than this share of the mean looks like none. */
const STRONG = 0.2;
const BANDS = [["all", "all of it"], ["p50", "typical (P50)"], ["p95", "slow (P95)"], ["p99", "slowest (P99)"]];

/**
 * @typedef {{parent?: number, depth: number, service?: string, name: string, model?: string, stage?: string, ownNano: number, totalNano: number, baselineNano: number, share: number, exemplars: string[]}} PathFrame
 */

export class LeftHeavy {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.bands = h("div", { class: "chips", role: "group", "aria-label": "Which traces" });
    this.colours = h("button", { class: "chip", type: "button", "data-testid": "colour-change", onclick: () => frame.set({ colour: this.isChange ? null : "change" }, { push: true, tell: true }) }, "colour by change");
    this.picture = h("div", { class: "path-frames", role: "tree", "aria-label": "Frames, the widest first" });
    this.detail = h("div", { class: "path-detail", role: "status", "data-testid": "frame-detail" });
    this.note = h("span");
    this.element = figure({ title: "Where requests wait, on average", note: this.note, summary: "Flame graph of the mean time on the critical path, merged by service, span and model", testid: "left-heavy", numbers: () => this.numbers(), actions: [this.bands, this.colours] }, h("div", null, this.picture, this.detail));
    /** @type {any} */
    this.answer = null;
    this.chosen = -1;
    this.picture.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  get isChange() { return this.frame.parameters.get("colour") === "change"; }
  get band() { return this.frame.parameters.get("band") ?? "all"; }

  /** @param {any} answer of /api/ui/aggregate */
  set(answer) {
    this.answer = answer;
    this.chosen = -1;
    fill(this.detail, h("span", { class: "faint" }, "choose a frame for examples of it"));
    fill(this.bands, BANDS.map(([band, label]) => h("button", { class: "chip", type: "button", "aria-pressed": String(band === answer.band), "data-band": band, onclick: () => this.frame.set({ band: band === "all" ? null : band }, { push: true, tell: true }) }, label)));
    this.colours.setAttribute("aria-pressed", String(this.isChange));
    this.colours.hidden = answer.baselineTraces === 0;
    fill(this.note, answer.traces ? `${integer(answer.traces)} traces of ${duration(answer.shortestNano)} to ${duration(answer.longestNano)}, mean ${duration(Math.round(answer.meanNano))}${answer.baselineTraces ? `; change against ${integer(answer.baselineTraces)} others` : ""}` : "");
    this.element.hidden = answer.frames.length === 0;
    this.draw();
  }

  draw() {
    const frames = /** @type {PathFrame[]} */ (this.answer.frames), whole = Math.max(this.answer.meanNano, frames.filter((frame) => frame.parent === undefined).reduce((sum, frame) => sum + frame.totalNano, 0)) || 1;
    const slots = serviceSlots(frames.map((frame) => frame.service ?? "").filter(Boolean));
    const left = frames.map(() => 0), ends = frames.map(() => 0);
    let top = 0;
    fill(this.picture, frames.map((frame, index) => {
      // Frames come depth first, the widest first: each begins where the one before it below the same parent ends.
      left[index] = frame.parent === undefined ? top : ends[frame.parent];
      if (frame.parent === undefined) top += frame.totalNano;
      else ends[frame.parent] += frame.totalNano;
      ends[index] = left[index];
      const share = frame.totalNano / whole;
      if (share < NARROWEST) return null;
      return this.#view(frame, index, left[index] / whole, share, slots);
    }));
    this.picture.style.height = `${(Math.max(0, ...frames.filter((frame) => frame.totalNano / whole >= NARROWEST).map((frame) => frame.depth)) + 1) * ROW}px`;
    this.picture.querySelector("button")?.setAttribute("tabindex", "0");
  }

  /** @param {PathFrame} frame @param {number} index @param {number} at @param {number} share @param {Map<string, number>} slots */
  #view(frame, index, at, share, slots) {
    const button = h("button", { class: "path-frame", type: "button", role: "treeitem", tabindex: -1, "aria-level": frame.depth + 1, "aria-selected": "false", "data-index": index, "data-name": frame.name, "aria-label": this.#words(frame), title: this.#words(frame), onclick: () => this.#choose(index) }, h("span", null, label(frame)));
    button.style.left = `${at * 100}%`;
    button.style.width = `${share * 100}%`;
    button.style.top = `${frame.depth * ROW}px`;
    if (this.isChange && this.answer.baselineTraces) {
      const change = frame.totalNano - frame.baselineNano, strength = Math.min(1, Math.abs(change) / (Math.max(1, this.answer.meanNano) * STRONG));
      button.classList.add(change >= 0 ? "slower" : "faster");
      button.style.setProperty("--strength", `${Math.round(10 + strength * 70)}%`);
    } else if (frame.stage) {
      button.classList.add("stage");
      if (STAGES[frame.stage]?.waiting) button.classList.add("hatched");
      button.style.setProperty("--stage", `var(--stage-${frame.stage in STAGES ? frame.stage : "unaccounted"})`);
    } else {
      button.style.setProperty("--stage", serviceVariable(slots.get(frame.service ?? "") ?? 0));
    }
    return button;
  }

  /** @param {PathFrame} frame */
  #words(frame) {
    const { answer } = this;
    return `${label(frame)}${frame.service ? ` of ${frame.service}` : ""}: ${duration(Math.round(frame.totalNano))} on average, ${percent(frame.totalNano / Math.max(1, answer.meanNano))}, in ${percent(frame.share)} of the traces${answer.baselineTraces ? `, ${signed(frame.totalNano - frame.baselineNano)} against the others` : ""}`;
  }

  /** @param {number} index */
  #choose(index) {
    const frame = this.answer.frames[index];
    this.chosen = index;
    for (const button of this.picture.querySelectorAll(".path-frame")) button.setAttribute("aria-selected", String(button.getAttribute("data-index") === String(index)));
    fill(this.detail, h("p", null, this.#words(frame), frame.stage ? null : `; ${duration(Math.round(frame.ownNano))} of its own`), h("p", null, "Examples, from usual to most: ", exemplars(frame.exemplars)));
  }

  /** Arrows go to the frame above, the first below and the ones beside it. @param {KeyboardEvent} event */
  #key(event) {
    const here = /** @type {HTMLElement} */ (event.target).closest(".path-frame");
    if (!here) return;
    const frames = /** @type {PathFrame[]} */ (this.answer.frames), index = Number(here.getAttribute("data-index")), at = frames[index];
    const beside = frames.map((frame, place) => ({ frame, place })).filter(({ frame }) => frame.parent === at.parent).map(({ place }) => place), place = beside.indexOf(index);
    const next = { ArrowUp: at.parent, ArrowDown: frames.findIndex((frame) => frame.parent === index), ArrowLeft: beside[place - 1], ArrowRight: beside[place + 1] }[event.key];
    if (!/^Arrow/.test(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const target = next === undefined ? null : /** @type {HTMLElement | null} */ (this.picture.querySelector(`[data-index="${next}"]`));
    if (!target) return;
    here.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
    target.focus();
  }

  numbers() {
    const { answer } = this;
    return {
      columns: [{ label: "frame" }, { label: "service" }, { label: "mean", numeric: true }, { label: "own", numeric: true }, { label: "share of time", numeric: true }, { label: "of traces", numeric: true }, ...(answer.baselineTraces ? [{ label: "change", numeric: true }] : [])],
      rows: answer.frames.map((/** @type {PathFrame} */ frame) => [`${"\u2007".repeat(frame.depth * 2)}${label(frame)}`, frame.service ?? "", duration(Math.round(frame.totalNano)), duration(Math.round(frame.ownNano)), percent(frame.totalNano / Math.max(1, answer.meanNano)), percent(frame.share), ...(answer.baselineTraces ? [signed(frame.totalNano - frame.baselineNano)] : [])]),
    };
  }
}

/** @param {PathFrame} frame */
function label(frame) { return frame.stage ? STAGES[frame.stage]?.label ?? frame.name : frame.model && frame.model !== frame.name ? `${frame.name} (${frame.model})` : frame.name; }
