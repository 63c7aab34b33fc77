// A chart that is drawn as wide as its box, and again when the box changes.
import { h, fill } from "./dom.js";

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
