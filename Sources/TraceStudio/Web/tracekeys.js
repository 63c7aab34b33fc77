// Keyboard of the trace page. One table serves the keys and the list of them.
import { sessionPreference, toast } from "./dom.js";

/**
 * @typedef {{view: import("./view.js").TraceView, waterfall: import("./waterfall.js").Waterfall,
 *   toggleTable: () => void, reroot: (row: number) => void, focusFind: () => void, togglePanel: () => void, enterPanel: () => void, escape: () => void}} Actions
 * @typedef {import("./keys.js").Binding<Actions>} Binding
 */

/** Moves the selection by lines on screen. @param {Actions} actions @param {number} lines */
function move(actions, lines) {
  const { trace, selected } = actions.view;
  const line = selected < 0 ? 0 : trace.line[selected] + lines;
  actions.view.select(trace.visible[Math.max(0, Math.min(trace.visible.length - 1, line))]);
}

/** @param {Actions} actions */
function closeOrParent({ view }) {
  const { trace, selected } = view;
  const head = trace.groups.head[selected];
  if (head >= 0 && trace.groups.open[head]) view.openGroup(selected, false);
  else if (trace.size[selected] > 0 && !trace.folded[selected]) view.fold(selected, true);
  else if (trace.parent[selected] >= 0) view.select(trace.parent[selected]);
}

/** @param {Actions} actions */
function openOrChild({ view }) {
  const { trace, selected } = view;
  if (trace.groups.isClosed(selected)) view.openGroup(selected, true);
  if (trace.size[selected] === 0) return;
  if (trace.folded[selected]) view.fold(selected, false);
  else view.select(selected + 1);
}

/** @param {Actions} actions */
function enter({ view, enterPanel }) {
  if (view.trace.groups.isClosed(view.selected)) view.openGroup(view.selected, true);
  else enterPanel();
}

/** @param {Actions} actions @param {boolean} open */
function level({ view }, open) {
  view.trace.shiftLevel(open);
  view.afterFold();
}

/** @param {Actions} actions */
function critical({ view }) {
  view.toggleCriticalPath();
  toast(view.criticalPath.isEmpty ? "This trace has no critical path" : view.showsCriticalPath ? "Critical path shown" : "Critical path hidden");
}

/** @param {Actions} actions @param {1 | -1} step */
function error({ view }, step) {
  if (view.nextError(step) < 0) toast("No span failed");
}

/** @param {Actions} actions @param {1 | -1} step */
function match({ view }, step) {
  if (view.matches.length) view.nextMatch(step);
  else toast(view.findText ? "No match" : "Press / to find something first");
}

/** Opens a neighbour in the list that the last search showed in this tab. @param {Actions} actions @param {1 | -1} step */
function neighbour({ view }, step) {
  const list = sessionPreference("list")?.split(",") ?? [];
  const at = list.indexOf(view.trace.traceID);
  const next = at < 0 ? undefined : list[at + step];
  if (next) location.assign(`/trace/${next}`);
  else toast(at < 0 ? "This trace is not in the last list of this tab" : step > 0 ? "The last trace of the list" : "The first trace of the list");
}

/** @type {Binding[]} */
export const TRACE_KEYS = [
  { keys: ["ArrowDown"], show: "↓ ↑", text: "next, previous span", run: (actions) => move(actions, 1) },
  { keys: ["ArrowUp"], show: "", text: "", run: (actions) => move(actions, -1) },
  { keys: ["ArrowRight"], show: "→ ←", text: "open or go to the first child; fold or go to the parent", run: openOrChild },
  { keys: ["ArrowLeft"], show: "", text: "", run: closeOrParent },
  { keys: ["Home"], show: "Home End", text: "first, last span", run: (actions) => move(actions, -Infinity) },
  { keys: ["End"], show: "", text: "", run: (actions) => move(actions, Infinity) },
  { keys: ["PageDown"], show: "PgDn PgUp", text: "one screen down, up", run: (actions) => move(actions, actions.waterfall.page) },
  { keys: ["PageUp"], show: "", text: "", run: (actions) => move(actions, -actions.waterfall.page) },
  { keys: ["Enter"], show: "Enter", text: "open a group (name ×n); else to the detail panel, Esc comes back", run: enter },
  { keys: ["Escape"], show: "Esc", text: "back to the spans, clear find", run: ({ escape }) => escape() },
  { keys: ["/"], show: "/", text: "find in this trace", run: ({ focusFind }) => focusFind() },
  { keys: ["n"], show: "n N", text: "next, previous match", run: (actions) => match(actions, 1) },
  { keys: ["N"], show: "", text: "", run: (actions) => match(actions, -1) },
  { keys: ["e"], show: "e E", text: "next, previous error", run: (actions) => error(actions, 1) },
  { keys: ["E"], show: "", text: "", run: (actions) => error(actions, -1) },
  { keys: ["f"], show: "f", text: "zoom to the selected span", run: ({ view }) => view.fit(view.selected) },
  { keys: ["0"], show: "0", text: "see the whole trace", run: ({ view }) => view.reset() },
  { keys: ["w", "+", "="], show: "w s", text: "zoom in, out (also ctrl and wheel)", run: ({ view }) => view.zoomBy(0.7) },
  { keys: ["s", "-"], show: "", text: "", run: ({ view }) => view.zoomBy(1 / 0.7) },
  { keys: ["a"], show: "a d", text: "move left, right (also shift and wheel)", run: ({ view }) => view.pan(-0.2) },
  { keys: ["d"], show: "", text: "", run: ({ view }) => view.pan(0.2) },
  { keys: ["c"], show: "c", text: "show or hide the critical path (the line under the bars)", run: critical },
  { keys: ["["], show: "[ ]", text: "fold, open one level", run: (actions) => level(actions, false) },
  { keys: ["]"], show: "", text: "", run: (actions) => level(actions, true) },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], show: "1 … 9", text: "show that many levels", run: ({ view }, event) => { view.trace.showDepth(Number(event.key)); view.afterFold(); } },
  { keys: ["."], show: ".", text: "show what lies below the span as if it were the trace; again: the whole trace", run: ({ view, reroot }) => reroot(view.trace.root && view.selected <= 0 ? -1 : view.selected) },
  { keys: ["t"], show: "t", text: "the spans as a table, and back", run: ({ toggleTable }) => toggleTable() },
  { keys: ["x"], show: "x", text: "compare: remember this trace, then press it on another", run: () => { /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="compare"]'))?.click(); } },
  { keys: ["\\"], show: "\\", text: "show or hide the detail panel", run: ({ togglePanel }) => togglePanel() },
  { keys: ["j"], show: "j k", text: "next, previous trace of the list it was found in", run: (actions) => neighbour(actions, 1) },
  { keys: ["k"], show: "", text: "", run: (actions) => neighbour(actions, -1) },
];
