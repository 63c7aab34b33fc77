// Tags as `key=value key2="a b"` (logfmt), the way search forms of trace back ends take them.

/** The text cannot be read; `position` is where. */
export class LogfmtError extends Error {
  /** @param {string} message @param {number} position */
  constructor(message, position) {
    super(message);
    this.position = position;
  }
}

/**
 * Reads `key=value` pairs. A key alone means `true`. Quoted values may hold blanks and the escapes `\"` and `\\`.
 * @param {string} text
 * @returns {Record<string, string>}
 * @throws {LogfmtError}
 */
export function parse(text) {
  /** @type {Record<string, string>} */
  const tags = {};
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at])) { at++; continue; }
    const keyStart = at;
    while (at < text.length && !/[\s="]/.test(text[at])) at++;
    const key = text.slice(keyStart, at);
    if (!key) throw new LogfmtError(`A key is missing before “${text.slice(at, at + 8)}”. Write key=value.`, at);
    if (text[at] === "\"") throw new LogfmtError(`A quote stands in the key “${key}”. Write ${key}="value".`, at);
    if (text[at] !== "=") { tags[key] = "true"; continue; }
    at++;
    if (text[at] !== "\"") {
      const start = at;
      while (at < text.length && !/\s/.test(text[at])) at++;
      tags[key] = text.slice(start, at);
      continue;
    }
    let value = "";
    const quote = at++;
    while (at < text.length && text[at] !== "\"") {
      if (text[at] === "\\" && at + 1 < text.length) at++;
      value += text[at++];
    }
    if (at >= text.length) throw new LogfmtError(`The quote after ${key}= is never closed.`, quote);
    at++;
    tags[key] = value;
  }
  return tags;
}

/** Writes tags so that `parse` reads the same. @param {Record<string, string>} tags */
export function print(tags) {
  return Object.entries(tags).map(([key, value]) => {
    const text = String(value);
    if (text !== "" && !/[\s"\\]/.test(text)) return `${key}=${text}`;
    return `${key}="${text.replace(/[\\"]/g, "\\$&")}"`;
  }).join(" ");
}
