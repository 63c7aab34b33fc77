// The critical path: the chain of spans that made the trace as long as it is. Shortening anything else changes nothing.
import { FLAG } from "./columns.js";

/** Above this many spans the path is not worked out. */
export const MOST_SPANS = 100_000;

export class CriticalPath {
  /**
   * Walks back in time from the end of the root: each moment belongs to the child that finished last before it, else to
   * the span itself. Children that outlive their parent are cut at its end. Only spans on the path are looked into.
   * @param {import("./columns.js").TraceColumns} trace
   */
  constructor(trace) {
    /** The part of a span on the path with all below it, in ns: what a folded row shows. By row. @type {Map<number, [number, number]>} */
    this.extents = new Map();
    /** The moments that belong to the span itself, latest first. By row. @type {Map<number, Array<[number, number]>>} */
    this.own = new Map();
    const root = mainRoot(trace);
    if (root < 0 || trace.count > MOST_SPANS) return;
    /** @type {Array<[number, number, number]>} rows still to walk, each with its limits */
    const open = [[root, trace.start[root], trace.start[root] + trace.durations[root]]];
    for (let next = open.pop(); next; next = open.pop()) {
      const [row, low, high] = next;
      this.extents.set(row, [low, high]);
      /** @type {Array<[number, number]>} */
      const own = [];
      let cursor = high;
      for (const [child, from, to] of children(trace, row, low, high)) {
        if (to > cursor) continue;
        if (cursor > to) own.push([to, cursor]);
        open.push([child, from, to]);
        cursor = from;
      }
      if (cursor > low || high === low) own.push([low, cursor]);
      this.own.set(row, own);
    }
  }

  /** The span's own time on the path, in ns. @param {number} row */
  ownTime(row) { return (this.own.get(row) ?? []).reduce((sum, [from, to]) => sum + to - from, 0); }

  /** What to draw for a row: all of it when what lies below is hidden, else its own moments. @param {number} row @param {boolean} folded */
  segments(row, folded) {
    const extent = folded ? this.extents.get(row) : undefined;
    return extent ? [extent] : this.own.get(row) ?? [];
  }
}

/** The root that the trace is about: the first whose parent is not merely missing, else the longest. @param {import("./columns.js").TraceColumns} trace */
function mainRoot(trace) {
  let longest = -1;
  for (let row = 0; row < trace.count; row += trace.size[row] + 1) {
    if (!trace.has(row, FLAG.orphan)) return row;
    if (longest < 0 || trace.durations[row] > trace.durations[longest]) longest = row;
  }
  return longest;
}

/**
 * The children with some time inside the limits, cut to them; those that finish last come first.
 * @param {import("./columns.js").TraceColumns} trace @param {number} row @param {number} low @param {number} high
 */
function children(trace, row, low, high) {
  /** @type {Array<[number, number, number]>} */
  const all = [];
  const last = row + trace.size[row];
  for (let child = row + 1; child <= last; child += trace.size[child] + 1) {
    const from = Math.max(low, trace.start[child]), to = Math.min(high, trace.start[child] + trace.durations[child]);
    if (to > from) all.push([child, from, to]);
  }
  return all.sort((a, b) => b[2] - a[2] || b[1] - a[1]);
}
