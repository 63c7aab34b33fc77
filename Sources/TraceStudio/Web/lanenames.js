// What stands round the lanes: a name left of each row, and what the colours mean.
import { h, fill } from "./dom.js";
import { count, integer, percent } from "./format.js";
import { STAGES } from "./color.js";

export class LaneNames {
  /** @param {import("./frame.js").Frame} frame @param {(what: "pin" | "fold", id: string) => void} onToggle */
  constructor(frame, onToggle) {
    this.frame = frame;
    this.onToggle = onToggle;
    this.element = h("div", { class: "lane-names" });
    this.legend = h("div", { class: "lane-legend" });
    this.told = "";
  }

  /** Names are made again only when they say something else. @param {import("./lanelayout.js").LaneData} data @param {ReturnType<typeof import("./lanelayout.js").arrange>} layout */
  draw(data, layout) {
    const told = JSON.stringify([data.sampling, layout.rows.map((row) => [row.kind, row.top, row.text, row.group?.id, row.group?.pinned, row.group?.folded]), data.lanes.map((lane) => [lane.name, lane.executions, lane.busyShare, lane.complete, lane.inferred]), this.frame.link("/batches")]);
    if (told === this.told) return;
    this.told = told;
    this.element.style.height = `${layout.height}px`;
    fill(this.element, h("div", { class: "lane-axis faint", title: "Part of the whole window, not only of what is seen, in which the lane was executing" }, "busy in all"), layout.rows.map((row) => this.#name(row, data)));
  }

  /** What stands left of a row. @param {import("./lanelayout.js").Row} row @param {import("./lanelayout.js").LaneData} data */
  #name(row, data) {
    const { group } = row;
    const place = (/** @type {HTMLElement} */ element) => { element.style.transform = `translateY(${row.top}px)`; element.style.height = `${row.height}px`; return element; };
    if (row.kind === "server" || !group) return place(h("div", { class: "lane-name lane-server" }, row.text));
    if (row.kind === "wait") return place(h("div", { class: "lane-name faint" }, h("span", { class: "lane-title", title: "Hatched: requests that wait. Line: requests in hand, waiting or executing. Averages of each step." }, "waiting ▨ in hand ─")));
    return place(row.kind === "group" ? this.#group(group) : this.#lane(data, row.lane));
  }

  /** @param {import("./lanelayout.js").Group} group */
  #group(group) {
    const { model, version, server } = group.identity;
    const toggle = (/** @type {"pin" | "fold"} */ what, /** @type {boolean} */ on, /** @type {string} */ label, /** @type {string} */ title) => h("button", { class: "button small icon lane-toggle", type: "button", "aria-pressed": String(on), "aria-label": `${title} ${model} v${version}`, title, "data-testid": `lane-${what}`, "data-group": group.id, onclick: () => this.onToggle(what, group.id) }, label);
    return h("div", { class: "lane-name lane-group", "data-testid": "lane-group" }, toggle("fold", group.folded, group.folded ? "▸" : "▾", group.folded ? "Unfold" : "Fold"), h("a", { class: "lane-title", title: `${model} v${version} on ${server}`, href: this.frame.link("/batches", { model, server, version }) }, model, h("span", { class: "faint" }, ` v${version}`)), toggle("pin", group.pinned, group.pinned ? "★" : "☆", group.pinned ? "Unpin" : "Pin"));
  }

  /** @param {import("./lanelayout.js").LaneData} data @param {number} index */
  #lane(data, index) {
    const lane = data.lanes[index], known = data.sampling === "complete" || lane.complete;
    return h("div", { class: "lane-name", "data-testid": "lane-name", "data-lane": index, title: `${lane.model} v${lane.version} on ${lane.server}: ${integer(lane.executions)} executions, busy ${known ? "" : "at least "}${percent(lane.busyShare)} of the whole time${lane.inferred ? "; the lane was inferred from what overlaps" : ""}${known ? "" : "; requests may be hidden by sampling, so empty does not mean idle"}` },
      h("span", { class: "lane-title" }, lane.name, lane.inferred && h("span", { class: "faint" }, " (inferred)")), h("b", { class: "number" }, known ? percent(lane.busyShare) : `≥ ${Number((lane.busyShare * 100).toPrecision(2))} %`));
  }

  /** The button that pins or folds a group gets the focus again. @param {"pin" | "fold"} what @param {string} id */
  focus(what, id) { /** @type {HTMLElement | undefined} */ ([...this.element.querySelectorAll(`[data-testid="lane-${what}"]`)].find((button) => /** @type {HTMLElement} */ (button).dataset.group === id))?.focus(); }

  /** @param {import("./lanelayout.js").LaneData} data @param {import("./lanecolors.js").LaneColors} colors */
  tell(data, colors) {
    const swatch = (/** @type {string} */ color, /** @type {string} */ label) => { const mark = h("span", { class: "swatch" }); mark.style.backgroundColor = color; return h("span", { class: "lane-key" }, mark, label); };
    const { stages } = colors.palette;
    const inner = colors.by === "stage" ? ["input", "infer", "output"].map((name) => swatch(stages[name].color, STAGES[name].label)) : colors.by === "size" ? [1, Math.round(Math.sqrt(colors.largest)), colors.largest].filter((size, index, all) => all.indexOf(size) === index).map((size) => swatch(colors.size(size), count(Math.round(size), "request"))) : colors.legend.slice(0, 12).map(([name, color]) => swatch(color, name));
    const guess = data.lanes.some((lane) => lane.inferred), hidden = data.sampling !== "complete" && data.lanes.some((lane) => !lane.complete);
    fill(this.legend, inner, data.bands.length > 0 && swatch(colors.load, "load or cold start"), h("span", { class: "lane-key faint" }, "a number: requests in the execution"), guess && h("span", { class: "chip", "data-testid": "lanes-inferred" }, "inferred: lanes made from what overlaps"), hidden && h("span", { class: "chip warning", "data-testid": "lanes-sampled" }, "sampled: where ≥ stands, empty is not idle"));
  }
}
