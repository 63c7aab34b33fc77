// What surrounds every page: links to the others, the time range, how complete the data is, theme and help.
import { h, fill, preference, sessionPreference, setPreference, setSessionPreference } from "./dom.js";
import { isUTC, zoneOffset } from "./format.js";
import { LOOKBACKS, TimeRange } from "./range.js";
import { SamplingChip } from "./sampling.js";

/** @typedef {{path: RegExp, href: string | null, parent?: string, label: string, key?: string, module: string, ask?: (argument: string) => string}} Page
 * `href` is null for pages that need more than their name; `ask` gives the path of the first question */

/** All pages, the first that fits a path is shown. @returns {Page[]} */
export function pages() { return /** @type {any} */ (globalThis).needletailPages; }

/** Parameters that travel from page to page. */
const CARRIED = ["q", "from", "to", "lookback"];
/** Pages that are about one thing, not about a time. */
const TIMELESS = ["trace", "batch", "help"];
/** Traces that a window reads at most. */
const MOST_TRACES = 20_000;

export class Frame {
  /** @param {Page | undefined} page */
  constructor(page) {
    this.page = page;
    this.parameters = new URLSearchParams(location.search);
    this.range = new TimeRange(this.parameters);
    /** @type {Array<() => void>} called when the range was changed, the page should ask again, or the reader went back */
    this.listeners = [];
    // A page about one thing hands on the time and filter that one came with.
    this.carried = this.hasRange ? this.parameters : new URLSearchParams(sessionPreference("window") ?? "");
    this.sampling = new SamplingChip(this);
    closeOutside(this.sampling.element);
    this.#nav();
    this.#menu();
    this.#rangeMenu();
    this.#zone();
    this.#theme();
    addEventListener("popstate", () => {
      this.parameters = new URLSearchParams(location.search);
      if (this.hasRange) this.carried = this.parameters;
      this.range.read(this.parameters);
      this.#changed();
    });
  }

  /** Whether the page is about a time; a page without one hands on what it got. */
  get hasRange() { return !TIMELESS.includes(this.page?.module ?? "help"); }

  /** @param {() => void} listener */
  listen(listener) { this.listeners.push(listener); }

  get q() { return this.parameters.get("q") ?? ""; }

  /** Parameters for a question about the page's window. @param {Record<string, string | number | undefined>} [more] */
  ask(more = {}) {
    const parameters = new URLSearchParams();
    this.range.ask(parameters);
    parameters.set("limit", String(MOST_TRACES));
    if (this.q) parameters.set("q", this.q);
    for (const [key, value] of Object.entries(more)) if (value !== undefined && value !== "") parameters.set(key, String(value));
    return parameters;
  }

  /**
   * Changes parameters of the page's URL; empty ones go.
   * @param {Record<string, string | number | null | undefined>} changes @param {{push?: boolean, tell?: boolean}} [how] `push` for steps that Back undoes
   */
  set(changes, how = {}) {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") this.parameters.delete(key);
      else this.parameters.set(key, String(value));
    }
    const text = this.parameters.toString();
    const url = location.pathname + (text ? `?${text}` : "");
    if (how.push && url !== location.pathname + location.search) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    if (how.tell) this.#changed();
    this.#links();
  }

  /** Fixes the range to a part of time. @param {number} from µs @param {number} to µs */
  setRange(from, to) { this.#takeRange(new URLSearchParams({ from: String(Math.round(from)), to: String(Math.round(to)) })); }

  /** Asks again, a lookback as of now. */
  refresh() {
    this.range.refresh();
    this.#changed();
  }

  /** A link to another page about the same window. @param {string} href @param {Record<string, string>} [more] */
  link(href, more = {}) {
    const parameters = new URLSearchParams();
    for (const key of CARRIED) { const value = this.carried.get(key); if (value) parameters.set(key, value); }
    for (const [key, value] of Object.entries(more)) { if (value) parameters.set(key, value); else parameters.delete(key); }
    const text = parameters.toString();
    return text ? `${href}?${text}` : href;
  }

  /** A link that shows the same to others later: a lookback becomes a fixed range. */
  get permalink() {
    if (!this.hasRange) return location.href;
    const parameters = new URLSearchParams(this.parameters);
    this.range.write(parameters, true);
    return `${location.origin}${location.pathname}?${parameters}`;
  }

  /** Says how complete the answer of a window is. @param {import("./sampling.js").Scope} answer */
  tellSampling(answer) { this.sampling.tell(answer); }

  /** Shows the last hour, or the like. @param {string} lookback such as `15m` */
  lookBack(lookback) { this.#takeRange(new URLSearchParams({ lookback })); }

  #changed() {
    this.#links();
    this.#rangeLabel();
    for (const listener of this.listeners) listener();
  }

  #nav() {
    const nav = /** @type {HTMLElement} */ (document.getElementById("pages"));
    const here = this.page?.href ?? this.page?.parent;
    fill(nav, pages().filter((page) => page.href).map((page) => h("a", { class: `nav-link${page.href === here ? " on" : ""}`, href: page.href, "data-page": page.href, "aria-current": page.href === here ? "page" : null, title: `g ${page.key}` }, page.label)));
    this.#links();
  }

  #links() {
    for (const link of document.querySelectorAll("[data-page]")) link.setAttribute("href", this.link(link.getAttribute("data-page") ?? "/"));
    // Back to the list that one came from.
    const list = this.page?.module === "trace" && sessionPreference("search");
    if (list) document.querySelector('[data-page="/traces"]')?.setAttribute("href", list);
    if (this.hasRange) setSessionPreference("window", new URL(this.link("/"), location.origin).search);
  }

  /** @param {URLSearchParams} range */
  #takeRange(range) {
    this.range.read(range);
    this.range.write(this.parameters);
    this.set({}, { push: true, tell: true });
  }

  #rangeMenu() {
    this.rangeButton = h("summary", { class: "button small", "data-testid": "range" });
    const from = h("input", { type: "datetime-local", step: 1, "aria-label": "From" }), to = h("input", { type: "datetime-local", step: 1, "aria-label": "To" });
    const problem = h("p", { class: "field-error", role: "alert" });
    const menu = h("details", { class: "menu range-menu" }, this.rangeButton, h("div", { class: "menu-items" },
      LOOKBACKS.map(([value, label]) => h("button", { type: "button", "data-lookback": value, onclick: () => { menu.open = false; this.lookBack(value); } }, label)),
      h("form", { class: "range-custom", onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const start = moment(from.value), end = moment(to.value);
        problem.textContent = !(start < end) ? "Choose a start and an end after it." : "";
        if (!(start < end)) return;
        menu.open = false;
        this.setRange(start * 1000, end * 1000);
      } }, h("label", null, "From", from), h("label", null, "To", to), problem, h("button", { class: "button primary small", type: "submit" }, "Use this range"))));
    menu.addEventListener("toggle", () => {
      if (!menu.open) return;
      from.value = localText(this.range.from);
      to.value = localText(this.range.to);
    });
    closeOutside(menu);
    document.getElementById("range")?.replaceWith(menu);
    document.getElementById("refresh")?.addEventListener("click", () => this.refresh());
    addEventListener("needletail-imported", () => this.refresh());
    menu.hidden = !this.hasRange;
    /** @type {HTMLElement} */ (document.getElementById("refresh")).hidden = !this.hasRange;
    this.#rangeLabel();
  }

  #rangeLabel() { fill(this.rangeButton, this.range.label, " ▾"); }

  /** What a narrow window has no room for opens below the bar. */
  #menu() {
    const button = /** @type {HTMLButtonElement} */ (document.getElementById("menu"));
    const bar = /** @type {HTMLElement} */ (button.closest("header"));
    const show = (/** @type {boolean} */ open) => {
      bar.classList.toggle("open", open);
      button.setAttribute("aria-expanded", String(open));
    };
    button.textContent = `${this.page?.label ?? "Menu"} ▾`;
    button.setAttribute("aria-label", `Menu; this is ${this.page?.label ?? "no page"}`);
    button.addEventListener("click", () => show(!bar.classList.contains("open")));
    bar.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !bar.classList.contains("open")) return;
      event.preventDefault();
      show(false);
      button.focus();
    });
    document.addEventListener("click", (event) => { if (!bar.contains(/** @type {Node} */ (event.target))) show(false); });
  }

  /** The switch between local times and UTC. All that is shown stands in the address, so the page is simply drawn anew. */
  #zone() {
    const button = /** @type {HTMLButtonElement} */ (document.getElementById("zone"));
    const minutes = zoneOffset(Date.now()) / 60_000, name = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const difference = `UTC${minutes < 0 ? "−" : "+"}${Math.floor(Math.abs(minutes) / 60)}${minutes % 60 ? `:${String(Math.abs(minutes) % 60).padStart(2, "0")}` : ""}`;
    button.textContent = isUTC ? "UTC" : "Local";
    button.title = isUTC ? `Times are in UTC; press for ${name}` : `Times are in ${name} (${difference}); press for UTC`;
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => {
      setPreference("zone", isUTC ? "local" : "utc");
      location.reload();
    });
  }

  /** The switch Auto → Light → Dark; Auto follows the system while the page is open. */
  #theme() {
    const button = /** @type {HTMLButtonElement} */ (document.getElementById("theme"));
    const system = matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement;
    const apply = () => {
      const choice = root.dataset.themeChoice ?? "auto";
      const theme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
      const changed = root.dataset.theme !== theme;
      root.dataset.theme = theme;
      button.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[choice] ?? "Auto";
      button.title = `Colour theme: ${button.textContent}`;
      button.setAttribute("aria-label", `Colour theme: ${button.textContent}`);
      if (changed) dispatchEvent(new Event("needletail-theme"));
    };
    button.addEventListener("click", () => {
      const next = { auto: "light", light: "dark", dark: "auto" }[root.dataset.themeChoice ?? "auto"] ?? "auto";
      root.dataset.themeChoice = next;
      setPreference("theme", next);
      apply();
    });
    system.addEventListener("change", apply);
    // Paper is white: canvases are drawn anew for it, and after it.
    matchMedia("print").addEventListener("change", () => dispatchEvent(new Event("needletail-theme")));
    addEventListener("storage", (event) => {
      if (event.key !== "needletail.theme") return;
      root.dataset.themeChoice = preference("theme") ?? "auto";
      apply();
    });
    apply();
  }
}

/** A menu that closes on Escape and on a click elsewhere. @param {HTMLDetailsElement} menu */
export function closeOutside(menu) {
  document.addEventListener("click", (event) => { if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}

/** A moment as an input of date and time takes it, on the clock that is shown. @param {number} micros */
function localText(micros) { return new Date(micros / 1000 + zoneOffset(micros / 1000)).toISOString().slice(0, 19); }

/** The moment of such a text, ms. @param {string} text */
function moment(text) { return new Date(isUTC ? `${text}Z` : text).getTime(); }
