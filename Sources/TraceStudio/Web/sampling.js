// Whether one can believe the numbers: the chip in the bar of every page, what its panel says, and the parts of it that Data health shows too.
import { h, fill, copyButton } from "./dom.js";
import { get } from "./api.js";
import { compact, count, dateTime, duration, integer, rateNumber, rateUnit } from "./format.js";
import { gapWords, interruptions } from "./gaps.js";

/** @typedef {{from?: string, sampling?: string, samplingWeight?: number, gaps?: import("./gaps.js").Gap[], read?: {traces: number, of: number, complete: boolean, coveredFrom: string}}} Scope what every answer about a window begins with */

/** Where a weight is from, in words. */
export const SOURCES = /** @type {Record<string, string>} */ ({ tracestate: "told by the senders (tracestate th)", attribute: "told by a sampler's attribute", unknown: "not told: each trace counts once" });

/** Ways to change what is sampled. @type {Array<[string, string]>} */
const ADVICE = [["any OpenTelemetry SDK: one in ten", "OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.1"], ["Triton: every hundredth request", "--trace-config=rate=100"], ["Envoy: one in a hundred", "tracing: { random_sampling: { value: 1 } }"]];

/** @param {Scope} scope */
function words(scope) {
  const weight = Number((scope.samplingWeight ?? 1).toFixed(2));
  if (scope.sampling === "sampled") return `sampled 1 in ${weight} · counts ×${weight}`;
  return { complete: "complete", mixed: "mixed", unknown: "sampling unknown" }[scope.sampling ?? "unknown"] ?? "sampling unknown";
}

export class SamplingChip {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.text = h("span");
    this.summary = h("summary", { class: "chip sampling", "data-testid": "sampling" }, this.text);
    this.panel = h("div", { class: "menu-items sampling-panel", "data-testid": "sampling-panel" });
    this.element = h("details", { class: "menu sampling-menu", hidden: true }, this.summary, this.panel);
    this.element.addEventListener("toggle", () => { if (this.element.open) this.#load(); });
    document.getElementById("sampling")?.replaceWith(this.element);
  }

  /** Says how complete the answer of a window is. @param {Scope} scope */
  tell(scope) {
    const partly = scope.read && !scope.read.complete, gaps = interruptions(scope).length;
    this.text.textContent = words(scope) + (partly && scope.read ? ` · newest ${compact(scope.read.traces)} of ≈ ${compact(scope.read.of)}` : "") + (gaps ? ` · ${count(gaps, "gap")}` : "");
    this.summary.classList.toggle("warning", Boolean(partly) || gaps > 0 || scope.sampling === "mixed");
    this.summary.title = `${scope.read ? `Made from ${count(scope.read.traces, "trace")}. ` : ""}What the numbers rest on`;
    this.element.hidden = false;
  }

  async #load() {
    const link = h("a", { href: this.frame.link("/health/data"), "data-testid": "sampling-more" }, "Data health →");
    fill(this.panel, h("p", { class: "muted", role: "status" }, "Looking…"), link);
    try {
      const answer = await get(`/api/ui/health?${this.frame.ask({ q: "" })}`);
      fill(this.panel, facts(answer, this.frame), link);
    } catch (error) {
      fill(this.panel, h("p", { class: "field-error", role: "alert" }, error instanceof Error ? error.message : String(error)), link);
    }
  }
}

/** @param {any} answer of /api/ui/health @param {import("./frame.js").Frame} frame */
function facts(answer, frame) {
  const dropped = drops(answer).filter(([, n]) => n), missing = (answer.missingNumbers ?? []).reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.missing, 0);
  const line = (/** @type {string} */ name, /** @type {any} */ value) => h("div", null, h("dt", { class: "muted" }, name), h("dd", null, value));
  return [
    h("h2", null, `In ${frame.range.lookback ? frame.range.label.toLowerCase() : "this time"}`),
    answer.weights.length ? h("table", { class: "table sampling-weights", "aria-label": "Sampling by service" }, h("thead", null, h("tr", null, ["service", "rate", "known"].map((label) => h("th", { scope: "col" }, label)))),
      h("tbody", null, answer.weights.map((/** @type {any} */ entry) => h("tr", null, h("td", null, entry.service), h("td", { class: "number" }, rate(entry)), h("td", { class: "muted" }, SOURCES[entry.source] ?? entry.source))))) : h("p", { class: "faint" }, "No traces in this time."),
    h("dl", { class: "sampling-facts" }, line("data", spanOfData(answer)), line("gaps", interruptions(answer).length ? h("ul", { class: "plain-list" }, interruptions(answer).map((gap) => h("li", null, gapWords(gap)))) : "none"),
      line("received", answer.spansPerSecond === undefined ? "–" : `${rateNumber(answer.spansPerSecond)} spans ${rateUnit(answer.spansPerSecond).words}`),
      line("not stored", dropped.length ? dropped.map(([reason, n], index) => [index ? ", " : "", `${integer(n)} ${reason}`]) : "none"), line("late", answer.lateSpans === undefined ? "–" : count(answer.lateSpans, "span")), line("without parent", count(answer.orphanSpans, "span")),
      line("clocks that disagree", answer.skew.hops ? `${count(answer.skew.hops, "call")}, by up to ${duration(answer.skew.maximumNano)}` : "none"), line("missing of Triton's numbers", integer(missing))),
    h("h2", null, "How to change what is sampled"), advice(),
  ];
}

/** @param {any} entry of `weights` */
export function rate(entry) { return entry.source === "unknown" ? "1 in ?" : entry.weight === 1 ? "all" : `1 in ${Number(entry.weight.toFixed(2))}`; }

/** From when to when there is data, and how much is kept. @param {any} answer */
export function spanOfData(answer) {
  const { store } = answer;
  if (!store.oldestStartTimeUnixNano) return "none yet";
  return `${dateTime(store.oldestStartTimeUnixNano).replace(/\.\d+$/, "")} – ${dateTime(store.newestStartTimeUnixNano).replace(/\.\d+$/, "")}${answer.retainedNano ? ` (${duration(answer.retainedNano)})` : ""}`;
}

/** What was not stored, or is gone, by reason, and what senders know of it. @param {any} answer @returns {Array<[string, number, string]>} */
export function drops(answer) {
  const { ingest = {}, store } = answer;
  return [["rejected: malformed spans", ingest.rejectedSpans ?? 0, "the sender was told which"], ["refused: too busy", ingest.refusedOverloadedSpans ?? 0, "the sender was told to try again"], ["refused: the store failed", ingest.refusedStoreFailedSpans ?? 0, "the sender was told to try again"], ["refused: stopping", ingest.refusedShuttingDownSpans ?? 0, "the sender was told to try again"],
    ["requests that could not be read", ingest.malformedRequests ?? 0, "nothing of them was taken"], ["datagrams dropped", ingest.droppedDatagrams ?? 0, "over UDP nobody can be told"], ["dropped by retention", store.droppedSpanCount ?? 0, count(store.droppedPartitionCount ?? 0, "partition")]];
}

export function advice() {
  return h("dl", { class: "advice" }, ADVICE.map(([title, code]) => h("div", null, h("dt", { class: "muted" }, title), h("dd", null, h("code", null, code), " ", copyButton("Copy", () => code, title)))));
}
