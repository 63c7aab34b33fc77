// The keyboard of every page, the keys a page adds to it, and the overlay that lists them all.
import { h, copy, toast } from "./dom.js";
import { pages } from "./frame.js";

/**
 * @template Context
 * @typedef {{keys: string[], show: string, text: string, run: (context: Context, event: KeyboardEvent) => void}} Binding
 * `show` is how the list names the keys; empty for those that another line names
 */

/** How long after `g` the next key says where to go, ms. */
const GO = 1500;

/** @type {Array<{title: string, bindings: Array<Binding<any>>, byKey: Map<string, Binding<any>>, context: any}>} */
const groups = [];
let goneAt = -Infinity;

/** @param {Array<Binding<any>>} bindings @param {string} title @param {any} context */
function group(bindings, title, context) {
  return { title, bindings, context, byKey: new Map(bindings.flatMap((binding) => binding.keys.map((key) => /** @type {[string, Binding<any>]} */ ([key, binding])))) };
}

/**
 * Listens for the keys of one page. @template Context
 * @param {Array<Binding<Context>>} bindings @param {string} title of the group in the list @param {Context} context
 */
export function wireKeys(bindings, title, context) {
  // A page that opens anew puts its keys in the place of those it had.
  const before = groups.findIndex((known) => known.title === title);
  if (before >= 0) groups.splice(before, 1);
  groups.unshift(group(bindings, title, context));
}

/** All keys, in groups: first those of the page. */
export function keyGroups() { return groups; }

/** The keys that every page has. @param {import("./frame.js").Frame} frame */
export function wirePages(frame) {
  const reachable = pages().filter((page) => page.key);
  /** @type {Array<Binding<any>>} */
  const bindings = [
    { keys: ["g"], show: reachable.map((page) => `g ${page.key}`).join(" · "), text: reachable.map((page) => page.label).join(", "), run: () => { goneAt = performance.now(); } },
    { keys: [], show: "ctrl k", text: "go to a page, a model or a trace by its id; do anything by its name", run: () => {} },
    { keys: ["/"], show: "/", text: "to the filter", run: () => focusFilter(frame) },
    { keys: ["t"], show: "t", text: "the picture in focus as a table, or all of them; and back", run: (_, event) => showTables(event.target instanceof Element ? event.target : document.body) },
    { keys: ["y"], show: "y", text: "copy a link to this view", run: () => { copy(frame.permalink, "a link to this view"); } },
    { keys: ["r"], show: "r", text: "ask again", run: () => frame.refresh() },
    { keys: ["?"], show: "?", text: "this list", run: () => showHelp() },
  ];
  groups.push(group(bindings, "Everywhere", frame));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === "k") {
      event.preventDefault();
      openPalette(frame);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input, select, textarea")) return;
    if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, summary")) return;
    if (performance.now() - goneAt < GO) {
      goneAt = -Infinity;
      const page = reachable.find((candidate) => candidate.key === event.key);
      if (page) location.assign(frame.link(page.href ?? `/${page.module}`));
      else toast(`No page at g ${event.key}`);
      event.preventDefault();
      return;
    }
    for (const group of groups) {
      const binding = group.byKey.get(event.key);
      if (!binding) continue;
      if (/^(Arrow|Page|Home|End)/.test(event.key) && (target.matches(".panel") || target.closest(".panel-body, pre, .table-box"))) return;
      event.preventDefault();
      binding.run(group.context, event);
      return;
    }
  });
}

/** To the page's filter; a page without one has the palette. @param {import("./frame.js").Frame} frame */
function focusFilter(frame) {
  const filter = /** @type {HTMLElement | null} */ (document.querySelector(".filter-input"));
  if (filter) filter.focus();
  else openPalette(frame);
}

/** The picture that something stands in as a table, else all pictures of the page; or as pictures again. @param {Element} target */
function showTables(target) {
  const own = target.closest("figure")?.querySelector("[data-twin]");
  const buttons = /** @type {HTMLElement[]} */ (own ? [own] : [...document.querySelectorAll("[data-twin]")]);
  const isPicture = (/** @type {Element} */ button) => button.getAttribute("aria-pressed") !== "true";
  const asTables = buttons.some(isPicture);
  for (const button of buttons) if (isPicture(button) === asTables) button.click();
  toast(!buttons.length ? "There is no picture here" : asTables ? "Tables instead of pictures" : "Pictures");
}

/** Opens the list of everything one can go to or do. @param {import("./frame.js").Frame} frame */
export async function openPalette(frame) {
  if (document.querySelector("dialog[open]")) return;
  (await import("./palette.js")).showPalette(frame);
}

/** Shows the list of keys. */
export function showHelp() {
  if (document.querySelector("dialog[open]")) return;
  const dialog = h("dialog", { class: "help", "aria-label": "Keyboard shortcuts", "data-testid": "help" },
    h("div", { class: "panel-title" }, h("h2", null, "Keyboard"), h("button", { class: "button small icon", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    groups.map((group) => h("section", null, h("h3", { class: "sub" }, group.title), h("dl", null, group.bindings.filter((binding) => binding.show).map((binding) => h("div", null,
      h("dt", null, binding.show.split(" ").map((key) => (key === "…" || key === "·" ? ` ${key} ` : h("kbd", null, key)))), h("dd", null, binding.text)))))),
    h("p", { class: "faint" }, "Mouse: drag on a heatmap, a ruler or the overview of a trace to look closer; double-click to see all; alt-click on a number folds everything below."),
    h("p", null, h("a", { href: "/help" }, "Filter grammar, and how to send data →")));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}
