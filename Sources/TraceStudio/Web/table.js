// Tables: of numbers behind a picture, and of things one can open, sorted by a click on a column.
import { h, fill } from "./dom.js";

/**
 * @template Row
 * @typedef {{key: string, label: string, title?: string, numeric?: boolean, value: (row: Row) => string | number | null | undefined, view?: (row: Row) => any, sorts?: boolean}} Column
 * `value` is what the column sorts by, `view` what it shows
 */

/** @param {import("./figure.js").Numbers} numbers @param {string} label */
export function dataTable(numbers, label) {
  const columns = numbers.columns.map((column, index) => ({ key: String(index), label: column.label, numeric: column.numeric, value: (/** @type {Array<string | number | null>} */ row) => row[index] }));
  return sortableTable({ label, columns, rows: numbers.rows }).element;
}

/** Rows that are drawn at first, and with each press on the button below them. */
const PAGE = 200;

/**
 * A table that sorts in the page. Sorting is stable; unknown values are last either way.
 * @template Row
 * @param {{label: string, columns: Array<Column<Row>>, rows: Row[], sort?: string, descending?: boolean, testid?: string, rowProps?: (row: Row) => Record<string, any>, onSort?: (key: string, descending: boolean) => void}} options
 */
export function sortableTable(options) {
  let { rows, sort = "", descending = false } = options;
  const head = h("tr");
  const body = h("tbody");
  const more = h("button", { class: "button", type: "button", hidden: true });
  let shown = PAGE;
  const element = h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": options.label }, h("table", { class: "table", "data-testid": options.testid, "aria-label": options.label }, h("thead", null, head), body), more);
  more.addEventListener("click", () => { shown += PAGE; draw(); });

  function draw() {
    fill(head, options.columns.map((column) => {
      const order = column.key === sort ? (descending ? "descending" : "ascending") : "none";
      if (column.sorts === false) return h("th", { scope: "col", class: column.numeric ? "number" : null, title: column.title }, column.label);
      return h("th", { scope: "col", class: column.numeric ? "number" : null, "aria-sort": order, title: column.title },
        h("button", { type: "button", class: "table-sort", "data-key": column.key, onclick: () => {
          descending = column.key === sort ? !descending : Boolean(column.numeric);
          sort = column.key;
          options.onSort?.(sort, descending);
          draw();
          /** @type {HTMLElement | null} */ (head.querySelector(`[data-key="${CSS.escape(sort)}"]`))?.focus();
        } }, column.label, h("span", { class: "table-arrow", "aria-hidden": "true" }, order === "none" ? "" : descending ? " ↓" : " ↑")));
    }));
    const column = options.columns.find((candidate) => candidate.key === sort);
    const sorted = column && !options.onSort ? sortRows(rows, column, descending) : rows;
    fill(body, sorted.slice(0, shown).map((row) => h("tr", options.rowProps?.(row) ?? null, options.columns.map((cell) => h("td", { class: cell.numeric ? "number" : null, "data-label": cell.label }, cell.view ? cell.view(row) : cell.value(row) ?? "–")))));
    more.hidden = sorted.length <= shown;
    more.textContent = `Show ${Math.min(PAGE, sorted.length - shown)} more of ${sorted.length}`;
  }
  draw();
  return {
    element,
    /** @param {Row[]} next */
    setRows(next) { rows = next; shown = options.onSort ? next.length : PAGE; draw(); },
    /** Shows how the rows are sorted, for who sorts them elsewhere. @param {string} key @param {boolean} isDescending */
    setSort(key, isDescending) { sort = key; descending = isDescending; draw(); },
  };
}

/** @template Row @param {Row[]} rows @param {Column<Row>} column @param {boolean} descending */
function sortRows(rows, column, descending) {
  return rows.map((row, index) => ({ row, index, value: column.value(row) })).sort((a, b) => {
    const missingA = a.value === null || a.value === undefined, missingB = b.value === null || b.value === undefined;
    if (missingA || missingB) return missingA && missingB ? a.index - b.index : missingA ? 1 : -1;
    const order = typeof a.value === "number" && typeof b.value === "number" ? a.value - b.value : String(a.value).localeCompare(String(b.value), undefined, { numeric: true });
    return (descending ? -order : order) || a.index - b.index;
  }).map((item) => item.row);
}
