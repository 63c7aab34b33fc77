// What fails, since when, for whom: errors in groups of like messages; one group with its examples and what goes with it.
import { h, fill, svg, preference, setPreference } from "./dom.js";
import { ago, count, dateTime, headline, integer, percent } from "./format.js";
import { estimate } from "./estimate.js";
import { chartBox, timeLabels } from "./chartbox.js";
import { figure } from "./figure.js";
import { FilterBox, quoted } from "./filterbox.js";
import { bandSentence, loadBands, withBands } from "./bands.js";
import { absence, gapBands } from "./gaps.js";
import { loadPage, nothing, tile } from "./loading.js";
import { LinearScale } from "./scale.js";
import { sortableTable } from "./table.js";
import { whyPanel } from "./why.js";
import { ask } from "./windows.js";

/** Of a sparkline. */
const BINS = 30;
/** How long an error can be marked as known. @type {Array<[string, string, number]>} */
const KNOWN = [["1h", "1 hour", 3.6e6], ["1d", "1 day", 8.64e7], ["7d", "1 week", 6.048e8], ["30d", "30 days", 2.592e9]];

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame @param {string} [group] */
export async function open(root, frame, group) {
  const filter = new FilterBox({ frame, onRun: (q) => frame.set({ q }, { push: true, tell: true }) });
  const body = h("div", { class: "page-parts" });
  const element = h("div", null, filter.element, h("div", { class: "page" }, body));
  await loadPage(root, frame, element, async (signal) => {
    filter.set(frame.q);
    let answer;
    try {
      answer = await ask("errors", frame.ask({ group }), signal);
    } catch (/** @type {any} */ error) {
      if (signal.aborted || error.status !== 400) throw error;
      filter.tell(error);
      return;
    }
    frame.tellSampling(answer);
    if (!group) { fill(body, groupList(answer, frame)); return; }
    const found = answer.groups[0];
    if (!found) { fill(body, nothing("No such error in this time", h("a", { href: frame.link("/errors") }, "All errors"))); return; }
    const place = h("section", { class: "card", "aria-label": "What goes with it" }, h("h2", null, "What failing requests have in common"), h("p", { class: "muted", role: "status" }, "Comparing…"));
    fill(body, groupView(answer, found, frame), place);
    const tail = await ask("tail", comparison(found, frame), signal);
    // That they failed is known.
    tail.attributes = tail.attributes.filter((/** @type {any} */ one) => !/(^|[._])status(_code)?$/.test(one.key));
    tail.sentences = tail.sentences.filter((/** @type {string} */ text) => !/status(_code)? [=<>]/.test(text));
    const terms = `error.group:${found.group}`;
    fill(place, h("h2", null, "What failing requests have in common"), whyPanel(tail, { names: ["failing", "others"], link: (term) => frame.link("/traces", { q: `${terms} ${term}` }), exclude: (term) => frame.link("/traces", { q: `${terms} -${term}` }) }));
  });
}

/** Requests that did the same and failed so, against those that did not. @param {any} group @param {import("./frame.js").Frame} frame */
function comparison(group, frame) {
  const question = frame.ask({ sel: `error.group:${group.group}` });
  question.set("q", [`service:${quoted(group.service)}`, `"${(group.model || group.spanName).replace(/"/g, "")}"`, frame.q].filter(Boolean).join(" "));
  return question;
}

/** Until when a group is known, ms since 1970; null when it is not. @param {string} group */
function knownUntil(group) {
  const until = Number(preference(`known.${group}`));
  return until > Date.now() ? until : null;
}

/** @param {any} answer @param {import("./frame.js").Frame} frame */
function groupList(answer, frame) {
  const showsKnown = frame.parameters.get("known") === "show";
  const known = answer.groups.filter((/** @type {any} */ group) => knownUntil(group.group) !== null), shown = showsKnown ? answer.groups : answer.groups.filter((/** @type {any} */ group) => !known.includes(group));
  return [
    h("div", { class: "results-head" }, h("h1", null, "Errors"), h("span", { class: "muted", role: "status" }, `${count(shown.length, "group")}${answer.leftOut ? `, ${integer(answer.leftOut)} smaller ones left out` : ""}`), h("span", { class: "spacer" }),
      known.length > 0 && h("button", { class: "button small", type: "button", "aria-pressed": String(showsKnown), "data-testid": "known-toggle", onclick: () => frame.set({ known: showsKnown ? null : "show" }, { push: true, tell: true }) }, showsKnown ? "Hide the known ones" : `Show ${count(known.length, "known one")}`)),
    shown.length ? groupTable(answer, shown, frame) : nothing(known.length ? "Only known errors in this time" : frame.q ? "Nothing that matches the filter failed in this time" : "Nothing failed in this time", frame.q ? h("a", { href: frame.link("/errors", { q: "" }) }, "Without the filter") : null),
  ];
}

/** @param {any} group */
function share(group) { return group.requests ? Math.min(1, group.count / group.requests) : undefined; }

/** @param {any} answer @param {any[]} groups @param {import("./frame.js").Frame} frame */
function groupTable(answer, groups, frame) {
  const faint = () => h("span", { class: "faint" }, "–");
  const [key, direction] = (frame.parameters.get("sort") ?? "count.desc").split(".");
  return sortableTable({
    label: "Groups of errors", testid: "error-groups", rows: groups, sort: key, descending: direction !== "asc", rowProps: (row) => ({ class: knownUntil(row.group) === null ? null : "known", "data-group": row.group }), columns: [
      { key: "template", label: "message", value: (row) => row.template, view: (row) => h("a", { href: frame.link(`/errors/${row.group}`), class: "error-text", title: row.message }, headline(row.template)) },
      { key: "waiting", label: "type", value: (row) => row.waiting ?? row.type, view: (row) => (row.waiting ? h("span", { class: "chip warning" }, row.waiting) : row.type ? h("code", null, row.type) : faint()) },
      { key: "model", label: "model", value: (row) => row.model, view: (row) => (row.model ? h("span", null, row.model, h("span", { class: "faint" }, versions(row))) : faint()) },
      { key: "service", label: "service", value: (row) => row.service },
      { key: "stage", label: "stage", value: (row) => row.stage, view: (row) => row.stage ?? faint() },
      { key: "count", label: "count", title: "weighted", numeric: true, value: (row) => row.count, view: (row) => estimate(row.count, row.samples) },
      { key: "share", label: "of requests", title: "of the requests to the model, or to the operation that failed", numeric: true, value: share, view: (row) => (share(row) === undefined ? faint() : percent(/** @type {number} */ (share(row)))) },
      { key: "spark", label: "over time", sorts: false, value: () => null, view: (row) => sparkline(row.sparkline, answer.gaps?.length ? bands(answer) : []) },
      { key: "first", label: "first seen", numeric: true, value: (row) => Number(BigInt(row.firstSeen) / 1000n), view: (row) => dateTime(row.firstSeen).replace(/\.\d+$/, "") },
      { key: "last", label: "last seen", numeric: true, value: (row) => Number(BigInt(row.lastSeen) / 1000n), view: (row) => ago(row.lastSeen) },
      { key: "known", label: "", sorts: false, value: () => null, view: (row) => { const until = knownUntil(row.group); return until === null ? null : h("span", { class: "chip" }, `known until ${dateTime(`${until}000000`).replace(/:\d\d\.\d+$/, "")}`); } },
    ],
  }).element;
}

/** @param {any} group */
function versions(group) {
  const names = Object.keys(group.versions ?? {});
  return names.length ? ` v${names.join(", v")}` : "";
}

/** Bins of a sparkline of which there is no data, by index. @param {any} answer */
function bands(answer) {
  const from = Number(BigInt(answer.read.coveredFrom) / 1000n), step = (Number(BigInt(answer.to) / 1000n) - from) / BINS, silent = answer.gaps.filter((/** @type {import("./gaps.js").Gap} */ gap) => gap.kind !== "before");
  return Array.from({ length: BINS }, (_, index) => index).filter((index) => absence(silent, from + index * step, from + (index + 1) * step) !== null);
}

/** @param {number[]} values @param {number[]} [silent] bins without any data */
function sparkline(values, silent = []) {
  const width = 120, height = 18, most = Math.max(1, ...values), step = width / values.length;
  return svg("svg", { class: "spark", width, height, "aria-hidden": "true" }, silent.map((index) => svg("rect", { class: "spark-gap", x: index * step, y: 0, width: step, height })),
    values.map((value, index) => (value ? svg("rect", { x: index * step, y: height - Math.max(1.5, value / most * height), width: Math.max(1, step - 1), height: Math.max(1.5, value / most * height) }) : null)));
}

/** @param {any} answer @param {any} group @param {import("./frame.js").Frame} frame */
function groupView(answer, group, frame) {
  const all = Object.entries(group.versions ?? {}), total = all.reduce((sum, [, value]) => sum + Number(value), 0) || 1;
  const part = share(group);
  return [
    h("p", null, h("a", { href: frame.link("/errors") }, "← all errors")),
    h("div", { class: "results-head" }, h("h1", { class: "error-text" }, headline(group.template)), group.waiting && h("span", { class: "chip warning" }, group.waiting), group.type && h("span", { class: "chip" }, group.type), h("span", { class: "spacer" }), knownControl(group.group)),
    h("div", { class: "tiles", role: "list", "aria-label": "Figures" }, tile("times", estimate(group.count, group.samples)), tile("of requests", part === undefined ? "–" : percent(part), "to the model, or to the operation that failed"), tile("first seen", dateTime(group.firstSeen).replace(/\.\d+$/, "")), tile("last seen", ago(group.lastSeen)), tile("service", group.service), tile("model", group.model ?? "–"), tile("stage", group.stage ?? "–"), tile("span", group.spanName),
      all.map(([version, value]) => tile(`version ${version}`, percent(Number(value) / total)))),
    overTime(answer, group),
    h("section", { class: "card", "aria-label": "Examples" }, h("h2", null, "Examples"), h("pre", { tabindex: 0 }, group.message), h("ul", { class: "plain-list" }, group.examples.map((/** @type {any} */ example) => h("li", null, h("a", { href: `/trace/${example.traceID}?span=${example.spanID}`, class: "mono", "data-testid": "example" }, example.traceID.slice(0, 16)), h("span", { class: "muted" }, ` ${dateTime(example.time)}`)))),
      h("a", { href: frame.link("/traces", { q: `error.group:${group.group}` }), "data-testid": "group-traces" }, `All ${integer(group.samples)} stored errors like these →`)),
  ];
}

/** Marks a group as known for a while; only this browser remembers it. @param {string} group */
function knownControl(group) {
  const note = h("span", { class: "muted", role: "status" });
  const select = h("select", { "aria-label": "Known until", title: "A known error is not listed until then. Only this browser remembers it.", "data-testid": "known" });
  const draw = () => {
    const until = knownUntil(group);
    fill(select, h("option", { value: "" }, until === null ? "known until…" : "not known any more"), until !== null && h("option", { value: "kept", selected: true }, `until ${dateTime(`${until}000000`).replace(/:\d\d\.\d+$/, "")}`), KNOWN.map(([value, label]) => h("option", { value }, `known for ${label}`)));
  };
  select.addEventListener("change", () => {
    const length = KNOWN.find(([value]) => value === select.value)?.[2];
    if (select.value === "kept") return;
    setPreference(`known.${group}`, length ? String(Date.now() + length) : "");
    note.textContent = length ? "known: not listed until then" : "listed again";
    draw();
  });
  draw();
  return h("span", { class: "inline" }, note, select);
}

const CHART = { height: 90, left: 36, bottom: 20 };

/** @param {any} answer @param {any} group */
function overTime(answer, group) {
  const { height, left, bottom } = CHART, values = /** @type {number[]} */ (group.sparkline);
  const from = Number(BigInt(answer.read.coveredFrom) / 1000n), to = Number(BigInt(answer.to) / 1000n), step = (to - from) / values.length;
  const draw = (/** @type {number} */ width) => {
    const x = new LinearScale(from, to, left, width - 8), y = new LinearScale(0, Math.max(1, ...values), height - bottom, 6), area = { left, right: width - 8, top: 6, bottom: height - bottom };
    return svg("svg", { class: "chart spark", width, height }, svg("g", { "aria-hidden": "true" }, y.ticks(30).map((tick) => [svg("line", { class: "grid", x1: left, x2: width - 8, y1: y.at(tick), y2: y.at(tick) }), svg("text", { x: left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, integer(tick))]),
      gapBands(answer.gaps, (micros) => x.at(micros), area),
      values.map((value, index) => (value ? svg("rect", { x: x.at(from + index * step) + 1, y: y.at(value), width: Math.max(1, x.at(from + step) - x.at(from) - 2), height: y.at(0) - y.at(value) }) : null)),
      timeLabels(x, width, height)), loadBands(answer.bands, (micros) => x.at(micros), area));
  };
  return figure({ title: "Over time", note: "stored errors", summary: `${count(group.samples, "stored error")} between ${dateTime(group.firstSeen)} and ${dateTime(group.lastSeen)}${bandSentence(answer.bands)}`, testid: "error-times",
    numbers: () => withBands({ columns: [{ label: "from" }, { label: "errors", numeric: true }], rows: values.map((value, index) => [dateTime(`${Math.round(from + index * step)}000`).replace(/\.\d+$/, ""), value || (absence(answer.gaps, from + index * step, from + (index + 1) * step) ?? 0)]) }, answer.bands, (index) => [from + index * step, from + (index + 1) * step]) }, chartBox(draw).element);
}
