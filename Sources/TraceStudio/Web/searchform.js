// The form on the left of the search page.
import * as api from "./api.js";
import { h, fill } from "./dom.js";
import { DEFAULTS, LOOKBACKS, MAXIMUM_LIMIT, problems } from "./query.js";
import * as logfmt from "./logfmt.js";

/** @typedef {import("./query.js").Query} Query */

export class SearchForm {
  /** @param {(query: Query) => void} onSubmit called with a query that has no problems */
  constructor(onSubmit) {
    this.onSubmit = onSubmit;
    this.sort = DEFAULTS.sort;
    /** @type {Record<string, any>} */
    this.inputs = {
      service: h("select", { id: "f-service" }, h("option", { value: "" }, "All services")),
      operation: h("input", { id: "f-operation", list: "operations", placeholder: "All operations", autocomplete: "off", spellcheck: "false" }),
      tags: h("input", { id: "f-tags", placeholder: "http.status_code=500 user=\"A B\"", autocomplete: "off", spellcheck: "false" }),
      minDuration: h("input", { id: "f-minDuration", placeholder: "e.g. 100ms", autocomplete: "off" }),
      maxDuration: h("input", { id: "f-maxDuration", placeholder: "e.g. 1.2s", autocomplete: "off" }),
      lookback: h("select", { id: "f-lookback" }, LOOKBACKS.map(([value, label]) => h("option", { value }, label))),
      start: h("input", { id: "f-start", type: "datetime-local", step: "1" }),
      end: h("input", { id: "f-end", type: "datetime-local", step: "1" }),
      limit: h("input", { id: "f-limit", type: "number", min: 1, max: MAXIMUM_LIMIT, inputmode: "numeric" }),
    };
    this.datalist = h("datalist", { id: "operations" });
    this.errorsOnly = h("input", { type: "checkbox", id: "f-errors" });
    this.serviceNote = h("span", { class: "field-note" });
    this.custom = h("div", { class: "pair" }, this.#field("start", "From"), this.#field("end", "To"));
    this.button = h("button", { class: "button primary", type: "submit", "data-testid": "find" }, "Find traces");
    const body = h("form", { class: "search-form", "data-testid": "search-form", novalidate: true, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#submit(); } },
      this.#field("service", "Service", this.serviceNote), this.#field("operation", "Operation"), this.datalist,
      this.#field("tags", "Tags", h("label", { class: "inline" }, this.errorsOnly, "only traces with errors")),
      h("div", { class: "pair" }, this.#field("minDuration", "Shortest"), this.#field("maxDuration", "Longest")),
      this.#field("lookback", "Time range"), this.custom, this.#field("limit", "At most"),
      h("div", { class: "actions" }, this.button, h("button", { class: "button", type: "button", onclick: () => { this.set({ ...DEFAULTS }); this.#submit(); } }, "Clear")));
    this.element = h("details", { class: "search-side", open: !matchMedia("(max-width: 720px)").matches }, h("summary", null, "Search"), body);
    this.#wire();
  }

  /** @param {string} key @param {string} label @param {any} [extra] */
  #field(key, label, extra) {
    const input = this.inputs[key];
    input.setAttribute("aria-describedby", `e-${key}`);
    return h("div", { class: "field" }, h("label", { for: `f-${key}` }, label), input, h("p", { class: "field-error", id: `e-${key}`, "aria-live": "polite" }), extra);
  }

  #wire() {
    this.inputs.service.addEventListener("change", () => this.#loadOperations());
    this.inputs.lookback.addEventListener("change", () => {
      if (this.inputs.lookback.value === "custom" && !this.inputs.start.value) {
        this.inputs.start.value = localText((Date.now() - 3.6e6) * 1000);
        this.inputs.end.value = localText(Date.now() * 1000);
      }
      this.#showCustom();
    });
    this.errorsOnly.addEventListener("change", () => {
      try {
        const tags = logfmt.parse(this.inputs.tags.value);
        if (this.errorsOnly.checked) tags.error = "true";
        else delete tags.error;
        this.inputs.tags.value = logfmt.print(tags);
      } catch { /* the text is shown as wrong on submit */ }
      this.#submit();
    });
    this.inputs.tags.addEventListener("input", () => this.#syncErrors());
  }

  /** Shows a query. @param {Query} query */
  set(query) {
    const select = this.inputs.service;
    if (query.service && ![...select.options].some((option) => option.value === query.service)) select.append(h("option", { value: query.service }, query.service));
    const lookback = this.inputs.lookback;
    if (![...lookback.options].some((/** @type {any} */ option) => option.value === query.lookback)) lookback.append(h("option", { value: query.lookback }, `Last ${query.lookback}`));
    for (const [key, input] of Object.entries(this.inputs)) {
      const value = query[/** @type {keyof Query} */ (key)];
      input.value = key === "start" || key === "end" ? (value ? localText(Number(value)) : "") : value;
    }
    this.sort = query.sort;
    this.#showProblems({});
    this.#syncErrors();
    this.#showCustom();
    this.#loadOperations();
  }

  /** @returns {Query} */
  get query() {
    const query = { ...DEFAULTS, sort: this.sort };
    for (const key of Object.keys(this.inputs)) query[/** @type {keyof Query} */ (key)] = this.inputs[key].value.trim();
    query.start = microseconds(this.inputs.start.value);
    query.end = microseconds(this.inputs.end.value);
    return query;
  }

  /** Fills the list of services; returns their number. */
  async loadServices() {
    try {
      const names = await api.services();
      const select = this.inputs.service;
      const chosen = select.value;
      fill(select, h("option", { value: "" }, "All services"), names.map((name) => h("option", { value: name }, name)));
      if (chosen && !names.includes(chosen)) select.append(h("option", { value: chosen }, `${chosen} (no traces)`));
      select.value = chosen;
      this.serviceNote.textContent = "";
      return names.length;
    } catch (error) {
      this.serviceNote.textContent = `The list of services could not be read: ${error instanceof Error ? error.message : error}`;
      return null;
    }
  }

  async #loadOperations() {
    const service = this.inputs.service.value;
    fill(this.datalist);
    if (!service) return;
    try {
      const names = await api.operations(service);
      if (this.inputs.service.value === service) fill(this.datalist, names.map((name) => h("option", { value: name })));
    } catch { /* the box still takes any text */ }
  }

  #submit() {
    const query = this.query;
    const found = problems(query);
    this.#showProblems(found);
    if (Object.keys(found).length === 0) this.onSubmit(query);
  }

  /** @param {Partial<Record<keyof Query, string>>} found */
  #showProblems(found) {
    for (const [key, input] of Object.entries(this.inputs)) {
      const message = found[/** @type {keyof Query} */ (key)] ?? "";
      input.toggleAttribute("aria-invalid", Boolean(message));
      const place = this.element.querySelector(`#e-${key}`);
      if (place) place.textContent = message;
    }
    const first = Object.keys(found)[0];
    if (first) this.inputs[first].focus();
  }

  #syncErrors() {
    try { this.errorsOnly.checked = logfmt.parse(this.inputs.tags.value).error === "true"; } catch { /* not readable while it is typed */ }
  }

  #showCustom() { this.custom.hidden = this.inputs.lookback.value !== "custom"; }
}

/** Microseconds since 1970 as the text a datetime-local input takes. @param {number} value */
function localText(value) {
  const date = new Date(value / 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

/** @param {string} text */
function microseconds(text) { return text ? String(new Date(text).getTime() * 1000) : ""; }
