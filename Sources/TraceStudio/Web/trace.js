// The trace page: loads the columns, puts the parts together, keeps the URL.
import * as api from "./api.js";
import { h, preference, setPreference } from "./dom.js";
import { duration } from "./format.js";
import { TraceColumns } from "./columns.js";
import { TraceView } from "./view.js";
import { Palette, serviceSlots } from "./color.js";
import { Waterfall } from "./waterfall.js";
import { Ruler } from "./ruler.js";
import { Minimap } from "./minimap.js";
import { stageStrip } from "./strip.js";
import { DetailPanel } from "./detail.js";
import { TraceHead } from "./head.js";
import { wireKeys } from "./keys.js";
import { splitter } from "./canvas.js";

/** Loads a trace and shows it in the element. @param {HTMLElement} root @param {string} id */
export async function openTrace(root, id) {
  document.body.classList.add("on-trace");
  document.title = `Trace ${id.slice(0, 7)} · Needletail`;
  const skeleton = setTimeout(() => root.replaceChildren(h("div", { class: "loading trace-loading", role: "status" }, h("p", { class: "muted" }, "Loading the trace…"), h("div", { class: "skeleton" }), h("div", { class: "skeleton" }), h("div", { class: "skeleton tall" }))), 150);
  try {
    const trace = new TraceColumns(await api.trace(id));
    clearTimeout(skeleton);
    const page = new TracePage(root, trace);
    page.readURL();
    page.start();
  } catch (error) {
    clearTimeout(skeleton);
    root.replaceChildren(failure(error, id, () => openTrace(root, id)));
    if (!(error instanceof api.APIError)) throw error;
    if (error.status === 404) waitFor(root, id, 10);
  }
}

/** Looks again every two seconds while the message stands: spans are sent in batches. @param {HTMLElement} root @param {string} id @param {number} times */
function waitFor(root, id, times) {
  const message = root.firstElementChild;
  setTimeout(async () => {
    if (times === 0 || !message?.isConnected) return;
    try {
      await api.trace(id);
      if (message.isConnected) await openTrace(root, id);
    } catch {
      waitFor(root, id, times - 1);
    }
  }, 2000);
}

/** @param {unknown} error @param {string} id @param {() => void} again */
function failure(error, id, again) {
  const missing = error instanceof api.APIError && error.status === 404;
  return h("section", { class: "empty", role: "alert", "data-testid": "trace-error" },
    h("h1", null, missing ? "This trace is not here" : "The trace could not be loaded"),
    h("p", { class: "mono" }, id),
    h("p", { class: "muted" }, missing ? "Its spans may still be on their way (programs send them in batches, often every five seconds), it was not sampled, or it is older than what this server keeps." : error instanceof Error ? error.message : String(error)),
    h("div", { class: "actions center" }, h("button", { class: "button primary", type: "button", onclick: again }, "Try again"), h("a", { class: "button", href: "/search" }, "Search traces")));
}

class TracePage {
  /** @param {HTMLElement} root @param {TraceColumns} trace */
  constructor(root, trace) {
    const slots = serviceSlots(trace.services.map((index) => trace.strings[index]));
    const palette = () => new Palette(slots, trace.strings);
    const view = this.view = new TraceView(trace, palette());
    this.panelWidth = 380;
    this.narrow = matchMedia("(max-width: 900px)");
    this.panel = new DetailPanel(view, () => this.showPanel(false));
    this.head = new TraceHead(view, slots, this.panel);
    this.waterfall = new Waterfall(view, () => { if (this.narrow.matches) this.showPanel(true); });
    this.ruler = new Ruler(view, this.waterfall);
    this.minimap = new Minimap(view);
    this.grip = h("div", { class: "grip" });
    this.work = h("div", { class: "work" }, h("div", { class: "timeline" }, this.ruler.element, this.waterfall.outer), this.grip, this.panel.element);
    this.strip = stageStrip(view);
    root.replaceChildren(h("div", { class: "trace-page", "data-testid": "trace-page", "data-spans": trace.count }, this.head.element, this.strip, this.minimap.element, this.work));
    document.title = `${trace.rootName || trace.traceID.slice(0, 7)} ${duration(trace.exactDuration)} · Needletail`;
    addEventListener("needletail-theme", () => { view.palette = palette(); view.emit("theme"); });
    this.waterfall.onLayout = () => this.ruler.draw();
    this.waterfall.covered = () => (this.narrow.matches && this.panel.open ? this.panel.element.offsetHeight : 0);
    this.#wirePanel();
    this.urlTimer = 0;
    this.#expose();
  }

  /** Cheap figures for tests: own drawing times in ms, rows in the tree, rows on screen. */
  #expose() {
    const { waterfall, view } = this;
    Object.defineProperty(window, "__needletail", { configurable: true, value: {
      get drawTimes() { return waterfall.drawTimes; },
      get rowCount() { return view.trace.visible.length; },
      get spanCount() { return view.trace.count; },
      get window() { return [view.from, view.to]; },
    } });
  }

  #wirePanel() {
    this.panelWidth = Math.max(280, Math.min(640, Number(preference("panelWidth")) || 380));
    const setWidth = (/** @type {number} */ px) => {
      this.panelWidth = Math.max(280, Math.min(640, px));
      this.work.style.setProperty("--panel-width", `${this.panelWidth}px`);
    };
    setWidth(this.panelWidth);
    splitter(this.grip, { label: "Width of the detail panel", direction: -1, get: () => this.panelWidth, set: setWidth, done: () => setPreference("panelWidth", String(Math.round(this.panelWidth))) });
    this.showPanel(!this.narrow.matches && preference("panel") !== "closed", false);
  }

  /** @param {boolean} open @param {boolean} [remember] */
  showPanel(open, remember = true) {
    this.panel.open = open;
    this.work.classList.toggle("with-panel", open);
    if (remember && !this.narrow.matches) setPreference("panel", open ? "open" : "closed");
    if (open) {
      this.panel.show();
      if (remember && this.waterfall.stacked) this.work.scrollIntoView({ block: "start" });
    }
    if (!open && this.panel.element.contains(document.activeElement)) this.waterfall.element.focus();
  }

  start() {
    const { view, waterfall, head, panel } = this;
    wireKeys({
      view, waterfall,
      focusFind: () => { head.findInput.focus(); head.findInput.select(); },
      togglePanel: () => this.showPanel(!panel.open),
      enterPanel: () => { this.showPanel(true); panel.body.focus(); },
      escape: () => {
        if (this.narrow.matches && panel.open) this.showPanel(false);
        else if (document.activeElement && document.activeElement !== document.body && document.activeElement !== waterfall.element) waterfall.element.focus({ preventScroll: true });
        else if (view.findText) head.find("");
      },
    });
    view.listen((change) => { if (change === "select" || change === "zoom" || change === "find") this.#writeURL(); });
    addEventListener("popstate", () => this.readURL());
    waterfall.layout();
    waterfall.scrollTo(view.selected);
    panel.show();
    waterfall.element.focus({ preventScroll: true });
  }

  /** Takes selection, window and find text from the URL; Jaeger's `uiFind` works as `find`. */
  readURL() {
    const { view, head } = this;
    const parameters = new URLSearchParams(location.search);
    const zoom = parameters.get("z")?.match(/^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/);
    if (zoom) view.zoom(Number(zoom[1]), Number(zoom[2]));
    else view.reset();
    const jaeger = parameters.get("uiFind");
    const find = parameters.get("find") ?? jaeger ?? "";
    if (find !== view.findText) head.find(find);
    const row = view.trace.rowOf(parameters.get("span") ?? jaeger ?? "");
    if (row >= 0) view.select(row);
    else if (jaeger && view.matches.length) view.select(view.matches[0]);
  }

  /** Writes the view into the URL, at most five times a second (browsers limit how often it may change). */
  #writeURL() {
    clearTimeout(this.urlTimer);
    this.urlTimer = setTimeout(() => {
      const { view } = this, parameters = new URLSearchParams(location.search);
      const set = (/** @type {string} */ key, /** @type {string} */ value) => { if (value) parameters.set(key, value); else parameters.delete(key); };
      set("span", view.chosen && view.selected >= 0 ? view.trace.idOf(view.selected) : "");
      set("z", view.isZoomed ? `${zoomNumber(view.from)}-${zoomNumber(view.to)}` : "");
      if (view.findText !== parameters.get("uiFind")) parameters.delete("uiFind");
      set("find", parameters.has("uiFind") ? "" : view.findText);
      const text = parameters.toString();
      history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
    }, 200);
  }
}

/** @param {number} ns */
function zoomNumber(ns) { return String(Math.round(ns)); }
