// Times without any data: drawn as bands on time axes, because a zero would claim that somebody looked.
import { svg } from "./dom.js";
import { dateTime, duration } from "./format.js";

/** @typedef {{kind?: "silent" | "before", from: string, to: string}} Gap nanoseconds since 1970; `before` is the time before the first span that was ever stored, where nothing is missing */

const BEFORE = "before the first trace";

/** Gaps that begin within the time that is shown: before its first data there may never have been any. @param {{from?: string, gaps?: Gap[]}} answer */
export function interruptions(answer) { return (answer.gaps ?? []).filter((gap) => gap.kind !== "before" && gap.from !== answer.from); }

/** @param {Gap} gap */
export function gapWords(gap) {
  return `no data at all from ${dateTime(gap.from).replace(/\.\d+$/, "")} to ${dateTime(gap.to).replace(/\.\d+$/, "")} (${duration(Number(BigInt(gap.to) - BigInt(gap.from)))})`;
}

/** Why there is no data of a part of time, as tables say it; null where there is. @param {Gap[] | undefined} gaps @param {number} from µs since 1970 @param {number} to µs */
export function absence(gaps, from, to) {
  const around = (gaps ?? []).find((gap) => Number(BigInt(gap.from) / 1000n) <= from && Number(BigInt(gap.to) / 1000n) >= to);
  return around ? (around.kind === "before" ? BEFORE : "no data") : null;
}

/**
 * Hatched bands over a chart; the time before the first trace is plain and says so.
 * @param {Gap[] | undefined} gaps @param {(micros: number) => number} at where a time is, px @param {{left: number, right: number, top: number, bottom: number}} area
 */
export function gapBands(gaps, at, area) {
  return (gaps ?? []).map((gap) => {
    const left = Math.max(area.left, at(Number(BigInt(gap.from) / 1000n))), right = Math.min(area.right, at(Number(BigInt(gap.to) / 1000n)));
    if (right - left < 1) return null;
    const height = area.bottom - area.top, middle = { x: (left + right) / 2, y: area.top + height / 2 + 4, "text-anchor": "middle" };
    if (gap.kind === "before") return svg("g", { class: "before-band", "data-testid": "before-band" }, svg("line", { x1: right, x2: right, y1: area.top, y2: area.bottom }), right - left > 140 && svg("text", middle, BEFORE));
    let stripes = "";
    for (let x = left - height; x < right; x += 8) {
      const from = Math.max(x, left), to = Math.min(x + height, right);
      if (to > from) stripes += `M${from.toFixed(1)} ${(area.bottom - (from - x)).toFixed(1)}L${to.toFixed(1)} ${(area.bottom - (to - x)).toFixed(1)}`;
    }
    return svg("g", { class: "gap-band", "data-testid": "gap-band" }, svg("title", null, gapWords(gap)), svg("rect", { "data-decoration": "", x: left, y: area.top, width: right - left, height }), svg("path", { d: stripes }),
      right - left > 52 && svg("text", middle, "no data"));
  });
}
