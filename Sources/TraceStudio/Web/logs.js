// What the spans of a trace said, in the order of time: their events and errors.
import { h, fill } from "./dom.js";
import * as api from "./api.js";
import { count, duration } from "./format.js";
import { valueText } from "./attributes.js";

/** Rows of spans asked for at once. */
const CHUNK = 200;
/** Events shown at most. */
const MOST = 5000;

export class LogView {
  /** @param {import("./view.js").TraceView} view @param {() => void} onChoose a span was chosen */
  constructor(view, onChoose) {
    this.view = view;
    this.onChoose = onChoose;
    this.body = h("div", { role: "status" }, "Loading the events…");
    this.element = h("div", { class: "trace-view", "data-testid": "logs" }, this.body);
    this.isLoaded = false;
  }

  async draw() {
    if (this.isLoaded) return;
    this.isLoaded = true;
    const { trace } = this.view;
    /** @type {Array<{time: number, row: number, name: string, attributes: any[], failed: boolean}>} */
    const events = [];
    const rows = [];
    for (let row = 0; row < trace.count; row++) if (trace.eventFirst[row + 1] > trace.eventFirst[row]) rows.push(row);
    try {
      for (let at = 0; at < rows.length && events.length < MOST;) {
        // Neighbours are asked for together.
        let last = at;
        while (last + 1 < rows.length && rows[last + 1] - rows[at] < CHUNK) last++;
        for (const span of await api.spans(trace.traceID, trace.serverRow(rows[at]), trace.serverRow(rows[last]), undefined, trace.shape)) {
          const row = trace.fromServer(span.row);
          for (const event of span.events ?? []) events.push({ time: event.timeNano, row, name: event.name, attributes: event.attributes ?? [], failed: event.name === "exception" });
        }
        at = last + 1;
      }
    } catch (error) {
      this.isLoaded = false;
      fill(this.body, h("div", { class: "notice error", role: "alert" }, error instanceof Error ? error.message : String(error)));
      return;
    }
    events.sort((a, b) => a.time - b.time);
    fill(this.body, h("p", { class: "muted" }, events.length ? `${count(events.length, "event")} of ${count(rows.length, "span")}${events.length >= MOST ? `; the first ${MOST} that were read` : ""}` : "No span has events."),
      h("ol", { class: "log-list" }, events.map((event) => h("li", { class: event.failed ? "failed" : null }, h("span", { class: "log-time mono" }, `+${duration(event.time)}`),
        h("button", { class: "link-button", type: "button", onclick: () => { this.view.select(event.row); this.onChoose(); } }, trace.nameOf(event.row)), h("b", { class: event.failed ? "error-text" : null }, event.name),
        h("span", { class: "log-values" }, event.attributes.filter((/** @type {any} */ attribute) => attribute.key !== "exception.stacktrace").map((/** @type {any} */ attribute) => h("span", null, h("span", { class: "faint" }, `${attribute.key}=`), valueText(attribute).slice(0, 300), " ")))))));
  }
}
