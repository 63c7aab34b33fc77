// Questions about many traces: one function for each resource below /api/ui.
import { get } from "./api.js";

/**
 * @typedef {{n: number, mean: number, p50: number, p95: number, p99: number, max: number}} Distribution ns
 * @typedef {{from: string, to: string, sampling: string, read: {traces: number, of: number, complete: boolean, coveredFrom: string}}} Window
 * @typedef {{traceID: string, rootService: string, rootName: string, startTimeUnixNano: string, durationNano: number, spanCount: number, errorCount: number,
 *   service?: string, model?: string, version?: string, host?: string, stages: Record<string, number>, waitShare: number, batch?: number, ttft?: number,
 *   weight: number, weightSource: string, errorMessage?: string, cold?: boolean}} Row
 */

/** @param {string} name @param {URLSearchParams} parameters @param {AbortSignal} [signal] @returns {Promise<any>} */
export function ask(name, parameters, signal) { return get(`/api/ui/${name}?${parameters}`, signal); }

/**
 * Asks again and again: only the newest question's answer is used, an older one is given up.
 * @param {(signal: AbortSignal) => Promise<void>} run
 */
export function latest(run) {
  /** @type {AbortController | null} */
  let request = null;
  return async () => {
    request?.abort();
    const own = request = new AbortController();
    try {
      await run(own.signal);
    } catch (error) {
      if (own.signal.aborted) return;
      throw error;
    }
  };
}
