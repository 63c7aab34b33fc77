// Where each lane stands: groups of one model on one server, pinned ones first, folded ones on one line.

import { bandTime } from "./bands.js";

export const RULER = 24, ROW = 24, WAIT = 36, GAP = 6, TITLE = 22;

/**
 * @typedef {[start: number, duration: number, executions: number, members: number, busy: number, key: string, input: number, output: number, client: number]} Block ns, start from the window's
 * @typedef {{service: string, server: string, model: string, version: string}} Identity
 * @typedef {Identity & {name: string, inferred: boolean, complete: boolean, executions: number, busyNano: number, busyShare: number, blocks: Block[]}} Lane
 * @typedef {{from: string, to: string, t0: string, t1: string, sampling: string, stepNano: number, executionsLeftOut: number, clients: string[], lanes: Lane[],
 *   groups: Array<Identity & {waiting: number[], inFlight: number[]}>, bands: import("./bands.js").Band[]}} LaneData
 * @typedef {{band: import("./bands.js").Band, start: number, end: number}} GroupBand times in µs
 * @typedef {{id: string, identity: Identity, lanes: number[], pinned: boolean, folded: boolean, top: number, bottom: number, waiting: number[], inFlight: number[], bands: GroupBand[]}} Group
 * @typedef {{kind: "server" | "group" | "lane" | "wait", top: number, height: number, group: Group | null, lane: number, text: string}} Row
 */

/** The same for the same model on the same server. @param {Identity} identity */
function groupName(identity) { return [identity.server || identity.service, identity.model, identity.version].join("/"); }

/** Of a band that stands for several, what is not the same of all is empty. @param {Identity} identity @param {import("./bands.js").Band} band */
function concerns(identity, band) {
  const isOf = (/** @type {keyof Identity} */ part) => band[part] === identity[part] || (band[part] === "" && (band.count > 1 || part === "model" || part === "version"));
  return isOf("server") && isOf("service") && isOf("model") && isOf("version");
}

/**
 * @param {LaneData} data @param {Set<string>} pins @param {Set<string>} folds names of groups
 * @returns {{rows: Row[], groups: Group[], height: number}}
 */
export function arrange(data, pins, folds) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  data.lanes.forEach((lane, index) => {
    const id = groupName(lane);
    const known = groups.get(id);
    if (known) { known.lanes.push(index); return; }
    const curve = data.groups.find((group) => groupName(group) === id && group.service === lane.service);
    groups.set(id, { id, identity: lane, lanes: [index], pinned: pins.has(id), folded: folds.has(id), top: 0, bottom: 0, waiting: curve?.waiting ?? [], inFlight: curve?.inFlight ?? [], bands: data.bands.filter((band) => concerns(lane, band)).map((band) => ({ band, ...bandTime(band) })) });
  });
  const sorted = [...groups.values()].sort((a, b) => Number(b.pinned) - Number(a.pinned));
  /** @type {Row[]} */
  const rows = [];
  let y = RULER, heading = "";
  /** @param {Row["kind"]} kind @param {number} height @param {Group | null} group @param {number} lane @param {string} text */
  const add = (kind, height, group, lane = -1, text = "") => { rows.push({ kind, top: y, height, group, lane, text }); y += height; };
  for (const group of sorted) {
    const title = group.pinned ? "Pinned" : group.identity.server || group.identity.service;
    if (title !== heading) add("server", TITLE, null, -1, heading = title);
    group.top = y;
    add("group", ROW, group);
    if (!group.folded) {
      for (const lane of group.lanes) add("lane", ROW, group, lane);
      add("wait", WAIT, group);
    }
    group.bottom = y;
    y += GAP;
  }
  return { rows, groups: sorted, height: y };
}

/** Lanes at a height and between two heights, by their place in the answer. @param {Row[]} rows @param {number} top @param {number} bottom */
export function lanesBetween(rows, top, bottom) {
  const found = new Set();
  for (const row of rows) {
    if (row.top + row.height <= top || row.top >= bottom || !row.group) continue;
    if (row.kind === "lane") found.add(row.lane);
    else if (row.kind === "group" && row.group.folded) for (const lane of row.group.lanes) found.add(lane);
  }
  return [...found].sort((a, b) => a - b);
}

/** Places as the API and the URL take them: `0,2-4`. @param {number[]} places sorted */
export function placesText(places) {
  /** @type {number[][]} */
  const runs = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last && last[1] === place - 1) last[1] = place;
    else runs.push([place, place]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/** @param {string} text @returns {number[]} */
export function readPlaces(text) {
  return text.split(",").flatMap((part) => {
    const match = part.match(/^(\d{1,4})(?:-(\d{1,4}))?$/);
    if (!match) return [];
    const from = Number(match[1]), to = Number(match[2] ?? match[1]);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  });
}

/** Index of the first block that ends after a time. @param {Block[]} blocks @param {number} at ns from the window's start */
export function firstAfter(blocks, at) {
  let low = 0, high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle][0] + blocks[middle][1] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
