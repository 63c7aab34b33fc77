// The server's JSON: one function for each resource. Everything that goes wrong becomes an `APIError` with a message for people.

/** What went wrong, in words for the page. */
export class APIError extends Error {
  /** @param {string} message @param {number} status HTTP status, 0 when no answer came @param {{column: number, length: number, suggestion?: string} | null} [place] */
  constructor(message, status, place = null) {
    super(message);
    this.status = status;
    /** Where in the filter it went wrong: column from 1, and length; and the term that may have been meant. */
    this.place = place;
  }
}

/**
 * @param {string} path @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, signal) {
  let response;
  try {
    response = await (takeAsked(path) ?? fetch(path, { signal, headers: { accept: "application/json" } }));
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new APIError("The server did not answer. Is Needletail still running?", 0);
  }
  return read(await response.text(), response.status, response.statusText);
}

/** What was asked for before this script ran (early.js): good for one question, the page's first. @param {string} path @returns {Promise<Response> | null} */
function takeAsked(path) {
  const page = /** @type {any} */ (globalThis), asked = page.needletailAsked;
  page.needletailAsked = null;
  return asked?.path === path ? asked.answer : null;
}

/**
 * The JSON of an answer.
 * @param {string} text @param {number} status @param {string} statusText
 * @returns {any}
 */
function read(text, status, statusText) {
  let body = null;
  try { body = JSON.parse(text); } catch { /* handled below: an error page or a cut-off answer */ }
  if (status < 200 || status > 299) {
    const message = body?.errors?.[0]?.msg ?? body?.error ?? `The server answered ${status} ${statusText}.`;
    const place = body?.errors?.[0]?.column ? { column: body.errors[0].column, length: body.errors[0].length ?? 1, suggestion: body.errors[0].suggestion } : null;
    throw new APIError(String(message), status, place);
  }
  if (body === null) throw new APIError("The server's answer is not JSON. Is something else listening on this port?", status);
  return body;
}

/** @param {string} id @param {string} part @param {string} shape what is wanted of the trace, as parameters @param {Record<string, string | number>} [more] */
function tracePath(id, part, shape, more = {}) {
  const parameters = new URLSearchParams(shape);
  for (const [key, value] of Object.entries(more)) parameters.set(key, String(value));
  const text = parameters.toString();
  return `/api/ui/trace/${encodeURIComponent(id)}${part}${text ? `?${text}` : ""}`;
}

/** The whole trace as columns, depth first. @param {string} id @param {string} [shape] @returns {Promise<any>} */
export function trace(id, shape = "") { return get(tracePath(id, "", shape)); }

/**
 * Attributes, events, links and resource of some rows.
 * @param {string} id @param {number} first @param {number} last inclusive @param {AbortSignal} [signal] @param {string} [shape]
 * @returns {Promise<any[]>}
 */
export async function spans(id, first, last, signal, shape = "") {
  return (await get(tracePath(id, "/spans", shape, { rows: `${first}-${last}` }), signal)).spans ?? [];
}

/** Where one whole value of a span can be opened as text. @param {string} id @param {number} row @param {string} key @param {number | undefined} event @param {string} shape */
export function valuePath(id, row, key, event, shape) { return tracePath(id, "/attr", shape, { row, key, format: "text", ...(event === undefined ? {} : { event }) }); }

/** Where a span stands among those like it. @param {string} id @param {number} row @param {string} shape @param {AbortSignal} [signal] @returns {Promise<any>} */
export function spanRank(id, row, shape, signal) { return get(tracePath(id, "/rank", shape, { row, span: "row" }), signal); }

/** What its requests waited for, as far as it can be known. @param {string} id @param {string} shape @param {AbortSignal} [signal] @returns {Promise<any>} */
export function queueOf(id, shape, signal) { return get(tracePath(id, "/queue", shape), signal); }

/** The batch that an execution ran in. @param {string} id @param {string} span @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function batchOf(id, span, signal) { return (await get(`/api/ui/batch/${id}-${span}`, signal)).batch; }

/** An answer as it came. @param {string} path @returns {Promise<string>} */
export async function text(path) {
  const response = await fetch(path).catch(() => { throw new APIError("The server did not answer. Is Needletail still running?", 0); });
  const body = await response.text();
  if (!response.ok) read(body, response.status, response.statusText);
  return body;
}

/**
 * @typedef {{format: string, traces: string[], traceCount: number, spanCount: number, rejectedSpanCount: number,
 *   unreadablePartCount: number, message: string}} ImportResult
 */

/** How often a file is sent again while the server imports one of somebody else, a second apart. */
const IMPORT_TRIES = 30;

/**
 * Sends a file of traces; the answer comes when its spans are stored.
 * @param {File} file @param {(sent: number) => void} progress told the bytes that are on their way @param {AbortSignal} signal
 * @returns {Promise<ImportResult>}
 */
export async function importFile(file, progress, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return await post(`/api/ui/import?lastModified=${file.lastModified}`, file, progress, signal);
    } catch (error) {
      if (!(error instanceof APIError) || error.status !== 429 || tries >= IMPORT_TRIES || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/**
 * By XMLHttpRequest, because `fetch` tells nothing while it sends.
 * @param {string} path @param {File} file @param {(sent: number) => void} progress @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
function post(path, file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("POST", path);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      try { resolve(read(request.responseText, request.status, request.statusText)); } catch (error) { reject(error); }
    });
    request.addEventListener("error", () => reject(new APIError("The file could not be sent: it changed or was removed meanwhile, or the server did not answer.", 0)));
    request.addEventListener("abort", () => reject(new APIError("Stopped.", 0)));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop);
    if (signal.aborted) { reject(new APIError("Stopped.", 0)); return; }
    request.send(file);
  });
}

/** Whether spans came since a version: `{changed: false}`, or the columns with `newSpans`. @param {string} id @param {string} version @param {string} [shape] @returns {Promise<any>} */
export function changes(id, version, shape = "") { return get(tracePath(id, "", shape, { since: version })); }

/** Where the request stands among the others to its model. @param {string} id @returns {Promise<any>} */
export function rank(id) { return get(`/api/ui/trace/${encodeURIComponent(id)}/rank`); }

/** The trace as OTLP JSON. @param {string} id @returns {Promise<any>} */
export function otlp(id) { return get(`/api/ui/trace/${encodeURIComponent(id)}/export`); }
