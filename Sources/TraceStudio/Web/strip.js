// The stage strip: where the request's time went, waiting or working. Its parts sum to the trace's duration.
import { h } from "./dom.js";
import { duration, exact, percent } from "./format.js";
import { STAGES } from "./color.js";
import { stageSwatch } from "./tip.js";

/**
 * The strip with its legend; null for a trace without inference spans.
 * @param {import("./view.js").TraceView} view
 */
export function stageStrip(view) {
  const { trace } = view;
  if (!trace.strip.length) return null;
  const parts = [...trace.strip];
  if (!parts.some((part) => part.stage === "unaccounted")) parts.push({ stage: "unaccounted", duration: 0, waiting: true });
  const total = Math.max(1, parts.reduce((sum, part) => sum + part.duration, 0));
  const waiting = parts.reduce((sum, part) => sum + (part.waiting ? part.duration : 0), 0);
  const bar = h("div", { class: "strip-bar", "aria-hidden": "true" }, parts.filter((part) => part.duration > 0).map((part) => segment(view, part, total)));
  const legend = h("ul", { class: "strip-legend", "aria-label": `Stages: ${duration(waiting)} of ${duration(total)} waiting` }, parts.map((part) => entry(view, part, total)));
  return h("section", { class: "strip", "aria-label": "Stages of the request", "data-testid": "stage-strip", "data-total-ns": total }, bar, legend);
}

/** @typedef {{stage: string, duration: number, waiting: boolean}} Part */

/** @param {Part} part @param {number} total */
function describe(part, total) {
  const label = STAGES[part.stage]?.label ?? part.stage;
  return `${label}: ${duration(part.duration)} (${exact(part.duration)}), ${percent(part.duration / total)} of the trace, ${part.waiting ? "waiting" : "working"}`;
}

/** @param {import("./view.js").TraceView} view @param {Part} part @param {number} total */
function segment(view, part, total) {
  const element = h("div", { class: `strip-segment${part.waiting ? " hatched" : ""}`, title: describe(part, total), "data-testid": "strip-segment", "data-stage": part.stage, "data-ns": part.duration });
  element.style.setProperty("--stage", `var(--stage-${part.stage in STAGES ? part.stage : "unaccounted"})`);
  element.style.flexGrow = String(part.duration / total);
  glow(element, view, part.stage);
  element.addEventListener("click", () => goTo(view, part.stage));
  return element;
}

/** @param {import("./view.js").TraceView} view @param {Part} part @param {number} total */
function entry(view, part, total) {
  const button = h("button", { class: "strip-entry", type: "button", title: describe(part, total), "data-testid": "strip-legend", "data-stage": part.stage, "data-ns": part.duration, onclick: () => goTo(view, part.stage) },
    stageSwatch(part.stage), h("span", null, STAGES[part.stage]?.label ?? part.stage), h("b", null, duration(part.duration)), h("span", { class: "faint" }, percent(part.duration / total)));
  glow(button, view, part.stage);
  return h("li", null, button);
}

/** Under the pointer or focus a stage glows in all rows. @param {HTMLElement} element @param {import("./view.js").TraceView} view @param {string} stage */
function glow(element, view, stage) {
  const set = (/** @type {string | null} */ value) => { view.stage = value; view.emit("stage"); };
  element.addEventListener("pointerenter", () => set(stage));
  element.addEventListener("pointerleave", () => set(null));
  element.addEventListener("focus", () => { if (element.matches(":focus-visible")) set(stage); });
  element.addEventListener("blur", () => set(null));
}

/** Selects the span where the stage is longest. @param {import("./view.js").TraceView} view @param {string} stage */
function goTo(view, stage) {
  const { trace } = view;
  let best = 0, found = -1;
  for (let row = 0; row < trace.count; row++) {
    for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) {
      if (trace.stageNames[index] !== stage || trace.stageDuration[index] <= best) continue;
      best = trace.stageDuration[index];
      found = row;
    }
  }
  if (found >= 0) view.select(found);
}
