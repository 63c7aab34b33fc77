// When models were loaded, or ran cold: bands on time axes, since what is slow within them is slow because it came first.
import { h, svg } from "./dom.js";
import { count, dateTime, duration } from "./format.js";

/**
 * @typedef {{kind: string, count: number, service: string, server: string, model: string, version: string, startTimeUnixNano: string, durationNano: number, traceID: string, spanID: string}} Band
 * `count` neighbours are told as one; what is not the same of all is empty
 */

/** Part of a chart's time around a band that lanes show with it, µs. */
const AROUND = 300_000_000;
/** Room that a name takes, and how far flags stand from each other at least, px. */
const NAME = 84, APART = 24;
/** About as wide as a letter is, px: words that do not fit beside their band stand below its flag, on two lines. */
const LETTER = 6;
/** @type {Record<string, [one: string, several: string]>} */
const KINDS = { cold: ["cold start", "cold starts"], load: ["load", "loads"], unload: ["unload", "unloads"], "warm-up": ["warm-up", "warm-ups"] };

/** µs since 1970. @param {Band} band */
export function bandTime(band) {
  const start = Number(BigInt(band.startTimeUnixNano) / 1000n);
  return { start, end: start + band.durationNano / 1000 };
}

/** Several as one, opened by the first of them. @param {Band[]} bands by start @returns {Band} */
function joined(bands) {
  const [first, ...others] = bands, end = Math.max(...bands.map((band) => bandTime(band).end));
  const same = (/** @type {"kind" | "service" | "server" | "model" | "version"} */ part) => (others.every((band) => band[part] === first[part]) ? first[part] : "");
  return { ...first, kind: same("kind"), service: same("service"), server: same("server"), model: same("model"), version: same("version"),
    count: bands.reduce((sum, band) => sum + band.count, 0), durationNano: Math.round((end - bandTime(first).start) * 1000) };
}

/** @param {Band} band */
export function bandWords(band) {
  const [one, several] = KINDS[band.kind] ?? ["load or cold start", "loads and cold starts"], kind = band.count > 1 ? `${band.count} ${several}` : one;
  const what = `${kind} of ${band.model ? band.model + (band.version ? ` v${band.version}` : "") : band.count > 1 ? "several models" : band.service || "a server"}`;
  return { kind, what, all: `${what}${band.server && band.model ? ` on ${band.server}` : ""}: ${duration(band.durationNano)} from ${dateTime(band.startTimeUnixNano).replace(/\.\d+$/, "")}` };
}

/** Where it was: the request that had to wait, or the lanes about several. @param {Band} band */
export function bandLink(band) {
  if (band.count === 1) return `/trace/${band.traceID}?span=${band.spanID}`;
  const { start, end } = bandTime(band);
  return `/lanes?from=${Math.floor(start - AROUND)}&to=${Math.ceil(end + AROUND)}&z=${Math.floor(start)}-${Math.ceil(end)}`;
}

/** A clause for a picture's sentence. @param {Band[] | undefined} bands */
export function bandSentence(bands) {
  if (!bands?.length) return "";
  const told = bands.slice(0, 3).map((band) => bandWords(band).what).join(", ");
  return `; with ${told}${bands.length > 3 ? ` and ${bands.length - 3} more bands of loads and cold starts` : ""}`;
}

/** Tells a picture's sentence again, with its bands. @param {HTMLElement} figure @param {Band[] | undefined} bands */
export function tellBands(figure, bands) {
  figure.dataset.sentence ??= figure.getAttribute("aria-label") ?? "";
  figure.setAttribute("aria-label", figure.dataset.sentence + bandSentence(bands));
}

/**
 * A picture's numbers with a column about the bands, if there are any.
 * @param {import("./figure.js").Numbers} numbers @param {Band[] | undefined} bands @param {(row: number) => [from: number, to: number]} time of a row, µs since 1970
 * @returns {import("./figure.js").Numbers}
 */
export function withBands(numbers, bands, time) {
  if (!bands?.length) return numbers;
  const times = bands.map((band) => ({ words: bandWords(band).what, ...bandTime(band) }));
  const told = (/** @type {number} */ row) => { const [from, to] = time(row); return times.filter(({ start, end }) => start < to && end >= from).map(({ words }) => words).join(", "); };
  return { columns: [...numbers.columns, { label: "loads and cold starts" }], rows: numbers.rows.map((row, index) => [...row, told(index) || null]) };
}

/**
 * Bands over a chart. Their flags are links with their names and take the pointer; what lies below keeps its own. Those that stand too near to each other
 * for a pointer share a flag.
 * @param {Band[] | undefined} bands by start @param {(micros: number) => number} at where a time is, px @param {{left: number, right: number, top: number, bottom: number}} area
 */
export function loadBands(bands, at, area) {
  /** @type {Array<{bands: Band[], left: number, right: number}>} */
  const flags = [];
  for (const band of bands ?? []) {
    const { start, end } = bandTime(band), last = flags.at(-1);
    if (at(end) < area.left || at(start) > area.right) continue;
    const left = Math.min(area.right - 2, Math.max(area.left, at(start))), right = Math.min(area.right, Math.max(left + 2, at(end)));
    if (last && left - last.right < APART) { last.bands.push(band); last.right = Math.max(last.right, right); } else flags.push({ bands: [band], left, right });
  }
  let free = -Infinity;
  return flags.map(({ bands: own, left, right }) => {
    const band = own.length > 1 ? joined(own) : own[0], words = bandWords(band), { start, end } = bandTime(band);
    // Names stand on the side with room, and never on each other.
    const isLate = left > (area.left + area.right) / 2, isNamed = (isLate ? left - NAME : right) >= free;
    if (isNamed) free = isLate ? right + 10 : right + NAME;
    const side = { y: area.top + 10, x: isLate ? left - 8 : right + 8, "text-anchor": isLate ? "end" : "start" };
    return svg("a", { class: "load-band", href: bandLink(band), "data-testid": "load-band", "data-from": Math.round(start), "data-to": Math.round(end), "data-count": band.count, "aria-label": words.all }, svg("title", null, words.all),
      own.map((one) => ground(one, at, area)),
      svg("rect", { class: "load-band-hit", "data-decoration": "", x: (left + right) / 2 - Math.max(12, (right - left) / 2), y: area.top, width: Math.max(24, right - left), height: 24 }),
      svg("path", { class: "load-band-flag", d: `M${left - 5} ${area.top}H${right + 5}L${right} ${area.top + 6}H${left}Z` }),
      isNamed && svg("text", { class: "load-band-name", ...side }, words.kind),
      words.all.length * LETTER <= (isLate ? left - area.left : area.right - right) ? svg("text", { class: "load-band-words", ...side }, words.all)
        : svg("text", { class: "load-band-words" }, [words.what, words.all.slice(words.what.length + 1)].map((line, index) => svg("tspan", { x: area.left + 10, y: area.top + 36 + 14 * index }, line))));
  });
}

/** @param {Band} band @param {(micros: number) => number} at @param {{left: number, right: number, top: number, bottom: number}} area */
function ground(band, at, area) {
  const { start, end } = bandTime(band), left = Math.min(area.right - 2, Math.max(area.left, at(start))), right = Math.min(area.right, Math.max(left + 2, at(end)));
  return [svg("rect", { class: "load-band-ground", "data-decoration": "", x: left, y: area.top, width: right - left, height: area.bottom - area.top }),
    svg("path", { class: "load-band-edge", d: `M${left} ${area.top}V${area.bottom}M${right} ${area.top}V${area.bottom}` })];
}

/** All of a window, each with its door. @param {Band[]} bands @param {(band: Band) => any} [more] what stands after each */
export function bandList(bands, more) {
  const total = bands.reduce((sum, band) => sum + band.count, 0);
  return h("details", { class: "band-list" }, h("summary", null, `${count(total, "load or cold start")} in this window`),
    h("ul", { class: "plain-list" }, bands.map((band) => h("li", null, h("a", { href: bandLink(band) }, bandWords(band).what), bandWords(band).all.slice(bandWords(band).what.length), " ", more?.(band)))));
}
