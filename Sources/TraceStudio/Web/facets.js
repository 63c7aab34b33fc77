// Facets: the most common values of a few fields among what was found, one click each to keep only these or to leave them out.
import { h, fill } from "./dom.js";
import { compact, integer } from "./format.js";
import { isTraceQL, quoted, split } from "./filterbox.js";
import { ask } from "./windows.js";

/** Field and its words. @type {Array<[string, string]>} */
const FIELDS = [["service", "Service"], ["model", "Model"], ["version", "Version"], ["host", "Server"], ["status", "Status"], ["client.app", "Client"]];
const SHOWN = 5, ALL = 100;

export class Facets {
  /** @param {(term: string) => void} toggle @param {(term: string) => boolean} has */
  constructor(toggle, has) {
    this.toggle = toggle;
    this.has = has;
    /** Fields of which all values are shown. @type {Set<string>} */
    this.open = new Set();
    this.list = h("div", { class: "facet-list" });
    // On narrow pages they are folded: the requests come first.
    const wide = matchMedia("(min-width: 901px)");
    this.fold = h("details", { open: wide.matches }, h("summary", null, "Facets"), this.list);
    wide.addEventListener("change", () => { this.fold.open = wide.matches; });
    this.element = h("aside", { class: "facets", "aria-label": "Facets" }, this.fold);
  }

  /** @param {import("./frame.js").Frame} frame @param {import("./box.js").Box | null} box @param {AbortSignal} signal */
  async load(frame, box, signal) {
    this.again = () => this.load(frame, box, signal);
    const isFixed = isTraceQL(frame.q);
    try {
      const answers = await Promise.all(FIELDS.map(([key]) => {
        // A field's own terms do not narrow its values, or there would be none to choose instead.
        const q = isFixed ? frame.q : split(frame.q).filter((term) => !term.replace(/^-/, "").startsWith(`${key}:`)).join(" ");
        const parameters = frame.ask({ key, rows: this.open.has(key) ? ALL : SHOWN + 1, ...box });
        parameters.set("q", q);
        return ask("values", parameters, signal);
      }));
      fill(this.list, isFixed && h("p", { class: "faint" }, "What the TraceQL query found. Clear it to narrow down by a click."), FIELDS.map(([key, label], index) => this.#group(key, label, answers[index].values, isFixed)));
    } catch { /* facets are a help: the filter box does the same */ }
  }

  /** @param {string} key @param {string} label @param {Array<{value: string, n?: number}>} found @param {boolean} isFixed nothing can be chosen */
  #group(key, label, found, isFixed) {
    // What is chosen is shown, however rare it is.
    const values = found.filter((value, index) => this.open.has(key) || index < SHOWN || this.has(`${key}:${quoted(value.value)}`));
    if (!values.length) return null;
    const most = Math.max(1, ...values.map((value) => value.n ?? 0));
    return h("section", { class: "facet", "data-testid": "facet", "data-key": key, "aria-label": label }, h("h2", null, label), h("ul", null, values.map((value) => {
      const term = `${key}:${quoted(String(value.value))}`;
      const on = this.has(term), off = this.has(`-${term}`);
      const bar = h("i", { class: "facet-bar", "aria-hidden": "true" });
      bar.style.width = `${(value.n ?? 0) / most * 100}%`;
      return h("li", { class: on ? "on" : off ? "off" : null },
        h("button", { class: "facet-value", type: "button", disabled: isFixed, "aria-pressed": String(on), title: `Only ${term}: ${integer(value.n ?? 0)}`, onclick: () => this.toggle(term) }, bar, h("span", { class: "facet-text" }, String(value.value)), h("span", { class: "faint" }, compact(Math.round(value.n ?? 0)))),
        h("button", { class: "facet-not", type: "button", disabled: isFixed, "aria-pressed": String(off), title: `Without ${term}`, "aria-label": `Without ${term}`, onclick: () => this.toggle(`-${term}`) }, "−"));
    })), (found.length > SHOWN || this.open.has(key)) && h("button", { class: "facet-more", type: "button", "aria-expanded": String(this.open.has(key)), onclick: async () => {
      if (!this.open.delete(key)) this.open.add(key);
      await this.again?.();
      /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-key="${CSS.escape(key)}"] .facet-more`))?.focus();
    } }, this.open.has(key) ? "fewer" : "more"));
  }
}
