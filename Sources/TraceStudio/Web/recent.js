// The traces that were open in this browser, newest first: for the command palette.
import { preference, setPreference } from "./dom.js";

const MOST = 12;

/** @returns {Array<{id: string, title: string}>} */
export function recentTraces() {
  try {
    const list = JSON.parse(preference("recent") ?? "[]");
    return Array.isArray(list) ? list.filter((entry) => typeof entry?.id === "string" && typeof entry.title === "string") : [];
  } catch {
    return [];
  }
}

/** @param {string} id @param {string} title */
export function rememberTrace(id, title) {
  setPreference("recent", JSON.stringify([{ id, title }, ...recentTraces().filter((entry) => entry.id !== id)].slice(0, MOST)));
}
