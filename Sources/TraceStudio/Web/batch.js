// One batch: who shared it, when each arrived, what they waited for, and the execution they share.
import { h, svg } from "./dom.js";
import { get } from "./api.js";
import { chartBox } from "./chartbox.js";
import { count, dateTime, duration, exact, percent, ticks } from "./format.js";
import { figure } from "./figure.js";
import { loadPage, nothing, tile } from "./loading.js";
import { LinearScale } from "./scale.js";
import { sortableTable } from "./table.js";

const ROW = 24, NAMES = 84, AXIS = 22;

/** @param {HTMLElement} root @param {import("./frame.js").Frame} frame @param {string} key */
export async function open(root, frame, key) {
  const element = h("div", { class: "page" });
  await loadPage(root, frame, element, async (signal) => {
    const { batch } = await get(`/api/ui/batch/${encodeURIComponent(key)}`, signal);
    if (!batch) { element.replaceChildren(nothing("This execution is not known any more", "Its trace is there, but not among the newest around it.")); return; }
    document.title = `Batch of ${batch.model} · Needletail`;
    element.replaceChildren(...batchView(batch, frame, key));
  });
}

/** How many are here, and of how many, without a claim that is not known. @param {any} batch */
function seen(batch) {
  const max = batch.maximum ? ` of ${batch.maximum} max` : "";
  if (batch.complete) return `${batch.seen}${max}`;
  return batch.requests > batch.seen ? `${batch.seen} seen of ${batch.requests}` : `${batch.seen} seen${max}`;
}

/** @param {any} batch @param {import("./frame.js").Frame} frame @param {string} key */
function batchView(batch, frame, key) {
  const members = /** @type {any[]} */ (batch.members), waits = members.filter((member) => member.queueNano !== undefined);
  const mean = (/** @type {string} */ name) => Math.round(waits.reduce((sum, member) => sum + (member[name] ?? 0), 0) / Math.max(1, waits.length));
  const least = batch.complete ? "" : "≤ ";
  return [
    h("div", { class: "results-head" }, h("h1", null, `Batch of ${batch.model}`), h("span", { class: "chip" }, `v${batch.version}`), h("span", { class: "chip" }, batch.server || batch.service), batch.instance && h("span", { class: "chip" }, batch.instance), h("span", { class: "spacer" }),
      h("a", { class: "button small", href: frame.link("/lanes", { span: key }), "data-testid": "batch-lanes" }, "Instance lanes"), h("a", { class: "button small", href: frame.link("/batches", { model: batch.model, server: batch.server, version: batch.version }) }, "Batches of this model")),
    h("p", { class: "muted", "data-testid": "batch-evidence" }, batch.evidence === "attribute" ? "Its members name the same batch id." : "Its members have the same compute times to the nanosecond: they ran in one execution.",
      batch.complete ? "" : batch.requests > batch.seen ? ` ${count(batch.requests - batch.seen, "request")} of it ${batch.requests - batch.seen === 1 ? "is" : "are"} not here: not sampled, or lost.` : " Sampling may hide members: no size is claimed beyond what was seen."),
    h("div", { class: "tiles", role: "list", "aria-label": "Figures" }, tile(batch.complete ? "requests" : "requests seen", h("span", { "data-testid": "batch-seen" }, seen(batch))), tile(`largest around it${batch.maximum ? "" : ", the maximum is not told"}`, batch.largest ?? "–", "The largest execution of the model on this server within two seconds before"), tile("first to last arrival", duration(batch.arrivalSpreadNano), exact(batch.arrivalSpreadNano)),
      tile("longest wait", duration(batch.queueDelayNano), exact(batch.queueDelayNano)), batch.queueSplit ? [tile("mean wait for an instance", duration(mean("noInstanceNano"))), tile("mean wait by delay", duration(mean("batchWaitNano")))] : tile("mean wait", duration(mean("queueNano"))),
      tile("execution", duration(batch.durationNano), exact(batch.durationNano)), tile("cost share: infer ÷ members", `${least}${duration(Math.round(batch.costShareNano))}`, "the execution's inference time shared by its requests"), batch.paddingWaste !== undefined && tile("padding waste", percent(batch.paddingWaste), "what is added when each member is padded to the longest")),
    figure({ title: "Arrival → execution", note: `starts ${dateTime(batch.startTimeUnixNano)}`, summary: `${count(members.length, "member")} by arrival, what each waited for, and the execution they share`, testid: "batch-picture", numbers: () => numbers(batch), actions: legend(batch) }, chartBox((width) => picture(batch, key, width)).element),
    h("p", { class: "faint" }, batch.queueSplit ? "While every known instance was executing, a request waited for an instance; the rest of its wait was for the batch to fill." : "Waiting is not split into “no free instance” and “batch delay”: that needs every execution of the model on this server to be known. The dashed line is the last arrival: until then others still came."),
    memberTable(batch, key),
  ];
}

/** @param {any} batch */
function legend(batch) {
  const key = (/** @type {string} */ stage, /** @type {string} */ label) => h("span", { class: "lane-key" }, svg("svg", { width: 12, height: 10, "aria-hidden": "true" }, svg("rect", { class: "stage-fill", "data-stage": stage, width: 12, height: 10, rx: 2 }), (stage === "queue" || stage === "batch") && svg("path", { class: "stage-hatch", d: "M0 10L10 0M6 10L12 4" })), label);
  return h("span", { class: "lane-legend batch-legend" }, batch.queueSplit ? [key("queue", "no free instance"), key("batch", "batch delay")] : [key("batch", "others still came"), key("queue", "all were there")], key("input", "input copy"), key("infer", "infer"), key("output", "output copy"));
}

/** @param {any} member */
function memberLink(member) { return `/trace/${member.traceID}?span=${member.spanID}`; }

/** @param {any} batch @param {string} key */
function memberTable(batch, key) {
  const start = BigInt(batch.startTimeUnixNano);
  const wait = (/** @type {number | undefined} */ nano) => (nano === undefined ? "–" : duration(nano));
  return h("section", null, h("h2", { class: "section-title" }, count(batch.members.length, "member")), sortableTable({
    label: "Members of the batch", testid: "batch-members", rows: /** @type {any[]} */ (batch.members), rowProps: (row) => (row.failed ? { class: "failed" } : {}), columns: [
      { key: "trace", label: "trace", value: (row) => row.traceID, view: (row) => [h("a", { class: "mono", href: memberLink(row), "data-testid": "member-link", "data-trace-id": row.traceID, "data-span-id": row.spanID }, row.traceID.slice(0, 16)), key.startsWith(row.traceID) && h("span", { class: "chip" }, "this")] },
      { key: "arrival", label: "arrival", numeric: true, title: "before the execution began", value: (row) => (row.queueStartUnixNano ? Number(BigInt(row.queueStartUnixNano) - start) : null), view: (row) => (row.queueStartUnixNano ? duration(Number(BigInt(row.queueStartUnixNano) - start)) : "–") },
      { key: "wait", label: "waited", numeric: true, value: (row) => row.queueNano, view: (row) => wait(row.queueNano) },
      ...(batch.queueSplit ? [{ key: "instance", label: "for an instance", numeric: true, value: (/** @type {any} */ row) => row.noInstanceNano, view: (/** @type {any} */ row) => wait(row.noInstanceNano) }, { key: "delay", label: "by delay", numeric: true, value: (/** @type {any} */ row) => row.batchWaitNano, view: (/** @type {any} */ row) => wait(row.batchWaitNano) }] : []),
      { key: "client", label: "client", value: (row) => row.client },
      { key: "request", label: "request id", value: (row) => row.requestID },
      { key: "status", label: "status", value: (row) => (row.failed ? "failed" : "ok"), view: (row) => (row.failed ? h("span", { class: "error-text" }, "failed") : "ok") },
    ],
  }).element);
}

/** @param {any} batch */
function numbers(batch) {
  return { columns: [{ label: "trace" }, { label: "waited", numeric: true }, { label: "no instance", numeric: true }, { label: "batch delay", numeric: true }, { label: "request id" }],
    rows: batch.members.map((/** @type {any} */ member) => [member.traceID, duration(member.queueNano), member.noInstanceNano === undefined ? "–" : duration(member.noInstanceNano), member.batchWaitNano === undefined ? "–" : duration(member.batchWaitNano), member.requestID ?? ""]) };
}

/** @param {any} batch @param {string} key @param {number} width */
function picture(batch, key, width) {
  const start = BigInt(batch.startTimeUnixNano), members = /** @type {any[]} */ (batch.members);
  const arrivals = members.map((member) => Number(BigInt(member.queueStartUnixNano ?? member.startTimeUnixNano) - start)), first = Math.min(0, ...arrivals), last = Math.min(0, Math.max(...arrivals));
  const x = new LinearScale(first, batch.durationNano, NAMES, width - 12), bottom = ROW * members.length, height = bottom + AXIS;
  const chart = svg("svg", { class: "chart batch-chart", width, height });
  chart.append(svg("defs", null, svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("rect", { class: "hatch-line", width: 3, height: 6 }))));
  // Zero is the execution's start.
  for (const tick of ticks(0, batch.durationNano - first, width - NAMES - 12)) {
    const at = x.at(tick.at + first);
    chart.append(svg("line", { class: "grid", x1: at, x2: at, y1: 0, y2: bottom }), svg("text", { x: Math.min(at, width - 24), y: height - 5, "text-anchor": "middle" }, tick.label));
  }
  members.forEach((member, index) => {
    const y = index * ROW + 4, tall = ROW - 8, isThis = key.startsWith(member.traceID), words = `${member.traceID}: waited ${duration(member.queueNano)}${member.noInstanceNano === undefined ? "" : `, ${duration(member.noInstanceNano)} for an instance, ${duration(member.batchWaitNano)} by delay`}`;
    const row = svg("a", { href: memberLink(member), "data-testid": "batch-member", "data-trace-id": member.traceID, "aria-label": words }, svg("title", null, words), svg("rect", { class: "batch-row", x: 0, y: index * ROW, width, height: ROW }), svg("text", { class: isThis ? "this" : "mono", x: NAMES - 8, y: y + 12, "text-anchor": "end" }, isThis ? "▸ this" : member.traceID.slice(0, 8)));
    const piece = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ stage) => {
      if (to <= from) return;
      const box = { x: x.at(from), y, width: Math.max(1, x.at(to) - x.at(from)), height: tall };
      row.append(svg("rect", { class: "stage-fill", "data-stage": stage, ...box }), svg("rect", { class: "hatched-over", ...box, fill: "url(#hatch)" }));
    };
    if (batch.queueSplit) {
      // What is not blocked is the batch's delay.
      let at = arrivals[index];
      for (const [before, after] of batch.blocked) {
        const from = Math.max(at, -before), to = -after;
        if (to <= from) continue;
        piece(at, from, "batch");
        piece(from, to, "queue");
        at = to;
      }
      piece(at, 0, "batch");
    } else { piece(arrivals[index], Math.max(last, arrivals[index]), "batch"); piece(Math.max(last, arrivals[index]), 0, "queue"); }
    chart.append(row);
  });
  const shared = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ stage) => { if (to > from) chart.append(svg("rect", { class: "stage-fill", "data-stage": stage, "data-testid": "execution", x: x.at(from), y: 4, width: Math.max(1, x.at(to) - x.at(from)), height: Math.max(6, bottom - 8) }, svg("title", null, `${stage} ${duration(to - from)}`))); };
  const inputEnd = batch.inputEndNano ?? 0, outputStart = batch.outputStartNano ?? batch.durationNano;
  shared(0, inputEnd, "input");
  shared(inputEnd, outputStart, "infer");
  shared(outputStart, batch.durationNano, "output");
  chart.append(svg("line", { class: "execution-start", x1: x.at(0), x2: x.at(0), y1: 0, y2: bottom }));
  if (members.length > 1 && last < 0) chart.append(svg("line", { class: "last-arrival", "data-testid": "last-arrival", x1: x.at(last), x2: x.at(last), y1: 0, y2: bottom }, svg("title", null, `the last arrival, ${duration(-last)} before the execution`)));
  return chart;
}
