// What is folded, in the URL: so that a link shows what its sender saw.

/** Spans named in a link; more than these are left out, deepest first. */
const MOST = 50;

/**
 * `d3` for three levels, else the ids of folded spans and, after an `o`, those at which opened groups begin.
 * @param {import("./view.js").TraceView} view @returns {string}
 */
export function writeFolds({ trace }) {
  if (trace.level > 0) return `d${trace.level}`;
  const rows = [], open = [];
  for (const row of trace.visible) {
    if (trace.folded[row]) rows.push(row);
    if (trace.groups.length[row] > 0 && trace.groups.open[row]) open.push(row);
  }
  if (!rows.length && !open.length) return trace.opensFolded ? "d0" : "";
  rows.sort((a, b) => trace.depth[a] - trace.depth[b] || a - b);
  return [...rows.map((row) => trace.idOf(row)), ...open.map((row) => `o${trace.idOf(row)}`)].slice(0, MOST).join(".");
}

/** Folds what a link names, and nothing else. @param {import("./view.js").TraceView} view @param {string} text */
export function readFolds(view, text) {
  const { trace } = view;
  if (text === writeFolds(view)) return;
  const level = text.match(/^d(\d+)$/);
  trace.groups.setAll(false);
  if (level || (text === "" && trace.opensFolded)) trace.showDepth(level ? Number(level[1]) : 2);
  else {
    trace.showDepth(0);
    for (const item of text.split(".")) {
      const isGroup = item.startsWith("o"), row = trace.rowOf(isGroup ? item.slice(1) : item);
      if (row < 0) continue;
      if (isGroup) trace.groups.open[row] = trace.groups.length[row] > 0 ? 1 : 0;
      else trace.folded[row] = trace.size[row] > 0 ? 1 : 0;
    }
    trace.refreshVisible();
  }
  view.afterFold();
}
