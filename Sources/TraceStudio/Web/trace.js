// The trace page: loads the columns, puts the parts together, keeps the URL.
import * as api from "./api.js";
import { h, fill, preference, sessionPreference, setPreference, setSessionPreference, toast } from "./dom.js";
import { count, duration } from "./format.js";
import { TraceColumns } from "./columns.js";
import { TraceView } from "./view.js";
import { Palette, serviceSlots } from "./color.js";
import { Waterfall } from "./waterfall.js";
import { Ruler } from "./ruler.js";
import { Minimap } from "./minimap.js";
import { StageStrip } from "./strip.js";
import { DetailPanel } from "./detail.js";
import { TraceHead } from "./head.js";
import { wireKeys } from "./keys.js";
import { TRACE_KEYS } from "./tracekeys.js";
import { splitter } from "./canvas.js";
import { FlameView } from "./flame.js";
import { SpanTable } from "./spantable.js";
import { LogView } from "./logs.js";
import { JSONView } from "./jsonview.js";
import { rankMarks } from "./rank.js";
import { readFolds, writeFolds } from "./folds.js";

/** Views of a trace: value in the URL and words. @type {Array<[string, string]>} */
const VIEWS = [["waterfall", "Waterfall"], ["flame", "Flame"], ["table", "Table"], ["logs", "Logs"], ["json", "JSON"]];
/** How often the page asks whether spans came since, ms. */
const LATE = 10_000;

/** Loads a trace and shows it in the element. @param {HTMLElement} root @param {import("./frame.js").Frame} _frame @param {string} id */
export async function open(root, _frame, id) {
  await openTrace(root, normalizedID(id));
}

/** Ids may be written in capitals or without their leading zeros. @param {string} id */
function normalizedID(id) {
  return /^[0-9a-f]{1,32}$/i.test(id) ? id.toLowerCase().padStart(32, "0") : id;
}

/** What the address wants of the trace: all of it or what is below one span; clocks are put right unless it says otherwise. */
function wantedShape() { return /** @type {any} */ (globalThis).needletailTraceShape(); }

/** The page that is open now. @type {TracePage | null} */
let current = null;

/** @param {HTMLElement} root @param {string} id */
async function openTrace(root, id) {
  document.body.classList.add("on-trace");
  document.title = `Trace ${id.slice(0, 7)} · Needletail`;
  const skeleton = setTimeout(() => root.replaceChildren(h("div", { class: "loading trace-loading", role: "status" }, h("p", { class: "muted" }, "Loading the trace…"), h("div", { class: "skeleton" }), h("div", { class: "skeleton" }), h("div", { class: "skeleton tall" }))), 150);
  try {
    const shape = wantedShape(), answer = await api.trace(id, shape);
    const trace = new TraceColumns(answer, shape);
    clearTimeout(skeleton);
    current?.close();
    const page = current = new TracePage(root, trace, () => openTrace(root, id));
    page.readURL();
    page.start();
    requestAnimationFrame(() => setTimeout(() => performance.mark("trace-painted")));
  } catch (error) {
    clearTimeout(skeleton);
    root.replaceChildren(failure(error, id, () => openTrace(root, id)));
    if (!(error instanceof api.APIError)) throw error;
    // Spans may be on their way; and of large traces the server answers few at a time.
    if (error.status === 404 || error.status === 503) waitFor(root, id, 10);
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
    h("div", { class: "actions center" }, h("button", { class: "button primary", type: "button", onclick: again }, "Try again"), h("a", { class: "button", href: "/traces" }, "Search traces")));
}

class TracePage {
  /** @param {HTMLElement} root @param {TraceColumns} trace @param {() => void} reopen asks for the trace again, as the address wants it */
  constructor(root, trace, reopen) {
    this.reopen = reopen;
    /** Ends what the page listens to when another takes its place. */
    this.closing = new AbortController();
    const slots = serviceSlots(trace.services.map((index) => trace.strings[index]));
    const palette = () => new Palette(slots, trace.strings);
    const view = this.view = new TraceView(trace, palette());
    this.panelWidth = 380;
    this.narrow = matchMedia("(max-width: 900px)");
    this.panel = new DetailPanel(view, () => this.showPanel(false));
    this.waterfall = new Waterfall(view, () => { if (this.narrow.matches) this.showPanel(true); });
    this.ruler = new Ruler(view, this.waterfall);
    this.minimap = new Minimap(view);
    this.grip = h("div", { class: "grip" });
    const back = () => this.showView("waterfall");
    this.flame = new FlameView(view);
    this.table = new SpanTable(view, back);
    this.logs = new LogView(view, back);
    this.json = new JSONView(view);
    /** What stands in the place of the waterfall. @type {Record<string, {element: HTMLElement, draw: () => void}>} */
    this.others = { flame: this.flame, table: this.table, logs: this.logs, json: this.json };
    this.shown = "waterfall";
    this.tabs = h("div", { class: "chips view-tabs" }, h("div", { class: "chips", role: "group", "aria-label": "View of the trace" }, VIEWS.map(([value, label]) => h("button", { class: "button small", type: "button", "data-view": value, "aria-pressed": String(value === "waterfall"), onclick: () => this.showView(value) }, label))),
      h("a", { class: "button small", href: `/compare?a=${trace.traceID}`, "data-testid": "compare", onclick: (/** @type {MouseEvent} */ event) => this.#compare(event) }, "Compare…"),
      h("a", { class: "button small", href: `/map?trace=${trace.traceID}`, title: "Its services and the time of each hop", "data-testid": "trace-map" }, "Map"));
    this.head = new TraceHead(view, slots, this.panel, this.tabs);
    this.head.onSkew = () => this.#ask({ skew: trace.isCorrected ? "raw" : "" }, false);
    this.panel.onRoot = (row) => this.reroot(row);
    this.panel.onTab = () => this.#writeURL();
    this.late = h("div", { class: "late", role: "status", "data-testid": "late" });
    this.work = h("div", { class: "work" }, h("div", { class: "timeline" }, this.ruler.element, this.waterfall.outer), this.grip, this.panel.element);
    this.strip = trace.strip.length ? new StageStrip(view) : null;
    root.replaceChildren(h("div", { class: "trace-page", "data-testid": "trace-page", "data-spans": trace.spanCount }, this.head.element, this.#rootNote(), this.late, this.strip?.element, this.minimap.element, this.work));
    document.title = `${trace.rootName || trace.traceID.slice(0, 7)} ${duration(trace.exactDuration)} · Needletail`;
    addEventListener("needletail-theme", () => { view.palette = palette(); view.emit("theme"); }, { signal: this.closing.signal });
    this.waterfall.onLayout = () => this.ruler.draw();
    this.waterfall.covered = () => (this.narrow.matches && this.panel.open ? this.panel.element.offsetHeight : 0);
    this.#wirePanel();
    this.urlTimer = 0;
    this.#expose();
    rankMarks(trace, this.head.element, this.strip);
    this.#splitQueue();
    this.#watch();
  }

  /** Asks what requests waited for, after the first picture: it takes other traces to tell. */
  #splitQueue() {
    const { view } = this, { trace } = view, { signal } = this.closing;
    if (trace.queueSplit === "none") return;
    requestAnimationFrame(() => setTimeout(async () => {
      let answer;
      try { answer = await api.queueOf(trace.traceID, trace.shape, signal); } catch (error) {
        if (signal.aborted) return;
        // The whole stage still says how long it was.
        answer = { noInstanceNano: 0, batchWaitNano: 0, pieces: [], unknown: trace.rowsWith("queue").map((row) => ({ row: trace.serverRow(row), text: error instanceof Error ? error.message : String(error) })) };
      }
      trace.splitQueue(answer);
      view.emit("split");
    }));
  }

  close() { this.closing.abort(); }

  /** Says that only a part is shown, and leads back. */
  #rootNote() {
    const { trace } = this.view;
    if (!trace.root) return null;
    const parameters = new URLSearchParams(location.search);
    for (const key of ["root", "z", "fold"]) parameters.delete(key);
    return h("div", { class: "root-note", role: "status", "data-testid": "root-note" }, `Only ${trace.nameOf(0)} and what lies below it, as if that were the trace. `,
      h("a", { href: `${location.pathname}${parameters.size ? `?${parameters}` : ""}`, onclick: (/** @type {MouseEvent} */ event) => { if (event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); this.reroot(-1); } }, "Show the whole trace"));
  }

  /** Shows what lies below a row as the trace; -1 is the whole trace again. @param {number} row */
  reroot(row) {
    const { trace } = this.view;
    if (row < 0 ? !trace.root : row === trace.missingParents || trace.size[row] === 0) return;
    this.#ask({ root: row < 0 ? "" : trace.idOf(row), z: "", fold: "", span: row < 0 ? trace.root : "" }, true);
  }

  /** Changes the address and asks for the trace as it says then. @param {Record<string, string>} changes @param {boolean} isStep whether Back undoes it */
  #ask(changes, isStep) {
    clearTimeout(this.urlTimer);
    const parameters = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(changes)) if (value) parameters.set(key, value); else parameters.delete(key);
    const url = location.pathname + (parameters.size ? `?${parameters}` : "");
    if (isStep) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    this.reopen();
  }

  /** Puts another view in the place of the waterfall. @param {string} name */
  showView(name) {
    const other = this.others[name];
    this.shown = other ? name : "waterfall";
    for (const button of this.tabs.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-view") === this.shown));
    const timeline = /** @type {HTMLElement} */ (this.work.querySelector(".timeline"));
    timeline.hidden = Boolean(other);
    for (const view of Object.values(this.others)) if (view !== other) view.element.remove();
    if (other) {
      timeline.before(other.element);
      other.draw();
    } else this.waterfall.layout();
    this.#writeURL();
  }

  /** The first press remembers this trace, the second compares with it. @param {MouseEvent} event */
  #compare(event) {
    const before = sessionPreference("compare");
    if (before && before !== this.view.trace.traceID) {
      /** @type {HTMLAnchorElement} */ (event.currentTarget).href = `/compare?a=${before}&b=${this.view.trace.traceID}`;
      setSessionPreference("compare", "");
      return;
    }
    event.preventDefault();
    setSessionPreference("compare", this.view.trace.traceID);
    toast("Now open another trace and press Compare there (x)");
  }

  /** Says when spans came since the page was opened. */
  #watch() {
    const { trace } = this.view, opened = Date.now();
    const timer = setInterval(async () => {
      // A trace that is complete for long gets no more spans.
      if (!this.late.isConnected || Date.now() - opened > 30 * LATE) { clearInterval(timer); return; }
      if (document.hidden) return;
      try {
        const answer = await api.changes(trace.traceID, trace.version, trace.shape);
        if (!answer || answer.changed === false) return;
        clearInterval(timer);
        const more = answer.newSpans ?? (answer.columns?.start.length ?? trace.count) - trace.count;
        fill(this.late, h("button", { class: "button small", type: "button", onclick: () => location.reload() }, `${more > 0 ? count(more, "span") : "Spans"} arrived since you opened this · reload`));
      } catch { /* the page is still right as far as it goes */ }
    }, LATE);
  }

  /** Cheap figures for tests: own drawing times in ms, rows in the tree, rows on screen. */
  #expose() {
    const { waterfall, view } = this;
    Object.defineProperty(window, "__needletail", { configurable: true, value: {
      get drawTimes() { return waterfall.drawTimes; },
      get rowCount() { return view.trace.visible.length; },
      get spanCount() { return view.trace.spanCount; },
      /** From the answer's last byte until the first picture, ms: reading it, all that is worked out of it, and drawing. */
      get paintTime() {
        const painted = performance.getEntriesByName("trace-painted").at(-1)?.startTime;
        const answer = /** @type {PerformanceResourceTiming | undefined} */ (performance.getEntriesByType("resource").findLast((entry) => /\/api\/ui\/trace\/[^/?]+(\?|$)/.test(entry.name)));
        return painted === undefined || !answer ? undefined : painted - answer.responseEnd;
      },
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
    wireKeys(TRACE_KEYS, "On a trace", {
      view, waterfall,
      toggleTable: () => this.showView(this.shown === "table" ? "waterfall" : "table"),
      reroot: (row) => this.reroot(row),
      focusFind: () => { head.findInput.focus(); head.findInput.select(); },
      togglePanel: () => this.showPanel(!panel.open),
      enterPanel: () => { this.showPanel(true); panel.element.focus(); },
      escape: () => {
        if (this.narrow.matches && panel.open) this.showPanel(false);
        else if (document.activeElement && document.activeElement !== document.body && document.activeElement !== waterfall.element) waterfall.element.focus({ preventScroll: true });
        else if (view.findText) head.find("");
      },
    });
    view.listen((change) => { if (change === "select" || change === "zoom" || change === "find" || change === "fold") this.#writeURL(); });
    addEventListener("popstate", () => { if (wantedShape() === view.trace.shape) this.readURL(); else this.reopen(); }, { signal: this.closing.signal });
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
    readFolds(view, parameters.get("fold") ?? "");
    const wanted = parameters.get("v") ?? "waterfall";
    if (wanted !== this.shown) queueMicrotask(() => this.showView(wanted));
    const tab = parameters.get("tab");
    if (tab) this.panel.tab = tab;
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
      set("v", this.shown === "waterfall" ? "" : this.shown);
      set("fold", writeFolds(view));
      set("tab", this.panel.tab === "attributes" ? "" : this.panel.tab);
      if (view.findText !== parameters.get("uiFind")) parameters.delete("uiFind");
      set("find", parameters.has("uiFind") ? "" : view.findText);
      const text = parameters.toString();
      history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
    }, 200);
  }
}

/** @param {number} ns */
function zoomNumber(ns) { return String(Math.round(ns)); }
