// Keyboard of the trace page, and the overlay that lists it. One table serves both.
import { h, copy, sessionPreference, toast } from "./dom.js";

/**
 * @typedef {{view: import("./view.js").TraceView, waterfall: import("./waterfall.js").Waterfall,
 *   focusFind: () => void, togglePanel: () => void, enterPanel: () => void, escape: () => void}} Actions
 * @typedef {{keys: string[], show: string, text: string, run: (actions: Actions, event: KeyboardEvent) => void}} Binding
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
  toast(view.criticalPath.extents.size === 0 ? "The trace is too large for a critical path" : view.showsCriticalPath ? "Critical path shown" : "Critical path hidden");
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

/** When `g` was pressed: the key after it says where to go. */
let goneAt = -Infinity;

/** @type {Binding[]} */
export const BINDINGS = [
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
  { keys: ["\\"], show: "\\", text: "show or hide the detail panel", run: ({ togglePanel }) => togglePanel() },
  { keys: ["y"], show: "y", text: "copy a link to this view", run: () => { copy(location.href, "a link to this view"); } },
  { keys: ["j"], show: "j k", text: "next, previous trace of the list it was found in", run: (actions) => neighbour(actions, 1) },
  { keys: ["k"], show: "", text: "", run: (actions) => neighbour(actions, -1) },
  { keys: ["g"], show: "g t", text: "go to the traces found", run: () => { goneAt = performance.now(); } },
  { keys: ["t"], show: "", text: "", run: () => { if (performance.now() - goneAt < 1500) location.assign(sessionPreference("search") ?? "/search"); } },
  { keys: ["?"], show: "?", text: "this list", run: () => showHelp() },
];

const BY_KEY = new Map(BINDINGS.flatMap((binding) => binding.keys.map((key) => /** @type {[string, Binding]} */ ([key, binding]))));

/** Listens for the keys on the whole page, except while text is typed or a control uses the key itself. @param {Actions} actions */
export function wireKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input, select, textarea")) return;
    if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, summary")) return;
    const binding = BY_KEY.get(event.key);
    if (!binding) return;
    const scrolls = /^(Arrow|Page|Home|End)/.test(event.key);
    if (scrolls && target.closest(".panel-body, pre")) return;
    event.preventDefault();
    binding.run(actions, event);
  });
}

/** Shows the list of keys. */
export function showHelp() {
  const dialog = h("dialog", { class: "help", "aria-label": "Keyboard shortcuts", "data-testid": "help" },
    h("div", { class: "panel-title" }, h("h2", null, "Keyboard on a trace"), h("button", { class: "button small icon", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    h("dl", null, BINDINGS.filter((binding) => binding.show).map((binding) => h("div", null,
      h("dt", null, binding.show.split(" ").map((key) => (key === "…" ? " … " : h("kbd", null, key)))), h("dd", null, binding.text)))),
    h("p", { class: "faint" }, "Mouse: drag on the ruler or the overview to zoom, double-click to see all, drag the ruler with alt or the window of the overview to move; alt-click on a number folds everything below."));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}
