// Wheel, drag and keys of the lanes.
import { onDrag, wheelPixels, wheelZoom } from "./canvas.js";
import { RULER, lanesBetween } from "./lanelayout.js";

/** @param {import("./lanechart.js").LaneChart} chart */
export function wireLanes(chart) {
  const { area, cursor } = chart;
  area.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    const bounds = area.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey || event.clientY - bounds.top < RULER) {
      event.preventDefault();
      chart.zoom(wheelZoom(event), chart.x?.value(event.clientX - bounds.left));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      chart.pan(wheelPixels(event, event.deltaX || event.deltaY) / Math.max(200, bounds.width));
    }
  }, { passive: false });
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => key(chart, event));
  area.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => { if (event.clientY - area.getBoundingClientRect().top < RULER) chart.whole(); });
  area.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => { if (!event.buttons) cursor.hover(event); });
  area.addEventListener("pointerleave", () => cursor.hideTip());
  onDrag(area, (event) => drag(chart, event));
}

/** @param {import("./lanechart.js").LaneChart} chart @param {PointerEvent} event */
function drag(chart, event) {
  const bounds = chart.area.getBoundingClientRect(), start = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  chart.area.focus({ preventScroll: true });
  return (/** @type {PointerEvent} */ next, /** @type {boolean} */ done) => {
    const { x } = chart, end = { x: Math.max(0, Math.min(bounds.width, next.clientX - bounds.left)), y: next.clientY - bounds.top };
    if (!x) return;
    const moved = Math.abs(end.x - start.x) >= 4, from = x.value(Math.min(start.x, end.x)), to = x.value(Math.max(start.x, end.x));
    if (start.y < RULER) {
      chart.reach = moved && !done ? { from, to } : null;
      if (done && moved) chart.show(from, to);
      else chart.draw();
      return;
    }
    if (!moved) { if (done) chart.cursor.openAt(start.x, start.y); return; }
    chart.cursor.hideTip();
    chart.selection.chosen = { from, to, lanes: lanesBetween(chart.layout?.rows ?? [], Math.min(start.y, end.y), Math.max(start.y, end.y)) };
    chart.draw();
    if (done) chart.selection.finish();
  };
}

/** @param {import("./lanechart.js").LaneChart} chart @param {KeyboardEvent} event */
function key(chart, event) {
  const { cursor, selection } = chart;
  /** @type {Record<string, () => void>} */
  const keys = { "+": () => chart.zoom(0.6), "=": () => chart.zoom(0.6), w: () => chart.zoom(0.6), "-": () => chart.zoom(1 / 0.6), s: () => chart.zoom(1 / 0.6), a: () => chart.pan(-0.2), d: () => chart.pan(0.2), ArrowLeft: () => chart.pan(-0.2), ArrowRight: () => chart.pan(0.2), "0": () => chart.whole(), f: () => cursor.fit(),
    ",": () => cursor.step(-1), ".": () => cursor.step(1), ArrowUp: () => cursor.changeLane(-1), ArrowDown: () => cursor.changeLane(1), Enter: () => cursor.openBlock(),
    Escape: () => { cursor.place = null; cursor.hideTip(); selection.clear(); } };
  if (event.shiftKey) Object.assign(keys, { ArrowLeft: () => selection.extend(-1, 0), ArrowRight: () => selection.extend(1, 0), ArrowUp: () => selection.extend(0, -1), ArrowDown: () => selection.extend(0, 1) });
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  event.stopPropagation();
  keys[event.key]();
}
