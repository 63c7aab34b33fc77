// Is this normal? How long spans like this one took in other traces, with this one marked.
import { h, svg } from "./dom.js";
import { duration, exact, integer } from "./format.js";

const WIDTH = 320, HEIGHT = 52, FLOOR = 38, BINS = 48;
/** Others that make a comparison worth telling. */
export const ENOUGH = 5;

/** @typedef {{nano: number, rank: number, p50: number, p99: number, points: Array<[number, number]>}} Placed */

/** A place among others in words. @param {number} rank share that was quicker */
export function place(rank) { return rank >= 0.995 ? `p${(Math.min(rank, 0.9999) * 100).toFixed(1)}` : `p${Math.max(0, Math.round(rank * 100))}`; }

/**
 * The picture of the distribution in the detail panel.
 * @param {any} answer of /api/ui/trace/{id}/rank?row= @param {string} href where the others are
 */
export function normalPicture(answer, href) {
  const like = [answer.name, answer.model && answer.model !== answer.name ? `of ${answer.model}` : "", answer.version ? `v${answer.version}` : ""].filter(Boolean).join(" ");
  if (!answer.others || answer.others < ENOUGH || answer.rank === undefined || !answer.points) {
    return h("section", { class: "normal", "data-testid": "normal", "data-others": answer.others ?? 0 }, h("h3", { class: "sub" }, "Is this normal?"), h("p", { class: "faint" }, answer.others ? `Only ${integer(answer.others)} spans like it within half an hour: too few to tell.` : "No other span like it within half an hour."));
  }
  const { p50, p99 } = answer.duration;
  const words = answer.rank >= 0.99 ? "far slower than usual" : answer.rank >= 0.9 ? "slower than usual" : answer.rank <= 0.1 ? "quicker than usual" : "as usual";
  const sentence = `${words}: slower than ${(answer.rank * 100).toFixed(answer.rank > 0.99 ? 1 : 0)} % of ${integer(answer.others)} others`;
  return h("section", { class: "normal", "data-testid": "normal", "data-rank": answer.rank, "data-others": answer.others },
    h("h3", { class: "sub" }, "Is this normal?", h("span", { class: `chip${answer.rank >= 0.95 ? " error" : ""}` }, place(answer.rank))),
    h("p", { class: "muted" }, sentence),
    distribution({ nano: answer.nano, rank: answer.rank, p50, p99, points: answer.points }, `${like}: ${sentence}; p50 ${duration(p50)}, p99 ${duration(p99)}`),
    h("p", { class: "faint normal-note" }, `p50 ${duration(p50)} · p99 ${duration(p99)} · `, h("a", { href }, `like ${like}`)));
}

/** Bars of how often, on a logarithmic axis, with p50, p99 and this one. @param {Placed} placed @param {string} label */
function distribution(placed, label) {
  const values = placed.points.filter(([value]) => value > 0);
  const low = Math.log(Math.max(1, Math.min(placed.nano || Infinity, ...values.map(([value]) => value))) * 0.9), high = Math.log(Math.max(placed.nano, ...values.map(([value]) => value), 2) * 1.1);
  const x = (/** @type {number} */ value) => (Math.log(Math.max(1, value)) - low) / Math.max(1e-9, high - low) * WIDTH;
  const bins = new Float64Array(BINS);
  for (const [value, weight] of placed.points) bins[Math.max(0, Math.min(BINS - 1, Math.floor(x(value) / WIDTH * BINS)))] += weight;
  const most = Math.max(...bins, 1e-9), chart = svg("svg", { class: "chart normal-chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  bins.forEach((weight, bin) => {
    if (weight <= 0) return;
    const tall = Math.max(1.5, Math.sqrt(weight / most) * (FLOOR - 6));
    chart.append(svg("rect", { class: "normal-bar", x: bin * WIDTH / BINS + 0.5, y: FLOOR - tall, width: WIDTH / BINS - 1, height: tall }));
  });
  chart.append(svg("line", { class: "normal-axis", x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR }));
  for (const [name, value] of /** @type {Array<[string, number]>} */ ([["p50", placed.p50], ["p99", placed.p99]])) chart.append(svg("line", { class: `normal-mark`, x1: x(value), x2: x(value), y1: 4, y2: FLOOR + 3 }), svg("text", { x: Math.min(WIDTH - 22, Math.max(0, x(value) - 9)), y: HEIGHT - 2 }, name));
  const at = x(placed.nano);
  chart.append(svg("path", { class: `normal-this${placed.rank >= 0.95 ? " high" : ""}`, d: `M${at} ${FLOOR}V6M${at - 5} 0H${at + 5}L${at} 7Z` }, svg("title", null, `this one: ${exact(placed.nano)}`)));
  return chart;
}

/** A span's stages against the same stages of others: as in the strip, a line each. @param {any} answer */
export function stageScales(answer) {
  return new Map(Object.entries(/** @type {Record<string, Placed>} */ (answer.stages ?? {})));
}

/** How much more than usual; grey below a tenth of it, and where it matters little to the span. @param {Placed} stage @param {number} length ns of the span */
export function difference(stage, length) {
  const change = stage.nano - stage.p50, small = Math.abs(change) < Math.max(1000, stage.p50 * 0.1, length * 0.02);
  return h("span", { class: small ? "faint" : change > 0 ? "error-text" : "ok-text", title: `p50 ${duration(stage.p50)}, p99 ${duration(stage.p99)}, ${place(stage.rank)}` }, `${change > 0 ? "+" : change < 0 ? "−" : ""}${duration(Math.abs(change))}`);
}
