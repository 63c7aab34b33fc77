// Traces that the reader pinned to find them again and to compare two of them. They stand in the URL.
import { h, fill } from "./dom.js";
import { duration } from "./format.js";
import { ask } from "./windows.js";

/** @typedef {import("./windows.js").Row} Row */

/** Pinned at once. */
const MOST = 8;

export class Pins {
  /** @param {import("./frame.js").Frame} frame @param {() => void} changed */
  constructor(frame, changed) {
    this.frame = frame;
    this.changed = changed;
    /** @type {string[]} */
    this.ids = [];
    /** Rows that were seen, also of traces that are no longer in the list. @type {Map<string, Row>} */
    this.rows = new Map();
  }

  /** Takes the pins from the URL. */
  read() { this.ids = (this.frame.parameters.get("pin") ?? "").split(",").filter((id) => /^[0-9a-f]{32}$/.test(id)).slice(0, MOST); }

  /** @param {Row[]} rows */
  know(rows) { for (const row of rows) this.rows.set(row.traceID, row); }

  /** The box of a row that pins it. @param {Row} row */
  box(row) {
    const input = h("input", { type: "checkbox", "aria-label": `Pin ${row.rootName || row.traceID.slice(0, 8)}, ${duration(row.durationNano)}`, "data-testid": "pin", "data-trace-id": row.traceID, onchange: () => this.#set(row.traceID, input.checked) });
    input.checked = this.ids.includes(row.traceID);
    return h("label", { class: "pin" }, input);
  }

  /** @param {string} id @param {boolean} isOn */
  #set(id, isOn) {
    this.ids = [...this.ids.filter((other) => other !== id), ...(isOn ? [id] : [])].slice(-MOST);
    this.frame.set({ pin: this.ids.join(",") });
    for (const input of document.querySelectorAll('[data-testid="pin"]')) /** @type {HTMLInputElement} */ (input).checked = this.ids.includes(input.getAttribute("data-trace-id") ?? "");
    this.changed();
  }

  /** What is pinned, and the way to compare two. @param {HTMLElement} bar */
  drawBar(bar) {
    bar.hidden = this.ids.length === 0;
    const [a, b] = this.ids.slice(-2);
    fill(bar, h("b", { class: "heat-pinned" }, "◆"), " pinned ", this.ids.map((id) => h("span", { class: "chip" }, h("a", { href: `/trace/${id}` }, this.#name(id)), h("button", { class: "chip-close", type: "button", "aria-label": `Unpin ${this.#name(id)}`, onclick: () => this.#set(id, false) }, "×"))),
      b ? h("a", { class: "button small primary", href: this.frame.link("/compare", { a, b, q: "" }), "data-testid": "compare" }, this.ids.length > 2 ? "Compare the last two" : "Compare") : h("span", { class: "muted" }, "Pin another one to compare them."));
  }

  /** @param {string} id */
  #name(id) {
    const row = this.rows.get(id);
    return row ? `${row.rootName || id.slice(0, 8)} ${duration(row.durationNano)}` : id.slice(0, 8);
  }

  /** For the picture: the pinned ones, and the one that the reader came from. @param {string | null} came @returns {Promise<Array<import("./heat.js").Mark>>} */
  async marks(came) {
    const wanted = [...this.ids.map((id) => ({ id, kind: /** @type {const} */ ("pinned") })), ...(came ? [{ id: came, kind: /** @type {const} */ ("came") }] : [])];
    await Promise.all(wanted.map(async ({ id }) => {
      if (this.rows.has(id)) return;
      const parameters = this.frame.ask({ rows: 1 });
      parameters.set("q", `trace:${id}`);
      // One that lies in another time has no place in the picture.
      try { this.know((await ask("search", parameters)).rows); } catch { /* a mark less */ }
    }));
    return wanted.flatMap(({ id, kind }) => {
      const row = this.rows.get(id);
      return row ? [{ kind, id, start: Number(BigInt(row.startTimeUnixNano) / 1000n), duration: row.durationNano, name: row.rootName || id.slice(0, 8) }] : [];
    });
  }
}
