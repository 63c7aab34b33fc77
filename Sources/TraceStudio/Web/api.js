// The server's JSON: one function for each resource. Everything that goes wrong becomes an `APIError` with a message for people.

/** What went wrong, in words for the page. */
export class APIError extends Error {
  /** @param {string} message @param {number} status HTTP status, 0 when no answer came */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function get(path, signal) {
  let response;
  try {
    response = await fetch(path, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new APIError("The server did not answer. Is Needletail still running?", 0);
  }
  return read(await response.text(), response.status, response.statusText);
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
    throw new APIError(String(message), status);
  }
  if (body === null) throw new APIError("The server's answer is not JSON. Is something else listening on this port?", status);
  return body;
}

/** Names of all services, sorted. @returns {Promise<string[]>} */
export async function services() {
  return (await get("/api/services")).data ?? [];
}

/** Operation names of one service. @param {string} service @returns {Promise<string[]>} */
export async function operations(service) {
  return (await get(`/api/services/${encodeURIComponent(service)}/operations`)).data ?? [];
}

/**
 * @typedef {{traceID: string, rootService: string, rootName: string, startTimeUnixNano: string, durationNano: number,
 *   spanCount: number, errorCount: number, errorMessage?: string, orphanCount: number,
 *   services: Array<{name: string, spanCount: number}>}} TraceSummary
 */

/**
 * Traces that match, newest first.
 * @param {URLSearchParams} query @param {AbortSignal} [signal]
 * @returns {Promise<{traces: TraceSummary[], limited: boolean}>}
 */
export async function traces(query, signal) {
  const body = await get(`/api/ui/traces?${query}`, signal);
  return { traces: body.traces ?? [], limited: Boolean(body.limited) };
}

/** The whole trace as columns, depth first. @param {string} id @returns {Promise<any>} */
export function trace(id) { return get(`/api/ui/trace/${encodeURIComponent(id)}`); }

/**
 * Attributes, events, links and resource of some rows.
 * @param {string} id @param {number} first @param {number} last inclusive @param {AbortSignal} [signal]
 * @returns {Promise<any[]>}
 */
export async function spans(id, first, last, signal) {
  return (await get(`/api/ui/trace/${encodeURIComponent(id)}/spans?rows=${first}-${last}`, signal)).spans ?? [];
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
