// One request to a language model: queue, prefill and decode, the first token, every token after it, and where the stream stood still.
import { h, svg } from "./dom.js";
import { duration, exact, integer, percent } from "./format.js";
import { stageSwatch } from "./tip.js";
import { STAGES } from "./color.js";

const WIDTH = 340, BAR = 22, BAR_TOP = 20, GAPS_TOP = 56, GAPS = 40;
/** A gap that many times the median is a stall. */
const STALL = 4;

/** Gaps between tokens, and those in which the stream stood still. @param {number[]} tokens ns, in order */
export function streamFacts(tokens) {
  const gaps = tokens.slice(1).map((time, index) => time - tokens[index]);
  const sorted = [...gaps].sort((a, b) => a - b), at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const median = at(0.5);
  const stalls = gaps.map((gap, index) => ({ from: tokens[index], to: tokens[index + 1], gap, after: index + 1 })).filter((stall) => median > 0 && stall.gap > STALL * median);
  return { gaps, median, p99: at(0.99), mean: gaps.length ? gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length : 0, stalls };
}

/** @param {import("./view.js").TraceView} view @param {number} row */
export function languageModelCard(view, row) {
  const { trace } = view, facts = trace.llm.get(row);
  if (!facts) return null;
  const start = trace.start[row], length = Math.max(1, trace.durations[row]);
  const stages = [];
  for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) stages.push({ name: trace.stageNames[index], from: trace.stageStart[index] - start, length: trace.stageDuration[index] });
  const tokens = (facts.tokens ?? []).map((time) => time - start), stream = streamFacts(tokens);
  const decode = facts.decode ?? stages.find((stage) => stage.name === "decode")?.length;
  const speed = facts.tokensOut && facts.tokensOut > 1 && decode ? (facts.tokensOut - 1) / decode * 1e9 : undefined;
  /** @type {Array<[string, string, string | undefined, number | undefined]>} */
  const told = [
    ["ttft", "first token", facts.ttft === undefined ? undefined : duration(facts.ttft), facts.ttft],
    ["tokensPerSecond", "tokens/s of decode", speed === undefined ? undefined : speed >= 100 ? integer(speed) : speed.toFixed(1), speed],
    ["itl", "between tokens, mean", facts.itl === undefined ? undefined : duration(Math.round(facts.itl)), facts.itl],
    ["itlP99", "between tokens, p99", stream.gaps.length ? duration(stream.p99) : undefined, stream.p99],
    ["tokensIn", "prompt tokens", facts.tokensIn === undefined ? undefined : integer(facts.tokensIn), facts.tokensIn],
    ["tokensOut", "tokens written", facts.tokensOut === undefined ? undefined : integer(facts.tokensOut), facts.tokensOut],
    ["tokensCached", "prompt from cache", facts.tokensCached === undefined || !facts.tokensIn ? undefined : percent(facts.tokensCached / facts.tokensIn), facts.tokensCached],
    ["finish", "finished by", facts.finish, undefined],
  ];
  return h("section", { class: "llm-card", "data-testid": "llm-card" },
    picture(facts, stages, tokens, stream, length),
    stream.stalls.map((stall) => h("button", { class: "stall", type: "button", "data-testid": "stall", "data-ns": stall.gap, "data-after": stall.after, title: exact(stall.gap), onclick: () => view.zoom(start + stall.from - stall.gap * 0.5, start + stall.to + stall.gap * 0.5) }, `▲ stall of ${duration(stall.gap)} after token ${integer(stall.after)}, at +${duration(stall.from)}`)),
    h("dl", { class: "llm-facts" }, told.filter(([, , value]) => value !== undefined).map(([key, label, value, number]) => h("div", { "data-fact": key, "data-value": number }, h("dt", null, label), h("dd", null, value)))),
    !tokens.length && h("p", { class: "faint" }, "The span has no event for each token: gaps and stalls are not known."));
}

/**
 * @param {import("./columns.js").LanguageModel} facts @param {Array<{name: string, from: number, length: number}>} stages @param {number[]} tokens
 * @param {ReturnType<typeof streamFacts>} stream @param {number} length ns of the span
 */
function picture(facts, stages, tokens, stream, length) {
  const x = (/** @type {number} */ time) => time / length * WIDTH, height = stream.gaps.length ? GAPS_TOP + GAPS + 4 : BAR_TOP + BAR + 6;
  const words = [...stages.map((stage) => `${STAGES[stage.name]?.label ?? stage.name} ${duration(stage.length)}`), facts.ttft !== undefined ? `first token after ${duration(facts.ttft)}` : "", stream.gaps.length ? `${integer(stream.stalls.length)} stalls` : ""].filter(Boolean).join(", ");
  const chart = svg("svg", { class: "chart llm-chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": words });
  for (const stage of stages) {
    const part = svg("rect", { class: "stage-fill", "data-stage": stage.name, "data-ns": stage.length, x: x(stage.from), y: BAR_TOP, width: Math.max(1, x(stage.length)), height: BAR }, svg("title", null, `${STAGES[stage.name]?.label ?? stage.name} ${duration(stage.length)}`));
    chart.append(part);
    if (STAGES[stage.name]?.waiting) for (let at = x(stage.from); at < x(stage.from + stage.length) - 3; at += 6) chart.append(svg("path", { class: "stage-hatch", d: `M${at} ${BAR_TOP + BAR}L${at + 3} ${BAR_TOP}` }));
    else if (x(stage.length) > 44) chart.append(svg("text", { class: "llm-phase", x: x(stage.from) + 5, y: BAR_TOP + 15 }, STAGES[stage.name]?.label ?? stage.name));
  }
  // Tokens above the bar: a tick each, or the darker the more there are on one pixel.
  const columns = new Uint32Array(WIDTH);
  for (const token of tokens) columns[Math.max(0, Math.min(WIDTH - 1, Math.floor(x(token))))]++;
  const most = Math.max(1, ...columns);
  columns.forEach((n, at) => { if (n) chart.append(svg("rect", { class: "token", x: at, y: BAR_TOP - 7, width: 0.8, height: 6, opacity: (0.45 + 0.55 * n / most).toFixed(2) })); });
  for (const stall of stream.stalls) chart.append(svg("rect", { class: "stall-mark", "data-testid": "stall-mark", x: x(stall.from), y: BAR_TOP - 8, width: Math.max(2, x(stall.gap)), height: 8 }));
  if (facts.ttft !== undefined && facts.ttft <= length) {
    const at = x(facts.ttft), left = at > WIDTH - 70;
    chart.append(svg("g", { class: "ttft", "data-testid": "ttft-flag", "data-ns": facts.ttft }, svg("line", { x1: at, x2: at, y1: 2, y2: BAR_TOP + BAR + 3 }), svg("path", { d: left ? `M${at} 1H${at - 64}V12H${at}Z` : `M${at} 1H${at + 64}V12H${at}Z` }), svg("text", { x: left ? at - 61 : at + 3, y: 10 }, `TTFT ${duration(facts.ttft)}`)));
  }
  if (stream.gaps.length) {
    const top = Math.log(Math.max(...stream.gaps, 2) * 1.1), low = Math.log(Math.max(1, Math.min(...stream.gaps)) * 0.7), y = (/** @type {number} */ gap) => GAPS_TOP + GAPS - (Math.log(Math.max(1, gap)) - low) / Math.max(1e-9, top - low) * GAPS;
    // At most one step a pixel: the largest gap there.
    let line = "", from = 0;
    while (from < stream.gaps.length) {
      let to = from, gap = 0;
      do { gap = Math.max(gap, stream.gaps[to]); to++; } while (to < stream.gaps.length && x(tokens[to]) - x(tokens[from]) < 1);
      line += `${line ? "L" : "M"}${x(tokens[from]).toFixed(1)} ${y(gap).toFixed(1)}H${x(tokens[to]).toFixed(1)}`;
      from = to;
    }
    chart.append(svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(stream.median), y2: y(stream.median) }), svg("line", { class: "stall-limit", x1: 0, x2: WIDTH, y1: y(stream.median * STALL), y2: y(stream.median * STALL) }), svg("path", { class: "gap-line", d: line }), svg("text", { x: 0, y: GAPS_TOP - 2 }, `gap between tokens, median ${duration(stream.median)}`));
  }
  return h("div", { class: "llm-picture" }, chart, h("div", { class: "llm-legend" }, stages.map((stage) => h("span", { "data-stage": stage.name, "data-ns": stage.length }, stageSwatch(stage.name), `${STAGES[stage.name]?.label ?? stage.name} `, h("b", null, duration(stage.length))))));
}
