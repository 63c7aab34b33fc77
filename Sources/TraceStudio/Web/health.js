// Can one believe the numbers? What was sampled, dropped, late or broken, where nothing came, and how far back the data reaches.
import { h, fill, svg } from "./dom.js";
import { count, dateTime, duration, integer, rateNumber, rateUnit, size } from "./format.js";
import { chartBox, timeLabels } from "./chartbox.js";
import { figure } from "./figure.js";
import { bandSentence, bandTime, loadBands, withBands } from "./bands.js";
import { gapBands, gapWords, interruptions } from "./gaps.js";
import { loadPage, tile } from "./loading.js";
import { LinearScale } from "./scale.js";
import { SOURCES, advice, drops, rate, spanOfData } from "./sampling.js";
import { sortableTable } from "./table.js";
import { ask } from "./windows.js";

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const body = h("div", { class: "page-parts" }), note = h("span", { class: "muted", "data-testid": "data-span" });
  const element = h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, "Data health"), note), body);
  await loadPage(root, frame, element, async (signal) => {
    const answer = await ask("health", frame.ask({ q: "" }), signal);
    frame.tellSampling(answer);
    note.textContent = `data from ${spanOfData(answer)}${answer.store.retainedSinceUnixNano ? "" : ", nothing is dropped by age"}`;
    fill(body, tiles(answer), h("div", { class: "columns" }, sampling(answer), dropped(answer)), answer.arrivals ? arrivals(answer.arrivals, answer.bands) : null, h("div", { class: "columns" }, missing(answer), received(answer)),
      h("section", { class: "card", "aria-label": "How to change sampling" }, h("h2", null, "How to change what is sampled"), advice()));
  });
}

/** @param {any} answer */
function tiles(answer) {
  const { store } = answer;
  return h("div", { class: "tiles", role: "list", "aria-label": "Figures" }, tile("spans stored", integer(store.spanCount)), tile("on disk", size(store.bytesOnDisk)), tile("bytes a span", store.spanCount ? (store.bytesOnDisk / store.spanCount).toFixed(0) : "–"), tile(`spans ${rateUnit(answer.spansPerSecond ?? 0).words}`, answer.spansPerSecond === undefined ? "–" : rateNumber(answer.spansPerSecond), "over the last minute"),
    tile("of data", answer.retainedNano ? duration(answer.retainedNano) : "–", spanOfData(answer)), tile("partitions", integer(store.partitionCount ?? 0)), tile("dropped by retention", store.droppedSpanCount ? count(store.droppedSpanCount, "span") : "nothing"));
}

/** @param {any} answer */
function sampling(answer) {
  return h("section", { class: "card", "aria-label": "Sampling" }, h("h2", null, "Sampling"), h("p", { class: "muted" }, `From ${count(answer.read.traces, "trace")} of the chosen time. Counts on all pages are scaled by these weights and then written with ≈.`),
    sortableTable({ label: "Weights by service", testid: "weights", rows: answer.weights, columns: [
      { key: "service", label: "service", value: (row) => row.service }, { key: "weight", label: "kept", numeric: true, value: (row) => row.weight, view: rate },
      { key: "source", label: "known", value: (row) => SOURCES[row.source] ?? row.source }, { key: "traces", label: "traces", numeric: true, value: (row) => row.traces, view: (row) => integer(row.traces) },
    ] }).element);
}

/** @param {any} answer */
function dropped(answer) {
  return h("section", { class: "card", "aria-label": "Dropped" }, h("h2", null, "Not stored, or gone"), h("p", { class: "muted" }, "Since the server started."), sortableTable({ label: "Spans not stored, by reason", testid: "dropped", rows: drops(answer), columns: [{ key: "reason", label: "reason", value: (row) => row[0] }, { key: "n", label: "count", numeric: true, value: (row) => row[1], view: (row) => h("span", { class: row[1] ? "error-text" : "faint" }, integer(row[1])) }, { key: "note", label: "", sorts: false, value: (row) => row[2], view: (row) => h("span", { class: "muted" }, row[2]) }] }).element);
}

const CHART = { height: 110, left: 48, bottom: 20 };

/** Spans by the minute in which they came; minutes without any are bands, not zeros. @param {{fromUnixNano: string, spansByMinute: number[]}} arrivals @param {import("./bands.js").Band[]} all of the chosen time */
function arrivals(arrivals, all) {
  const { height, left, bottom } = CHART, from = Number(BigInt(arrivals.fromUnixNano) / 1000n), minutes = arrivals.spansByMinute, to = from + Math.max(10, minutes.length) * 6e7;
  // The chosen time may be another than the last hour.
  const bands = all.filter((band) => bandTime(band).end >= from && bandTime(band).start <= to);
  // The minute that runs has no verdict yet.
  const silent = minutes.map((n, index) => (n || index === minutes.length - 1 ? null : { from: `${from + index * 6e7}000`, to: `${from + (index + 1) * 6e7}000` })).filter((gap) => gap !== null);
  const draw = (/** @type {number} */ width) => {
    const x = new LinearScale(from, to, left, width - 8), y = new LinearScale(0, Math.max(1, ...minutes), height - bottom, 8), area = { left, right: width - 8, top: 8, bottom: height - bottom };
    return svg("svg", { class: "chart", width, height }, svg("g", { "aria-hidden": "true" }, y.ticks(30).map((tick) => [svg("line", { class: "grid", x1: left, x2: width - 8, y1: y.at(tick), y2: y.at(tick) }), svg("text", { x: left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, integer(tick))]),
      minutes.map((n, index) => (n ? svg("rect", { class: "bar-infer", x: x.at(from + index * 6e7) + 1, y: y.at(n), width: Math.max(1, x.at(from + 6e7) - x.at(from) - 2), height: y.at(0) - y.at(n) }) : null)),
      gapBands(merged(silent), (micros) => x.at(micros), area),
      timeLabels(x, width, height)), loadBands(bands, (micros) => x.at(micros), area));
  };
  return figure({ title: "Spans that came in, by minute", note: "of the last hour, since the server started", testid: "arrivals", summary: `${integer(minutes.reduce((sum, n) => sum + n, 0))} spans in ${count(minutes.length, "minute")}, ${count(silent.length, "minute")} without any${bandSentence(bands)}`,
    numbers: () => withBands({ columns: [{ label: "minute" }, { label: "spans", numeric: true }], rows: minutes.map((n, index) => [dateTime(`${from + index * 6e7}000`).replace(/\.\d+$/, ""), n || "none came"]) }, bands, (index) => [from + index * 6e7, from + (index + 1) * 6e7]) }, chartBox(draw).element);
}

/** Neighbouring minutes as one. @param {import("./gaps.js").Gap[]} gaps */
function merged(gaps) {
  /** @type {import("./gaps.js").Gap[]} */
  const all = [];
  for (const gap of gaps) {
    const last = all[all.length - 1];
    if (last && last.to === gap.from) last.to = gap.to;
    else all.push({ ...gap });
  }
  return all;
}

/** @param {any} answer */
function missing(answer) {
  const numbers = answer.missingNumbers ?? [], gaps = interruptions(answer);
  return h("section", { class: "card", "aria-label": "Missing or broken", "data-testid": "missing" }, h("h2", null, "Missing, late or broken"), h("ul", { class: "plain-list" },
    gaps.length ? gaps.map((gap) => h("li", { class: "warning-text" }, gapWords(gap), ": no requests, or what brings them was cut off")) : h("li", null, "no gaps in the data of this time"),
    answer.lateSpans === undefined ? null : h("li", null, answer.lateSpans ? `${count(answer.lateSpans, "span")} came more than a minute after their end, since the server started; imported ones count too` : "no late spans"),
    h("li", null, answer.orphanSpans ? `${count(answer.orphanSpans, "span")} whose parent is not here` : "no span without its parent"),
    h("li", null, answer.skew.hops ? `${count(answer.skew.hops, "call")} between clocks that disagree, by up to ${duration(answer.skew.maximumNano)}; traces show how much was corrected` : "no clocks that disagree"),
    numbers.length ? numbers.map((/** @type {any} */ one) => h("li", null, `${one.server || one.service}: ${integer(one.missing)} of ${integer(one.seen + one.missing)} running numbers of Triton's traces are missing${one.missing ? ": not sampled for tracing, lost on the way, or outside of this time" : ""}`)) : h("li", null, "no server here numbers its traces (triton.trace_id)")));
}

/** @param {any} answer */
function received(answer) {
  const rows = Object.entries(answer.ingest?.receivedSpansByProtocol ?? {});
  return h("section", { class: "card", "aria-label": "Received" }, h("h2", null, "Received since the server started"), rows.length ? sortableTable({ label: "Received spans by protocol", rows, columns: [{ key: "protocol", label: "protocol", value: (row) => row[0] }, { key: "spans", label: "spans", numeric: true, value: (row) => Number(row[1]), view: (row) => integer(Number(row[1])) }] }).element : h("p", { class: "faint" }, "Nothing yet."));
}
