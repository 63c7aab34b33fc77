// A pool of row elements for the names: as many as fit on screen, whatever the number of spans.
import { h } from "./dom.js";
import { compact, duration, integer } from "./format.js";
import { STAGES } from "./color.js";
import { FLAG, KINDS } from "./columns.js";

/** @typedef {{element: HTMLElement, mark: HTMLElement, fold: HTMLButtonElement, icon: HTMLElement, name: HTMLElement, service: HTMLElement, line: number, row: number, seen: Record<string, string>}} PoolRow `seen` is what its attributes are */

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
      const row = { element, mark, fold, icon, name, service, line: -1, row: -1, seen: {} };
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
    const look = `row${row === selected ? " selected" : ""}${own ? " error" : ""}${isMatch.length && isMatch[row] ? " match" : ""}${row === trace.missingParents ? " missing-parents" : ""}`;
    put(item, "class", look);
    put(item, "id", `row-${row}`);
    put(item, "data-row", String(row));
    put(item, "data-name", trace.nameOf(row));
    put(item, "data-error", own ? "true" : "false");
    put(item, "data-span-id", trace.idOf(row));
    put(item, "aria-level", String(trace.depth[row] + 1));
    put(item, "aria-posinset", String(trace.position[row]));
    put(item, "aria-setsize", String(trace.siblings[trace.parent[row] + 1]));
    put(item, "aria-selected", row === selected ? "true" : "false");
    put(item, "data-group", group ? String(group.count) : "");
    if (children) put(item, "aria-expanded", folded ? "false" : "true");
    else if (item.seen["aria-expanded"] !== undefined) { delete item.seen["aria-expanded"]; element.removeAttribute("aria-expanded"); }
    put(item, "aria-label", group ? describeGroup(trace.nameOf(row), trace.serviceOf(row), group) : this.#describe(row, own, below));
    item.mark.style.background = row === trace.missingParents ? "transparent" : palette.services.get(trace.service[row])?.mark ?? palette.ink3;
    item.mark.style.marginLeft = `${trace.depth[row] * this.indent}px`;
    item.fold.textContent = children ? compact(children) : "";
    item.fold.className = `row-fold${children ? "" : " leaf"}${folded ? " folded" : ""}`;
    const isIncomplete = row === trace.missingParents || trace.has(row, FLAG.orphan);
    item.icon.className = `row-icon${own ? " own" : below ? " below" : isIncomplete ? " orphan" : " none"}`;
    item.icon.textContent = own || below ? "!" : isIncomplete ? "?" : "";
    item.name.textContent = group ? `${trace.nameOf(row)} ×${integer(group.count)}` : trace.nameOf(row);
    item.service.textContent = group ? groupText(group) : row === trace.missingParents ? `${integer(trace.siblings[row + 1])} came without` : folded ? `${trace.serviceOf(row)} · ${integer(children)} spans in here` : trace.serviceOf(row);
  }

  /** @param {number} row @param {boolean} own @param {boolean} below */
  #describe(row, own, below) {
    const { trace } = this.view;
    if (row === trace.missingParents) return `missing parents of ${integer(trace.siblings[row + 1])} spans`;
    const parts = [trace.nameOf(row), trace.serviceOf(row), KINDS[trace.kind[row]], duration(trace.durations[row]), `starts at ${duration(trace.start[row])}`];
    for (let index = trace.stageFirst[row]; index < trace.stageFirst[row + 1]; index++) parts.push(`${duration(trace.stageDuration[index])} ${STAGES[trace.stageNames[index]]?.of ? STAGES[trace.stageNames[index]].label : trace.stageNames[index]}`);
    if (this.view.criticalPath.isOn(row)) parts.push("on the critical path");
    if (own) parts.push("failed");
    else if (below) parts.push("a span below failed");
    if (trace.has(row, FLAG.orphan)) parts.push("its parent is missing");
    if (trace.size[row]) parts.push(`${integer(trace.size[row])} below`);
    return parts.join(", ");
  }
}

/** Sets an attribute when it is another one: most stay as they were from row to row. @param {PoolRow} item @param {string} name @param {string} value */
function put(item, name, value) {
  if (item.seen[name] === value) return;
  item.seen[name] = value;
  item.element.setAttribute(name, value);
}

/** @param {import("./groups.js").GroupFacts} group */
export function groupText(group) {
  return `${group.failed ? `· ${integer(group.failed)} failed ` : ""}· sum ${duration(group.sum)} · max ${duration(group.longest)}`;
}

/** @param {string} name @param {string} service @param {import("./groups.js").GroupFacts} group */
function describeGroup(name, service, group) {
  return [name, service, `${integer(group.count)} times in a row`, `sum ${duration(group.sum)}`, `longest ${duration(group.longest)}`, `starts at ${duration(group.from)}`, group.failed ? `${integer(group.failed)} failed` : ""].filter(Boolean).join(", ");
}
