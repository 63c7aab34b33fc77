// A trace as typed columns, depth first: what the waterfall draws from. No object for each span.

import { SpanGroups } from "./groups.js";

/** Bits of the column `flags`. */
export const FLAG = { error: 1, failedDescendant: 2, events: 4, links: 8, orphan: 16, exception: 32 };

/** Span kinds by number. */
export const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];

export class TraceColumns {
  /** @param {any} json the answer of /api/ui/trace/{id} */
  constructor(json) {
    const columns = json.columns;
    this.traceID = /** @type {string} */ (json.traceID);
    this.rootService = /** @type {string} */ (json.rootService ?? "");
    this.rootName = /** @type {string} */ (json.rootName ?? "");
    this.startTimeUnixNano = /** @type {string} */ (json.startTimeUnixNano);
    this.duration = Math.max(1, Number(json.durationNano));
    this.exactDuration = Number(json.durationNano);
    this.count = columns.start.length;
    this.errorCount = Number(json.errorCount ?? 0);
    /** What the first failed span says. */
    this.errorMessage = /** @type {string | undefined} */ (json.errorMessage);
    this.strings = /** @type {string[]} */ (json.strings);
    this.warnings = /** @type {string[]} */ (json.warnings ?? []);
    this.strip = /** @type {Array<{stage: string, duration: number, waiting: boolean}>} */ (json.strip ?? []);
    this.start = Float64Array.from(columns.start);
    this.durations = Float64Array.from(columns.duration);
    this.parent = Int32Array.from(columns.parent);
    this.size = Uint32Array.from(columns.size);
    this.depth = Uint16Array.from(columns.depth);
    /** Levels of the tree. */
    this.levels = this.depth.reduce((most, depth) => Math.max(most, depth), 0) + 1;
    this.service = Uint32Array.from(columns.service);
    this.name = Uint32Array.from(columns.name);
    this.kind = Uint8Array.from(columns.kind);
    this.flags = Uint8Array.from(columns.flags);
    this.ids = /** @type {string} */ (columns.spanID);
    /** Services in order of first appearance, as dictionary indexes. */
    this.services = [...new Set(this.service)];
    const seen = new Uint32Array(this.count + 1);
    /** Place among the siblings, from 1; and how many there are, by parent row + 1. */
    this.position = new Uint32Array(this.count);
    for (let row = 0; row < this.count; row++) this.position[row] = ++seen[this.parent[row] + 1];
    this.siblings = seen;
    const stages = /** @type {Array<{row: number, stage: string, start: number, duration: number}>} */ ([...(json.stages ?? [])]);
    stages.sort((a, b) => a.row - b.row || a.start - b.start);
    this.stageNames = stages.map((stage) => stage.stage);
    this.stageStart = Float64Array.from(stages, (stage) => stage.start);
    this.stageDuration = Float64Array.from(stages, (stage) => stage.duration);
    this.stageFirst = firsts(stages, this.count);
    const events = /** @type {Array<{row: number, time: number, exception: boolean}>} */ ([...(json.events ?? [])]);
    events.sort((a, b) => a.row - b.row || a.time - b.time);
    this.eventTime = Float64Array.from(events, (event) => event.time);
    this.eventException = Uint8Array.from(events, (event) => (event.exception ? 1 : 0));
    this.eventFirst = firsts(events, this.count);
    this.folded = new Uint8Array(this.count);
    this.groups = new SpanGroups(this);
    /** Rows on screen by line, and lines by row (-1 when folded away). */
    this.visible = new Uint32Array(this.count);
    this.line = new Int32Array(this.count);
    this.refreshVisible();
  }

  /** Rebuilds the list of rows not hidden under a folded one or in a closed group. */
  refreshVisible() {
    const rows = new Uint32Array(this.count);
    this.line = new Int32Array(this.count).fill(-1);
    let length = 0;
    for (let row = 0; row < this.count;) {
      this.line[row] = length;
      rows[length++] = row;
      row += this.groups.isClosed(row) ? this.groups.length[row] : this.folded[row] ? this.size[row] + 1 : 1;
    }
    this.visible = rows.subarray(0, length);
  }

  /** @param {number} row */
  nameOf(row) { return this.strings[this.name[row]]; }
  /** @param {number} row */
  serviceOf(row) { return this.strings[this.service[row]]; }
  /** @param {number} row 16 hexadecimal digits */
  idOf(row) { return this.ids.slice(row * 16, row * 16 + 16); }
  /** @param {number} row @param {number} flag */
  has(row, flag) { return (this.flags[row] & flag) !== 0; }

  /** Start and end of what a row shows: its span or its closed group. @param {number} row @returns {[number, number]} */
  extent(row) {
    if (!this.groups.isClosed(row)) return [this.start[row], this.start[row] + this.durations[row]];
    const { from, to } = this.groups.facts(row);
    return [from, to];
  }

  /** The row of a span id, or -1. @param {string} id */
  rowOf(id) {
    if (!/^[0-9a-f]{16}$/.test(id)) return -1;
    for (let at = this.ids.indexOf(id); at >= 0; at = this.ids.indexOf(id, at + 1)) if (at % 16 === 0) return at / 16;
    return -1;
  }

  /** Folds or opens one row; with `deep` everything below it too. @param {number} row @param {boolean} folded @param {boolean} [deep] */
  fold(row, folded, deep = false) {
    if (deep) for (let below = row; below <= row + this.size[row]; below++) this.folded[below] = folded && this.size[below] > 0 ? 1 : 0;
    this.folded[row] = folded && this.size[row] > 0 ? 1 : 0;
    this.refreshVisible();
  }

  /** Opens what hides a row. Returns whether anything changed. @param {number} row */
  reveal(row) {
    if (this.line[row] >= 0) return false;
    const head = this.groups.head[row];
    if (head >= 0 && head !== row) this.groups.open[head] = 1;
    for (let parent = this.parent[row]; parent >= 0; parent = this.parent[parent]) this.folded[parent] = 0;
    this.refreshVisible();
    return true;
  }

  /** The row on screen that stands for a hidden one, or -1. @param {number} row */
  standIn(row) {
    while (row >= 0 && this.line[row] < 0) {
      const head = this.groups.head[row];
      row = head >= 0 && this.line[head] >= 0 ? head : this.parent[row];
    }
    return row;
  }

  /** Shows rows down to a depth (1 = roots only). @param {number} depth */
  showDepth(depth) {
    for (let row = 0; row < this.count; row++) this.folded[row] = this.size[row] > 0 && this.depth[row] + 1 >= depth ? 1 : 0;
    this.refreshVisible();
  }

  /** Folds or opens one level more; groups are the last to open and the first to close. @param {boolean} open */
  shiftLevel(open) {
    if (!open && this.groups.setAll(false)) { this.refreshVisible(); return; }
    let level = open ? Infinity : -1;
    for (const row of this.visible) {
      if (this.size[row] === 0) continue;
      if (open && this.folded[row]) level = Math.min(level, this.depth[row]);
      if (!open && !this.folded[row]) level = Math.max(level, this.depth[row]);
    }
    if (level === Infinity) this.groups.setAll(true);
    for (const row of this.visible) if (this.depth[row] === level && this.size[row] > 0) this.folded[row] = open ? 0 : 1;
    this.refreshVisible();
  }

  /** The span's own time: what its children do not cover, in ns. @param {number} row */
  selfTime(row) {
    const low = this.start[row], high = low + this.durations[row];
    /** @type {Array<[number, number]>} */
    const children = [];
    const last = row + this.size[row];
    for (let child = row + 1; child <= last; child += this.size[child] + 1) {
      const from = Math.max(low, this.start[child]), to = Math.min(high, this.start[child] + this.durations[child]);
      if (to > from) children.push([from, to]);
    }
    children.sort((a, b) => a[0] - b[0]);
    let covered = 0, reached = low;
    for (const [from, to] of children) {
      if (to <= reached) continue;
      covered += to - Math.max(from, reached);
      reached = to;
    }
    return this.durations[row] - covered;
  }

  /** Next or previous row with an error of its own, going round; -1 when none. @param {number} from @param {1 | -1} step */
  nextError(from, step) {
    for (let offset = 1; offset <= this.count; offset++) {
      const row = (((from + step * offset) % this.count) + this.count) % this.count;
      if (this.flags[row] & FLAG.error) return row;
    }
    return -1;
  }

  /**
   * Rows that match any word by name, service or span id. Names are matched once each, not once a span.
   * @param {string} text words are alternatives; quotes keep a phrase together
   * @returns {Uint32Array}
   */
  find(text) {
    const words = [...text.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map((match) => match[1] ?? match[2]).filter(Boolean);
    if (!words.length) return new Uint32Array();
    const hit = this.strings.map((string) => { const lower = string.toLowerCase(); return words.some((word) => lower.includes(word)); });
    const ids = words.filter((word) => /^[0-9a-f]{4,16}$/.test(word));
    const rows = [];
    for (let row = 0; row < this.count; row++) {
      if (hit[this.name[row]] || hit[this.service[row]] || (ids.length && ids.some((id) => this.idOf(row).includes(id)))) rows.push(row);
    }
    return Uint32Array.from(rows);
  }
}

/** Where each row's items start in a list sorted by row. @param {Array<{row: number}>} items @param {number} count */
function firsts(items, count) {
  const first = new Uint32Array(count + 1);
  for (const item of items) first[item.row + 1]++;
  for (let row = 0; row < count; row++) first[row + 1] += first[row];
  return first;
}
