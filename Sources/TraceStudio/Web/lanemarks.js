// What lies over the lanes: where one came from, the area that is chosen, and the block under the keyboard.
import { svg } from "./dom.js";

export class LaneMarks {
  constructor() {
    this.element = svg("svg", { class: "heat-axes", "aria-hidden": "true" });
    /** Those that are there. @type {Map<string, SVGElement>} */
    this.shown = new Map();
  }

  /** @param {number} width @param {number} height */
  resize(width, height) { set(this.element, { width, height }); }

  /** Shows a mark, or takes it away. @param {string} name @param {string} tag @param {Record<string, string | number> | null} attributes */
  show(name, tag, attributes) {
    let mark = this.shown.get(name);
    if (!attributes) {
      mark?.remove();
      this.shown.delete(name);
      return;
    }
    if (!mark) {
      mark = /** @type {SVGElement} */ (svg(tag));
      this.shown.set(name, mark);
      this.element.append(mark);
    }
    set(mark, attributes);
  }

  /** A vertical line with a flag. @param {string} name @param {number | null} at px @param {number} height */
  line(name, at, height) {
    this.show(`${name}-line`, "line", at === null ? null : { class: "lane-mark", "data-testid": "lane-mark", x1: at, x2: at, y1: 2, y2: height });
    this.show(`${name}-flag`, "path", at === null ? null : { class: "lane-flag", d: `M${at} 2h8l-3 4l3 4h-8z` });
  }
}

/** Only what is another value. @param {Element} element @param {Record<string, string | number>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}
