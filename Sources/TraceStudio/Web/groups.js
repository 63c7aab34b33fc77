// Repeated siblings: leaves in a row with one parent, service and name are shown as one line until somebody opens it.

/** From this many on they are a group. */
const FEWEST = 5;

/** @typedef {{count: number, sum: number, longest: number, from: number, to: number, failed: number}} GroupFacts times in ns */

export class SpanGroups {
  /** @param {import("./columns.js").TraceColumns} trace */
  constructor(trace) {
    this.trace = trace;
    /** How many spans the group has, at its first row; 0 elsewhere. */
    this.length = new Uint32Array(trace.count);
    /** The first row of a row's group, or -1. */
    this.head = new Int32Array(trace.count).fill(-1);
    /** Whether the group is open, at its first row. */
    this.open = new Uint8Array(trace.count);
    /** @type {Map<number, GroupFacts>} */
    this.known = new Map();
    const { size, parent, service, name } = trace;
    for (let row = 0, end = 0; row < trace.count; row = end) {
      end = row + 1;
      if (size[row] > 0) continue;
      while (end < trace.count && size[end] === 0 && parent[end] === parent[row] && name[end] === name[row] && service[end] === service[row]) end++;
      if (end - row < FEWEST) continue;
      this.length[row] = end - row;
      this.head.fill(row, row, end);
    }
  }

  /** Whether the row stands for a whole group. @param {number} row */
  isClosed(row) { return this.length[row] > 0 && this.open[row] === 0; }

  /** Sum, longest and extent of a group; worked out once. @param {number} head @returns {GroupFacts} */
  facts(head) {
    const known = this.known.get(head);
    if (known) return known;
    const { start, durations, flags } = this.trace;
    const facts = { count: this.length[head], sum: 0, longest: 0, from: Infinity, to: -Infinity, failed: 0 };
    for (let row = head; row < head + facts.count; row++) {
      facts.sum += durations[row];
      facts.longest = Math.max(facts.longest, durations[row]);
      facts.from = Math.min(facts.from, start[row]);
      facts.to = Math.max(facts.to, start[row] + durations[row]);
      facts.failed += flags[row] & 1;
    }
    this.known.set(head, facts);
    return facts;
  }

  /** Opens or closes all groups; returns whether that changed anything. @param {boolean} open */
  setAll(open) {
    let changed = false;
    for (let row = 0; row < this.length.length; row++) {
      if (this.length[row] === 0 || this.open[row] === Number(open)) continue;
      this.open[row] = Number(open);
      changed = true;
    }
    return changed;
  }
}

/**
 * How many spans cover each pixel, as runs of equal height.
 * @param {Array<[number, number]>} spans first pixel and the one after the last @param {number} width px
 * @returns {Array<{from: number, to: number, share: number}>} share of the densest pixel, 0…1
 */
export function density(spans, width) {
  const steps = new Int32Array(width + 1);
  for (const [left, right] of spans) {
    const from = Math.max(0, Math.min(width - 1, left));
    steps[from]++;
    steps[Math.max(from + 1, Math.min(width, right))]--;
  }
  let most = 0;
  for (let x = 0, height = 0; x < width; x++) most = Math.max(most, height += steps[x]);
  const runs = [];
  for (let x = 0, from = 0, height = 0; x <= width; x++) {
    if (x < width && steps[x] === 0) continue;
    if (height > 0) runs.push({ from, to: x, share: height / most });
    height += steps[x];
    from = x;
  }
  return runs;
}
