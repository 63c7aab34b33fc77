// What one sees of a trace right now: window of time, selection, folds, matches. Parts of the page listen to changes.
import { FLAG } from "./columns.js";
import { preference, setPreference } from "./dom.js";

/** @typedef {"zoom" | "select" | "fold" | "find" | "theme" | "stage" | "split" | "critical"} Change */

/** The narrowest window, in ns. */
const NARROWEST = 10;

export class TraceView {
  /** @param {import("./columns.js").TraceColumns} trace @param {import("./color.js").Palette} palette */
  constructor(trace, palette) {
    this.trace = trace;
    this.palette = palette;
    this.from = 0;
    this.to = trace.duration;
    this.selected = trace.count ? 0 : -1;
    /** Whether the selection was made by the user or a link, and so belongs into the URL. */
    this.chosen = false;
    this.findText = "";
    /** @type {Uint32Array} rows that match */
    this.matches = new Uint32Array();
    this.isMatch = new Uint8Array(0);
    /** @type {string | null} stage under the pointer in the strip */
    this.stage = null;
    this.criticalPath = trace.critical;
    /** Whether the critical path is drawn. */
    this.showsCriticalPath = preference("criticalPath") !== "off";
    /** @type {Array<(change: Change) => void>} */
    this.listeners = [];
  }

  /** @param {(change: Change) => void} listener */
  listen(listener) { this.listeners.push(listener); }
  /** @param {Change} change */
  emit(change) { for (const listener of this.listeners) listener(change); }

  get isZoomed() { return this.from > 0 || this.to < this.trace.duration; }

  /** Sets the window; keeps it inside the trace and not narrower than 10 ns. @param {number} from @param {number} to ns */
  zoom(from, to) {
    const duration = this.trace.duration;
    const width = Math.min(duration, Math.max(to - from, Math.min(NARROWEST, duration)));
    const wanted = to - from < width ? (from + to - width) / 2 : from;
    const start = Math.max(0, Math.min(wanted, duration - width));
    if (start === this.from && start + width === this.to) return;
    this.from = start;
    this.to = start + width;
    this.emit("zoom");
  }

  /** Zooms by a factor, keeping the time `at` where it is. @param {number} factor below 1 is closer @param {number} [at] ns */
  zoomBy(factor, at = (this.from + this.to) / 2) {
    this.zoom(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  /** Moves the window by a share of its width. @param {number} share */
  pan(share) {
    const width = this.to - this.from;
    const from = Math.max(0, Math.min(this.from + width * share, this.trace.duration - width));
    this.zoom(from, from + width);
  }

  reset() { this.zoom(0, this.trace.duration); }

  /** Makes a row fill the window. @param {number} row */
  fit(row) {
    if (row < 0) return;
    const [from, to] = this.trace.extent(row);
    const width = Math.max(to - from, NARROWEST);
    const margin = width * 0.05;
    this.zoom(from - margin, from + width + margin);
  }

  /** Selects a row and opens what hides it. @param {number} row */
  select(row) {
    if (row < 0 || row >= this.trace.count) return;
    const opened = this.trace.reveal(row);
    this.selected = row;
    this.chosen = true;
    if (opened) this.emit("fold");
    this.emit("select");
  }

  /** @param {number} row @param {boolean} folded @param {boolean} [deep] */
  fold(row, folded, deep) {
    this.trace.fold(row, folded, deep);
    this.afterFold();
  }

  /** Opens or closes the group that the row belongs to. @param {number} row @param {boolean} open */
  openGroup(row, open) {
    const head = this.trace.groups.head[row];
    if (head < 0) return;
    this.trace.groups.open[head] = Number(open);
    this.trace.refreshVisible();
    this.afterFold();
    this.emit("select");
  }

  /** Keeps the selection on a row that can be seen. */
  afterFold() {
    const row = this.trace.standIn(this.selected);
    if (row !== this.selected && row >= 0) { this.selected = row; this.emit("fold"); this.emit("select"); } else this.emit("fold");
  }

  /** Draws the critical path, or no longer. */
  toggleCriticalPath() {
    this.showsCriticalPath = !this.showsCriticalPath;
    setPreference("criticalPath", this.showsCriticalPath ? "on" : "off");
    this.emit("critical");
  }

  /** @param {string} text */
  find(text) {
    this.findText = text;
    this.matches = this.trace.find(text);
    this.isMatch = new Uint8Array(this.matches.length ? this.trace.count : 0);
    for (const row of this.matches) this.isMatch[row] = 1;
    this.emit("find");
  }

  /** Selects the next or previous match, going round. @param {1 | -1} step */
  nextMatch(step) {
    const { matches } = this;
    if (!matches.length) return;
    let index = step === 1 ? matches.findIndex((row) => row > this.selected) : matches.findLastIndex((row) => row < this.selected);
    if (index < 0) index = step === 1 ? 0 : matches.length - 1;
    this.select(matches[index]);
  }

  /** Selects the next or previous failed span. @param {1 | -1} step */
  nextError(step) {
    const row = this.trace.nextError(this.selected, step);
    if (row >= 0) this.select(row);
    return row;
  }

  /** Selects the first failed span. */
  firstError() {
    for (let row = 0; row < this.trace.count; row++) if (this.trace.has(row, FLAG.error)) { this.select(row); return; }
  }
}
