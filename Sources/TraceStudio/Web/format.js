// Numbers and times as people read them. Durations are nanoseconds throughout.

import { preference } from "./dom.js";

const THIN = "\u202f";
/** @type {Array<[number, string]>} */
const UNITS = [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]];

/**
 * A duration with three significant digits and its unit: `512 ns`, `1.95 µs`, `184 ms`, `2 min 05 s`.
 * Carries at a unit's edge: 999.95 µs is `1 ms`.
 * @param {number | null | undefined} ns @returns {string}
 */
export function duration(ns) {
  if (ns === null || ns === undefined || Number.isNaN(ns)) return "–";
  if (ns === 0) return "0";
  if (ns < 0) return `−${duration(-ns)}`;
  if (ns < 59.95e9) {
    for (let index = 0; index < UNITS.length; index++) {
      const [size, unit] = UNITS[index];
      const value = ns / size;
      const text = significant(value);
      if (Number(text) < 1000 || index === UNITS.length - 1) return `${text}${THIN}${unit}`;
    }
  }
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${THIN}min ${pad(seconds % 60)}${THIN}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}${THIN}h ${pad(minutes % 60)}${THIN}min`;
}

/** @param {number} value */
function significant(value) {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const text = value.toFixed(digits);
  return digits ? text.replace(/\.?0+$/, "") : text;
}

/** @param {number} value */
function pad(value) { return String(value).padStart(2, "0"); }

/** The exact duration, for tooltips: `1 234 567 ns`. @param {number} ns */
export function exact(ns) { return `${integer(ns)}${THIN}ns`; }

/** An integer with thin-space groups. @param {number} value */
export function integer(value) { return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, THIN); }

/** A count in little room: `999`, `1.2k`, `12k`, `3.4M`. @param {number} value */
export function compact(value) {
  if (value < 1000) return String(value);
  if (value < 9950) return `${(value / 1000).toFixed(1).replace(".0", "")}k`;
  if (value < 999500) return `${Math.round(value / 1000)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

/** `3 spans`, `1 span`. @param {number} value @param {string} noun */
export function count(value, noun) { return `${integer(value)} ${noun}${value === 1 ? "" : "s"}`; }

/** What rates are told by: seconds, sign and words. @typedef {{seconds: number, sign: string, words: string}} RateUnit @type {RateUnit[]} */
const RATE_UNITS = [{ seconds: 1, sign: "/s", words: "a second" }, { seconds: 60, sign: "/min", words: "a minute" }, { seconds: 3600, sign: "/h", words: "an hour" }];

/** The unit in which a rate reads well: the shortest time in which anything much happens. @param {number} perSecond @returns {RateUnit} */
export function rateUnit(perSecond) { return RATE_UNITS.find((unit) => perSecond === 0 || perSecond * unit.seconds >= 0.0995) ?? RATE_UNITS[RATE_UNITS.length - 1]; }

/** A rate without its unit, two digits, or three from ten on. @param {number} perSecond @param {RateUnit} [unit] */
export function rateNumber(perSecond, unit = rateUnit(perSecond)) {
  const value = perSecond * unit.seconds;
  return value >= 100 ? integer(value) : String(Number(value.toPrecision(value < 9.95 ? 2 : 3)));
}

/** A rate with its unit: `12.5 /s`, `3 /min`, `2 /h`. @param {number} perSecond @param {RateUnit} [unit] one for all, as on an axis */
export function rate(perSecond, unit = rateUnit(perSecond)) { return `${rateNumber(perSecond, unit)}${THIN}${unit.sign}`; }

/** A share; no decimals from 10 % on. @param {number} share 0…1 */
export function percent(share) {
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 0.1) return "< 0.1 %";
  return `${value < 9.95 ? value.toFixed(1).replace(".0", "") : Math.round(value)} %`;
}

/**
 * One line of a message of many: the last line of a Python traceback, which names the error, else the first.
 * @param {string} message
 */
export function headline(message) {
  const lines = message.split("\n").map((line) => line.trim()).filter(Boolean);
  return (lines[0]?.startsWith("Traceback") ? lines.at(-1) : lines[0]) ?? "";
}

/** Size in bytes as text. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1048576) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1048576).toFixed(1)} MiB`;
}

/** Milliseconds since 1970 of a nanosecond count given as text. @param {string} unixNano */
function milliseconds(unixNano) {
  return Number(BigInt(unixNano) / 1000n) / 1000;
}

/** Whether times of day are shown in UTC; else in the browser's zone. */
export const isUTC = preference("zone") === "utc";

/** What to add to a moment so that the UTC parts of the sum are those on the clock that is shown, ms. @param {number} ms since 1970 */
export function zoneOffset(ms) { return isUTC ? 0 : new Date(ms).getTimezoneOffset() * -60_000; }

/** ISO 8601 on the clock that is shown, to the millisecond and without a zone. @param {number} ms since 1970 */
function wall(ms) { return new Date(ms + zoneOffset(ms)).toISOString().slice(0, 23); }

/** Time of day with milliseconds: `12:04:31.207`. @param {string} unixNano */
export function timeOfDay(unixNano) { return wall(milliseconds(unixNano)).slice(11); }

/** Date and time; the date is left out for today. @param {string} unixNano */
export function dateTime(unixNano) {
  const [date, time] = wall(milliseconds(unixNano)).split("T");
  return date === wall(Date.now()).slice(0, 10) ? time : `${date} ${time}`;
}

/** Date and time to the second. @param {number} micros since 1970 */
export function moment(micros) { return dateTime(`${Math.round(micros)}000`).slice(0, -4); }

/** How long ago, roughly: `12 s ago`. @param {string} unixNano */
export function ago(unixNano) {
  const seconds = (Date.now() - milliseconds(unixNano)) / 1000;
  if (seconds < 0) return "in the future";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** ISO 8601 in UTC with all nine digits. @param {string} unixNano */
export function iso(unixNano) {
  const nanos = BigInt(unixNano);
  const date = new Date(Number(nanos / 1000000n));
  return `${date.toISOString().slice(0, 19)}.${String(nanos % 1000000000n).padStart(9, "0")}Z`;
}

/**
 * Ticks at 1-2-5 steps, at least `minimumGap` pixels apart, in one unit for the whole ruler. Far from the start only the first tick
 * tells where it is, the others how far from it: nobody reads `1000.00005 ms`.
 * @param {number} start ns @param {number} end ns @param {number} width px @param {number} [minimumGap] px
 * @returns {Array<{at: number, label: string}>}
 */
export function ticks(start, end, width, minimumGap = 80) {
  const span = end - start;
  if (!(span > 0) || !(width > 0)) return [];
  const raw = span * minimumGap / width;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw * 0.9999) ?? raw;
  const [unitSize, unit] = [...UNITS].reverse().find(([size]) => size <= Math.max(step, end / 1000)) ?? UNITS[0];
  const decimals = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / unitSize) - 1e-9)));
  const result = [], first = Math.ceil(start / step - 1e-9), isFar = first >= 10_000;
  for (let index = first; index * step <= end + step * 1e-6; index++) {
    const at = index * step;
    result.push({ at, label: at === 0 ? "0" : isFar && index > first ? `+${duration((index - first) * step)}` : `${(at / unitSize).toFixed(decimals)}${THIN}${unit}` });
  }
  return result;
}

/**
 * Reads a duration such as `1.5s`, `200ms`, `300us`, `1m30s`; null when it is not one.
 * @param {string} text @returns {number | null} ns
 */
export function parseDuration(text) {
  const trimmed = text.trim().replace(/\s+/g, "");
  if (!/^(\d+(\.\d+)?(ns|us|µs|μs|ms|s|m|h))+$/.test(trimmed)) return null;
  const sizes = /** @type {Record<string, number>} */ ({ ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 });
  let total = 0;
  for (const [, value, , unit] of trimmed.matchAll(/(\d+(\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)) total += Number(value) * sizes[unit];
  return total;
}
