// How much a number can be believed: counts scaled up from a sample, quantiles that rest on few requests, and sums whose parts add up as printed.
import { h } from "./dom.js";
import { duration, integer } from "./format.js";

/** Below so many samples an estimate is given with its margin. */
const FEW = 400;
/** Below so many samples beyond it a quantile is only a hint. */
const TAIL = 100;
const THIN = "\u202f";

/**
 * A count; one that was scaled up from fewer samples has `≈`, and from few ones the margin of 19 out of 20 cases.
 * @param {number} count weighted @param {number} samples that it was made from
 */
export function estimate(count, samples) {
  if (Math.abs(count - samples) < 0.5) return integer(count);
  const margin = samples > 0 && samples < FEW ? ` ± ${integer(1.96 * count / Math.sqrt(samples))}` : "";
  return `≈ ${integer(count)}${margin}`;
}

/**
 * A quantile; grey and with the number of requests beyond it when these are few.
 * @param {number | undefined} value ns @param {number} samples that the distribution is made of @param {number} share such as 0.99
 */
export function quantile(value, samples, share) {
  const beyond = Math.ceil(samples * (1 - share) - 1e-9);
  if (value === undefined || beyond >= TAIL) return h("span", { class: "estimate", "data-n": beyond }, duration(value));
  return h("span", { class: "estimate faint few", "data-n": beyond, title: `only ${integer(beyond)} of ${integer(samples)} requests took longer: a hint, no more` }, duration(value), h("small", null, ` n = ${integer(beyond)}`));
}

/**
 * Differences in one unit, rounded so that the parts as printed add up to the whole as printed.
 * @param {number[]} parts ns @param {number} whole ns, their sum
 * @returns {{whole: string, parts: string[], unit: string, numbers: number[]}}
 */
export function summing(parts, whole) {
  const most = Math.max(Math.abs(whole), 1);
  const [size, unit] = most >= 1e9 ? [1e9, "s"] : most >= 1e6 ? [1e6, "ms"] : most >= 1e3 ? [1e3, "µs"] : [1, "ns"];
  const digits = size === 1 ? 0 : most / size >= 100 ? 1 : 2, step = size / 10 ** digits;
  const target = Math.round(whole / step);
  const floors = parts.map((part) => Math.floor(part / step));
  let missing = target - floors.reduce((sum, value) => sum + value, 0);
  // Whoever lost most by rounding down is rounded up.
  const order = parts.map((part, index) => ({ index, lost: part / step - floors[index] })).sort((a, b) => b.lost - a.lost);
  for (const { index } of order) if (missing > 0) { floors[index]++; missing--; }
  const text = (/** @type {number} */ value) => (value === 0 ? "0" : `${value > 0 ? "+" : "−"}${(Math.abs(value) * step / size).toFixed(digits)}${THIN}${unit}`);
  return { whole: text(target), parts: floors.map(text), unit, numbers: floors.map((value) => value * step) };
}
