// Colours by meaning: services, stages, errors. Read from the tokens once for each theme, never while drawing.

/** Stages in causal order with the words the page uses; `of` is the stage that one is a part of. */
export const STAGES = /** @type {Record<string, {label: string, waiting: boolean, of?: string}>} */ ({
  receive: { label: "receive", waiting: false },
  gateway: { label: "gateway", waiting: false },
  network: { label: "network", waiting: true },
  queue: { label: "queue", waiting: true },
  instance: { label: "no free instance", waiting: true, of: "queue" },
  batch: { label: "batch wait", waiting: true, of: "queue" },
  input: { label: "input copy", waiting: false },
  infer: { label: "infer", waiting: false },
  prefill: { label: "prefill", waiting: false },
  decode: { label: "decode", waiting: false },
  output: { label: "output copy", waiting: false },
  send: { label: "send", waiting: false },
  unaccounted: { label: "unaccounted", waiting: true },
});

/** Whether a stage is the one meant, or a part of it. @param {string} name @param {string | null} meant */
export function isStage(name, meant) { return name === meant || STAGES[name]?.of === meant; }

const HUES = 12, FAMILIES = 4;

/** FNV-1a over UTF-16 units. @param {string} text */
function hash(text) {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

/**
 * Gives each service one of twelve hues, the same for everyone who opens this trace and without collisions up to twelve
 * services: names in order take their hash's slot, or the next free one whose family of hues is the least used.
 * @param {Iterable<string>} names @returns {Map<string, number>}
 */
export function serviceSlots(names) {
  /** @type {Map<string, number>} */
  const slots = new Map();
  /** How often each family and each slot is taken. */
  const families = new Array(FAMILIES).fill(0), taken = new Array(HUES).fill(0);
  for (const name of [...new Set(names)].sort()) {
    const fewest = Math.min(...families), rarest = Math.min(...taken);
    let slot = hash(name) % HUES;
    while (families[slot % FAMILIES] > fewest || taken[slot] > rarest) slot = (slot + 1) % HUES;
    families[slot % FAMILIES]++;
    taken[slot]++;
    slots.set(name, slot);
  }
  return slots;
}

/** The CSS variable of a slot. @param {number} slot */
export function serviceVariable(slot) { return `var(--service-${slot})`; }

/** @param {string} hex @returns {[number, number, number]} */
export function rgb(hex) {
  const value = parseInt(hex.trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** A colour as the bytes of an ImageData pixel. @param {string} hex */
export function packed(hex) {
  const [r, g, b] = rgb(hex);
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}

/** Mixes two colours. @param {string} over @param {string} under @param {number} alpha */
function mix(over, under, alpha) {
  const a = rgb(over), b = rgb(under);
  return `#${a.map((part, index) => Math.round(part * alpha + b[index] * (1 - alpha)).toString(16).padStart(2, "0")).join("")}`;
}

/** White or near-black, whichever reads better on the colour (WCAG luminance, crossing at 0.179). @param {string} hex */
export function textOn(hex) {
  const [r, g, b] = rgb(hex).map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#0b0d10" : "#ffffff";
}

/** All colours of the current theme, as the canvases need them. */
export class Palette {
  /** @param {Map<string, number>} slots @param {string[]} dictionary service names by dictionary index */
  constructor(slots, dictionary) {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const token = (name) => style.getPropertyValue(`--${name}`).trim();
    this.bg = token("bg");
    this.panel = token("panel");
    this.ink = token("ink");
    this.ink2 = token("ink-2");
    this.ink3 = token("ink-3");
    this.line = token("line");
    this.lineStrong = token("line-strong");
    this.accent = token("accent");
    this.error = token("error");
    this.warning = token("warning");
    this.match = token("match");
    this.sans = token("sans");
    /** @type {Map<number, {bar: string, tint: string, text: string, mark: string}>} */
    this.services = new Map();
    dictionary.forEach((name, index) => {
      const slot = slots.get(name);
      if (slot === undefined) return;
      const mark = token(`service-${slot}`);
      const bar = mix(mark, this.bg, 0.85);
      this.services.set(index, { mark, bar, tint: mix(mark, this.bg, 0.28), text: textOn(bar) });
    });
    /** @type {Record<string, {color: string, waiting: boolean, pattern: CanvasPattern | null}>} */
    this.stages = {};
    for (const [name, stage] of Object.entries(STAGES)) {
      const color = token(`stage-${name}`);
      this.stages[name] = { color, waiting: stage.waiting, pattern: stage.waiting ? hatch(color, mix(color, this.bg, 0.28)) : null };
    }
  }
}

/**
 * Diagonal stripes, 6 px apart, that say "waiting" without colour.
 * @param {string} color @param {string} ground
 */
function hatch(color, ground) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const side = Math.round(6 * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const context = tile.getContext("2d");
  if (!context) return null;
  context.fillStyle = ground;
  context.fillRect(0, 0, side, side);
  context.strokeStyle = color;
  context.lineWidth = side * 0.34;
  context.beginPath();
  for (const shift of [-side, 0, side]) {
    context.moveTo(shift - 1, side + 1);
    context.lineTo(shift + side + 1, -1);
  }
  context.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(6 / side));
  return pattern;
}
