// The overview: what arrives now, how slow it is, who waits, what fails. An empty server says how to send data instead.
import { h, fill } from "./dom.js";
import { ago, count, dateTime, duration, headline, integer, percent, rateNumber, rateUnit, timeOfDay } from "./format.js";
import { tellBands } from "./bands.js";
import { Heatmap } from "./heat.js";
import { figure } from "./figure.js";
import { sortableTable } from "./table.js";
import { stageBar } from "./stagebar.js";
import { LiveStrip } from "./livestrip.js";
import { sendHelp } from "./sendhelp.js";
import { boxText } from "./box.js";
import { ask, latest } from "./windows.js";
import { get } from "./api.js";

const MODELS = 8, GROUPS = 6, NEWEST = 12;
/** How often an empty server is asked whether something came, ms. */
const EMPTY_PAUSE = 500;
/** How often the first trace is looked at again: its spans come one after another, the root often last. */
const SETTLING = 60;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const status = await get("/api/ui/status");
  if (status.store.spanCount === 0) {
    await waitForFirst(root, frame, status);
    return;
  }
  const page = new Overview(frame);
  root.replaceChildren(page.element);
  frame.listen(() => page.load());
  await page.load();
  page.follow();
}

class Overview {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.tiles = h("div", { class: "tiles", role: "list", "aria-label": "Figures" });
    this.heat = new Heatmap({ onBox: (box) => { if (box) location.assign(frame.link("/traces", { box: boxText(box) })); }, cellLink: (box) => frame.link("/traces", { box: boxText(box) }) });
    this.heatFigure = figure({ title: "All requests", note: "drag a box to see only these", summary: "Heatmap of all requests by time and duration", testid: "latency", numbers: () => this.heat.numbers(), actions: this.heat.legend }, this.heat.element);
    this.models = card("Models by waiting", "where requests queue most", frame.link("/models"), "all models");
    this.errors = card("Newest errors", "", frame.link("/errors"), "all errors");
    this.newest = card("Newest requests", "", frame.link("/traces"), "all traces");
    this.live = h("span", { class: "muted", role: "status", "data-testid": "live-rate" }, "connecting…");
    this.strip = new LiveStrip({ title: "Now", note: "requests that finished in the last minute", actions: [this.live, h("a", { href: frame.link("/live"), "data-page": "/live" }, "follow →")] });
    this.skipped = 0;
    /** @type {EventSource | null} */
    this.source = null;
    /** The newest requests, and those that wait while the reader is at the list. @type {import("./windows.js").Row[]} */
    this.rows = [];
    this.isHeld = false;
    for (const [event, isHeld] of /** @type {Array<[string, boolean]>} */ ([["pointerenter", true], ["focusin", true], ["pointerleave", false], ["focusout", false]])) this.newest.element.addEventListener(event, () => { this.isHeld = isHeld; if (!isHeld) this.#drawNewest(); });
    this.message = h("div");
    this.element = h("div", { class: "page" }, this.message, this.strip.element, this.tiles, this.heatFigure, h("div", { class: "columns" }, this.models.element, this.errors.element), this.newest.element);
    this.load = latest((signal) => this.#load(signal));
  }

  /** Follows what the page's filter lets through, from now on; until the page is hidden. */
  follow() {
    this.source?.close();
    this.strip.clear();
    this.skipped = 0;
    const source = this.source = new EventSource(`/api/ui/live?${new URLSearchParams({ q: this.frame.q })}`);
    source.addEventListener("open", () => this.#tick());
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) this.live.textContent = "nothing can be followed here"; });
    source.addEventListener("rows", (event) => {
      const { rows, skipped } = JSON.parse(event.data);
      this.skipped += skipped ?? 0;
      for (const row of rows) this.strip.add(row);
      this.#arrived(rows);
      this.#tick();
    });
    clearInterval(this.timer);
    this.timer = setInterval(() => this.#tick(), matchMedia("(prefers-reduced-motion: reduce)").matches ? 5000 : 1000);
    addEventListener("pagehide", () => { source.close(); clearInterval(this.timer); }, { once: true });
  }

  #tick() {
    this.strip.draw();
    const text = this.source?.readyState === EventSource.OPEN ? this.strip.words(this.skipped) : this.source?.readyState === EventSource.CONNECTING ? "connecting…" : null;
    if (text !== null && this.live.textContent !== text) this.live.textContent = text;
  }

  /** @param {AbortSignal} signal */
  async #load(signal) {
    const { frame } = this;
    this.element.setAttribute("aria-busy", "true");
    try {
      const heat = await ask("heatmap", frame.ask({ columns: 96, bins: 32 }), signal);
      frame.tellSampling(heat);
      this.heatFigure.hidden = heat.cells.length === 0;
      if (heat.cells.length) this.heat.set(heat);
      tellBands(this.heatFigure, heat.bands);
      fill(this.message, !heat.cells.length && await this.#nothing(signal));
      const [models, errors, newest] = await Promise.all([ask("models", frame.ask(), signal), ask("errors", frame.ask(), signal), ask("search", frame.ask({ rows: NEWEST }), signal)]);
      this.#drawTiles(heat, models, errors, newest);
      this.#drawModels(models.models);
      this.#drawErrors(errors.groups);
      this.rows = newest.rows;
      this.#drawNewest();
    } catch (error) {
      if (signal.aborted) throw error;
      fill(this.message, h("div", { class: "notice error", role: "alert" }, h("strong", null, "The overview could not be loaded. "), error instanceof Error ? error.message : String(error), " ", h("button", { class: "button small", type: "button", onclick: () => this.load() }, "Try again")));
    } finally {
      if (!signal.aborted) this.element.setAttribute("aria-busy", "false");
    }
  }

  /** @param {any} heat @param {any} models @param {any} errors @param {any} newest */
  #drawTiles(heat, models, errors, newest) {
    const seconds = Number(BigInt(heat.to) - BigInt(heat.from)) / 1e9;
    const perSecond = (newest.weighted ?? newest.matched) / seconds;
    const failed = errors.groups.reduce((/** @type {number} */ sum, /** @type {any} */ group) => sum + group.count, 0);
    const approximate = newest.weighted !== newest.matched ? "≈ " : "";
    /** @param {string} label @param {string} value @param {string} [title] */
    const tile = (label, value, title) => h("div", { class: "tile", role: "listitem", title }, h("b", null, value), h("span", { class: "muted" }, label));
    fill(this.tiles, tile("requests", approximate + integer(newest.weighted ?? newest.matched)), tile(rateUnit(perSecond).words, approximate + rateNumber(perSecond)),
      tile("models", integer(new Set(models.models.map((/** @type {any} */ model) => `${model.model}`)).size)),
      tile("errors", approximate + integer(failed)), tile("traces kept", integer(newest.matched)));
  }

  /** @param {any[]} models */
  #drawModels(models) {
    const rows = [...models].sort((a, b) => b.waitShare - a.waitShare).slice(0, MODELS);
    fill(this.models.body, rows.length ? sortableTable({
      label: "Models by the share of time their requests wait", testid: "models", rows, columns: [
        { key: "model", label: "model", value: (row) => row.model, view: (row) => h("a", { href: this.frame.link(`/models/${encodeURIComponent(row.model)}`, { version: row.version }) }, row.model, h("span", { class: "faint" }, `${row.version ? ` v${row.version}` : ""} ${row.service}`)) },
        { key: "wait", label: "waiting", numeric: true, value: (row) => row.waitShare, view: (row) => percent(row.waitShare) },
        { key: "p95", label: "p95", numeric: true, value: (row) => row.duration.p95, view: (row) => duration(row.duration.p95) },
        { key: "stages", label: "mean stages", sorts: false, value: () => null, view: (row) => stageBar(Object.fromEntries(Object.entries(row.stages).map(([name, stage]) => [name, /** @type {any} */ (stage).mean])), 140) },
      ],
    }).element : h("p", { class: "faint" }, "No inference in this time."));
  }

  /** @param {any[]} groups */
  #drawErrors(groups) {
    const newest = [...groups].sort((a, b) => (BigInt(b.lastSeen) > BigInt(a.lastSeen) ? 1 : -1)).slice(0, GROUPS);
    fill(this.errors.body, newest.length ? h("ul", { class: "error-list" }, newest.map((group) => h("li", null, h("a", { href: this.frame.link(`/errors/${group.group}`), class: "error-link" },
      h("span", { class: "error-text" }, headline(group.template)), h("span", { class: "faint" }, ` ${group.service}${group.model ? ` · ${group.model}` : ""}`)),
    h("span", { class: "muted error-count" }, `${integer(group.count)} × · ${ago(group.lastSeen)}`)))) : h("p", { class: "faint" }, "Nothing failed in this time."));
  }

  #drawNewest() {
    fill(this.newest.body, this.rows.length ? h("ul", { class: "newest" }, this.rows.map((row) => h("li", null, h("a", { href: `/trace/${row.traceID}`, class: row.errorCount ? "failed" : null, "data-testid": "trace-row", "data-trace-id": row.traceID },
      h("span", { class: "faint mono" }, timeOfDay(row.startTimeUnixNano)), h("span", { class: "newest-name" }, row.rootName || "no root span yet", h("span", { class: "muted" }, ` ${row.rootService}${row.model ? ` → ${row.model}` : ""}`)),
      stageBar(row.stages ?? {}, 140), h("b", { class: "number" }, duration(row.durationNano)))))) : h("p", { class: "faint" }, "None in this time."));
  }

  /** What just finished goes on top of the newest requests, unless these are about another time. @param {import("./windows.js").Row[]} rows */
  #arrived(rows) {
    if (!this.frame.range.lookback) return;
    const ids = new Set(rows.map((row) => row.traceID));
    this.rows = [...rows, ...this.rows.filter((row) => !ids.has(row.traceID))].sort((a, b) => (BigInt(b.startTimeUnixNano) > BigInt(a.startTimeUnixNano) ? 1 : -1)).slice(0, NEWEST);
    if (!this.isHeld) this.#drawNewest();
  }

  /** Says that this time has no requests, and leads to the newest that there are. @param {AbortSignal} signal */
  async #nothing(signal) {
    const parameters = this.frame.ask({ rows: 1 });
    parameters.set("from", "1");
    parameters.set("limit", "1");
    const [last] = (await ask("search", parameters, signal)).rows;
    const end = last && Number(BigInt(last.startTimeUnixNano) / 1000n) + 1e6;
    return h("section", { class: "empty", "data-testid": "nothing-now" }, h("h1", null, `No requests in ${this.frame.range.label.replace(/^Last/, "the last")}`), end ? [h("p", { class: "muted" }, `The newest ones began at ${dateTime(last.startTimeUnixNano)}.`), h("button", { class: "button primary", type: "button", onclick: () => this.frame.setRange(end - 3.6e9, end) }, "Show the hour before")] : h("p", { class: "muted" }, "There may be older ones: choose a longer time above."));
  }
}

/** @param {string} title @param {string} note @param {string} href @param {string} more */
function card(title, note, href, more) {
  const body = h("div");
  return { body, element: h("section", { class: "card", "aria-label": title }, h("div", { class: "card-head" }, h("h2", null, title, note && h("span", { class: "muted card-note" }, note)), h("a", { href, "data-page": href.split("?")[0] }, `${more} →`)), body) };
}

/**
 * What an empty server shows: how to send a first trace, and a line that becomes a link when it came.
 * @param {HTMLElement} root @param {import("./frame.js").Frame} frame @param {any} status
 */
async function waitForFirst(root, frame, status) {
  const waiting = h("p", { class: "waiting", role: "status", "data-testid": "waiting" }, h("i", { class: "pulse" }), "Waiting for the first span…");
  const sample = h("button", { class: "button", type: "button", "data-testid": "load-sample", onclick: () => loadSample(sample) }, "Load sample data");
  root.replaceChildren(h("div", { class: "page welcome", "data-testid": "welcome" }, h("h1", null, "No traces yet"),
    h("p", { class: "muted" }, "Needletail is listening. Send a first trace in one of these ways, or look round in an hour of made-up ones."), h("div", { class: "welcome-head" }, waiting, h("span", { class: "spacer" }), sample), sendHelp(status.ports ?? {})));
  const link = h("a", { class: "button primary", "data-testid": "first-trace" });
  let shown = "";
  for (let rest = SETTLING; rest > 0;) {
    await new Promise((resolve) => setTimeout(resolve, EMPTY_PAUSE));
    try {
      if (!shown && (await get("/api/ui/status")).store.spanCount === 0) continue;
      const first = await newest();
      if (!first) continue;
      if (shown && shown !== first.traceID) return;
      const text = `The first trace is here: ${first.rootName || first.traceID.slice(0, 8)}, ${count(first.spanCount, "span")} →`;
      if (link.textContent !== text) link.textContent = text;
      rest--;
      if (shown) continue;
      shown = first.traceID;
      link.setAttribute("href", `/trace/${shown}`);
      fill(waiting, link, h("a", { class: "button", href: frame.link("/") }, "To the overview"));
    } catch { /* the server may be restarting: keep waiting */ }
  }
}

/** The newest trace of all, whatever its sender's clock says. */
async function newest() {
  const answer = await ask("search", new URLSearchParams({ from: "1", to: String((Date.now() + 864e5) * 1000), limit: "1", rows: "1" }));
  return answer.rows[0];
}

/** @param {HTMLButtonElement} button */
async function loadSample(button) {
  button.disabled = true;
  button.textContent = "Loading an hour of sample traces…";
  try {
    const response = await fetch("/api/ui/sample", { method: "POST" });
    if (response.ok) { location.reload(); return; }
    button.textContent = `The sample could not be loaded: ${(await response.json()).errors?.[0]?.msg ?? response.status}`;
  } catch { button.textContent = "The sample could not be loaded: the server did not answer."; }
  button.disabled = false;
}
