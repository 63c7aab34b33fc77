// A small bar of stages in order: how a request spent its time, seen in a list. All bars are equally wide; how long it took stands beside it.
import { h, svg } from "./dom.js";
import { STAGES } from "./color.js";
import { duration, percent } from "./format.js";

/** In causal order. */
const ORDER = Object.keys(STAGES);

/** Stages of a request in order, longest times told first in words. @param {Record<string, number>} stages ns by stage */
function stageWords(stages) {
  const total = Object.values(stages).reduce((sum, value) => sum + value, 0) || 1;
  return Object.entries(stages).filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name, value]) => `${STAGES[name]?.label ?? name} ${duration(value)} (${percent(value / total)})`).join(", ");
}

/** @param {Record<string, number>} stages ns by stage @param {number} [width] px */
export function stageBar(stages, width = 160) {
  const known = ORDER.filter((name) => stages[name] > 0);
  const bar = svg("svg", { class: "stagebar", width, height: 10, viewBox: `0 0 ${width} 10`, "aria-hidden": "true" });
  if (!known.length) bar.append(svg("rect", { class: "stagebar-plain", x: 0, y: 4, width, height: 2 }));
  let x = 0;
  const sum = known.reduce((all, name) => all + stages[name], 0) || 1;
  for (const name of known) {
    const part = stages[name] / sum * width;
    bar.append(svg("rect", { class: "stage-fill", "data-stage": name, x: x.toFixed(2), y: 0, width: Math.max(0.2, part).toFixed(2), height: 10 }));
    if (STAGES[name].waiting && part > 2) bar.append(svg("path", { class: "stage-hatch", d: hatchPath(x, part) }));
    x += part;
  }
  return h("span", { class: "stagebar-box", title: known.length ? stageWords(stages) : "" }, bar, h("span", { class: "offscreen-text" }, known.length ? stageWords(stages) : "no stages"));
}

/** What the colours of stages mean, in causal order. @param {Iterable<string>} names */
export function stageKey(names) {
  const known = new Set(names);
  return ORDER.filter((name) => known.has(name)).map((name) => h("span", { class: "stage-key" }, svg("svg", { width: 14, height: 10, viewBox: "0 0 14 10", "aria-hidden": "true" }, svg("rect", { class: "stage-fill", "data-stage": name, width: 14, height: 10 }), STAGES[name].waiting && svg("path", { class: "stage-hatch", d: hatchPath(0, 14) })), ` ${STAGES[name].label}`));
}

/** Stripes over a waiting stage, so that it reads without colour. @param {number} x @param {number} width */
function hatchPath(x, width) {
  let path = "";
  for (let at = x - 4; at < x + width; at += 6) {
    // Each stripe rises from the bottom to the top within the part.
    const from = Math.max(x, at), to = Math.min(x + width, at + 10);
    if (to > from) path += `M${from.toFixed(1)} ${(10 - (from - at)).toFixed(1)}L${to.toFixed(1)} ${(10 - (to - at)).toFixed(1)}`;
  }
  return path;
}
