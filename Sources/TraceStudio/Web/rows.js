// A pool of row elements for the names: as many as fit on screen, whatever the number of spans.
import { h } from "./dom.js";
import { compact, duration, integer } from "./format.js";
import { FLAG, KINDS } from "./columns.js";

/** @typedef {{element: HTMLElement, mark: HTMLElement, fold: HTMLButtonElement, icon: HTMLElement, name: HTMLElement, service: HTMLElement, line: number, row: number}} PoolRow */

export class RowPool {
  /** @param {import("./view.js").TraceView} view @param {HTMLElement} host @param {(row: number, deep: boolean) => void} onFold */
  constructor(view, host, onFold) {
    this.view = view;
    this.host = host;
    this.onFold = onFold;
    /** @type {PoolRow[]} */
    this.rows = [];
    /** Width of one level's indent in px. */
    this.indent = 12;
  }

  /** Makes rows until there are enough; hides those too many. @param {number} count */
  resize(count) {
    while (this.rows.length < count) {
      const mark = h("i", { class: "row-mark" });
      const fold = h("button", { class: "row-fold", type: "button", tabindex: -1, "aria-hidden": "true" });
      const icon = h("i", { class: "row-icon", "aria-hidden": "true" });
      const name = h("span", { class: "row-name" });
      const service = h("span", { class: "row-service" });
      const element = h("div", { class: "row", role: "treeitem", "data-testid": "span-row" }, h("span", { class: "row-label" }, mark, fold, icon, name, service));
      /** @type {PoolRow} */
      const row = { element, mark, fold, icon, name, service, line: -1, row: -1 };
      fold.addEventListener("click", (/** @type {MouseEvent} */ event) => { event.stopPropagation(); this.onFold(row.row, event.altKey); });
      this.rows.push(row);
      this.host.append(element);
    }
    while (this.rows.length > count) this.rows.pop()?.element.remove();
    this.invalidate();
  }

  /** All rows are written again on the next update. */
  invalidate() { for (const row of this.rows) row.line = -1; }

  /** Puts the lines from `first` on at the given scroll position. @param {number} first @param {number} scroll @param {number} rowHeight */
  update(first, scroll, rowHeight) {
    const { visible } = this.view.trace, pool = this.rows.length;
    for (let offset = 0; offset < pool; offset++) {
      const line = first + offset;
      const row = this.rows[line % pool];
      if (line >= visible.length) {
        if (row.line !== -2) { row.line = -2; row.row = -1; row.element.hidden = true; }
        continue;
      }
      if (row.line !== line) this.#write(row, line, visible[line]);
      row.element.style.transform = `translateY(${Math.round(line * rowHeight - scroll)}px)`;
    }
  }

  /** @param {PoolRow} item @param {number} line @param {number} row */
  #write(item, line, row) {
    const { trace, palette, isMatch, selected } = this.view;
    const { element } = item;
    const group = trace.groups.isClosed(row) ? trace.groups.facts(row) : null;
    const own = !group && trace.has(row, FLAG.error);
    const below = group ? group.failed > 0 : trace.has(row, FLAG.failedDescendant);
    // The bubble of a group's first row opens and closes the group.
    const children = trace.groups.length[row] || trace.size[row];
    const folded = group !== null || trace.folded[row] === 1;
    item.line = line;
    item.row = row;
    element.hidden = false;
    element.className = `row${row === selected ? " selected" : ""}${own ? " error" : ""}${isMatch.length && isMatch[row] ? " match" : ""}`;
    element.id = `row-${row}`;
    element.dataset.row = String(row);
    element.dataset.name = trace.nameOf(row);
    element.dataset.error = own ? "true" : "false";
    element.dataset.spanId = trace.idOf(row);
    element.setAttribute("aria-level", String(trace.depth[row] + 1));
    element.setAttribute("aria-posinset", String(trace.position[row]));
    element.setAttribute("aria-setsize", String(trace.siblings[trace.parent[row] + 1]));
    element.setAttribute("aria-selected", row === selected ? "true" : "false");
    element.dataset.group = group ? String(group.count) : "";
    if (children) element.setAttribute("aria-expanded", folded ? "false" : "true");
    else element.removeAttribute("aria-expanded");
    element.setAttribute("aria-label", group ? describeGroup(trace.nameOf(row), trace.serviceOf(row), group) : this.#describe(row, own, below));
    item.mark.style.background = palette.services.get(trace.service[row])?.mark ?? palette.ink3;
    item.mark.style.marginLeft = `${trace.depth[row] * this.indent}px`;
    item.fold.textContent = children ? compact(children) : "";
    item.fold.className = `row-fold${children ? "" : " leaf"}${folded ? " folded" : ""}`;
    item.icon.className = `row-icon${own ? " own" : below ? " below" : trace.has(row, FLAG.orphan) ? " orphan" : " none"}`;
    item.icon.textContent = own || below ? "!" : trace.has(row, FLAG.orphan) ? "?" : "";
    item.name.textContent = group ? `${trace.nameOf(row)} ×${integer(group.count)}` : trace.nameOf(row);
    item.service.textContent = group ? groupText(group) : trace.serviceOf(row);
  }

  /** @param {number} row @param {boolean} own @param {boolean} below */
  #describe(row, own, below) {
    const { trace } = this.view;
    const parts = [trace.nameOf(row), trace.serviceOf(row), KINDS[trace.kind[row]], duration(trace.durations[row]), `starts at ${duration(trace.start[row])}`];
    for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) parts.push(`${duration(trace.stageDuration[index])} ${trace.stageNames[index]}`);
    if (this.view.criticalPath.extents.has(row)) parts.push("on the critical path");
    if (own) parts.push("failed");
    else if (below) parts.push("a span below failed");
    if (trace.has(row, FLAG.orphan)) parts.push("its parent is missing");
    if (trace.size[row]) parts.push(`${integer(trace.size[row])} below`);
    return parts.join(", ");
  }
}

/** @param {import("./groups.js").GroupFacts} group */
export function groupText(group) {
  return `${group.failed ? `· ${integer(group.failed)} failed ` : ""}· sum ${duration(group.sum)} · max ${duration(group.longest)}`;
}

/** @param {string} name @param {string} service @param {import("./groups.js").GroupFacts} group */
function describeGroup(name, service, group) {
  return [name, service, `${integer(group.count)} times in a row`, `sum ${duration(group.sum)}`, `longest ${duration(group.longest)}`, `starts at ${duration(group.from)}`, group.failed ? `${integer(group.failed)} failed` : ""].filter(Boolean).join(", ");
}
