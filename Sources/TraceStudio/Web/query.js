// What is searched for, in the URL under the parameter names Jaeger's page uses, so that links and habits carry over.
import * as logfmt from "./logfmt.js";
import { parseDuration } from "./format.js";

/**
 * @typedef {{service: string, operation: string, tags: string, minDuration: string, maxDuration: string,
 *   lookback: string, start: string, end: string, limit: string, sort: string}} Query
 * Durations as typed, `start` and `end` in microseconds since 1970 (only for the lookback `custom`), tags as logfmt.
 */

/** @type {Query} */
export const DEFAULTS = { service: "", operation: "", tags: "", minDuration: "", maxDuration: "", lookback: "1h", start: "", end: "", limit: "20", sort: "newest" };

/** Choices of the time range: value and words. @type {Array<[string, string]>} */
export const LOOKBACKS = [["5m", "Last 5 minutes"], ["15m", "Last 15 minutes"], ["1h", "Last hour"], ["3h", "Last 3 hours"], ["6h", "Last 6 hours"],
  ["12h", "Last 12 hours"], ["24h", "Last 24 hours"], ["2d", "Last 2 days"], ["7d", "Last 7 days"], ["30d", "Last 30 days"], ["custom", "Custom range"]];

export const MAXIMUM_LIMIT = 1500;

/** Reads the query from a URL's search part. @param {string} search @returns {Query} */
export function read(search) {
  const parameters = new URLSearchParams(search);
  const query = { ...DEFAULTS };
  for (const key of /** @type {Array<keyof Query>} */ (Object.keys(DEFAULTS))) query[key] = parameters.get(key) ?? DEFAULTS[key];
  query.tags = readTags(parameters);
  if (!parameters.has("lookback") && query.start && query.end) query.lookback = "custom";
  if (!LOOKBACKS.some(([value]) => value === query.lookback) && lookbackMicroseconds(query.lookback) === null) query.lookback = DEFAULTS.lookback;
  return query;
}

/** @param {URLSearchParams} parameters */
function readTags(parameters) {
  /** @type {Record<string, string>} */
  const tags = {};
  for (const text of parameters.getAll("tags")) {
    try {
      const value = JSON.parse(text);
      if (value && typeof value === "object") for (const [key, item] of Object.entries(value)) tags[key] = String(item);
    } catch {
      try { Object.assign(tags, logfmt.parse(text)); } catch { /* a damaged link: the rest of it still counts */ }
    }
  }
  for (const text of parameters.getAll("tag")) {
    const colon = text.indexOf(":");
    if (colon > 0) tags[text.slice(0, colon)] = text.slice(colon + 1);
  }
  return logfmt.print(tags);
}

/** The query as it stands in the page's URL; what equals the default is left out. @param {Query} query */
export function toURL(query) {
  const parameters = new URLSearchParams();
  for (const key of /** @type {Array<keyof Query>} */ (Object.keys(DEFAULTS))) {
    if (key === "tags") continue;
    if ((key === "start" || key === "end") && query.lookback !== "custom") continue;
    if (query[key] !== DEFAULTS[key] || (key === "lookback" && query.service)) parameters.set(key, query[key]);
  }
  const tags = logfmt.parse(query.tags);
  if (Object.keys(tags).length) parameters.set("tags", JSON.stringify(tags));
  const text = parameters.toString();
  return text ? `/search?${text}` : "/search";
}

/** The query as the API takes it, with the time range made absolute. @param {Query} query */
export function toAPI(query) {
  const parameters = new URLSearchParams();
  for (const key of /** @type {const} */ (["service", "operation", "minDuration", "maxDuration"])) {
    if (query[key].trim()) parameters.set(key, query[key].trim());
  }
  const tags = logfmt.parse(query.tags);
  if (Object.keys(tags).length) parameters.set("tags", JSON.stringify(tags));
  const range = timeRange(query);
  parameters.set("start", String(range.start));
  parameters.set("end", String(range.end));
  parameters.set("limit", query.limit);
  return parameters;
}

/** The time range in microseconds since 1970. @param {Query} query */
export function timeRange(query) {
  if (query.lookback === "custom" && query.start && query.end) return { start: Number(query.start), end: Number(query.end) };
  const now = Date.now() * 1000;
  // A minute into the future: senders' clocks may run ahead of this one.
  return { start: now - (lookbackMicroseconds(query.lookback) ?? 3.6e9), end: now + 6e7 };
}

/** @param {string} lookback @returns {number | null} */
function lookbackMicroseconds(lookback) {
  const match = lookback.match(/^(\d+)([smhdw])$/);
  if (!match) return null;
  return Number(match[1]) * { s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10, w: 6.048e11 }[/** @type {"s"|"m"|"h"|"d"|"w"} */ (match[2])];
}

/**
 * What is wrong with the query, by field; empty when it can be sent.
 * @param {Query} query @returns {Partial<Record<keyof Query, string>>}
 */
export function problems(query) {
  /** @type {Partial<Record<keyof Query, string>>} */
  const found = {};
  try { logfmt.parse(query.tags); } catch (error) { found.tags = error instanceof Error ? error.message : String(error); }
  for (const key of /** @type {const} */ (["minDuration", "maxDuration"])) {
    if (query[key].trim() && parseDuration(query[key]) === null) found[key] = "Write a number and a unit, such as 1.2s, 100ms or 500us.";
  }
  const low = parseDuration(query.minDuration), high = parseDuration(query.maxDuration);
  if (low !== null && high !== null && low > high) found.maxDuration = "The longest is shorter than the shortest.";
  const limit = Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAXIMUM_LIMIT) found.limit = `A whole number from 1 to ${MAXIMUM_LIMIT}.`;
  if (query.lookback === "custom") {
    if (!query.start) found.start = "Choose when the range starts.";
    if (!query.end) found.end = "Choose when the range ends.";
    if (query.start && query.end && Number(query.start) >= Number(query.end)) found.end = "The end is not after the start.";
  }
  return found;
}
