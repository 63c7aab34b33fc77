// A table of what ran: executions, how full they were, how long their requests waited.
import { h } from "./dom.js";
import { duration, integer } from "./format.js";
import { sortableTable } from "./table.js";

/**
 * @param {any[]} models as /api/ui/batches tells them @param {import("./frame.js").Frame} frame
 * @param {{label: string, testid: string, link: (row: any) => string}} options `link`: where a model's name leads
 */
export function batchTable(models, frame, { label, testid, link }) {
  return sortableTable({
    label, testid, rows: models, sort: "executions", descending: true, columns: [
      { key: "model", label: "model", value: (row) => `${row.model} ${row.version}`, view: (row) => h("a", { href: link(row) }, row.model, h("span", { class: "faint" }, ` v${row.version}`)) },
      { key: "server", label: "server", value: (row) => row.server },
      { key: "executions", label: "executions", numeric: true, value: (row) => row.executions, view: (row) => integer(row.executions) },
      { key: "fill", label: "mean fill", numeric: true, title: "Requests in an execution; exact where the server tells, else as many as were seen", value: (row) => row.meanFill, view: (row) => `${row.exact ? "" : "≥ "}${row.meanFill.toFixed(2)}` },
      { key: "largest", label: "of", numeric: true, title: "The most that a batch may have, where the server tells, else the largest seen", value: (row) => row.maximum ?? row.largest, view: (row) => (row.maximum ? `${row.maximum} max` : `${row.largest} seen`) },
      { key: "instances", label: "instances", numeric: true, value: (row) => row.instances },
      { key: "queue50", label: "queue p50", numeric: true, value: (row) => row.queueDelay?.p50, view: (row) => duration(row.queueDelay?.p50) },
      { key: "queue99", label: "queue p99", numeric: true, value: (row) => row.queueDelay?.p99, view: (row) => duration(row.queueDelay?.p99) },
      { key: "infer50", label: "infer p50", numeric: true, value: (row) => row.infer?.p50, view: (row) => duration(row.infer?.p50) },
      { key: "infer99", label: "infer p99", numeric: true, value: (row) => row.infer?.p99, view: (row) => duration(row.infer?.p99) },
      { key: "lanes", label: "", sorts: false, value: () => null, view: (row) => h("a", { class: "button small", href: frame.link("/lanes", { server: row.server, model: row.model }), "aria-label": `Lanes of ${row.model} on ${row.server}` }, "lanes") },
    ],
  }).element;
}
