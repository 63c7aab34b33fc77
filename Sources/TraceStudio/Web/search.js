// The search page: form, plot and list; the URL holds the whole query.
import * as api from "./api.js";
import { h, fill, setSessionPreference } from "./dom.js";
import { count } from "./format.js";
import { DEFAULTS, LOOKBACKS, problems, read, toAPI, toURL } from "./query.js";
import { SearchForm } from "./searchform.js";
import { ORDERS, resultList } from "./results.js";
import { scatter } from "./scatter.js";
import { welcome } from "./welcome.js";

/** @typedef {import("./query.js").Query} Query */

/** Opens the page in the element. @param {HTMLElement} root */
export async function openSearch(root) {
  document.title = "Traces · Needletail";
  const page = new SearchPage();
  root.replaceChildren(h("div", { class: "search-page" }, page.form.element, page.content));
  addEventListener("popstate", () => page.show(read(location.search)));
  addEventListener("needletail-imported", () => page.show(page.query));
  await page.show(read(location.search));
}

class SearchPage {
  constructor() {
    this.form = new SearchForm((query) => this.#search(query));
    this.content = h("section", { class: "search-content", "aria-label": "Results", "aria-busy": "false" });
    /** @type {AbortController | null} */
    this.request = null;
    /** @type {any[]} */
    this.traces = [];
    this.limited = false;
    this.query = { ...DEFAULTS };
    this.waiting = 0;
    let width = innerWidth;
    addEventListener("resize", () => {
      if (Math.abs(innerWidth - width) < 8 || !this.traces.length) return;
      width = innerWidth;
      this.#draw();
    });
  }

  /** Shows the query and runs it. @param {Query} query */
  async show(query) {
    this.form.set(query);
    const services = this.form.loadServices();
    await this.#run(query);
    await services;
  }

  /** @param {Query} query */
  async #search(query) {
    const url = toURL(query);
    if (url !== location.pathname + location.search) history.pushState(null, "", url);
    if (matchMedia("(max-width: 720px)").matches) this.form.element.open = false;
    await this.#run(query);
    this.form.loadServices();
  }

  /** @param {Query} query */
  async #run(query) {
    clearTimeout(this.waiting);
    this.request?.abort();
    const request = this.request = new AbortController();
    this.query = query;
    setSessionPreference("search", location.pathname === "/" ? "/search" : location.pathname + location.search);
    const found = problems(query);
    if (Object.keys(found).length) {
      this.traces = [];
      fill(this.content, h("div", { class: "notice error", role: "alert" }, `This link holds a search that cannot be run. ${Object.values(found).join(" ")}`));
      return;
    }
    this.content.setAttribute("aria-busy", "true");
    const skeleton = setTimeout(() => fill(this.content, loading(() => request.abort())), 200);
    try {
      const answer = await api.traces(toAPI(query), request.signal);
      if (request !== this.request) return;
      this.traces = answer.traces;
      this.limited = answer.limited;
      clearTimeout(skeleton);
      if (this.traces.length) this.#draw();
      else await this.#drawEmpty();
    } catch (error) {
      clearTimeout(skeleton);
      if (request !== this.request) return;
      this.traces = [];
      const cancelled = request.signal.aborted;
      fill(this.content, h("div", { class: cancelled ? "notice" : "notice error", role: "alert", "data-testid": "search-error" },
        h("strong", null, cancelled ? "Cancelled." : "The search failed. "), cancelled ? " " : (error instanceof Error ? error.message : String(error)), " ",
        h("button", { class: "button small", type: "button", onclick: () => this.#run(query) }, "Try again")));
    } finally {
      clearTimeout(skeleton);
      if (request === this.request) this.content.setAttribute("aria-busy", "false");
    }
  }

  #draw() {
    const order = ORDERS[this.query.sort] ?? ORDERS.newest;
    const sorted = this.traces.map((trace, index) => ({ trace, index })).sort((a, b) => order[1](a.trace, b.trace) || a.index - b.index).map((item) => item.trace);
    const select = h("select", { id: "sort", "aria-label": "Order" }, Object.entries(ORDERS).map(([value, [label]]) => h("option", { value }, label)));
    select.value = ORDERS[this.query.sort] ? this.query.sort : "newest";
    select.addEventListener("change", () => {
      this.query.sort = this.form.sort = select.value;
      history.replaceState(null, "", toURL(this.query));
      this.#draw();
      document.getElementById("sort")?.focus();
    });
    setSessionPreference("list", sorted.map((trace) => trace.traceID).join(","));
    const width = Math.max(260, this.content.clientWidth - paddings(this.content));
    fill(this.content,
      this.traces.length > 1 && scatter(this.traces, width),
      h("div", { class: "results-head" },
        h("h1", { role: "status", "data-testid": "result-count" }, count(sorted.length, "trace")),
        this.limited && h("span", { class: "muted" }, `the newest ${sorted.length}; there are more, raise “At most” or narrow the search`),
        h("span", { class: "spacer" }), select, h("button", { class: "button", type: "button", onclick: () => this.#run(this.query) }, "Refresh")),
      resultList(sorted));
  }

  /** Nothing found: either the server is empty, or the search is too narrow. */
  async #drawEmpty() {
    let services = null;
    try { services = (await api.services()).length; } catch { /* the form says so */ }
    if (services === 0) {
      fill(this.content, welcome());
      this.#waitForFirst();
      return;
    }
    const terms = this.#terms();
    fill(this.content, h("section", { class: "empty", "data-testid": "no-results" },
      h("h1", { role: "status" }, "No trace matches"),
      terms.length > 0 && h("p", null, "Searched for all of these; each can be dropped:"),
      h("div", { class: "terms" }, terms.map(([label, change]) => h("button", { class: "chip", type: "button", title: "Search without this", onclick: () => this.#change(change) }, label, " ×"))),
      h("p", { class: "muted" }, `Time range: ${LOOKBACKS.find(([value]) => value === this.query.lookback)?.[1].toLowerCase() ?? this.query.lookback}.`),
      h("div", { class: "actions center" },
        this.query.lookback !== "7d" && h("button", { class: "button primary", type: "button", onclick: () => this.#change({ lookback: "7d" }) }, "Search the last 7 days"),
        h("button", { class: "button", type: "button", onclick: () => this.#run(this.query) }, "Search again"))));
  }

  /** @returns {Array<[string, Partial<Query>]>} */
  #terms() {
    const query = this.query;
    /** @type {Array<[string, Partial<Query>]>} */
    const terms = [];
    if (query.service) terms.push([`service ${query.service}`, { service: "" }]);
    if (query.operation) terms.push([`operation ${query.operation}`, { operation: "" }]);
    if (query.tags) terms.push([`tags ${query.tags}`, { tags: "" }]);
    if (query.minDuration) terms.push([`at least ${query.minDuration}`, { minDuration: "" }]);
    if (query.maxDuration) terms.push([`at most ${query.maxDuration}`, { maxDuration: "" }]);
    return terms;
  }

  /** @param {Partial<Query>} change */
  #change(change) {
    const query = { ...this.query, ...change };
    this.form.set(query);
    this.#search(query);
  }

  /** Looks every two seconds whether a first trace has come. */
  #waitForFirst() {
    this.waiting = setTimeout(async () => {
      try {
        const answer = await api.traces(toAPI({ ...DEFAULTS, lookback: "30d" }));
        if (answer.traces.length) { await this.show(this.query); return; }
      } catch { /* the server may be restarting: keep waiting */ }
      this.#waitForFirst();
    }, 2000);
  }
}

/** @param {() => void} cancel */
function loading(cancel) {
  return h("div", { class: "loading", role: "status" }, h("p", { class: "muted" }, "Searching… ", h("button", { class: "button small", type: "button", onclick: cancel }, "Cancel")),
    Array.from({ length: 6 }, () => h("div", { class: "skeleton" })));
}

/** @param {Element} element */
function paddings(element) {
  const style = getComputedStyle(element);
  return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
}
