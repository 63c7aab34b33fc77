// Marks of the heatmap on its canvas: single traces, lines of percentiles, and the ramp of its cells.

/** @typedef {import("./heat.js").Point} Point @typedef {import("./scale.js").LinearScale} LinearScale @typedef {import("./scale.js").LogScale} LogScale */

/**
 * The median and p99 of each column, broken where there is nothing.
 * @param {CanvasRenderingContext2D} context @param {import("./heat.js").HeatData["columns"]} columns @param {string} color @param {(index: number) => number} middle of a column, px @param {LogScale} y
 */
export function drawLines(context, columns, color, middle, y) {
  for (const [key, dash] of /** @type {Array<["p50" | "p99", number[]]>} */ ([["p50", []], ["p99", [3, 3]]])) {
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.setLineDash(dash);
    context.beginPath();
    let open = false;
    columns.forEach((column, index) => {
      const value = column[key];
      if (!value) { open = false; return; }
      if (open) context.lineTo(middle(index), y.at(value));
      else context.moveTo(middle(index), y.at(value));
      open = true;
    });
    context.stroke();
    context.setLineDash([]);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} points @param {LinearScale} x @param {LogScale} y @param {string} color @param {string} error */
export function drawPoints(context, points, x, y, color, error) {
  // Failed ones on top.
  for (const failed of [false, true]) {
    context.fillStyle = context.strokeStyle = failed ? error : color;
    for (const point of points) {
      if (point.errors > 0 !== failed) continue;
      context.beginPath();
      context.arc(x.at(point.start), y.at(Math.max(point.duration, 1)), Math.min(9, 1.5 + Math.sqrt(point.spans) * 0.4), 0, 2 * Math.PI);
      context.globalAlpha = 0.45;
      context.fill();
      context.globalAlpha = 0.9;
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

/** Sixty-four colours from one to the other, mixed in a space where steps look even (OKLab). @param {string} low @param {string} high */
export function ramp(low, high) {
  const a = oklab(low), b = oklab(high);
  return Array.from({ length: 64 }, (_, index) => {
    const t = index / 63, [l, m, n] = a.map((part, at) => part + (b[at] - part) * t);
    return `oklab(${l.toFixed(4)} ${m.toFixed(4)} ${n.toFixed(4)})`;
  });
}

/** @param {string} hex @returns {[number, number, number]} */
function oklab(hex) {
  const value = parseInt(hex.slice(1), 16);
  const [r, g, b] = [value >> 16, (value >> 8) & 255, value & 255].map((part) => { const c = part / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b), m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b), s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}
