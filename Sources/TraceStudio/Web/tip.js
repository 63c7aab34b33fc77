// The tooltip of a bar: name, times, stages and the events near the pointer.
import { h, fill } from "./dom.js";
import { duration, exact, integer, percent } from "./format.js";
import { STAGES } from "./color.js";
import { groupText } from "./rows.js";

export class Tip {
  /** @param {import("./view.js").TraceView} view */
  constructor(view) {
    this.view = view;
    this.element = h("div", { class: "tip", "aria-hidden": "true", hidden: true });
    this.key = "";
  }

  /**
   * @param {number} row @param {number} time ns under the pointer @param {number} slack ns that count as near
   * @param {PointerEvent} event @param {HTMLElement} box
   */
  show(row, time, slack, event, box) {
    const { trace } = this.view;
    const near = [];
    for (let index = trace.eventFirst[row]; index < trace.eventFirst[row + 1]; index++) {
      if (Math.abs(trace.eventTime[index] - time) <= slack) near.push(trace.eventTime[index]);
    }
    const group = trace.groups.isClosed(row) ? trace.groups.facts(row) : null;
    const key = `${group ? "group" : ""}${row}/${near.length}/${near[0] ?? ""}`;
    if (key !== this.key && group) {
      this.key = key;
      fill(this.element, h("div", { class: "tip-title" }, `${trace.nameOf(row)} ×${integer(group.count)}`, h("span", { class: "faint" }, ` ${trace.serviceOf(row)}`)),
        h("div", null, `from +${duration(group.from)} to +${duration(group.to)} ${groupText(group)}`), h("div", { class: "faint" }, "Click to see each of them"));
    } else if (key !== this.key) {
      this.key = key;
      fill(this.element, h("div", { class: "tip-title" }, trace.nameOf(row), h("span", { class: "faint" }, ` ${trace.serviceOf(row)}`)),
        h("div", null, `${duration(trace.durations[row])} from +${duration(trace.start[row])}`, h("span", { class: "faint" }, ` (${exact(trace.durations[row])})`)),
        this.#stages(row),
        this.#critical(row),
        near.length > 0 && h("div", null, near.length === 1 ? `event at +${duration(near[0])}` : `${near.length} events from +${duration(near[0])}`));
    }
    this.element.hidden = false;
    const bounds = box.getBoundingClientRect();
    const left = Math.min(event.clientX - bounds.left + 14, bounds.width - this.element.offsetWidth - 8);
    let top = event.clientY - bounds.top + 18;
    if (top + this.element.offsetHeight > bounds.height) top = event.clientY - bounds.top - this.element.offsetHeight - 10;
    this.element.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(Math.max(0, top))}px)`;
  }

  /** @param {number} row */
  #critical(row) {
    const { criticalPath, trace } = this.view;
    if (!criticalPath.isOn(row)) return null;
    const own = criticalPath.ownTime(row);
    return h("div", { class: "faint" }, own > 0 ? `${duration(own)} of its own on the critical path, ${percent(own / trace.duration)} of the trace` : "on the critical path through what it called");
  }

  hide() {
    this.element.hidden = true;
    this.key = "";
  }

  /** @param {number} row */
  #stages(row) {
    const { trace } = this.view;
    const lines = [];
    for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) {
      const name = trace.stageNames[index];
      lines.push(h("div", { class: "tip-stage" }, stageSwatch(name), STAGES[name]?.label ?? name, h("b", null, duration(trace.stageDuration[index]))));
    }
    const why = trace.unsplit.get(row);
    if (why) lines.push(h("div", { class: "faint tip-why" }, `The queue is not split: ${why}`));
    return lines;
  }
}

/** A small square in a stage's colour, striped when the stage is waiting. @param {string} name */
export function stageSwatch(name) {
  const mark = h("i", { class: `swatch${STAGES[name]?.waiting ? " hatched" : ""}` });
  mark.style.setProperty("--stage", `var(--stage-${name in STAGES ? name : "unaccounted"})`);
  return mark;
}
