// Is this normal? Where the request stands among the others to the same model, and each of its stages.
import { h } from "./dom.js";
import * as api from "./api.js";
import { duration, integer } from "./format.js";
import { place } from "./normal.js";

/** Others that make a rank worth telling. */
const ENOUGH = 20;

/** @typedef {{nano: number, p50: number, p99: number, rank: number}} StageRank */

/** Adds marks to the head and the stage strip once the server has compared. @param {import("./columns.js").TraceColumns} trace @param {HTMLElement} head @param {{rank: (ranks: Record<string, StageRank>) => void} | null} strip */
export async function rankMarks(trace, head, strip) {
  if (!trace.strip.length || trace.root) return;
  let answer;
  try { answer = await api.rank(trace.traceID); } catch { return; }
  if (!answer?.others || answer.others < ENOUGH) return;
  const standing = place(answer.rank);
  head.querySelector(".rank.pending")?.replaceWith(h("span", { class: `chip rank${answer.rank >= 0.95 ? " error" : ""}`, "data-testid": "rank", "data-rank": answer.rank, title: `slower than ${(answer.rank * 100).toFixed(1)} % of ${integer(answer.others)} other requests to ${answer.model} within half an hour; p50 ${duration(answer.duration.p50)}, p99 ${duration(answer.duration.p99)}` }, `${standing} of ${answer.model}${answer.version ? ` v${answer.version}` : ""}`));
  strip?.rank(answer.stages ?? {});
}

/** A stage's place among other requests' in words. @param {StageRank} stage */
export function rankWords(stage) { return `p50 ${duration(stage.p50)}, p99 ${duration(stage.p99)}, ${place(stage.rank)}`; }

/** The place of a scale until it is known. */
export function scalePlace() { return h("span", { class: "rank-scale pending", "aria-hidden": "true" }); }

/** A scale from nothing to p99 with the middle and this one marked. @param {StageRank} stage */
export function rankScale(stage) {
  const most = Math.max(stage.p99, stage.nano) || 1;
  const mark = (/** @type {string} */ name, /** @type {number} */ value) => { const element = h("i", { class: name }); element.style.left = `${value / most * 100}%`; return element; };
  return h("span", { class: "rank-scale", "aria-hidden": "true" }, mark("rank-p50", stage.p50), mark("rank-p99", stage.p99), mark(`rank-this${stage.rank >= 0.95 ? " high" : ""}`, stage.nano));
}
