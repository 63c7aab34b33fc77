// The map of services and models: which hop adds the time? From left to right, callers before those they call.
import { h, fill } from "./dom.js";
import { get } from "./api.js";
import { duration, integer, percent, rate } from "./format.js";
import { figure } from "./figure.js";
import { FilterBox, quoted } from "./filterbox.js";
import { loadPage, nothing } from "./loading.js";
import { edgeFigures, mapPicture, reachable } from "./mapdraw.js";
import { ask } from "./windows.js";

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame */
export async function open(root, frame) {
  const page = new MapPage(frame);
  await loadPage(root, frame, page.element, (signal) => page.load(signal));
}

class MapPage {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.filter = new FilterBox({ frame, onRun: (q) => frame.set({ q }, { push: true, tell: true }) });
    this.body = h("div", { class: "page-parts" });
    this.note = h("span", { class: "muted", role: "status", "data-testid": "map-note" });
    this.path = h("span", { class: "muted map-path", "data-testid": "map-root" });
    this.dim = h("input", { type: "range", min: 0, max: 50, value: 0, "aria-label": "Fade hops below this share of the end-to-end time", "data-testid": "map-share" });
    this.dimmed = h("output", null, "all hops");
    this.dim.addEventListener("input", () => { frame.set({ share: Number(this.dim.value) || null }); this.#draw(); });
    this.element = h("div", null, this.filter.element, h("div", { class: "page" },
      h("div", { class: "results-head" }, h("h1", null, "Map"), this.note, this.path, h("span", { class: "spacer" }), h("label", { class: "inline" }, "by share of end-to-end time", this.dim, this.dimmed)), this.body));
    /** @type {any} */
    this.answer = null;
  }

  get traceID() { return this.frame.parameters.get("trace"); }

  /** @param {AbortSignal} signal */
  async load(signal) {
    const { frame } = this;
    this.filter.set(frame.q);
    this.filter.element.hidden = Boolean(this.traceID);
    this.dim.value = frame.parameters.get("share") ?? "0";
    if (this.traceID) {
      this.answer = await get(`/api/ui/trace/${encodeURIComponent(this.traceID)}/map`, signal);
      fill(this.note, "of one trace: ", h("a", { href: `/trace/${this.traceID}`, class: "mono" }, this.traceID.slice(0, 16)));
    } else {
      try {
        this.answer = await ask("map", frame.ask(), signal);
      } catch (/** @type {any} */ error) {
        if (signal.aborted || error.status !== 400) throw error;
        // What stands on the page is still right for the last filter that could be read.
        this.filter.tell(error);
        return;
      }
      frame.tellSampling(this.answer);
      const { traces, matched } = this.answer;
      fill(this.note, matched > traces ? `from the newest ${integer(traces)} of ${integer(matched)} traces` : `from ${integer(traces)} traces`, this.answer.leftOut ? `, ${integer(this.answer.leftOut)} calls left out` : "");
    }
    this.#draw();
  }

  #draw() {
    const { frame, answer } = this, root = frame.parameters.get("root");
    const least = Number(this.dim.value) / 100;
    this.dimmed.textContent = least ? `≥ ${percent(least)}` : "all hops";
    fill(this.path);
    if (!answer) return;
    const isKnown = root !== null && answer.nodes.some((/** @type {any} */ node) => node.name === root);
    if (root !== null) fill(this.path, isKnown ? `· from ${root} on ` : `· ${root} is not in this map `, h("a", { href: this.#link({ root: null }), "data-testid": "map-all" }, "show all"));
    const graph = isKnown ? reachable(answer, root) : answer;
    if (!graph.nodes.length) { fill(this.body, nothing(frame.q ? "No service matches this filter in this time" : "No services in this time", frame.q ? h("a", { href: frame.link("/map", { q: "" }) }, "Without the filter") : "The map is drawn from the spans that servers and their callers send.")); return; }
    fill(this.body, figure({
      title: "Services, models and the time between them", note: "width: rate · colour: p95 · dashed: told by the caller only · red ring: errors · * server was longer than its client, set to 0", testid: "map",
      summary: `${integer(graph.nodes.length)} services and ${integer(graph.edges.length)} hops${slowest(graph)}`, numbers: () => numbers(graph),
    }, mapPicture(graph, {
      least, single: Boolean(this.traceID), roots: answer,
      nodeLink: (node) => this.traceID ? `/trace/${this.traceID}?find=${encodeURIComponent(node.name)}` : frame.link("/traces", { q: this.#terms(node) }),
      edgeLink: (edge) => this.traceID ? `/trace/${this.traceID}?find=${encodeURIComponent(edge.callee)}` : frame.link("/traces", { q: [frame.q, `service:${quoted(edge.caller)}`, edge.inferred ? `"${edge.callee.split("/")[0].replace(/"/g, "")}"` : `service:${quoted(edge.callee)}`].filter(Boolean).join(" ") }),
      rootLink: (name) => this.#link({ root: name }),
      onRoot: (name) => frame.set({ root: name }, { push: true, tell: true }),
    })));
  }

  /** Traces in which a service takes part. @param {any} node */
  #terms(node) { return [this.frame.q, node.inferred ? `"${node.name.split("/")[0].replace(/"/g, "")}"` : `service:${quoted(node.name)}`].filter(Boolean).join(" "); }

  /** This page with other parameters. @param {Record<string, string | null>} changes */
  #link(changes) {
    const parameters = new URLSearchParams(this.frame.parameters);
    for (const [key, value] of Object.entries(changes)) { if (value === null) parameters.delete(key); else parameters.set(key, value); }
    return `/map?${parameters}`;
  }
}

/** @param {any} graph */
function slowest(graph) {
  const [first] = [...graph.edges].sort((a, b) => (edgeFigures(b).times?.p95 ?? 0) - (edgeFigures(a).times?.p95 ?? 0));
  return first ? `; the slowest hop is ${first.caller} to ${first.callee} with a p95 of ${duration(edgeFigures(first).times?.p95)}` : "";
}

/** @param {any} graph */
function numbers(graph) {
  const times = (/** @type {any} */ sketch, /** @type {"p50" | "p95"} */ key) => duration(sketch?.[key]);
  return { columns: [{ label: "caller" }, { label: "callee" }, ...["calls", "rate", "errors", "client p50", "client p95", "server p50", "server p95", "network p50", "network p95", "set to 0"].map((label) => ({ label, numeric: true }))],
    rows: graph.edges.map((/** @type {any} */ edge) => [edge.caller, edge.inferred ? `${edge.callee} (inferred)` : edge.callee, Math.round(edge.count), edge.rate === undefined ? null : rate(edge.rate), Math.round(edge.errors),
      times(edge.client, "p50"), times(edge.client, "p95"), times(edge.server, "p50"), times(edge.server, "p95"), times(edge.network, "p50"), times(edge.network, "p95"), edge.clamped === undefined ? null : Math.round(edge.clamped)]) };
}
