// Why a selection is slow: which stages make the difference, which attributes go with it, what happens on one side only.
import { h, fill, svg } from "./dom.js";
import { count, duration, integer, percent } from "./format.js";
import { STAGES } from "./color.js";
import { quoted } from "./filterbox.js";
import { figure } from "./figure.js";
import { summing } from "./estimate.js";
import { LinearScale } from "./scale.js";

const SHOWN = 10;

/**
 * @typedef {{link: (term: string) => string, exclude: (term: string) => string, split?: (term: string) => string, versus?: (term: string) => string, names?: [string, string]}} Doors links with a term of the filter: only traces with it, all but these, both drawn apart, both compared; `names` of the sides
 */

/**
 * @param {any} answer of /api/ui/tail @param {Doors} doors
 */
export function whyPanel(answer, doors) {
  const names = doors.names ?? ["selection", "rest"];
  if (!answer.selection.traces || !answer.baseline.traces) {
    return h("div", { "data-testid": "why-panel" }, h("p", { class: "muted" }, answer.selection.traces ? "There is nothing to compare with: every trace is in the selection." : "No trace is in the selection."));
  }
  const used = answer.read && !answer.read.complete ? h("p", { class: "notice", "data-testid": "used" }, `${integer(answer.read.traces)} of ≈ ${integer(answer.read.of)} traces used: the newest ones.`) : null;
  return h("div", { class: "why", "data-testid": "why-panel" }, used,
    h("p", { class: "why-words", "data-testid": "why-words" }, answer.sentences.join(" ")),
    h("p", { class: "muted" }, `${names[0]}: ${traces(answer.selection)}, mean ${duration(answer.selection.meanNano)} · ${names[1]}: ${traces(answer.baseline)}, mean ${duration(answer.baseline.meanNano)}`),
    contributions(answer, names), ranking(answer, doors, names), structure(answer, names),
    h("p", { class: "why-exemplars" }, "Examples at p50, p95 and p99: ", h("span", { class: "side-mark selection" }, names[0]), " ", exemplars(answer.selection.exemplars), h("span", { class: "side-mark baseline" }, names[1]), " ", exemplars(answer.baseline.exemplars)));
}

/** @param {any} side */
function traces(side) { return Math.round(side.count) === side.traces ? count(side.traces, "trace") : `${count(side.traces, "trace")} (≈ ${integer(side.count)} requests)`; }

/** @param {string[]} ids */
export function exemplars(ids) { return ids.map((id) => [h("a", { href: `/trace/${id}`, class: "mono", "data-testid": "exemplar" }, id.slice(0, 8)), " "]); }

/** A difference with its sign. @param {number} ns */
export function signed(ns) { return Math.round(ns) === 0 ? "0" : `${ns > 0 ? "+" : "−"}${duration(Math.abs(Math.round(ns)))}`; }

/** A bar of a stage; waiting is hatched. @param {string} stage @param {string} side @param {number} share of the width */
function stageSpan(stage, side, share) {
  const bar = h("i", { class: `why-stage ${side}${STAGES[stage]?.waiting ? " hatched" : ""}` });
  bar.style.setProperty("--stage", `var(--stage-${stage in STAGES ? stage : "unaccounted"})`);
  bar.style.width = `${Math.max(0, share) * 100}%`;
  return bar;
}

/** Differences of the means by stage; as printed they add up to the gap. @param {any} answer @param {string[]} names */
function contributions(answer, names) {
  const stages = answer.stages.filter((/** @type {any} */ stage) => stage.selectionNano > 0 || stage.baselineNano > 0);
  const most = Math.max(1, ...stages.flatMap((/** @type {any} */ stage) => [stage.selectionNano, stage.baselineNano]));
  const sums = summing(stages.map((/** @type {any} */ stage) => stage.differenceNano), answer.gapNano);
  const label = (/** @type {any} */ stage) => STAGES[stage.stage]?.label ?? stage.stage;
  const rows = stages.map((/** @type {any} */ stage, /** @type {number} */ index) => h("tr", { "data-stage": stage.stage, "data-difference": stage.differenceNano }, h("th", { scope: "row" }, label(stage)),
    h("td", { class: "why-stage-bars" }, stageSpan(stage.stage, "baseline", stage.baselineNano / most), stageSpan(stage.stage, "selection", stage.selectionNano / most)),
    h("td", { class: `number${Math.abs(stage.differenceNano) < Math.abs(answer.gapNano) * 0.02 ? " faint" : ""}`, "data-part": "" }, h("b", null, sums.parts[index])),
    h("td", { class: "number muted" }, `${duration(Math.round(stage.baselineNano))} → ${duration(Math.round(stage.selectionNano))}`)));
  return figure({
    title: "Where the time is", note: `mean of the ${names[1]} → mean of the ${names[0]}`, summary: `${stages.length} stages make up a difference of ${sums.whole}`, testid: "contributions", class: "inset", numbers: () => ({
      columns: [{ label: "stage" }, { label: names[1], numeric: true }, { label: names[0], numeric: true }, { label: "difference", numeric: true }],
      rows: [...stages.map((/** @type {any} */ stage, /** @type {number} */ index) => [label(stage), duration(Math.round(stage.baselineNano)), duration(Math.round(stage.selectionNano)), sums.parts[index]]), ["all", duration(Math.round(answer.baseline.meanNano)), duration(Math.round(answer.selection.meanNano)), sums.whole]],
    }),
  }, h("table", { class: "table why-stages", "aria-label": "Mean time by stage, in the rest and in the selection" }, h("tbody", null, rows), h("tfoot", null, h("tr", null, h("th", { scope: "row" }, "all"), h("td"), h("td", { class: "number", "data-testid": "gap", "data-gap": answer.gapNano }, h("b", null, sums.whole)), h("td", { class: "number muted" }, `${duration(Math.round(answer.baseline.meanNano))} → ${duration(Math.round(answer.selection.meanNano))}`)))));
}

/** @param {any} answer @param {Doors} doors @param {string[]} names */
function ranking(answer, doors, names) {
  const items = answer.attributes, list = h("ul", { class: "why-attributes", "data-testid": "ranking" });
  // What the selection has is the better lead than what it lacks: that comes when it is asked for.
  const more = items.filter((/** @type {any} */ item) => item.z > 0), less = items.filter((/** @type {any} */ item) => item.z <= 0);
  const rest = [...more.slice(SHOWN), ...less];
  const button = h("button", { class: "button small", type: "button", "data-testid": "more-attributes", hidden: rest.length === 0, onclick: () => { button.hidden = true; draw([...more, ...less]); } }, `${rest.length} more${less.length ? `, ${less.length} of them rarer in the ${names[0]}` : ""}`);
  const draw = (/** @type {any[]} */ shown) => fill(list, shown.map((item) => attribute(item, doors)));
  draw(more.slice(0, SHOWN));
  const ids = answer.hiddenKeys;
  return figure({
    title: "What goes with it", note: `share in the ${names[0]} / in the ${names[1]} · how many times as often`, summary: items.length ? `${items.length} attributes tell the selection from the rest; the best is ${items[0].key} ${items[0].value}` : "No attribute tells the selection from the rest", testid: "attributes", class: "inset", numbers: () => ({
      columns: [{ label: "attribute" }, { label: "value" }, { label: "in the selection", numeric: true }, { label: "in the rest", numeric: true }, { label: "lift", numeric: true }, { label: "n", numeric: true }, { label: "n rest", numeric: true }, { label: "standard errors", numeric: true }],
      rows: items.map((/** @type {any} */ item) => [item.key, item.value, percent(item.selectionShare), percent(item.baselineShare), item.lift === null ? "∞" : item.lift.toFixed(2), item.selectionCount, item.baselineCount, item.z.toFixed(1)]),
    }),
  }, h("div", null, items.length ? [list, button] : h("p", { class: "faint" }, "None stands out with any certainty."),
    ids.length > 0 && h("details", { class: "why-ids", "data-testid": "hidden-ids" }, h("summary", null, `${count(ids.length, "id")} hidden`, h("span", { class: "faint" }, " · nearly every trace has its own value: show")), h("p", null, ids.map((/** @type {string} */ id) => [h("code", null, id), " "])))));
}

/** @param {any} item @param {Doors} doors */
function attribute(item, doors) {
  const term = termOf(item);
  const bar = (/** @type {number} */ share, /** @type {string} */ side) => { const element = h("i", { class: `why-bar ${side}` }); element.style.width = `${share * 100}%`; return element; };
  const times = item.lift === null || item.lift === undefined ? "only here" : item.lift >= 1 ? `×${item.lift >= 100 ? integer(item.lift) : item.lift.toFixed(1)}` : item.lift < 0.005 ? "hardly here" : `×${item.lift.toFixed(2)}`;
  /** @type {Array<[string, ((term: string) => string) | undefined, string]>} */
  const doorsOf = [["only", doors.link, "Only traces with it"], ["not", doors.exclude, "All but these, to see what is left"], ["split", doors.split, "Two heatmaps: with it and without it"], ["vs", doors.versus, "Compare traces with it and without it"]];
  return h("li", { "data-key": item.key, "data-value": item.value }, h("span", { class: "why-key" }, h("code", null, item.key), " ", h("b", null, item.numeric ? item.value : `= ${item.value}`), item.aliases?.length ? h("span", { class: "faint why-same", title: item.aliases.join("\n") }, ` same as ${item.aliases[0]}${item.aliases.length > 1 ? ` and ${item.aliases.length - 1} more` : ""}`) : null),
    item.numeric ? histogram(item.numeric) : h("span", { class: "why-bars", "aria-hidden": "true" }, bar(item.selectionShare, "selection"), bar(item.baselineShare, "baseline")),
    h("span", { class: "number why-shares" }, `${percent(item.selectionShare)} / ${percent(item.baselineShare)} `, h("span", { class: "faint" }, times), h("span", { class: "faint why-n", title: `${integer(item.selectionCount)} traces of the selection and ${integer(item.baselineCount)} of the rest; the shares differ by ${Math.abs(item.z).toFixed(1)} standard errors` }, `n = ${integer(item.selectionCount)} ${"•".repeat(Math.abs(item.z) >= 10 ? 3 : Math.abs(item.z) >= 5 ? 2 : 1)}`)),
    h("span", { class: "why-doors" }, doorsOf.map(([label, door, title]) => door && h("a", { class: "button small", href: door(term), title: `${title}: ${term}`, "aria-label": `${label} ${term}`, "data-door": label }, label))));
}

/** Both sides' values over each other, each side's bars adding up to one, and the best cut. @param {any} numeric */
function histogram(numeric) {
  const width = 180, height = 34, steps = numeric.selection.length;
  const x = new LinearScale(numeric.min, numeric.max, 0, width);
  const sum = (/** @type {number[]} */ side) => side.reduce((all, value) => all + value, 0) || 1;
  const sides = [["baseline", numeric.baseline], ["selection", numeric.selection]];
  const most = Math.max(...sides.flatMap(([, values]) => values.map((/** @type {number} */ value) => value / sum(values)))) || 1;
  const picture = svg("svg", { class: "why-histogram", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const [side, values] of sides) values.forEach((/** @type {number} */ value, /** @type {number} */ index) => {
    if (!value) return;
    const tall = Math.max(1, value / sum(values) / most * (height - 2));
    picture.append(svg("rect", { class: `side-${side}`, x: index * width / steps, width: Math.max(1, width / steps - 1), y: height - tall, height: tall }));
  });
  const cut = x.at(numeric.cut);
  picture.append(svg("line", { class: "cut", x1: cut, x2: cut, y1: 0, y2: height }));
  const text = (/** @type {number} */ value) => (Number.isInteger(value) ? integer(value) : value.toPrecision(3));
  return h("span", { class: "why-bars", title: `from ${text(numeric.min)} to ${text(numeric.max)}; the sides differ most at ${text(numeric.cut)}` }, picture, h("span", { class: "why-range faint", "aria-hidden": "true" }, h("span", null, text(numeric.min)), h("span", null, text(numeric.max))));
}

/** An attribute of the ranking as a term of the filter. @param {any} item */
function termOf(item) {
  const cut = item.numeric && String(item.value).match(/^([<>]=?|≥|≤)\s*(.+)$/);
  if (cut) return `${item.key}${cut[1].replace("≥", ">=").replace("≤", "<=")}${cut[2]}`;
  return `${item.key}:${quoted(String(item.value))}`;
}

/** Spans that one side has, or has more often. @param {any} answer @param {string[]} names */
function structure(answer, names) {
  const items = answer.structure.slice(0, SHOWN);
  if (!items.length) return null;
  return figure({ title: "Spans on one side", note: "retries, misses, extra calls", summary: `${items.length} kinds of spans are on one side only, or more often`, testid: "structure", class: "inset", numbers: () => ({ columns: [{ label: "span" }, { label: "service" }, { label: "in the selection", numeric: true }, { label: "in the rest", numeric: true }], rows: items.map((/** @type {any} */ item) => [item.name, item.service, percent(item.selectionShare), percent(item.baselineShare)]) }) },
    h("ul", { class: "why-structure" }, items.map((/** @type {any} */ item) => h("li", null, h("b", null, item.name), h("span", { class: "muted" }, ` ${item.service} · `), item.baselineShare === 0 ? `only in the ${names[0]} (${percent(item.selectionShare)})` : item.selectionShare === 0 ? `only in the ${names[1]} (${percent(item.baselineShare)})` : `${percent(item.selectionShare)} of the ${names[0]}, ${percent(item.baselineShare)} of the ${names[1]}`))));
}
