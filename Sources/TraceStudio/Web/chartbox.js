// A chart that is drawn as wide as its box, and again when the box changes.
import { h, fill, svg } from "./dom.js";
import { clockTicks } from "./scale.js";

/** Drawn in no box narrower than this: it scrolls then. */
const NARROWEST = 240;

/**
 * @param {(width: number) => Element} draw
 * @param {string} [testid]
 */
export function chartBox(draw, testid) {
  const box = h("div", { class: "chart-box", "data-testid": testid });
  let drawn = 0;
  const redraw = () => {
    const width = Math.max(NARROWEST, box.clientWidth);
    if (!box.clientWidth) return;
    drawn = width;
    fill(box, draw(width));
  };
  new ResizeObserver(() => { if (Math.max(NARROWEST, box.clientWidth) !== drawn) redraw(); }).observe(box);
  return { element: box, redraw };
}

/**
 * Names of times below a chart. What would stand below the names of the other axis, or beyond the end, is left out.
 * @param {import("./scale.js").LinearScale} x µs since 1970 @param {number} width of the chart @param {number} height
 */
export function timeLabels(x, width, height) {
  const half = (/** @type {string} */ label) => 3 * label.length;
  return clockTicks(x.low / 1000, x.high / 1000, Math.max(2, Math.min(9, Math.floor((width - x.a) / 70)))).map((tick) => ({ at: x.at(tick.at * 1000), label: tick.label }))
    .filter(({ at, label }) => at - half(label) > x.a && at + half(label) < width).map(({ at, label }) => svg("text", { x: at, y: height - 5, "text-anchor": "middle" }, label));
}
