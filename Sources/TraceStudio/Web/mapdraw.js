// The picture of the map: boxes of services with their models as rows, and lines with the figures of each hop.
import { h, svg } from "./dom.js";
import { duration, integer, percent, rate } from "./format.js";
import { layered } from "./graphlayout.js";

const WIDTH = 178, HEAD = 36, LINE = 18, GAP_X = 26, GAP_Y = 12, MODELS = 8, LABEL_LINE = 13;
/** Up to so many services all are drawn; of more those with the most time. */
const ALL = 60, MOST = 40;
/** A second click within this time is a double click, ms. */
const DOUBLE = 260;

/**
 * @typedef {{least: number, single: boolean, roots: any, nodeLink: (node: any) => string, edgeLink: (edge: any) => string, rootLink: (name: string) => string, onRoot: (name: string) => void}} MapOptions
 * `least` is the share of the end-to-end time below which hops fade, `single` whether it is one trace, `roots` the whole map, by which shares are told
 */

/** The services that one reaches from a root, and the hops between them. @param {any} answer @param {string} root */
export function reachable(answer, root) {
  const names = new Set([root]);
  for (let before = -1; before !== names.size;) {
    before = names.size;
    for (const edge of answer.edges) if (names.has(edge.caller)) names.add(edge.callee);
  }
  return { ...answer, nodes: answer.nodes.filter((/** @type {any} */ node) => names.has(node.name)), edges: answer.edges.filter((/** @type {any} */ edge) => names.has(edge.caller)) };
}

/** What a hop's line and label tell: the caller's view of it, else the callee's. @param {any} edge */
export function edgeFigures(edge) {
  return { times: edge.client ?? edge.server, side: edge.client ? "client" : "server", errors: edge.count > 0 ? edge.errors / edge.count : 0 };
}

/** @param {any} edge @param {boolean} single */
function edgeWords(edge, single) {
  const { times, errors } = edgeFigures(edge);
  const calls = edge.rate === undefined ? (edge.count > 1 ? `${integer(edge.count)} calls` : "") : rate(edge.rate);
  const words = [pair(times, single)];
  if (edge.caller === edge.callee) words[0] = `↺ ${words[0]}`;
  const second = [calls, edge.errors ? `${percent(errors)} err` : ""].filter(Boolean).join(" · ");
  if (second) words.push(second);
  if (edge.network) words.push(`net ${pair(edge.network, single)}${edge.clamped ? " *" : ""}`);
  return words;
}

/** The median and p95; of a single call of one trace its time. @param {any} sketch @param {boolean} single */
function pair(sketch, single) {
  if (sketch?.p50 === undefined) return "–";
  return single && sketch.n === 1 ? duration(sketch.p50) : `${duration(sketch.p50)} / ${duration(sketch.p95)}`;
}

/** Time of the requests that come in from outside: what shares are told of. @param {any} answer */
function endToEnd(answer) {
  const called = new Set(answer.edges.filter((/** @type {any} */ edge) => edge.caller !== edge.callee).map((/** @type {any} */ edge) => edge.callee));
  const entries = answer.nodes.filter((/** @type {any} */ node) => !called.has(node.name));
  return (entries.length ? entries : answer.nodes).reduce((/** @type {number} */ sum, /** @type {any} */ node) => sum + timeOf(node), 0) || 1;
}

/** @param {any} node */
function timeOf(node) { return node.requests * (node.duration?.mean ?? 0); }

/**
 * The graph as SVG.
 * @param {any} graph of /api/ui/map @param {MapOptions} options
 */
export function mapPicture(graph, options) {
  const nodes = graph.nodes.length > ALL ? [...graph.nodes].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, MOST) : graph.nodes;
  const kept = new Set(nodes.map((/** @type {any} */ node) => node.name));
  const edges = graph.edges.filter((/** @type {any} */ edge) => kept.has(edge.caller) && kept.has(edge.callee));
  /** @type {Map<string, number>} */
  const heights = new Map(nodes.map((/** @type {any} */ node) => [node.name, HEAD + LINE * (Math.min(MODELS, node.models?.length ?? 0) + ((node.models?.length ?? 0) > MODELS ? 1 : 0))]));
  const words = edges.map((/** @type {any} */ edge) => edgeWords(edge, options.single));
  const layout = layered(nodes.map((/** @type {any} */ node) => node.name), edges.map((/** @type {any} */ edge, /** @type {number} */ index) => ({ from: edge.caller, to: edge.callee, width: labelWidth(words[index]), height: words[index].length * LABEL_LINE + 8 })),
    { width: WIDTH, gapX: GAP_X, gapY: GAP_Y, height: (name) => heights.get(name) ?? HEAD });
  const [width, height] = [Math.ceil(layout.width) + 16, Math.ceil(layout.height) + 16];
  const chart = svg("svg", { class: "map", width, height, viewBox: `-8 -8 ${width} ${height}`, role: "group", "aria-label": "Services and hops" });
  const scales = { total: endToEnd(options.roots), heat: ramp(edges), busiest: Math.max(1e-9, ...edges.map((/** @type {any} */ edge) => edge.count)) };
  edges.forEach((/** @type {any} */ edge, /** @type {number} */ index) => chart.append(edgePicture(edge, layout.routes[index], words[index], scales, options)));
  for (const node of nodes) chart.append(nodePicture(node, /** @type {any} */ (layout.places.get(node.name)), heights.get(node.name) ?? HEAD, timeOf(node) / scales.total < options.least, options));
  wireHover(chart);
  return h("div", { class: "map-frame" }, h("div", { class: "map-box", tabindex: 0, role: "region", "aria-label": "Map, scrolls" }, chart), graph.nodes.length > nodes.length && h("p", { class: "faint", "data-testid": "map-more" }, `The ${MOST} services with the most time are drawn; +${integer(graph.nodes.length - nodes.length)} more, whose hops are in the table.`));
}

/** From the quickest hop to the slowest, 0 to 1 in equal ratios: one very slow hop does not make all others look alike. @param {any[]} edges */
function ramp(edges) {
  const all = edges.map((edge) => edgeFigures(edge).times?.p95 ?? 0).filter((value) => value > 0), low = Math.log(Math.min(...all)), high = Math.log(Math.max(...all));
  return (/** @type {number} */ p95) => (p95 > 0 ? (high > low ? (Math.log(p95) - low) / (high - low) : 1) : 0);
}

/** @type {CanvasRenderingContext2D | null} */
let measure = null;
/** @param {string[]} words */
function labelWidth(words) {
  measure ??= document.createElement("canvas").getContext("2d");
  if (!measure) return Math.max(...words.map((word) => word.length * 6.4)) + 8;
  measure.font = `500 11px ${getComputedStyle(document.documentElement).getPropertyValue("--sans")}`;
  return Math.ceil(Math.max(...words.map((word) => /** @type {CanvasRenderingContext2D} */ (measure).measureText(word).width))) + 10;
}

/**
 * @param {any} edge @param {import("./graphlayout.js").Route} route @param {string[]} words
 * @param {{total: number, heat: (p95: number) => number, busiest: number}} scales @param {MapOptions} options
 */
function edgePicture(edge, route, words, scales, options) {
  const { times, errors, side } = edgeFigures(edge);
  const share = edge.count * (times?.mean ?? 0) / scales.total, path = curve(route.points), stroke = 1.2 + 5 * Math.sqrt(edge.count / scales.busiest);
  const group = svg("g", { class: `edge${edge.inferred ? " inferred" : ""}${edge.errors ? " failing" : ""}${share < options.least ? " faded" : ""}`, "data-caller": edge.caller, "data-callee": edge.callee, "data-share": share.toFixed(4), "data-testid": "map-edge" });
  const line = svg("path", { class: "edge-line", d: path, "stroke-width": stroke.toFixed(2) });
  line.style.setProperty("--heat", `${Math.round(scales.heat(times?.p95 ?? 0) * 100)}%`);
  const [x, y] = route.points[route.points.length - 1], [before] = route.points[route.points.length - 2] ?? [x - 1];
  const facts = [`${edge.caller} to ${edge.callee}: ${integer(edge.count)} call${edge.count === 1 ? "" : "s"}`, times ? `${side} p50 ${duration(times.p50)}, p95 ${duration(times.p95)}` : "", edge.server && edge.client ? `server p50 ${duration(edge.server.p50)}, p95 ${duration(edge.server.p95)}` : "",
    edge.network ? `network and marshalling p50 ${duration(edge.network.p50)}, p95 ${duration(edge.network.p95)}` : "", edge.clamped ? `${integer(edge.clamped)} set to 0 because the server was longer than its client` : "", edge.errors ? `${percent(errors)} failed` : "", edge.inferred ? "only the caller tells of it" : "", `${percent(share)} of the end-to-end time`].filter(Boolean).join("; ");
  const { label } = route;
  group.append(line);
  if (edge.caller !== edge.callee) group.append(svg("path", { class: "edge-head", d: x >= before ? `M${x - 6} ${y - 4}L${x} ${y}L${x - 6} ${y + 4}` : `M${x + 6} ${y - 4}L${x} ${y}L${x + 6} ${y + 4}` }));
  if (edge.errors) group.append(svg("circle", { class: "edge-ring", cx: x >= before ? x - 13 : x + 13, cy: y, r: 4 }));
  // The line goes through below the first line of its label.
  const middle = label.y + label.height / 2, first = middle - 5;
  group.append(svg("path", { class: "edge-hit", d: path }), svg("a", { href: options.edgeLink(edge), "aria-label": facts, "data-testid": "map-edge-link" }, svg("title", null, facts), svg("rect", { class: "edge-label", x: label.x, y: label.y, width: label.width, height: label.height }),
    words.map((word, index) => svg("text", { class: index ? "edge-more" : "edge-time", x: label.x + label.width / 2, y: index ? middle + 1 + index * LABEL_LINE - (words.length > 2 ? 0 : 1) : first, "text-anchor": "middle" }, word))));
  return group;
}

/** A line through points: straight where they are level, else bent smoothly. @param {Array<[number, number]>} points */
function curve(points) {
  let path = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let index = 1; index < points.length; index++) {
    const [x0, y0] = points[index - 1], [x1, y1] = points[index], bend = (x1 - x0) / 2;
    path += Math.abs(y1 - y0) < 0.5 ? `L${x1.toFixed(1)} ${y1.toFixed(1)}` : `C${(x0 + bend).toFixed(1)} ${y0.toFixed(1)} ${(x1 - bend).toFixed(1)} ${y1.toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
  }
  return path;
}

/** @param {any} node @param {{x: number, y: number}} place @param {number} height @param {boolean} faded @param {MapOptions} options */
function nodePicture(node, place, height, faded, options) {
  const models = node.models ?? [], failed = percent(node.errors / Math.max(1e-9, node.requests || node.spans));
  const group = svg("g", { class: `node${node.inferred ? " inferred" : ""}${node.errors ? " failing" : ""}${faded ? " faded" : ""}`, transform: `translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})`, "data-name": node.name, "data-testid": "map-node" });
  group.append(svg("rect", { class: "node-box", width: WIDTH, height, rx: 6 }));
  const link = svg("a", { href: options.nodeLink(node), "data-testid": "map-node-link", "aria-label": `${node.name}${node.inferred ? ", inferred: sent no spans itself" : ""}: p50 ${duration(node.duration?.p50)}, p95 ${duration(node.duration?.p95)}${node.errors ? `, ${failed} failed` : ""}${models.length ? `, ${models.length} models` : ""}` });
  link.append(svg("rect", { class: "node-hit", width: WIDTH, height, rx: 6 }), svg("text", { class: "node-name", x: 10, y: 15 }, svg("title", null, node.name), clip(node.name, 22)),
    svg("text", { class: "node-facts", x: 10, y: 29 }, [node.inferred ? `inferred · ${duration(node.duration?.p95)}` : pair(node.duration, options.single), node.errors ? svg("tspan", { class: "node-errors" }, node.inferred ? ` · ${failed}` : ` · ${failed} err`) : ""]));
  models.slice(0, MODELS).forEach((/** @type {any} */ model, /** @type {number} */ index) => {
    const y = HEAD + index * LINE;
    link.append(svg("line", { class: "node-line", x1: 0, x2: WIDTH, y1: y, y2: y }), svg("text", { class: "node-model", x: 10, y: y + 13 }, svg("title", null, `${model.name}${model.version ? ` version ${model.version}` : ""}: ${integer(model.count)} requests, p50 ${duration(model.duration?.p50)}${model.errors ? `, ${percent(model.errors / model.count)} failed` : ""}`), clip(`${model.name}${model.version ? ` v${model.version}` : ""}`, 19)),
      svg("text", { class: "node-facts", x: WIDTH - 8, y: y + 13, "text-anchor": "end" }, [model.errors ? svg("tspan", { class: "node-errors" }, "○ ") : "", duration(model.duration?.p95)]));
  });
  if (models.length > MODELS) link.append(svg("text", { class: "node-facts", x: 10, y: HEAD + MODELS * LINE + 13 }, `+${models.length - MODELS} models`));
  const again = svg("a", { class: "node-root", href: options.rootLink(node.name), "aria-label": `Map from ${node.name} on`, "data-testid": "map-reroot" }, svg("title", null, "Map from here on (or double-click the box)"), svg("rect", { x: WIDTH - 25, y: 1, width: 24, height: 24, rx: 4 }), svg("path", { d: `M${WIDTH - 18} 9v5a3 3 0 0 0 3 3h6m-3-3l3 3l-3 3` }));
  wireClicks(link, node.name, options);
  group.append(link, again);
  return group;
}

/** One click follows the link, a second one soon after makes the service the root instead. @param {SVGElement} link @param {string} name @param {MapOptions} options */
function wireClicks(link, name, options) {
  let timer = 0;
  link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    // By keyboard there are no double clicks; with a key held it goes to another tab.
    if (event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    clearTimeout(timer);
    if (event.detail > 1) options.onRoot(name);
    else timer = setTimeout(() => location.assign(/** @type {string} */ (link.getAttribute("href"))), DOUBLE);
  });
}

/** @param {string} text @param {number} most */
function clip(text, most) { return text.length > most ? `${text.slice(0, most - 1)}…` : text; }

/** What is under the pointer or has the focus stands out with its neighbours. @param {SVGElement} chart */
function wireHover(chart) {
  const show = (/** @type {Element | null} */ target) => {
    const node = target?.closest(".node")?.getAttribute("data-name") ?? null, line = target?.closest(".edge") ?? null;
    chart.classList.toggle("hovering", Boolean(node ?? line));
    const near = new Set([node]);
    for (const edge of chart.querySelectorAll(".edge")) {
      const on = edge === line || (node !== null && (edge.getAttribute("data-caller") === node || edge.getAttribute("data-callee") === node));
      edge.classList.toggle("near", on);
      if (on) { near.add(edge.getAttribute("data-caller")); near.add(edge.getAttribute("data-callee")); }
    }
    for (const box of chart.querySelectorAll(".node")) box.classList.toggle("near", near.has(box.getAttribute("data-name")));
  };
  chart.addEventListener("pointerover", (event) => show(/** @type {Element} */ (event.target)));
  chart.addEventListener("focusin", (event) => show(/** @type {Element} */ (event.target)));
  chart.addEventListener("focusout", () => show(null));
  chart.addEventListener("pointerleave", () => show(chart.contains(document.activeElement) ? document.activeElement : null));
}
