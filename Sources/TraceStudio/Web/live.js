// Requests as they finish, newest on top. The list stands still under the pointer or the focus; what is left out is counted.
import { h, fill } from "./dom.js";
import { count, duration, integer, timeOfDay } from "./format.js";
import { FilterBox } from "./filterbox.js";
import { LiveStrip } from "./livestrip.js";
import { peek } from "./peek.js";
import { stageBar } from "./stagebar.js";
import { ask } from "./windows.js";

/** Rows kept in the list. */
const MOST = 200;
/** Durations that the border of the slow ones is taken from, and how many it takes. */
const REMEMBERED = 500, ENOUGH = 100;
/** The first and the longest wait before a lost stream is asked for again, ms. */
const RETRY = 1_000, LONGEST_RETRY = 15_000;
/** Readers of screens are told of news so often at most, ms. */
const TELL = 2_000;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const tail = new LiveTail(frame);
  root.replaceChildren(tail.element);
  let q = frame.q;
  frame.listen(() => {
    if (frame.q !== q || !tail.isFollowing) tail.follow();
    q = frame.q;
    tail.showPeek();
  });
  tail.follow();
  tail.showPeek();
  // How far the list can be believed; the page works without the answer.
  ask("health", frame.ask({ q: "", limit: 500 })).then(({ sampling, samplingWeight }) => frame.tellSampling({ sampling, samplingWeight }), () => {});
}

class LiveTail {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.filter = new FilterBox({ frame, onRun: (q) => frame.set({ q }, { push: true, tell: true }) });
    this.status = h("span", { class: "muted", role: "status", "data-testid": "live-status" }, "connecting…");
    this.fresh = h("button", { class: "button small primary", type: "button", hidden: true, "data-testid": "live-new", onclick: () => { this.pause(false); this.release(); } });
    this.spoken = h("span", { class: "offscreen-text", role: "status" });
    this.pauseButton = h("button", { class: "button small", type: "button", "aria-pressed": "false", "data-testid": "live-pause", onclick: () => this.pause(!this.paused) }, "Pause");
    this.onError = this.#option("onerror", "live-on-error");
    this.onSlow = this.#option("onslow", "live-on-slow");
    this.reason = h("span", { class: "warning-text", role: "status", "data-testid": "live-reason" });
    this.list = h("ol", { class: "newest live-list", "data-testid": "live-list", "aria-label": "Finished requests, newest first" });
    this.strip = new LiveStrip({ title: "The last minute", note: "each dot a request: when it finished × how long it took" });
    this.skippedNote = h("span", { class: "muted", "data-testid": "live-skipped" });
    this.panel = h("aside", { class: "card live-peek", "aria-label": "Trace", hidden: true, "data-testid": "live-peek" });
    this.empty = h("p", { class: "faint live-empty" }, "Waiting for requests to finish…");
    this.element = h("div", { class: "live-page" }, this.filter.element, h("div", { class: "page" },
      h("div", { class: "results-head" }, h("h1", null, "Live"), this.status, this.skippedNote, h("span", { class: "spacer" }), h("label", { class: "inline" }, this.onError, "pause on an error"), h("label", { class: "inline", title: `of the last ${REMEMBERED} shown` }, this.onSlow, "pause above p99"), this.pauseButton),
      this.strip.element, h("div", { class: "live-new" }, this.fresh, this.reason, this.spoken), h("div", { class: "live-panes" }, h("div", null, this.empty, this.list), this.panel)));
    /** @type {EventSource | null} */
    this.source = null;
    /** Rows that wait while the list stands still. @type {any[]} */
    this.waiting = [];
    /** @type {number[]} */
    this.durations = [];
    this.paused = this.isPointed = this.isFocused = false;
    this.skipped = this.seen = this.retries = this.retryTimer = this.toldAt = 0;
    /** @type {AbortController | null} */
    this.peeking = null;
    this.#wire();
  }

  /** A tick that stands in the address. @param {string} name @param {string} id */
  #option(name, id) {
    const input = h("input", { type: "checkbox", id, onchange: () => this.frame.set({ [name]: input.checked ? "1" : null }) });
    input.checked = this.frame.parameters.get(name) === "1";
    return input;
  }

  get isFollowing() { return this.source !== null && this.source.readyState !== EventSource.CLOSED; }
  get isHeld() { return this.paused || this.isPointed || this.isFocused; }

  #wire() {
    const letGo = () => { if (!this.isHeld) this.release(); };
    this.list.addEventListener("pointerenter", () => { this.isPointed = true; });
    this.list.addEventListener("pointerleave", () => { this.isPointed = false; letGo(); });
    // A click leaves the focus behind, which holds nothing: the list goes on beside the trace.
    this.list.addEventListener("focusin", (/** @type {FocusEvent} */ event) => { this.isFocused = /** @type {Element} */ (event.target).matches(":focus-visible"); });
    this.list.addEventListener("focusout", (/** @type {FocusEvent} */ event) => { if (!this.list.contains(/** @type {Node | null} */ (event.relatedTarget))) { this.isFocused = false; letGo(); } });
    this.list.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const link = /** @type {Element} */ (event.target).closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      this.frame.set({ trace: link.getAttribute("data-trace-id") }, { push: true, tell: true });
    });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !this.panel.hidden && !event.defaultPrevented) this.#closePeek(); });
    const slowly = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => { if (!document.hidden) this.strip.draw(); }, slowly ? 2000 : 250);
  }

  /** Follows along, from now on, what the filter lets through. */
  follow() {
    this.filter.set(this.frame.q);
    fill(this.list);
    this.waiting = [];
    this.seen = this.skipped = this.retries = 0;
    this.skippedNote.textContent = "";
    this.empty.hidden = false;
    this.pause(false);
    this.#connect();
  }

  #connect() {
    this.source?.close();
    clearTimeout(this.retryTimer);
    const source = this.source = new EventSource(`/api/ui/live?${new URLSearchParams({ q: this.frame.q })}`);
    source.addEventListener("open", () => { this.retries = 0; this.#tellStatus(); });
    source.addEventListener("error", () => { if (this.source === source) this.#lost(source); });
    source.addEventListener("rows", (event) => {
      const { rows, skipped } = JSON.parse(event.data);
      this.skipped += skipped ?? 0;
      this.#take(rows);
    });
  }

  /** The stream ended: a browser tries again by itself only when the connection broke, not when it was refused. @param {EventSource} source */
  async #lost(source) {
    this.status.textContent = "the connection broke; trying again…";
    if (source.readyState !== EventSource.CLOSED) return;
    try {
      // The same question as JSON says why: a filter that cannot be read is not asked again.
      const control = new AbortController(), answer = await fetch(source.url, { signal: control.signal });
      if (answer.status >= 400) {
        const error = (await answer.json()).errors?.[0];
        if (answer.status === 400) {
          this.status.textContent = "not following";
          this.filter.tell({ message: error?.msg ?? `The server answered ${answer.status}.`, place: error?.column ? { column: error.column, length: error.length ?? 1 } : null });
          return;
        }
        this.status.textContent = `${error?.msg ?? `the server answered ${answer.status}`}; trying again…`;
      } else control.abort();
    } catch { this.status.textContent = "the server does not answer; trying again…"; }
    if (this.source !== source) return;
    this.retryTimer = setTimeout(() => this.#connect(), Math.min(LONGEST_RETRY, RETRY * 2 ** this.retries++));
  }

  /** @param {any[]} rows */
  #take(rows) {
    this.seen += rows.length;
    const sorted = [...this.durations].sort((a, b) => a - b), border = sorted.length >= ENOUGH ? sorted[Math.floor(sorted.length * 0.99)] : Infinity;
    for (const row of rows) {
      this.strip.add(row);
      this.durations.push(row.durationNano);
      const name = row.rootName || row.traceID.slice(0, 8);
      if (this.onError.checked && row.errorCount > 0) this.pause(true, `paused: ${name} failed`);
      else if (this.onSlow.checked && row.durationNano > border) this.pause(true, `paused: ${name} took ${duration(row.durationNano)}, above the p99 of ${duration(border)}`);
    }
    this.durations.splice(0, this.durations.length - REMEMBERED);
    this.waiting.push(...rows);
    // What no longer fits the list was seen in the strip only.
    if (this.waiting.length > MOST) { this.skipped += this.waiting.length - MOST; this.waiting.splice(0, this.waiting.length - MOST); }
    if (this.isHeld) this.#tellNew();
    else this.release();
    this.#tellStatus();
  }

  #tellStatus() {
    this.status.textContent = `following · ${integer(this.seen)} seen`;
    this.skippedNote.textContent = this.skipped ? `· ${integer(this.skipped)} skipped: more finished than can be read` : "";
  }

  #tellNew() {
    this.fresh.hidden = !this.waiting.length;
    this.fresh.textContent = `${integer(this.waiting.length)} new ▲`;
    if (!this.waiting.length || performance.now() - this.toldAt < TELL) return;
    this.toldAt = performance.now();
    this.spoken.textContent = count(this.waiting.length, "new request");
  }

  /** Shows what waited. */
  release() {
    const rows = this.waiting;
    this.waiting = [];
    this.fresh.hidden = true;
    if (!rows.length) return;
    this.empty.hidden = true;
    this.list.prepend(...rows.reverse().map((row) => this.#row(row)));
    while (this.list.children.length > MOST) this.list.lastElementChild?.remove();
  }

  /** @param {any} row */
  #row(row) {
    return h("li", null, h("a", { href: `/trace/${row.traceID}`, class: row.errorCount ? "failed" : null, "data-testid": "live-row", "data-trace-id": row.traceID, "aria-current": row.traceID === this.frame.parameters.get("trace") ? "true" : null },
      h("span", { class: "faint mono" }, timeOfDay(row.startTimeUnixNano)), h("span", { class: "newest-name" }, row.errorCount ? "✕ " : "", row.rootName || "no root span yet", h("span", { class: "muted" }, ` ${row.rootService}${row.model ? ` → ${row.model}` : ""}`)), stageBar(row.stages ?? {}, 140), h("b", { class: "number" }, duration(row.durationNano))));
  }

  /** @param {boolean} on @param {string} [reason] */
  pause(on, reason = "") {
    this.paused = on;
    this.reason.textContent = reason;
    this.pauseButton.setAttribute("aria-pressed", String(on));
    this.pauseButton.textContent = on ? "Go on" : "Pause";
    if (!this.isHeld) this.release();
  }

  /** Shows the trace that the address names beside the list, which goes on. */
  async showPeek() {
    const id = this.frame.parameters.get("trace");
    this.peeking?.abort();
    for (const link of this.list.querySelectorAll("a")) {
      if (link.getAttribute("data-trace-id") === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.panel.hidden = !id;
    this.element.classList.toggle("peeking", Boolean(id));
    if (!id) return;
    const own = this.peeking = new AbortController();
    const close = h("button", { class: "button small icon", type: "button", "aria-label": "Close", "data-testid": "peek-close", onclick: () => this.#closePeek() }, "×");
    const head = h("div", { class: "card-head" }, h("h2", null, "Trace ", h("span", { class: "mono" }, id.slice(0, 8))), close);
    fill(this.panel, head, h("p", { class: "muted", role: "status" }, "Loading…"));
    try {
      const view = await peek(id, own.signal);
      if (!own.signal.aborted) fill(this.panel, head, view);
    } catch (error) {
      if (!own.signal.aborted) fill(this.panel, head, h("p", { class: "field-error", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  }

  #closePeek() {
    const id = this.frame.parameters.get("trace");
    this.frame.set({ trace: null }, { push: true, tell: true });
    /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-trace-id="${CSS.escape(id ?? "")}"]`))?.focus({ preventScroll: true });
  }
}
