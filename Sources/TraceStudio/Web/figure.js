// The frame of every picture: title, note, and the same numbers as a table for those who read better than they see.
import { h, fill, copy } from "./dom.js";
import { dataTable } from "./table.js";

/**
 * @typedef {{columns: Array<{label: string, numeric?: boolean}>, rows: Array<Array<string | number | null>>}} Numbers what a picture shows, as a table
 */

/**
 * A picture in a card.
 * @param {{title: string, note?: any, summary: string, testid?: string, numbers: () => Numbers, actions?: any, class?: string}} options `summary` is one sentence that says what is seen
 * @param {Element} picture
 */
export function figure(options, picture) {
  const twin = h("div", { class: "twin", hidden: true });
  const button = h("button", { class: "button small", type: "button", "aria-pressed": "false", title: "The same numbers as a table (t)", "data-twin": "", onclick: () => show(Boolean(twin.hidden)) }, "Table");
  const caption = h("figcaption", { class: "figure-head" }, h("h2", null, options.title), options.note && h("span", { class: "muted figure-note" }, options.note), h("span", { class: "spacer" }), options.actions, button);
  const element = h("figure", { class: `card figure ${options.class ?? ""}`, "data-testid": options.testid, "aria-label": options.summary, tabindex: -1 }, caption, picture, twin);
  /** @param {boolean} asTable */
  function show(asTable) {
    button.setAttribute("aria-pressed", String(asTable));
    button.textContent = asTable ? "Picture" : "Table";
    twin.hidden = !asTable;
    /** @type {HTMLElement} */ (picture).hidden = asTable;
    if (!asTable) return;
    const numbers = options.numbers();
    fill(twin, h("div", { class: "twin-actions" }, h("button", { class: "button small", type: "button", onclick: () => copy(csv(numbers), "the table as CSV") }, "Copy as CSV")), dataTable(numbers, options.title));
  }
  return element;
}

/** RFC 4180. @param {Numbers} numbers */
function csv(numbers) {
  const field = (/** @type {string | number | null} */ value) => {
    const text = value === null ? "" : String(value).replace(/\u202f/g, " ");
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [numbers.columns.map((column) => column.label), ...numbers.rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}
