// The stage strip: where the request's time went, waiting or working. Its parts sum to the trace's duration.
import { h, fill } from "./dom.js";
import { duration, exact, percent } from "./format.js";
import { STAGES, isStage } from "./color.js";
import { similar, similarLink, plainDuration } from "./copymenu.js";
import { stageSwatch } from "./tip.js";
import { rankScale, rankWords, scalePlace } from "./rank.js";

/** @typedef {{stage: string, duration: number, waiting: boolean}} Part */

/** What the parts of the time that no stage tells are called. @type {Record<string, string>} */
const UNACCOUNTED = { services: "other services", overhead: "overhead in the server", network: "network", handler: "the handler" };

/** The parts of the wait, as they stand until it is known how long each is. */
const PARTS = Object.keys(STAGES).filter((stage) => STAGES[stage].of === "queue");

export class StageStrip {
  /** @param {import("./view.js").TraceView} view a trace with stages */
  constructor(view) {
    this.view = view;
    /** How normal each stage is. @type {Record<string, import("./rank.js").StageRank>} */
    this.ranks = {};
    this.total = 1;
    this.bar = h("div", { class: "strip-bar", "aria-hidden": "true" });
    this.legend = h("ul", { class: "strip-legend" });
    this.element = h("section", { class: "strip", "aria-label": "Stages of the request", "data-testid": "stage-strip" }, this.bar, this.legend);
    view.listen((change) => { if (change === "split") this.draw(); });
    this.draw();
  }

  draw() {
    const { strip, queueSplit } = this.view.trace, parts = [...strip];
    if (!parts.some((part) => part.stage === "unaccounted")) parts.push({ stage: "unaccounted", duration: 0, waiting: true });
    const total = Math.max(1, parts.reduce((sum, part) => sum + part.duration, 0));
    this.total = total;
    const waiting = parts.reduce((sum, part) => sum + (part.waiting ? part.duration : 0), 0);
    const queue = parts.filter((part) => isStage(part.stage, "queue"));
    // Who stands in the legend with the keyboard stays there.
    const focused = this.legend.contains(document.activeElement) ? document.activeElement?.getAttribute("data-stage") : null;
    this.element.setAttribute("data-total-ns", String(total));
    this.element.setAttribute("data-queue-split", queueSplit);
    this.legend.setAttribute("aria-label", `Stages: ${duration(waiting)} of ${duration(total)} waiting`);
    fill(this.bar, parts.filter((part) => part.duration > 0).map((part) => this.#segment(part)));
    fill(this.legend, parts.map((part) => (queueSplit === "none" || !queue.includes(part) ? h("li", null, this.#entry(part)) : part === queue[0] ? this.#queue(queue) : null)));
    if (focused) /** @type {HTMLElement | null} */ (this.legend.querySelector(`[data-stage="${focused}"]`))?.focus();
  }

  /** Marks each stage's place among other requests'. @param {Record<string, import("./rank.js").StageRank>} ranks */
  rank(ranks) {
    this.ranks = ranks;
    this.draw();
  }

  /** The wait as a whole, and what it was for; before that is known its place is kept free. @param {Part[]} parts */
  #queue(parts) {
    const isKnown = this.view.trace.queueSplit === "known";
    const whole = { stage: "queue", duration: parts.reduce((sum, part) => sum + part.duration, 0), waiting: true };
    if (isKnown && parts.every((part) => part.stage === "queue")) {
      const why = this.#why();
      return h("li", { class: "strip-group" }, this.#entry(whole), why && h("span", { class: "faint strip-why", "data-testid": "queue-unsplit", title: `Neither for a free instance nor for a batch: ${why}` }, "not split"));
    }
    const known = isKnown ? parts : PARTS.map((stage) => ({ stage, duration: NaN, waiting: true }));
    // The whole is no part of the sum once its parts are told.
    return h("li", { class: "strip-group" }, this.#entry(whole, isKnown ? "strip-whole" : "strip-legend"), h("span", { class: "faint", "aria-hidden": "true" }, "="),
      known.map((part, index) => [index > 0 && h("span", { class: "faint", "aria-hidden": "true" }, "+"), isKnown ? this.#entry(part) : h("span", { class: "strip-entry pending" }, stageSwatch(part.stage), STAGES[part.stage].label, h("b", null, "…"))]));
  }

  /** Why waits are not split: of the longest one. */
  #why() {
    const { trace } = this.view;
    let longest = -1, words = "";
    for (const [row, text] of trace.unsplit) {
      for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) {
        if (trace.stageNames[index] === "queue" && trace.stageDuration[index] > longest) { longest = trace.stageDuration[index]; words = text; }
      }
    }
    return words;
  }

  /** What is known of the time that no stage tells; empty for other stages. @param {Part} part */
  #known(part) {
    if (part.stage !== "unaccounted") return "";
    const parts = Object.entries(this.view.trace.unaccounted).sort((a, b) => b[1] - a[1]);
    return parts.map(([name, time]) => `${UNACCOUNTED[name] ?? name} ${duration(time)}`).join(", ");
  }

  /** @param {Part} part */
  #describe(part) {
    const inside = this.#known(part), kind = inside ? `of it ${inside}` : part.waiting ? "waiting" : "working";
    const label = STAGES[part.stage]?.label ?? part.stage, rank = this.ranks[part.stage], why = part.stage === "queue" ? this.#why() : "";
    return `${label}: ${duration(part.duration)} (${exact(part.duration)}), ${percent(part.duration / this.total)} of the trace, ${kind}. ${why ? `Not split: ${why}. ` : ""}Click: come near; alt-click: requests in which it is as long${rank?.p99 ? `; ${rankWords(rank)}` : ""}`;
  }

  /** @param {Part} part */
  #segment(part) {
    const element = h("div", { class: `strip-segment${part.waiting ? " hatched" : ""}`, title: this.#describe(part), "data-testid": "strip-segment", "data-stage": part.stage, "data-ns": part.duration });
    element.style.setProperty("--stage", `var(--stage-${part.stage in STAGES ? part.stage : "unaccounted"})`);
    element.style.flexGrow = String(part.duration / this.total);
    this.#glow(element, part.stage);
    element.addEventListener("click", (/** @type {MouseEvent} */ event) => goTo(this.view, part, event));
    return element;
  }

  /** @param {Part} part @param {string} [testid] */
  #entry(part, testid = "strip-legend") {
    const rank = this.ranks[part.stage];
    const button = h("button", { class: "strip-entry", type: "button", title: this.#describe(part), "data-testid": testid, "data-stage": part.stage, "data-ns": part.duration, onclick: (/** @type {MouseEvent} */ event) => goTo(this.view, part, event) },
      stageSwatch(part.stage), h("span", null, STAGES[part.stage]?.label ?? part.stage), h("b", null, duration(part.duration)), h("span", { class: "faint" }, percent(part.duration / this.total), this.#known(part) && `: ${this.#known(part)}`), rank?.p99 ? rankScale(rank) : this.view.trace.root || STAGES[part.stage]?.of ? null : scalePlace());
    this.#glow(button, part.stage);
    return button;
  }

  /** Under the pointer or focus a stage glows in all rows. @param {HTMLElement} element @param {string} stage */
  #glow(element, stage) {
    const set = (/** @type {string | null} */ value) => { this.view.stage = value; this.view.emit("stage"); };
    element.addEventListener("pointerenter", () => set(stage));
    element.addEventListener("pointerleave", () => set(null));
    element.addEventListener("focus", () => { if (element.matches(":focus-visible")) set(stage); });
    element.addEventListener("blur", () => set(null));
  }
}

/**
 * Selects the span where the stage is longest and brings the stage near; with alt it looks for requests in which it is as long.
 * @param {import("./view.js").TraceView} view @param {Part} part @param {MouseEvent} event
 */
function goTo(view, part, event) {
  const { trace } = view, { stage } = part;
  if (event.altKey) {
    const service = similar(view, -1).replace(/ (duration>=|status:).*$/, "");
    location.assign(similarLink(view, -1, `${service} ${STAGES[stage]?.of ?? stage}>=${plainDuration(part.duration)}`));
    return;
  }
  let best = -1;
  for (let index = 0; index < trace.stageNames.length; index++) if (isStage(trace.stageNames[index], stage) && (best < 0 || trace.stageDuration[index] > trace.stageDuration[best])) best = index;
  if (best < 0) return;
  let row = 0;
  while (trace.stageFirst[row + 1] <= best) row++;
  view.select(row);
  const margin = trace.stageDuration[best] * 0.15;
  view.zoom(trace.stageStart[best] - margin, trace.stageStart[best] + trace.stageDuration[best] + margin);
}
