// The critical path: the chain of spans that made the trace as long as it is. Shortening anything else changes nothing. The server finds it.

export class CriticalPath {
  /**
   * @param {import("./columns.js").TraceColumns} trace
   * @param {{row: number[], start: number[], duration: number[]} | undefined} pieces moments that belong to a span itself; no two overlap
   */
  constructor(trace, pieces) {
    this.trace = trace;
    const count = pieces?.row.length ?? 0;
    const rows = Uint32Array.from(pieces?.row ?? [], (row) => trace.fromServer(row));
    const order = Uint32Array.from(rows, (_, index) => index).sort((a, b) => rows[a] - rows[b] || (pieces?.start[a] ?? 0) - (pieces?.start[b] ?? 0));
    this.from = Float64Array.from(order, (index) => pieces?.start[index] ?? 0);
    this.length = Float64Array.from(order, (index) => pieces?.duration[index] ?? 0);
    /** Where each row's pieces begin. */
    this.first = new Uint32Array(trace.count + 1);
    for (const row of rows) this.first[row + 1]++;
    for (let row = 0; row < trace.count; row++) this.first[row + 1] += this.first[row];
    this.isEmpty = count === 0;
    /** What folded rows show, worked out once. @type {Map<number, Array<[number, number]>>} */
    this.joined = new Map();
  }

  /** Whether the path runs through the span or one below it. @param {number} row */
  isOn(row) { return this.first[row + this.trace.size[row] + 1] > this.first[row]; }

  /** The span's own time on the path, in ns. @param {number} row */
  ownTime(row) {
    let sum = 0;
    for (let index = this.first[row]; index < this.first[row + 1]; index++) sum += this.length[index];
    return sum;
  }

  /** What to draw for a row, as start and end: its own moments, and when what lies below is hidden those too. @param {number} row @param {boolean} folded @returns {Array<[number, number]>} */
  segments(row, folded) {
    if (folded) return this.#below(row);
    return this.#pieces(this.first[row], this.first[row + 1]);
  }

  /** @param {number} row */
  #below(row) {
    const known = this.joined.get(row);
    if (known) return known;
    /** @type {Array<[number, number]>} */
    const joined = [];
    for (const [from, to] of this.#pieces(this.first[row], this.first[row + this.trace.size[row] + 1]).sort((a, b) => a[0] - b[0])) {
      const last = joined[joined.length - 1];
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else joined.push([from, to]);
    }
    this.joined.set(row, joined);
    return joined;
  }

  /** @param {number} first @param {number} end @returns {Array<[number, number]>} */
  #pieces(first, end) {
    /** @type {Array<[number, number]>} */
    const pieces = [];
    for (let index = first; index < end; index++) pieces.push([this.from[index], this.from[index] + this.length[index]]);
    return pieces;
  }
}
