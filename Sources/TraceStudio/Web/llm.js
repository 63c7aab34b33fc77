// Language models: slow to start or slow to stream? Time to first token, time between tokens, and the share that meets both targets.
import { h, fill } from "./dom.js";
import { tellBands } from "./bands.js";
import { boxText, readBox } from "./box.js";
import { chartBox } from "./chartbox.js";
import { count, duration, integer, parseDuration, percent, rateNumber, rateUnit } from "./format.js";
import { figure } from "./figure.js";
import { quoted } from "./filterbox.js";
import { Scatter, TargetHeat, positionHeat, quantile, startOf } from "./llmcharts.js";
import { loadPage, nothing, tile } from "./loading.js";
import { typed } from "./whatif.js";
import { ask } from "./windows.js";

/** Targets until one sets others, ns. */
const STANDARD = { ttft: 500e6, itl: 25e6 };
const WORDS = { ttft: "time to first token", itl: "time between tokens" };
/** Longer than any request, ns: a box about other times than the request's own. */
const ENDLESS = 1e15;

/** @typedef {import("./llmcharts.js").Point} Point @typedef {import("./llmcharts.js").Key} Key */

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const page = new LanguageModels(frame);
  await loadPage(root, frame, page.element, (signal) => page.load(signal));
}

class LanguageModels {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {Point[]} */
    this.points = [];
    /** ns @type {Record<Key, number>} */
    this.goals = { ...STANDARD };
    /** @type {Record<string, HTMLInputElement>} */
    this.inputs = {};
    this.tiles = h("div", { class: "tiles", role: "list", "aria-label": "Figures" });
    this.problem = h("span", { class: "error-text", role: "alert" });
    this.targets = h("div", { class: "targets" }, this.#input("ttft", "first token within"), this.#input("itl", "each next token within"), this.problem);
    this.chosen = h("div", { class: "llm-chosen", role: "status", "data-testid": "llm-chosen" });
    this.chips = h("div", { class: "chips" });
    const heat = (/** @type {Key} */ key) => new TargetHeat({ key, label: `Requests by time and ${WORDS[key]}`, get: () => this.goals[key], set: (value, done) => this.#set(key, value, done), onBox: (box) => frame.set({ sel: box && `${key}:${boxText(box)}` }, { push: true, tell: true }), cellLink: (box) => this.#link("/traces", key, box) });
    const scatter = (/** @type {string} */ label, /** @type {string} */ testid, /** @type {Key} */ key, /** @type {string} */ xLabel, /** @type {(point: Point) => number | undefined} */ x) => new Scatter({ label, testid, xLabel, yLabel: WORDS[key], x, y: (point) => point[key], get: () => this.goals[key], set: (value, done) => this.#set(key, value, done), targetId: `line-${testid}` });
    this.heats = { ttft: heat("ttft"), itl: heat("itl") };
    this.prompt = scatter("Time to first token by prompt tokens", "scatter-prompt", "ttft", "prompt tokens", (point) => point.tokensIn);
    this.written = scatter("Time between tokens by tokens written", "scatter-written", "itl", "tokens written", (point) => point.tokensOut);
    this.positions = chartBox((width) => positionHeat(this.answer.positions, width));
    const queue = h("span", { class: "faint" }, "from ", h("span", { class: "dot-key" }), " no queueing to ", h("span", { class: "dot-key queued" }), " only queueing");
    this.positionFigure = figure({ title: "Between tokens × place in the answer", note: "— p50 ┄ p99", summary: "Gaps between tokens by their place in the answer", testid: "positions", numbers: () => this.#positionNumbers() }, this.positions.element);
    this.writtenFigure = figure({ title: "Between tokens × tokens written", note: queue, summary: "Mean time between tokens by the length of the answer", testid: "written", numbers: () => this.written.numbers() }, this.written.element);
    this.pictures = h("div", { class: "columns two" },
      figure({ title: "Time to first token", note: "drag a box to ask why, drag the target", summary: "Requests by time and time to first token", testid: "ttft", numbers: () => this.heats.ttft.heat.numbers() }, this.heats.ttft.element),
      figure({ title: "Time between tokens", note: "mean of each answer", summary: "Requests by time and mean time between tokens", testid: "itl", numbers: () => this.heats.itl.heat.numbers() }, this.heats.itl.element),
      figure({ title: "First token × prompt tokens", note: queue.cloneNode(true), summary: "Time to first token by prompt tokens: the slope is the prefill's speed, what lies off the line waited or had its prompt cached", testid: "prompt", numbers: () => this.prompt.numbers() }, this.prompt.element),
      this.positionFigure, this.writtenFigure);
    this.body = h("div", { class: "page-parts" }, this.targets, this.tiles, this.chosen, this.pictures);
    this.empty = h("div", { class: "page-message" });
    this.element = h("div", { class: "page" }, h("div", { class: "results-head" }, h("h1", null, "Language models"), this.chips), this.empty, this.body);
  }

  /** @param {AbortSignal} signal */
  async load(signal) {
    const { frame } = this, model = frame.parameters.get("model") ?? "";
    const answer = this.answer = await ask("llm", frame.ask({ model }), signal);
    frame.tellSampling(answer);
    const models = answer.models;
    fill(this.chips, models.length > 1 && ["", ...models].map((name) => h("button", { class: "chip", type: "button", "aria-pressed": String(name === model), onclick: () => frame.set({ model: name, sel: null }, { push: true, tell: true }) }, name || "all models")));
    this.points = answer.points;
    for (const key of /** @type {Key[]} */ (["ttft", "itl"])) {
      this.goals[key] = parseDuration(frame.parameters.get(key) ?? "") || STANDARD[key];
      this.inputs[key].value = typed(this.goals[key]);
    }
    this.body.hidden = this.points.length === 0;
    fill(this.empty, this.points.length === 0 && nothing("No requests to language models in this time", "They are told by vLLM's, OpenTelemetry's GenAI or OpenInference's attributes on spans."));
    if (!this.points.length) return;
    this.#tiles();
    const box = this.#box();
    for (const key of /** @type {Key[]} */ (["ttft", "itl"])) {
      this.heats[key].set(this.points, answer, box?.key === key ? box.box : null);
      tellBands(/** @type {HTMLElement} */ (this.heats[key].element.closest("figure")), answer.bands);
    }
    this.prompt.set(this.points);
    this.written.set(this.points);
    this.positionFigure.hidden = answer.positions.requests === 0;
    this.positions.redraw();
    this.#choice(box);
  }

  /** @param {Key} name @param {string} label */
  #input(name, label) {
    const input = h("input", { type: "text", id: `target-${name}`, size: 8, autocomplete: "off", "data-testid": `target-${name}` });
    input.addEventListener("change", () => {
      const value = parseDuration(input.value);
      if (value) input.removeAttribute("aria-invalid"); else input.setAttribute("aria-invalid", "true");
      this.problem.textContent = value ? "" : `“${input.value}” is not a duration such as 300ms or 1.5s.`;
      if (value) this.#set(name, value, true);
    });
    this.inputs[name] = input;
    return h("label", { class: "inline", for: `target-${name}` }, label, input);
  }

  /** @param {Key} name @param {number} value ns @param {boolean} done whether the URL is told */
  #set(name, value, done) {
    this.goals[name] = value;
    this.inputs[name].value = typed(value);
    if (done) this.frame.set({ [name]: value === STANDARD[name] ? null : typed(value) });
    this.#tiles();
    this.heats[name].drawTarget();
    (name === "ttft" ? this.prompt : this.written).draw();
  }

  /** The figures; goodput follows the targets at once. */
  #tiles() {
    const { points, goals } = this;
    const weight = (/** @type {Point[]} */ some) => some.reduce((sum, point) => sum + point.weight, 0);
    const mean = (/** @type {"prefill" | "decode"} */ key) => { const told = points.filter((point) => point[key] !== undefined), all = weight(told); return all ? Math.round(told.reduce((sum, point) => sum + /** @type {number} */ (point[key]) * point.weight, 0) / all) : undefined; };
    const total = (/** @type {"tokensIn" | "tokensOut" | "tokensCached"} */ key) => points.reduce((sum, point) => sum + (point[key] ?? 0) * point.weight, 0);
    const values = (/** @type {Key} */ key) => points.flatMap((point) => (point[key] === undefined ? [] : [/** @type {number} */ (point[key])]));
    // An answer of one token has no next one.
    const judged = points.filter((point) => point.ttft !== undefined && (point.itl !== undefined || point.tokensOut === 1));
    const late = judged.filter((point) => /** @type {number} */ (point.ttft) > goals.ttft), slow = judged.filter((point) => (point.itl ?? 0) > goals.itl), good = judged.filter((point) => /** @type {number} */ (point.ttft) <= goals.ttft && (point.itl ?? 0) <= goals.itl);
    const all = weight(judged), share = (/** @type {Point[]} */ some) => (all ? percent(weight(some) / all) : "–"), itl = quantile(values("itl"), 0.5);
    const seconds = Number(BigInt(this.answer.to) - BigInt(this.answer.read?.coveredFrom ?? this.answer.from)) / 1e9, cut = this.answer.requests > points.length, written = total("tokensOut") / Math.max(1e-9, seconds);
    fill(this.tiles, tile(`goodput: both targets met${judged.length < points.length ? `, of ${integer(judged.length)} that tell` : ""}`, h("span", { "data-testid": "goodput", "data-share": all ? weight(good) / all : "" }, all ? `${(weight(good) / all * 100).toFixed(1).replace(/\.0$/, "")} %` : "–")),
      tile("first token too late", h("span", { "data-testid": "late" }, share(late))), tile("tokens too slow", share(slow)), tile(cut ? `newest requests of ${integer(this.answer.requests)}` : "requests", integer(weight(points))),
      tile("first token p50", duration(quantile(values("ttft"), 0.5))), tile("first token p99", duration(quantile(values("ttft"), 0.99))), tile("between tokens p50", duration(itl === undefined ? undefined : Math.round(itl))), tile("between tokens p99", duration(Math.round(quantile(values("itl"), 0.99) ?? NaN))),
      tile("prefill, mean", duration(mean("prefill"))), tile("decode, mean", duration(mean("decode"))), tile("tokens/s of one answer", itl ? rateNumber(1e9 / itl) : "–", "the median"), tile(`tokens${rateUnit(written).sign} of all`, seconds > 0 ? rateNumber(written) : "–", "tokens written in the window by its length"),
      tile("prompt from cache", points.some((point) => point.tokensCached !== undefined) && total("tokensIn") ? percent(total("tokensCached") / total("tokensIn")) : "–", "prompt tokens that were not computed again"));
  }

  // MARK: a box

  /** @returns {{key: Key, box: import("./heat.js").Box} | null} */
  #box() {
    const match = this.frame.parameters.get("sel")?.match(/^(ttft|itl):(.+)$/), box = match ? readBox(match[2]) : null;
    return match && box ? { key: /** @type {Key} */ (match[1]), box } : null;
  }

  /** Another page about what lies in a box. @param {string} page @param {Key} key @param {import("./heat.js").Box} box */
  #link(page, key, box) {
    const model = this.frame.parameters.get("model"), within = [this.frame.q, model && `model:${quoted(model)}`].filter(Boolean).join(" ");
    const term = `${key}>=${Math.floor(box.d0)}ns ${key}<=${Math.ceil(box.d1)}ns`, time = boxText({ t0: box.t0, t1: box.t1, d0: 0, d1: ENDLESS });
    // Only requests to language models are compared with each other.
    return page === "/compare" ? this.frame.link(page, { q: `${within} ${key}>=0ns`.trim(), sel: term, box: time }) : this.frame.link(page, { q: `${within} ${term}`.trim(), box: time });
  }

  /** @param {{key: Key, box: import("./heat.js").Box} | null} chosen */
  #choice(chosen) {
    if (!chosen) { fill(this.chosen); return; }
    const { key, box } = chosen;
    const inside = this.points.filter((point) => { const start = startOf(point), value = point[key]; return value !== undefined && box.t0 <= start && start <= box.t1 && box.d0 <= value && value <= box.d1; });
    fill(this.chosen, h("b", { "data-testid": "llm-chosen-count" }, count(inside.length, "request")), ` with a ${WORDS[key]} of ${duration(box.d0)} to ${duration(box.d1)} `, h("a", { class: "button small primary", href: this.#link("/compare", key, box), "data-testid": "llm-why" }, "Why?"), " ", h("a", { class: "button small", href: this.#link("/traces", key, box) }, "Traces"), " ", h("button", { class: "button small", type: "button", onclick: () => this.frame.set({ sel: null }, { push: true, tell: true }) }, "Clear"));
  }

  #positionNumbers() {
    const { positions } = this.answer;
    return { columns: [{ label: "from token", numeric: true }, { label: "gaps", numeric: true }, { label: "p50", numeric: true }, { label: "p99", numeric: true }], rows: positions.columns.map((/** @type {any} */ column, /** @type {number} */ index) => [index * positions.step + 1, Math.round(column.n), duration(column.p50), duration(column.p99)]) };
  }
}
