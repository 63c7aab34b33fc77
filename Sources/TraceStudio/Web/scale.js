// Scales and axes of charts: durations on a logarithmic axis, times of day on a straight one.
import { duration, zoneOffset } from "./format.js";

/** A logarithmic scale. */
export class LogScale {
  /** @param {number} low above 0 @param {number} high @param {number} a where `low` is, px @param {number} b where `high` is, px */
  constructor(low, high, a, b) {
    this.low = Math.log(Math.max(low, 1e-9));
    this.high = Math.max(this.low + 1e-6, Math.log(Math.max(high, 1e-9)));
    this.a = a;
    this.b = b;
  }
  /** @param {number} value */
  at(value) { return this.a + (Math.log(Math.max(value, 1e-9)) - this.low) / (this.high - this.low) * (this.b - this.a); }
  /** @param {number} px */
  value(px) { return Math.exp(this.low + (px - this.a) / (this.b - this.a) * (this.high - this.low)); }
  /** Durations at round steps, about `gap` px apart. @param {number} [gap] */
  ticks(gap = 44) {
    const low = this.low / Math.LN10, high = this.high / Math.LN10, most = Math.max(2, Math.floor(Math.abs(this.b - this.a) / gap));
    const all = [];
    for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
      for (const factor of high - low > 1.6 ? [1] : high - low > 0.7 ? [1, 3] : [1, 1.5, 2, 3, 5, 7]) {
        const at = factor * 10 ** power;
        if (Math.log10(at) >= low && Math.log10(at) <= high) all.push(at);
      }
    }
    const every = Math.ceil(all.length / most);
    return all.filter((_, index) => index % every === 0).map((at) => ({ at, label: duration(at) }));
  }
}

/** A straight scale. */
export class LinearScale {
  /** @param {number} low @param {number} high @param {number} a px @param {number} b px */
  constructor(low, high, a, b) {
    this.low = low;
    this.high = high > low ? high : low + 1;
    this.a = a;
    this.b = b;
  }
  /** @param {number} value */
  at(value) { return this.a + (value - this.low) / (this.high - this.low) * (this.b - this.a); }
  /** @param {number} px */
  value(px) { return this.low + (px - this.a) / (this.b - this.a) * (this.high - this.low); }
  /** Numbers at 1-2-5 steps. @param {number} [gap] px */
  ticks(gap = 44) {
    const raw = (this.high - this.low) * gap / Math.max(1, Math.abs(this.b - this.a));
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw) ?? raw;
    const result = [];
    for (let index = Math.ceil(this.low / step - 1e-9); index * step <= this.high + step * 1e-6; index++) result.push(Number((index * step).toPrecision(12)));
    return result;
  }
}

/** Steps of the time axis in ms: from microseconds to weeks, each a round part of the next. */
const STEPS = [
  ...[0.001, 0.01, 0.1, 1, 10, 100].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1e3), ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 6e4),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3.6e6), ...[1, 2, 7, 14, 28].map((days) => days * 8.64e7),
];

/**
 * Round times of day inside a range, never two with the same label: the precision follows from the step between them.
 * @param {number} from ms since 1970 @param {number} to ms @param {number} most how many ticks fit
 * @returns {Array<{at: number, label: string}>}
 */
export function clockTicks(from, to, most) {
  const step = STEPS.find((size) => (to - from) / size <= most) ?? Math.ceil((to - from) / most / 2.4192e9) * 2.4192e9;
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / 1000) - 1e-9)));
  const days = step >= 8.64e7;
  const offset = -zoneOffset(from);
  const severalDays = Math.floor((from - offset) / 8.64e7) !== Math.floor((to - offset) / 8.64e7);
  const result = [];
  // Whole multiples of the step in integers, so that the time since 1970 keeps its microseconds.
  const last = Math.floor((to - offset) / step);
  for (let index = Math.ceil((from - offset) / step); index <= last && result.length <= most; index++) {
    const at = index * step + offset;
    const date = new Date(Math.floor(at - offset + 1e-4));
    const day = days || severalDays ? dayText(date, to - from > 2.5e10) : "";
    result.push({ at, label: days ? day : `${severalDays ? `${day} ` : ""}${clock(at, date, step, digits)}` });
  }
  return result;
}

/** Making a format takes longer than drawing a chart: one with the year, one without. @type {Map<boolean, Intl.DateTimeFormat>} */
const DAYS = new Map();

/** @param {Date} date @param {boolean} withYear */
function dayText(date, withYear) {
  let format = DAYS.get(withYear);
  if (!format) DAYS.set(withYear, format = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", day: "numeric", month: "short", year: withYear ? "numeric" : undefined }));
  return format.format(date);
}

/** The time of day with as many decimals of the second as the step needs. @param {number} at ms @param {Date} date the same, shifted to the clock that is shown @param {number} step ms @param {number} digits */
function clock(at, date, step, digits) {
  const text = date.toISOString().slice(11);
  if (step >= 6e4) return text.slice(0, 5);
  if (digits === 0) return text.slice(0, 8);
  const micros = Math.round((at % 1000 + 1000) % 1000 * 1000) % 1e6;
  return `${text.slice(0, 8)}.${String(micros).padStart(6, "0").slice(0, digits)}`;
}
