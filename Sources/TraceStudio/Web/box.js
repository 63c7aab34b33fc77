// A box of time × duration, as it stands in a URL.

/** @typedef {import("./heat.js").Box} Box */

/** @param {Box} box */
export function boxText(box) { return `${box.t0}-${box.t1}_${box.d0}-${box.d1}`; }

/** @param {string | null} text @returns {Box | null} */
export function readBox(text) {
  const match = text?.match(/^(\d+)-(\d+)_(\d+)-(\d+)$/);
  return match ? { t0: Number(match[1]), t1: Number(match[2]), d0: Number(match[3]), d1: Number(match[4]) } : null;
}
