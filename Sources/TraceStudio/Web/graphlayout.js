// Places a directed graph in layers from left to right (Sugiyama): few crossings, straight lines, and a place of its own for every label,
// so that no two of them meet. For at most some sixty nodes.

/** Sweeps that order layers, and that straighten lines. */
const SWEEPS = 8, STRAIGHTEN = 16;
/** Height of the place that a line takes where it passes a layer, px. */
const LANE = 14;

/**
 * @typedef {{from: string, to: string, width: number, height: number}} Link width and height of its label
 * @typedef {{rank: number, height: number, y: number, name: string | null, link: number, before: Item[], after: Item[]}} Item a node, a label, or a bend of a line that passes; `y` is its middle
 * @typedef {{points: Array<[number, number]>, label: {x: number, y: number, width: number, height: number}, reversed: boolean}} Route points of the line from caller to callee; its label's box
 * @typedef {{places: Map<string, {x: number, y: number}>, routes: Route[], width: number, height: number}} Layout
 */

/**
 * @param {string[]} names @param {Link[]} links a link from a node to itself gets a label only
 * @param {{width: number, gapX: number, gapY: number, height: (name: string) => number}} size
 * @returns {Layout}
 */
export function layered(names, links, size) {
  const turned = turnedRound(names, links);
  const ranks = ranksOf(names, links, turned);
  const { layers, nodes, chains } = itemsOf(names, links, turned, ranks, size);
  order(layers);
  straighten(layers, size.gapY);
  const top = Math.min(0, ...layers.flat().map((item) => item.y - item.height / 2));
  for (const item of layers.flat()) item.y -= top;
  const { lefts, widths, width } = columns(layers, links, size);
  const places = new Map(names.map((name) => { const item = /** @type {Item} */ (nodes.get(name)); return [name, { x: lefts[item.rank], y: item.y - item.height / 2 }]; }));
  const ports = portsOf(nodes, chains);
  const routes = links.map((link, index) => {
    const chain = chains[index], label = /** @type {Item} */ (chain.find((item) => item.link === index && item.height > LANE) ?? chain[1]);
    /** @type {Array<[number, number]>} */
    const points = [];
    chain.forEach((item, at) => {
      const [left, right] = [lefts[item.rank], lefts[item.rank] + widths[item.rank]];
      if (item.name === null) points.push([left, item.y], [right, item.y]);
      else points.push([at === 0 ? right : left, ports.get(`${index}/${at}`) ?? item.y]);
    });
    if (turned.has(index)) points.reverse();
    return { points, label: { x: lefts[label.rank] + (widths[label.rank] - link.width) / 2, y: label.y - link.height / 2, width: link.width, height: link.height }, reversed: turned.has(index) };
  });
  return { places, routes, width, height: Math.max(0, ...layers.flat().map((item) => item.y + item.height / 2)) };
}

/** Links that lead back, which have to be turned round so that none goes in a circle. @param {string[]} names @param {Link[]} links @returns {Set<number>} */
function turnedRound(names, links) {
  /** @type {Map<string, number[]>} */
  const next = new Map(names.map((name) => [name, []]));
  const incoming = new Map(names.map((name) => [name, 0]));
  links.forEach((link, index) => {
    if (link.from === link.to) return;
    next.get(link.from)?.push(index);
    incoming.set(link.to, (incoming.get(link.to) ?? 0) + 1);
  });
  /** @type {Set<number>} */
  const turned = new Set();
  /** @type {Map<string, "open" | "done">} */
  const state = new Map();
  for (const root of [...names].sort((a, b) => (incoming.get(a) ?? 0) - (incoming.get(b) ?? 0) || (a < b ? -1 : 1))) {
    if (state.has(root)) continue;
    const open = [{ name: root, at: 0 }];
    state.set(root, "open");
    while (open.length) {
      const top = open[open.length - 1], out = next.get(top.name) ?? [];
      if (top.at >= out.length) { state.set(top.name, "done"); open.pop(); continue; }
      const index = out[top.at++], target = links[index].to;
      if (state.get(target) === "open") turned.add(index);
      if (!state.has(target)) { state.set(target, "open"); open.push({ name: target, at: 0 }); }
    }
  }
  return turned;
}

/** Each node right of all that call it, by the longest path. @param {string[]} names @param {Link[]} links @param {Set<number>} turned */
function ranksOf(names, links, turned) {
  const rank = new Map(names.map((name) => [name, 0]));
  const forward = links.map((link, index) => (turned.has(index) ? [link.to, link.from] : [link.from, link.to])).filter(([from, to]) => from !== to);
  for (let round = 0, changed = true; changed && round <= names.length; round++) {
    changed = false;
    for (const [from, to] of forward) {
      const wanted = (rank.get(from) ?? 0) + 1;
      if ((rank.get(to) ?? 0) < wanted) { rank.set(to, wanted); changed = true; }
    }
  }
  // Who is called by nobody stands just left of the first that it calls.
  for (const name of names) {
    if (forward.some(([, to]) => to === name)) continue;
    const callees = forward.filter(([from]) => from === name).map(([, to]) => rank.get(to) ?? 0);
    if (callees.length) rank.set(name, Math.max(0, Math.min(...callees) - 1));
  }
  return rank;
}

/**
 * Nodes stand in the even layers; between them, each line has a place in every layer that it passes, and in the last one before its end its label.
 * @param {string[]} names @param {Link[]} links @param {Set<number>} turned @param {Map<string, number>} ranks @param {{height: (name: string) => number}} size
 */
function itemsOf(names, links, turned, ranks, size) {
  /** @type {Item[][]} */
  const layers = [];
  const add = (/** @type {number} */ rank, /** @type {number} */ height, /** @type {string | null} */ name, /** @type {number} */ link) => {
    /** @type {Item} */
    const item = { rank, height, y: 0, name, link, before: [], after: [] };
    while (layers.length <= rank) layers.push([]);
    layers[rank].push(item);
    return item;
  };
  const nodes = new Map([...names].sort().map((name) => [name, add((ranks.get(name) ?? 0) * 2, size.height(name), name, -1)]));
  const chains = links.map((link, index) => {
    const [from, to] = (turned.has(index) ? [link.to, link.from] : [link.from, link.to]).map((name) => /** @type {Item} */ (nodes.get(name)));
    const chain = [from];
    const last = from === to ? from.rank + 1 : to.rank - 1;
    for (let rank = from.rank + 1; rank <= last; rank++) chain.push(add(rank, rank === last ? link.height : LANE, null, index));
    if (from !== to) chain.push(to);
    for (let at = 1; at < chain.length; at++) { chain[at].before.push(chain[at - 1]); chain[at - 1].after.push(chain[at]); }
    return chain;
  });
  return { layers, nodes, chains };
}

/** Sweeps to and fro: each to the middle of its neighbours; the order with the fewest crossings stays. @param {Item[][]} layers */
function order(layers) {
  const place = () => { for (const layer of layers) layer.forEach((item, index) => { item.y = (index + 0.5) / layer.length; }); };
  place();
  let best = layers.map((layer) => [...layer]), least = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const forward = sweep % 2 === 0;
    for (const layer of forward ? layers : [...layers].reverse()) {
      const middle = new Map(layer.map((item) => [item, mean(forward ? item.before : item.after) ?? item.y]));
      layer.sort((a, b) => /** @type {number} */ (middle.get(a)) - /** @type {number} */ (middle.get(b)));
      layer.forEach((item, index) => { item.y = (index + 0.5) / layer.length; });
    }
    const count = crossings(layers);
    if (count < least) { least = count; best = layers.map((layer) => [...layer]); }
  }
  best.forEach((layer, index) => { layers[index] = layer; });
  place();
}

/** @param {Item[][]} layers */
function crossings(layers) {
  let count = 0;
  for (const layer of layers) {
    const lines = layer.flatMap((item) => item.after.map((next) => [item.y, next.y]));
    for (let a = 0; a < lines.length; a++) for (let b = 0; b < a; b++) if ((lines[a][0] - lines[b][0]) * (lines[a][1] - lines[b][1]) < 0) count++;
  }
  return count;
}

/** @param {Item[]} items */
function mean(items) { return items.length ? items.reduce((sum, item) => sum + item.y, 0) / items.length : null; }

/** Moves each item towards the middle of its neighbours, as far as its layer's order and heights let it. @param {Item[][]} layers @param {number} gap */
function straighten(layers, gap) {
  for (const layer of layers) {
    let y = 0;
    for (const item of layer) { item.y = y + item.height / 2; y += item.height + gap; }
    for (const item of layer) item.y -= y / 2;
  }
  for (let sweep = 0; sweep < STRAIGHTEN; sweep++) {
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      settle(layer, layer.map((item) => { const near = sweep === STRAIGHTEN - 1 ? [...item.before, ...item.after] : sweep % 2 ? item.after : item.before; return mean(near) ?? item.y; }), gap);
    }
  }
}

/**
 * The places nearest to the wanted ones that keep order and distances: least squares, by pooling neighbours that are too close.
 * @param {Item[]} layer @param {number[]} wanted @param {number} gap
 */
function settle(layer, wanted, gap) {
  /** @type {Array<{sum: number, n: number}>} */
  const pools = [];
  /** @type {number[]} */
  const offsets = [];
  layer.forEach((item, index) => {
    offsets.push(index ? offsets[index - 1] + (layer[index - 1].height + item.height) / 2 + gap : 0);
    pools.push({ sum: wanted[index] - offsets[index], n: 1 });
    while (pools.length > 1 && pools[pools.length - 2].sum / pools[pools.length - 2].n > pools[pools.length - 1].sum / pools[pools.length - 1].n) {
      const last = /** @type {{sum: number, n: number}} */ (pools.pop());
      pools[pools.length - 1].sum += last.sum;
      pools[pools.length - 1].n += last.n;
    }
  });
  let index = 0;
  for (const pool of pools) for (let at = 0; at < pool.n; at++, index++) layer[index].y = pool.sum / pool.n + offsets[index];
}

/** Left edges and widths of the layers. @param {Item[][]} layers @param {Link[]} links @param {{width: number, gapX: number}} size */
function columns(layers, links, size) {
  /** @type {number[]} */
  const lefts = [];
  /** @type {number[]} */
  const widths = [];
  let x = 0;
  layers.forEach((layer, rank) => {
    widths[rank] = rank % 2 === 0 ? size.width : Math.max(0, ...layer.map((item) => (item.height > LANE ? links[item.link].width : 0)));
    lefts[rank] = x;
    x += widths[rank] + size.gapX;
  });
  return { lefts, widths, width: Math.max(size.width, x - size.gapX) };
}

/** Lines leave and reach a node side by side, in the order of where they come from. @param {Map<string, Item>} nodes @param {Item[][]} chains */
function portsOf(nodes, chains) {
  /** @type {Map<string, number>} */
  const ports = new Map();
  for (const node of nodes.values()) {
    for (const side of /** @type {const} */ (["after", "before"])) {
      const ends = chains.flatMap((chain, index) => {
        const at = side === "after" ? 0 : chain.length - 1;
        return chain[at] === node && chain.length > 1 ? [{ key: `${index}/${at}`, y: chain[side === "after" ? 1 : at - 1].y }] : [];
      }).sort((a, b) => a.y - b.y);
      ends.forEach((end, index) => ports.set(end.key, node.y - node.height / 2 + node.height * (index + 1) / (ends.length + 1)));
    }
  }
  return ports;
}
