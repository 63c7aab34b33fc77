// What a page shows while it waits and when it fails: nothing for a moment, then a skeleton, then the message with a way to try again.
import { h, fill } from "./dom.js";
import { latest } from "./windows.js";

/** A wait that nobody notices, ms. */
const UNNOTICED = 150;

/**
 * Loads a page's parts, again at each change of the frame; what was there stays until new things come.
 * @param {HTMLElement} root @param {import("./frame.js").Frame} frame @param {HTMLElement} element the page @param {(signal: AbortSignal) => Promise<void>} load
 */
export async function loadPage(root, frame, element, load) {
  const message = h("div", { class: "page-message" });
  const skeleton = h("div", { class: "page loading", role: "status", "aria-label": "Loading" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton tall" }), h("div", { class: "skeleton" }));
  const timer = setTimeout(() => root.replaceChildren(skeleton), UNNOTICED);
  const run = latest(async (signal) => {
    element.setAttribute("aria-busy", "true");
    try {
      await load(signal);
      fill(message);
    } catch (error) {
      if (signal.aborted) throw error;
      fill(message, h("div", { class: "notice error", role: "alert", "data-testid": "page-error" }, h("strong", null, "This could not be loaded. "), error instanceof Error ? error.message : String(error), " ",
        h("button", { class: "button small", type: "button", onclick: () => run() }, "Try again")));
    } finally {
      if (!signal.aborted) element.setAttribute("aria-busy", "false");
    }
  });
  frame.listen(() => run());
  await run();
  clearTimeout(timer);
  root.replaceChildren(message, element);
  // Charts measure their boxes once they stand in the page.
  dispatchEvent(new Event("resize"));
}

/** A line for a page that has nothing to show. @param {string} title @param {any} [text] */
export function nothing(title, text) { return h("section", { class: "empty", "data-testid": "nothing" }, h("h2", null, title), text && h("p", { class: "muted" }, text)); }

/** A tile with a figure. @param {string} label @param {any} value @param {string} [title] */
export function tile(label, value, title) { return h("div", { class: "tile", role: "listitem", title }, h("b", null, value), h("span", { class: "muted" }, label)); }
