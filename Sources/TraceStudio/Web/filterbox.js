// The filter: one box, the same on all pages. Completes keys and values with counts, and underlines what cannot be read where it stands.
import { h, fill } from "./dom.js";
import { integer } from "./format.js";
import { ask } from "./windows.js";

/** Waits so long after a key press before it asks for completions, ms. */
const PAUSE = 80;
const MOST = 12;

export class FilterBox {
  /** @param {{frame: import("./frame.js").Frame, onRun: (text: string) => void}} options */
  constructor(options) {
    this.options = options;
    this.input = h("input", {
      class: "filter-input", type: "text", role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": "filter-list", "aria-label": "Filter", spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      placeholder: "model:bert_* duration>80ms queue>20ms status:error -host:gpu-07 “free text”, or TraceQL { … }", "data-testid": "filter",
    });
    this.mirror = h("div", { class: "filter-mirror", "aria-hidden": "true" });
    this.list = h("ul", { class: "filter-list", id: "filter-list", role: "listbox", "aria-label": "Completions", hidden: true });
    this.problem = h("p", { class: "field-error filter-problem", role: "alert", "data-testid": "filter-problem" });
    this.input.setAttribute("aria-describedby", "filter-problem");
    this.problem.id = "filter-problem";
    this.clear = h("button", { class: "button small icon filter-clear", type: "button", title: "Clear the filter", "aria-label": "Clear the filter", hidden: true, onclick: () => { this.set(""); this.run(); this.input.focus(); } }, "×");
    this.element = h("form", { class: "filter", role: "search", "aria-label": "Filter of traces", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.run(); } },
      h("div", { class: "filter-box" }, this.mirror, this.input, this.clear, this.list), h("button", { class: "button primary", type: "submit" }, "Run"), this.problem);
    /** @type {Array<{text: string, insert: string, n?: number, note?: string}>} */
    this.items = [];
    this.active = -1;
    /** What the chosen item takes the place of, and whether something must come after it. @type {{start: number, end: number, goesOn: boolean} | null} */
    this.place = null;
    this.timer = 0;
    /** @type {AbortController | null} */
    this.request = null;
    this.#wire();
    this.set(options.frame.q);
  }

  /** @param {string} text */
  set(text) {
    this.input.value = text;
    this.clear.hidden = !text;
    this.tell(null);
  }

  run() {
    this.#close();
    this.options.onRun(this.input.value.trim());
  }

  /** Adds a term, or takes it away when it is there; then runs. Of one field one value is wanted at a time, and none is wanted and not wanted. @param {string} term */
  toggle(term) {
    let terms = split(this.input.value);
    if (terms.includes(term)) terms = terms.filter((other) => other !== term);
    else {
      const isNot = term.startsWith("-"), field = term.replace(/^-/, "").match(/^[^:]*:/)?.[0] ?? "";
      terms = terms.filter((other) => (isNot ? other !== term.slice(1) : !(field && other.startsWith(field)) && other !== `-${term}`));
      terms.push(term);
    }
    this.set(terms.join(" "));
    this.run();
  }

  /** Writes another term in the place of one; then runs. @param {string} term @param {string} other */
  replace(term, other) {
    const { value } = this.input, at = value.indexOf(term);
    this.set(at < 0 ? value : value.slice(0, at) + other + value.slice(at + term.length));
    this.run();
    this.input.focus();
    this.#close();
  }

  /** @param {string} term */
  has(term) { return split(this.input.value).includes(term); }

  /**
   * Shows what is wrong with the filter and where; null when nothing is.
   * @param {{message: string, place?: {column: number, length: number, suggestion?: string} | null, term?: string, note?: string} | null} problem
   * `term` is what a suggestion replaces, where that is more than the place
   */
  tell(problem) {
    const text = this.input.value, place = problem?.place, suggestion = place?.suggestion;
    this.input.toggleAttribute("aria-invalid", Boolean(problem));
    const characters = [...text], start = Math.max(0, (place?.column ?? 1) - 1), end = Math.min(characters.length, start + Math.max(1, place?.length ?? 0));
    const wrong = characters.slice(start, end).join("");
    fill(this.problem, problem && [problem.message.slice(0, 1).toUpperCase() + problem.message.slice(1), suggestion && [". Did you mean ", h("button", { class: "chip", type: "button", "data-testid": "suggestion", onclick: () => this.replace(problem.term ?? wrong, suggestion) }, h("code", null, suggestion)), "?"], problem.note && h("span", { class: "muted" }, ` ${problem.note}`)]);
    if (!place) { fill(this.mirror, text); return; }
    fill(this.mirror, characters.slice(0, start).join(""), h("mark", { class: "filter-wrong", "data-testid": "filter-wrong" }, wrong || " "), characters.slice(end).join(""));
    this.mirror.scrollLeft = this.input.scrollLeft;
  }

  #wire() {
    const { input } = this;
    input.addEventListener("input", () => {
      this.clear.hidden = !input.value;
      this.tell(null);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#complete(), PAUSE);
    });
    input.addEventListener("scroll", () => { this.mirror.scrollLeft = input.scrollLeft; });
    input.addEventListener("blur", () => setTimeout(() => this.#close(), 150));
    input.addEventListener("click", () => this.#complete());
    input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (this.list.hidden) { this.#complete(); return; }
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.#activate((this.active + step + this.items.length + (this.active < 0 && step < 0 ? 1 : 0)) % Math.max(1, this.items.length));
      } else if ((event.key === "Enter" || event.key === "Tab") && !this.list.hidden && this.active >= 0) {
        event.preventDefault();
        this.#take(this.active);
      } else if (event.key === "Escape") {
        event.stopPropagation();
        if (!this.list.hidden) this.#close();
        else input.blur();
      }
    });
  }

  async #complete() {
    const { input } = this;
    const caret = input.selectionStart ?? input.value.length, token = isTraceQL(input.value) ? null : tokenAt(input.value, caret);
    this.request?.abort();
    if (!token && !isTraceQL(input.value)) { this.#close(); return; }
    const request = this.request = new AbortController();
    try {
      // Of all traces, not of those that the filter finds so far.
      const parameters = this.options.frame.ask(token ? { rows: MOST, prefix: token.value ?? token.key } : { rows: MOST, text: input.value, cursor: [...input.value.slice(0, caret)].length });
      parameters.delete("q");
      if (!token) {
        const answer = await ask("complete", parameters, request.signal);
        this.items = answer.items.map((/** @type {any} */ item) => ({ text: item.text, insert: item.insert, n: item.n, note: item.kind === "syntax" || item.kind === "value" ? undefined : item.kind }));
        this.place = { start: [...input.value].slice(0, answer.start).join("").length, end: wordEnd(input.value, caret, /["\x60]/.test([...input.value][answer.start] ?? "")), goesOn: true };
        this.#open();
        return;
      }
      if (token.value === null) {
        const answer = await ask("keys", parameters, request.signal);
        this.items = answer.keys.map((/** @type {any} */ key) => ({ text: key.key, insert: `${token.sign}${key.key}${key.operator ?? (key.kind === "field" && key.type === "number" ? ">" : ":")}`, n: key.n, note: key.kind }));
      } else {
        parameters.set("key", token.key);
        const answer = await ask("values", parameters, request.signal);
        this.items = answer.values.map((/** @type {any} */ value) => ({ text: value.value, insert: `${token.sign}${token.key}${token.operator}${quoted(String(value.value))} `, n: value.n }));
      }
    } catch {
      // Completion is a help: what is typed runs without it.
      if (!request.signal.aborted) this.#close();
      return;
    }
    this.place = { start: token.start, end: token.end, goesOn: token.value === null };
    this.#open();
  }

  #open() {
    this.active = -1;
    fill(this.list, this.items.map((item, index) => h("li", { role: "option", id: `filter-option-${index}`, "aria-selected": "false", class: "filter-option", onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); this.#take(index); } },
      h("span", { class: "filter-text" }, item.text), item.note && h("span", { class: "faint" }, item.note), item.n !== undefined && h("span", { class: "faint filter-count" }, integer(item.n)))));
    const open = this.items.length > 0 && document.activeElement === this.input;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
  }

  #close() {
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  #activate(index) {
    this.active = index;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    this.input.setAttribute("aria-activedescendant", `filter-option-${index}`);
    this.list.children[index]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  #take(index) {
    const item = this.items[index], { place } = this;
    if (!item || !place) return;
    const { input } = this;
    input.value = input.value.slice(0, place.start) + item.insert + input.value.slice(place.end);
    const caret = place.start + item.insert.length;
    input.setSelectionRange(caret, caret);
    input.focus();
    this.clear.hidden = false;
    this.tell(null);
    this.#close();
    // A query that may end here is not gone on with unasked.
    if (place.goesOn && item.insert !== "} ") this.#complete();
  }
}

/** Where the word of TraceQL ends in which the caret is, with the space after it; of a text in quotes its end, where that comes before the next operator. @param {string} text @param {number} caret @param {boolean} isQuoted */
function wordEnd(text, caret, isQuoted) {
  const rest = text.slice(caret), quoted = isQuoted ? rest.match(/^(?:[^"\x60\\=&|{}]|\\.)*["\x60] ?/) : null;
  return caret + ((quoted ?? rest.match(/^[\w.:/"-]* ?/))?.[0].length ?? 0);
}

/** The term of a filter at the caret, taken apart. @param {string} text @param {number} caret */
function tokenAt(text, caret) {
  let start = 0, inQuotes = false;
  for (let index = 0; index < caret; index++) {
    if (text[index] === "\"") inQuotes = !inQuotes;
    else if (/\s/.test(text[index]) && !inQuotes) start = index + 1;
  }
  let end = caret;
  while (end < text.length && !/\s/.test(text[end])) end++;
  const word = text.slice(start, caret);
  const match = word.match(/^(-?)([^:=!<>"]*)(?:(>=|<=|!=|[:=<>])("?)(.*))?$/);
  if (!match) return null;
  return { start, end, sign: match[1], key: match[2], operator: match[3] ?? "", value: match[3] === undefined ? null : match[5] };
}

/** Whether a query is TraceQL and not a filter. @param {string} text */
export function isTraceQL(text) { return /^\s*[{(]/.test(text); }

/** The terms of a filter. @param {string} text @returns {string[]} */
export function split(text) { return text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []; }

/** A value as the filter takes it. @param {string} value */
export function quoted(value) { return /[\s"]/.test(value) || value === "" ? `"${value.replace(/"/g, "\\\"")}"` : value; }
