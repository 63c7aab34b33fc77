// A trace as typed columns, depth first: what the waterfall draws from. No object for each span.

import { CriticalPath } from "./critical.js";
import { SpanGroups } from "./groups.js";

/** Bits of the column `flags`. */
export const FLAG = { error: 1, failedDescendant: 2, events: 4, links: 8, orphan: 16, exception: 32 };

/** Above this many spans only the first levels are open at first. */
const OPENED_WHOLE = 250_000;

/**
 * @typedef {{kind: string, spans: number, text: string, rows: number[]}} Problem
 * @typedef {{row: number, model?: string, tokensIn?: number, tokensOut?: number, tokensCached?: number, maxTokens?: number, ttft?: number, queue?: number, prefill?: number, decode?: number, e2e?: number, itl?: number, finish?: string, tokens?: number[]}} LanguageModel times in ns; `tokens` from the start of the trace
 */

/** Span kinds by number. */
export const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];

export class TraceColumns {
  /** @param {any} json the answer of /api/ui/trace/{id} @param {string} [shape] what was asked for of the trace, as parameters */
  constructor(json, shape = "") {
    this.shape = shape;
    /** Whether clocks that differ were put right. */
    this.isCorrected = new URLSearchParams(shape).get("skew") === "adjust";
    /** The span below which the trace was asked for; empty for all of it. */
    this.root = new URLSearchParams(shape).get("root") ?? "";
    const columns = withMissingParents(json.columns);
    this.traceID = /** @type {string} */ (json.traceID);
    /** Changes when spans come. */
    this.version = /** @type {string} */ (json.version ?? "");
    this.rootService = /** @type {string} */ (json.rootService ?? "");
    this.rootName = /** @type {string} */ (json.rootName ?? "");
    this.startTimeUnixNano = /** @type {string} */ (json.startTimeUnixNano);
    this.duration = Math.max(1, Number(json.durationNano));
    this.exactDuration = Number(json.durationNano);
    /** The row that stands for the missing parents of those below it, or -1. */
    this.missingParents = /** @type {number} */ (columns.missingParents);
    this.count = columns.start.length;
    this.spanCount = this.count - (this.missingParents >= 0 ? 1 : 0);
    this.missingSpans = Number(json.missingSpans ?? 0);
    this.errorCount = Number(json.errorCount ?? 0);
    /** What the first failed span says. */
    this.errorMessage = /** @type {string | undefined} */ (json.errorMessage);
    this.strings = /** @type {string[]} */ (json.strings);
    this.problems = /** @type {Problem[]} */ (json.problems ?? []).map((problem) => ({ ...problem, rows: problem.rows.map((row) => this.fromServer(row)) }));
    const told = new Set(this.problems.map((problem) => problem.text));
    this.warnings = /** @type {string[]} */ (json.warnings ?? []).filter((warning) => !told.has(warning));
    /** Calls whose two sides' clocks differ. */
    this.skew = /** @type {Array<{caller: string, callee: string, correctionNano: number}>} */ (json.skew ?? []);
    this.strip = /** @type {Array<{stage: string, duration: number, waiting: boolean}>} */ (json.strip ?? []);
    /** What is known of the stage `unaccounted`, nanoseconds by part. */
    this.unaccounted = /** @type {Record<string, number>} */ (json.unaccounted ?? {});
    /** From what the stages were taken: spans, attributes, events. */
    this.sources = /** @type {string[]} */ (json.sources ?? []);
    this.cacheHits = new Set(/** @type {number[]} */ (json.cacheHits ?? []).map((row) => this.fromServer(row)));
    this.llm = new Map(/** @type {LanguageModel[]} */ (json.llm ?? []).map((facts) => [this.fromServer(facts.row), facts]));
    this.start = new Float64Array(columns.start);
    this.durations = new Float64Array(columns.duration);
    this.parent = new Int32Array(columns.parent);
    this.size = new Uint32Array(columns.size);
    this.depth = new Uint16Array(columns.depth);
    /** Levels of the tree. */
    this.levels = this.depth.reduce((most, depth) => Math.max(most, depth), 0) + 1;
    this.service = new Uint32Array(columns.service);
    this.name = new Uint32Array(columns.name);
    this.kind = new Uint8Array(columns.kind);
    this.flags = new Uint8Array(columns.flags);
    this.ids = /** @type {string} */ (columns.spanID);
    /** Services in order of first appearance, as dictionary indexes. */
    this.services = [...new Set(this.service.filter((_, row) => row !== this.missingParents))];
    this.critical = new CriticalPath(this, json.critical);
    const seen = new Uint32Array(this.count + 1);
    /** Place among the siblings, from 1; and how many there are, by parent row + 1. */
    this.position = new Uint32Array(this.count);
    for (let row = 0; row < this.count; row++) this.position[row] = ++seen[this.parent[row] + 1];
    this.siblings = seen;
    const stages = /** @type {Array<{row: number, stage: string, start: number, duration: number}>} */ ((json.stages ?? []).map((/** @type {any} */ stage) => ({ ...stage, row: this.fromServer(stage.row) })));
    const bars = stageColumns(stages, this.count);
    this.stageNames = bars.names;
    this.stageStart = bars.start;
    this.stageDuration = bars.duration;
    this.stageFirst = bars.first;
    /** Whether the stage `queue` was split: `asked` until the server has answered. @type {"none" | "asked" | "known"} */
    this.queueSplit = stages.some((stage) => stage.stage === "queue" && !this.llm.has(stage.row)) ? "asked" : "none";
    /** Why the wait of a row could not be split. @type {Map<number, string>} */
    this.unsplit = new Map();
    const events = /** @type {Array<{row: number, time: number, exception: boolean}>} */ (json.events ?? []);
    if (this.missingParents >= 0) for (const event of events) event.row = this.fromServer(event.row);
    events.sort((a, b) => a.row - b.row || a.time - b.time);
    this.eventTime = Float64Array.from(events, (event) => event.time);
    this.eventException = Uint8Array.from(events, (event) => (event.exception ? 1 : 0));
    this.eventFirst = firsts(events, this.count);
    this.folded = new Uint8Array(this.count);
    this.groups = new SpanGroups(this);
    /** Rows on screen by line, and lines by row (-1 when folded away). */
    this.visible = new Uint32Array(this.count);
    this.line = new Int32Array(this.count);
    /** Whether only the first levels are open at first. */
    this.opensFolded = this.count > OPENED_WHOLE;
    /** The level down to which all is open and nothing else; 0 when spans were folded one by one. */
    this.level = 0;
    this.showDepth(this.opensFolded ? 2 : 0);
  }

  /**
   * Puts what is known of the waits in the place of the stage `queue`: in bars, and in the strip, which still adds up to the same.
   * @param {{noInstanceNano: number, batchWaitNano: number, pieces: Array<{row: number, stage: string, start: number, duration: number}>, unknown: Array<{row: number, text: string}>}} answer
   */
  splitQueue(answer) {
    const pieces = answer.pieces.map((piece) => ({ ...piece, row: this.fromServer(piece.row) })), told = new Set(pieces.map((piece) => piece.row));
    for (let row = 0; row < this.count; row++) {
      for (let index = this.stageFirst[row]; index < this.stageFirst[row + 1]; index++) {
        if (this.stageNames[index] !== "queue" || !told.has(row)) pieces.push({ row, stage: this.stageNames[index], start: this.stageStart[index], duration: this.stageDuration[index] });
      }
    }
    const bars = stageColumns(pieces, this.count);
    this.stageNames = bars.names;
    this.stageStart = bars.start;
    this.stageDuration = bars.duration;
    this.stageFirst = bars.first;
    this.unsplit = new Map(answer.unknown.map(({ row, text }) => [this.fromServer(row), text]));
    const parts = [["instance", answer.noInstanceNano], ["batch", answer.batchWaitNano]].filter(([, time]) => Number(time) > 0).map(([stage, time]) => ({ stage: String(stage), duration: Number(time), waiting: true }));
    const known = parts.reduce((sum, part) => sum + part.duration, 0);
    this.strip = this.strip.flatMap((part) => (part.stage !== "queue" ? [part] : [...(part.duration > known ? [{ ...part, duration: part.duration - known }] : []), ...parts]));
    this.queueSplit = "known";
  }

  /** Rows that have a stage. @param {string} name */
  rowsWith(name) {
    const rows = [];
    for (let row = 0; row < this.count; row++) for (let index = this.stageFirst[row]; index < this.stageFirst[row + 1]; index++) if (this.stageNames[index] === name) { rows.push(row); break; }
    return rows;
  }

  /** The row by which the server knows a row: its table has none for missing parents. @param {number} row */
  serverRow(row) { return this.missingParents >= 0 && row > this.missingParents ? row - 1 : row; }
  /** @param {number} row of the server's table */
  fromServer(row) { return this.missingParents >= 0 && row >= this.missingParents ? row + 1 : row; }

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
  nameOf(row) { return row === this.missingParents ? "missing parents" : this.strings[this.name[row]]; }
  /** @param {number} row */
  serviceOf(row) { return row === this.missingParents ? "" : this.strings[this.service[row]]; }
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
    this.level = 0;
    if (deep) for (let below = row; below <= row + this.size[row]; below++) this.folded[below] = folded && this.size[below] > 0 ? 1 : 0;
    this.folded[row] = folded && this.size[row] > 0 ? 1 : 0;
    this.refreshVisible();
  }

  /** Opens what hides a row. Returns whether anything changed. @param {number} row */
  reveal(row) {
    if (this.line[row] >= 0) return false;
    this.level = 0;
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

  /** Shows rows down to a depth (1 = roots only, 0 = all). @param {number} depth */
  showDepth(depth) {
    this.level = depth;
    for (let row = 0; row < this.count; row++) this.folded[row] = depth > 0 && this.size[row] > 0 && this.depth[row] + 1 >= depth ? 1 : 0;
    this.refreshVisible();
  }

  /** Folds or opens one level more; groups are the last to open and the first to close. @param {boolean} open */
  shiftLevel(open) {
    this.level = 0;
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
      if (row === this.missingParents) continue;
      if (hit[this.name[row]] || hit[this.service[row]] || (ids.length && ids.some((id) => this.idOf(row).includes(id)))) rows.push(row);
    }
    return Uint32Array.from(rows);
  }
}

/** Pieces of bars by row and time, as columns. @param {Array<{row: number, stage: string, start: number, duration: number}>} stages @param {number} count rows */
function stageColumns(stages, count) {
  stages.sort((a, b) => a.row - b.row || a.start - b.start);
  return { names: stages.map((stage) => stage.stage), start: Float64Array.from(stages, (stage) => stage.start), duration: Float64Array.from(stages, (stage) => stage.duration), first: firsts(stages, count) };
}

/** Where each row's items start in a list sorted by row. @param {Array<{row: number}>} items @param {number} count */
function firsts(items, count) {
  const first = new Uint32Array(count + 1);
  for (const item of items) first[item.row + 1]++;
  for (let row = 0; row < count; row++) first[row + 1] += first[row];
  return first;
}

/**
 * Spans whose parents are missing stand last, at the top level: a row of its own is put above them, so that they are seen as one.
 * @param {Record<string, any>} columns @returns {Record<string, any>}
 */
function withMissingParents(columns) {
  const { parent, flags } = columns, count = parent.length;
  let at = -1;
  for (let row = 0; row < count && at < 0; row += columns.size[row] + 1) if (flags[row] & FLAG.orphan) at = row;
  if (at < 0) return { ...columns, missingParents: -1 };
  let from = Infinity, to = 0, failed = 0;
  for (let row = at; row < count; row++) {
    from = Math.min(from, columns.start[row]);
    to = Math.max(to, columns.start[row] + columns.duration[row]);
    failed |= flags[row] & (FLAG.error | FLAG.failedDescendant);
  }
  const insert = (/** @type {number[]} */ column, /** @type {number} */ value) => [...column.slice(0, at), value, ...column.slice(at)];
  return {
    missingParents: at, spanID: columns.spanID.slice(0, at * 16) + "0".repeat(16) + columns.spanID.slice(at * 16),
    start: insert(columns.start, from), duration: insert(columns.duration, to - from), size: insert(columns.size, count - at),
    parent: insert(parent, -1).map((above, row) => (row <= at ? above : above < 0 ? at : above + 1)),
    depth: insert(columns.depth, 0).map((depth, row) => (row > at ? depth + 1 : depth)),
    service: insert(columns.service, 0), name: insert(columns.name, 0), kind: insert(columns.kind, 0), flags: insert(flags, failed ? FLAG.failedDescendant : 0),
  };
}
