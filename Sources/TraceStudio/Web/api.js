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
  const text = await response.text();
  let body = null;
  try { body = JSON.parse(text); } catch { /* handled below: an error page or a cut-off answer */ }
  if (!response.ok) {
    const message = body?.errors?.[0]?.msg ?? body?.error ?? `The server answered ${response.status} ${response.statusText}.`;
    throw new APIError(String(message), response.status);
  }
  if (body === null) throw new APIError("The server's answer is not JSON. Is something else listening on this port?", response.status);
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
