// Bars: how often each size came. And waiting against batch size as a small heatmap.
import { svg } from "./dom.js";
import { duration, integer, percent } from "./format.js";
import { LinearScale } from "./scale.js";

/**
 * Bars of shares by size.
 * @param {Array<{size: number, n: number}>} fill @param {number} width @param {number} [height]
 */
export function fillBars(fill, width, height = 150) {
  const total = fill.reduce((sum, bar) => sum + bar.n, 0) || 1, most = Math.max(1, ...fill.map((bar) => bar.n));
  const largest = Math.max(1, ...fill.map((bar) => bar.size));
  const x = new LinearScale(0.5, largest + 0.5, 8, width - 8), y = new LinearScale(0, most, height - 18, 18);
  const step = (width - 16) / largest;
  const picture = svg("svg", { class: "chart", width, height, "aria-hidden": "true" });
  for (const bar of fill) {
    const left = x.at(bar.size - 0.5) + 1;
    picture.append(svg("rect", { class: "bar-infer", x: left, y: y.at(bar.n), width: Math.max(1, step - 2), height: y.at(0) - y.at(bar.n) }, svg("title", null, `size ${bar.size}: ${integer(bar.n)} executions, ${percent(bar.n / total)}`)));
    if (step > 30) picture.append(svg("text", { x: left + step / 2 - 1, y: y.at(bar.n) - 4, "text-anchor": "middle" }, percent(bar.n / total)));
    if (step > 14 || bar.size % Math.ceil(20 / step) === 0) picture.append(svg("text", { x: left + step / 2 - 1, y: height - 4, "text-anchor": "middle" }, String(bar.size)));
  }
  return picture;
}

/**
 * Batch size × queue delay.
 * @param {Array<{size: number, delay: number, n: number}>} cells @param {{lowestNano: number, ratio: number}} scale @param {number} width @param {(size: number) => string} link
 */
export function delayCells(cells, scale, width, link, height = 150) {
  const largest = Math.max(1, ...cells.map((cell) => cell.size)), deepest = Math.max(1, ...cells.map((cell) => cell.delay)) + 1, most = Math.max(1, ...cells.map((cell) => cell.n));
  const lowest = Math.max(0, Math.min(...cells.map((cell) => cell.delay)) - 1);
  const x = new LinearScale(0.5, largest + 0.5, 56, width - 8), y = new LinearScale(lowest, deepest, height - 18, 6);
  const picture = svg("svg", { class: "chart", width, height });
  for (let bin = lowest; bin <= deepest; bin++) if ((bin - lowest) % Math.ceil((deepest - lowest) / 5) === 0) picture.append(svg("text", { x: 50, y: y.at(bin) + 4, "text-anchor": "end" }, bin === 0 ? "0" : duration(scale.lowestNano * scale.ratio ** bin)));
  const step = (width - 64) / largest;
  for (let size = 1; size <= largest; size++) if (step > 14 || size % Math.ceil(20 / step) === 0) picture.append(svg("text", { x: x.at(size), y: height - 4, "text-anchor": "middle" }, String(size)));
  for (const cell of cells) {
    const rect = svg("rect", { class: "heat-cell", x: x.at(cell.size - 0.5) + 1, y: y.at(cell.delay + 1) + 1, width: Math.max(1, step - 2), height: Math.max(1, y.at(cell.delay) - y.at(cell.delay + 1) - 2) },
      svg("title", null, `${integer(cell.n)} executions of ${cell.size}, waited ${cell.delay === 0 ? `less than ${duration(scale.lowestNano * scale.ratio)}` : `${duration(scale.lowestNano * scale.ratio ** cell.delay)} – ${duration(scale.lowestNano * scale.ratio ** (cell.delay + 1))}`}`));
    rect.style.setProperty("--share", `${Math.round(Math.sqrt(cell.n / most) * 100)}%`);
    picture.append(svg("a", { href: link(cell.size), tabindex: -1 }, rect));
  }
  return picture;
}
