// The trace as tables: what kinds of spans there are and where their time went, and every span in a list that can be sorted.
import { h, fill } from "./dom.js";
import { count, duration, integer, percent } from "./format.js";
import { FLAG, KINDS } from "./columns.js";
import { sortableTable } from "./table.js";

export class SpanTable {
  /** @param {import("./view.js").TraceView} view @param {() => void} onChoose a span was chosen */
  constructor(view, onChoose) {
    this.view = view;
    this.onChoose = onChoose;
    this.isGrouped = true;
    this.body = h("div");
    const mode = (/** @type {boolean} */ grouped, /** @type {string} */ label) => h("button", { class: "button small", type: "button", "aria-pressed": String(grouped === this.isGrouped), "data-grouped": String(grouped), onclick: () => { this.isGrouped = grouped; for (const button of this.modes.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-grouped") === String(grouped))); this.draw(); } }, label);
    this.modes = h("div", { class: "chips" }, mode(true, "By name"), mode(false, "Every span"));
    this.element = h("div", { class: "trace-view", "data-testid": "span-table" }, this.modes, this.body);
    view.listen((change) => { if (change === "find" && this.element.isConnected) this.draw(); });
  }

  draw() { fill(this.body, this.isGrouped ? this.#groups() : this.#spans()); }

  #rows() {
    const { trace, isMatch } = this.view;
    const rows = [];
    for (let row = 0; row < trace.count; row++) if (row !== trace.missingParents && (!isMatch.length || isMatch[row])) rows.push(row);
    return rows;
  }

  #groups() {
    const { trace } = this.view;
    /** @type {Map<string, {name: string, service: string, row: number, count: number, total: number, own: number, most: number, errors: number}>} */
    const groups = new Map();
    const own = ownTimes(trace);
    for (const row of this.#rows()) {
      const key = `${trace.service[row]}/${trace.name[row]}`;
      let group = groups.get(key);
      if (!group) groups.set(key, group = { name: trace.nameOf(row), service: trace.serviceOf(row), row, count: 0, total: 0, own: 0, most: -1, errors: 0 });
      group.count++;
      group.total += trace.durations[row];
      group.own += own[row];
      if (trace.durations[row] > group.most) { group.most = trace.durations[row]; group.row = row; }
      if (trace.has(row, FLAG.error)) group.errors++;
    }
    const all = own.reduce((sum, value) => sum + value, 0) || 1;
    return sortableTable({
      label: "Spans by service and name", rows: [...groups.values()], sort: "own", descending: true, columns: [
        { key: "name", label: "span", value: (row) => row.name, view: (row) => this.#link(row.row, row.name, row.service) },
        { key: "count", label: "count", numeric: true, value: (row) => row.count, view: (row) => integer(row.count) },
        { key: "own", label: "own time", title: "time that no child covers", numeric: true, value: (row) => row.own, view: (row) => duration(row.own) },
        { key: "share", label: "share", title: "of all own time", numeric: true, value: (row) => row.own, view: (row) => percent(row.own / all) },
        { key: "total", label: "total", numeric: true, value: (row) => row.total, view: (row) => duration(row.total) },
        { key: "mean", label: "mean", numeric: true, value: (row) => row.total / row.count, view: (row) => duration(Math.round(row.total / row.count)) },
        { key: "most", label: "longest", numeric: true, value: (row) => row.most, view: (row) => duration(row.most) },
        { key: "errors", label: "errors", numeric: true, value: (row) => row.errors, view: (row) => h("span", { class: row.errors ? "error-text" : "faint" }, integer(row.errors)) },
      ],
    }).element;
  }

  #spans() {
    const { trace } = this.view, own = ownTimes(trace);
    return sortableTable({
      label: `${count(trace.spanCount, "span")} of the trace`, rows: this.#rows(), sort: "start", columns: [
        { key: "name", label: "span", value: (row) => trace.nameOf(row), view: (row) => this.#link(row, trace.nameOf(row), trace.serviceOf(row)) },
        { key: "start", label: "start", numeric: true, value: (row) => trace.start[row], view: (row) => `+${duration(trace.start[row])}` },
        { key: "duration", label: "duration", numeric: true, value: (row) => trace.durations[row], view: (row) => duration(trace.durations[row]) },
        { key: "own", label: "own time", numeric: true, value: (row) => own[row], view: (row) => duration(own[row]) },
        { key: "kind", label: "kind", value: (row) => KINDS[trace.kind[row]] },
        { key: "depth", label: "depth", numeric: true, value: (row) => trace.depth[row] + 1 },
        { key: "id", label: "id", value: (row) => trace.idOf(row), view: (row) => h("code", null, trace.idOf(row)) },
      ],
    }).element;
  }

  /** @param {number} row @param {string} name @param {string} service */
  #link(row, name, service) {
    const failed = this.view.trace.has(row, FLAG.error);
    return h("button", { class: `link-button${failed ? " error-text" : ""}`, type: "button", onclick: () => { this.view.select(row); this.onChoose(); } }, name, h("span", { class: "faint" }, ` ${service}`));
  }
}

/** Own time of every row, ns: what its children do not cover. @param {import("./columns.js").TraceColumns} trace */
function ownTimes(trace) { return Float64Array.from({ length: trace.count }, (_, row) => (trace.size[row] ? trace.selfTime(row) : trace.durations[row])); }
