// The command palette: pages, models, services, recent traces and everything a key does, found by typing. It reads traces by their ids.
import { h, fill, announce } from "./dom.js";
import { ask } from "./windows.js";
import { pages } from "./frame.js";
import { keyGroups } from "./keys.js";
import { LOOKBACKS } from "./range.js";
import { recentTraces } from "./recent.js";

/** @typedef {{kind: string, text: string, keys?: string, href?: string, run?: () => void}} Choice */

/** Choices on screen. */
const MOST = 60;
/** Digits from which on a text may be the id of a trace. */
const ID_DIGITS = 8;

/** @param {import("./frame.js").Frame} frame */
export function showPalette(frame) {
  const input = h("input", { class: "palette-input", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": "Go to, or do", autocomplete: "off", spellcheck: "false", placeholder: "A page, a model, a trace id, an action…" });
  const list = h("div", { class: "palette-list", id: "palette-list", role: "listbox", "aria-label": "Choices" });
  const dialog = h("dialog", { class: "palette", "aria-label": "Go to, or do", "data-testid": "palette" }, input, list);
  const known = [...actions(frame), ...places(frame)];
  /** @type {Choice[]} */
  let shown = [];
  let at = 0;

  function draw() {
    const words = /** @type {string} */ (input.value).toLowerCase().split(/\s+/).filter(Boolean);
    shown = [...typed(input.value.trim(), frame), ...known.filter((choice) => words.every((word) => `${choice.text} ${choice.kind}`.toLowerCase().includes(word))).sort((a, b) => rank(a, words) - rank(b, words))].slice(0, MOST);
    at = 0;
    fill(list, shown.length ? shown.map((choice, index) => h("div", { class: "palette-choice", role: "option", id: `palette-${index}`, "aria-selected": "false", onclick: (/** @type {MouseEvent} */ event) => use(choice, event.ctrlKey || event.metaKey), onmousemove: () => { if (at !== index) select(index); } },
      h("span", { class: "palette-kind faint" }, choice.kind), h("span", { class: "palette-text" }, choice.text), choice.keys && h("kbd", null, choice.keys))) : h("p", { class: "muted palette-none" }, "Nothing of that name."));
    select(0);
    announce(`${shown.length} choices`);
  }

  /** @param {number} index */
  function select(index) {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = shown.length ? (index + shown.length) % shown.length : 0;
    if (!shown.length) { input.removeAttribute("aria-activedescendant"); return; }
    list.children[at].setAttribute("aria-selected", "true");
    list.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `palette-${at}`);
  }

  /** @param {Choice} choice @param {boolean} apart whether in a window of its own */
  function use(choice, apart) {
    dialog.close();
    if (!choice.href) choice.run?.();
    else if (apart) window.open(choice.href, "_blank", "noopener");
    else location.assign(choice.href);
  }

  input.addEventListener("input", draw);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) select(Math.abs(step) === 1 ? at + step : Math.max(0, Math.min(shown.length - 1, at + step)));
    else if (event.key === "Enter" && shown[at]) use(shown[at], event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  draw();
  names(frame).then((found) => {
    if (!dialog.isConnected || !found.length) return;
    known.push(...found);
    const before = at;
    draw();
    select(Math.min(before, Math.max(0, shown.length - 1)));
  });
}

/** What begins with the first word comes first. @param {Choice} choice @param {string[]} words */
function rank(choice, words) { return !words.length || choice.text.toLowerCase().startsWith(words[0]) ? 0 : 1; }

/** What the text itself may mean. @param {string} text @param {import("./frame.js").Frame} frame @returns {Choice[]} */
function typed(text, frame) {
  /** @type {Choice[]} */
  const choices = [];
  if (!text) return choices;
  if (new RegExp(`^[0-9a-f]{${ID_DIGITS},32}$`, "i").test(text)) choices.push({ kind: "Trace", text: `Open trace ${text.toLowerCase()}`, href: `/trace/${text.toLowerCase().padStart(32, "0")}` });
  // A filter is told by its signs; words may also be the name of a choice below.
  if (/[:<>=*"{]/.test(text)) choices.push({ kind: "Filter", text: `Traces with ${text}`, href: frame.link("/traces", { q: text }) });
  return choices;
}

/** Everything that one key does. @param {import("./frame.js").Frame} frame @returns {Choice[]} */
function actions(frame) {
  const press = (/** @type {string} */ id) => () => document.getElementById(id)?.click();
  /** @type {Choice[]} */
  const own = [
    { kind: "Do", text: "Import files of traces", run: press("import") },
    { kind: "Do", text: "Change the colour theme: auto, light, dark", run: press("theme") },
    { kind: "Do", text: "Change between local time and UTC", run: press("zone") },
    ...(frame.hasRange ? LOOKBACKS.map(([value, label]) => ({ kind: "Time", text: label, run: () => frame.lookBack(value) })) : []),
  ];
  const keyed = keyGroups().flatMap((group) => group.bindings.filter((binding) => binding.keys.length === 1 && binding.show === binding.keys[0] && binding.keys[0] !== "g").map((binding) => ({
    kind: "Do", text: capital(binding.text), keys: binding.show, run: () => binding.run(group.context, new KeyboardEvent("keydown", { key: binding.keys[0] })),
  })));
  return [...keyed, ...own];
}

/** Pages, and traces that were open. @param {import("./frame.js").Frame} frame @returns {Choice[]} */
function places(frame) {
  return [
    ...pages().filter((page) => page.key).map((page) => ({ kind: "Page", text: page.label, keys: `g ${page.key}`, href: frame.link(page.href ?? `/${page.module}`) })),
    ...recentTraces().map((trace) => ({ kind: "Recent", text: `${trace.title} ${trace.id.slice(0, 7)}`, href: `/trace/${trace.id}` })),
  ];
}

/** Models and services of the page's time. @param {import("./frame.js").Frame} frame @returns {Promise<Choice[]>} */
async function names(frame) {
  try {
    const [models, services] = await Promise.all(["model", "service"].map((key) => {
      const parameters = frame.ask({ key, rows: 50 });
      parameters.delete("q");
      return ask("values", parameters);
    }));
    return [
      ...models.values.map((/** @type {any} */ entry) => ({ kind: "Model", text: entry.value, href: frame.link(`/models/${encodeURIComponent(entry.value)}`) })),
      ...services.values.map((/** @type {any} */ entry) => ({ kind: "Service", text: entry.value, href: frame.link("/traces", { q: `service:${/[\s"]/.test(entry.value) ? JSON.stringify(entry.value) : entry.value}` }) })),
    ];
  } catch {
    return []; // the rest of the list is of use without them
  }
}

/** @param {string} text */
function capital(text) { return text.charAt(0).toUpperCase() + text.slice(1); }
