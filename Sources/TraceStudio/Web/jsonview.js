// The trace as OTLP JSON, to read, to copy and to keep.
import { h, fill, copyButton } from "./dom.js";
import * as api from "./api.js";
import { size } from "./format.js";

/** Characters shown; a longer text is there to download. */
const MOST = 400_000;

export class JSONView {
  /** @param {import("./view.js").TraceView} view */
  constructor(view) {
    this.view = view;
    this.element = h("div", { class: "trace-view", "data-testid": "json" }, h("p", { class: "muted", role: "status" }, "Loading…"));
    this.isLoaded = false;
  }

  async draw() {
    if (this.isLoaded) return;
    this.isLoaded = true;
    const { traceID } = this.view.trace;
    try {
      const text = JSON.stringify(await api.otlp(traceID), null, 2);
      fill(this.element, h("div", { class: "chips" }, copyButton("Copy", () => text, "the trace as OTLP JSON"), h("a", { class: "button small", href: `/api/ui/trace/${traceID}/export`, download: "" }, `Download (${size(text.length)})`), h("a", { class: "button small", href: `/api/traces/${traceID}?prettyPrint=true`, target: "_blank", rel: "noopener" }, "Jaeger JSON")),
        h("pre", { class: "json", tabindex: 0 }, text.slice(0, MOST), text.length > MOST ? "\n… the rest is in the download" : ""));
    } catch (error) {
      this.isLoaded = false;
      fill(this.element, h("div", { class: "notice error", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  }
}
