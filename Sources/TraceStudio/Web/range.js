// The time that a page is about: the last hour and the like, or a fixed part of time. It travels in the URL from page to page.
import { isUTC, moment } from "./format.js";

/** Choices of the time range: value and words. @type {Array<[string, string]>} */
export const LOOKBACKS = [["5m", "Last 5 minutes"], ["15m", "Last 15 minutes"], ["1h", "Last hour"], ["3h", "Last 3 hours"], ["6h", "Last 6 hours"],
  ["12h", "Last 12 hours"], ["24h", "Last 24 hours"], ["2d", "Last 2 days"], ["7d", "Last 7 days"], ["30d", "Last 30 days"]];
const STANDARD = "1h";
/** Senders' clocks may run ahead of this one. */
const AHEAD = 60_000_000;
/** A lookback moves on in so many steps, or in smaller ones. */
const STEPS = 360;

export class TimeRange {
  /** @param {URLSearchParams} parameters */
  constructor(parameters) {
    /** Such as `15m`; null for a fixed range. @type {string | null} */
    this.lookback = STANDARD;
    /** Microseconds since 1970; of a lookback, as of when the page was opened or refreshed. */
    this.from = 0;
    this.to = 0;
    this.read(parameters);
  }

  /** @param {URLSearchParams} parameters */
  read(parameters) {
    const from = Number(parameters.get("from")), to = Number(parameters.get("to"));
    if (from > 0 && to > from) {
      this.lookback = null;
      this.from = micros(from);
      this.to = micros(to);
      return;
    }
    const lookback = parameters.get("lookback") ?? STANDARD;
    this.lookback = lookbackMicroseconds(lookback) === null ? STANDARD : lookback;
    this.refresh();
  }

  /** Moves a lookback to now. The end is a round one, so that pages that are opened soon after each other ask about the same window, which the server reads once. */
  refresh() {
    if (!this.lookback) return;
    const length = lookbackMicroseconds(this.lookback) ?? 3.6e9;
    const step = Math.min(length / STEPS, AHEAD / 4);
    const end = Math.ceil((Date.now() * 1000 + AHEAD) / step) * step;
    this.from = end - AHEAD - length;
    this.to = end;
  }

  /** As it stands in a page's URL; the standard range is left out. @param {URLSearchParams} parameters @param {boolean} [frozen] whether a lookback becomes a fixed range, for a link that others open later */
  write(parameters, frozen = false) {
    for (const name of ["from", "to", "lookback"]) parameters.delete(name);
    if (this.lookback && !frozen) {
      if (this.lookback !== STANDARD) parameters.set("lookback", this.lookback);
      return;
    }
    parameters.set("from", String(Math.round(this.from)));
    parameters.set("to", String(Math.round(this.to)));
  }

  /** As the API takes it: always absolute, so that all questions of a page are about the same time. @param {URLSearchParams} parameters */
  ask(parameters) {
    parameters.set("from", String(Math.round(this.from)));
    parameters.set("to", String(Math.round(this.to)));
  }

  /** In words: of the end only what differs, its day or its day and year. */
  get label() {
    if (this.lookback) return LOOKBACKS.find(([value]) => value === this.lookback)?.[1] ?? `Last ${this.lookback}`;
    const [from, to] = [moment(this.from), moment(this.to)];
    const same = [from.slice(0, -8), from.slice(0, 5)].find((part) => /^\d{4}-/.test(part) && to.startsWith(part)) ?? "";
    return `${from} – ${to.slice(same.length)}${isUTC ? " UTC" : ""}`;
  }
}

/** Unix time in s, ms, µs or ns, told apart by size, in microseconds. @param {number} value */
function micros(value) {
  if (value < 1e11) return value * 1e6;
  if (value < 1e14) return value * 1e3;
  return value < 1e17 ? value : value / 1e3;
}

/** @param {string} lookback @returns {number | null} */
function lookbackMicroseconds(lookback) {
  const match = lookback.match(/^(\d{1,6})([smhdw])$/);
  if (!match || Number(match[1]) === 0) return null;
  return Number(match[1]) * { s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10, w: 6.048e11 }[/** @type {"s"|"m"|"h"|"d"|"w"} */ (match[2])];
}
