// Start of the page: picks the page by the path and hands it the frame that all pages share.
import { h, setSessionPreference } from "./dom.js";
import { Frame, pages } from "./frame.js";
import { openPalette, showHelp, wirePages } from "./keys.js";
import { wireImport } from "./filedrop.js";
import { rememberTrace } from "./recent.js";

/**
 * The modules of the pages, by the names in the table of pages (early.js).
 * @type {Record<string, () => Promise<{open: (root: HTMLElement, frame: Frame, argument: string) => void | Promise<void>}>>}
 */
const MODULES = {
  batch: () => import("./batch.js"), batches: () => import("./batches.js"), compare: () => import("./compare.js"), errors: () => import("./errors.js"),
  health: () => import("./health.js"), help: () => import("./help.js"), lanes: () => import("./lanes.js"), live: () => import("./live.js"),
  llm: () => import("./llm.js"), map: () => import("./map.js"), model: () => import("./model.js"), models: () => import("./models.js"),
  monitor: () => import("./monitor.js"), overview: () => import("./overview.js"), trace: () => import("./trace.js"), traces: () => import("./traces.js"),
};

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const page = pages().find((candidate) => candidate.path.test(location.pathname));
const frame = new Frame(page);

wireImport();
wirePages(frame);
document.getElementById("help")?.addEventListener("click", () => showHelp());
document.getElementById("palette")?.addEventListener("click", () => openPalette(frame));
open();

async function open() {
  if (!page) {
    main.replaceChildren(h("section", { class: "empty" }, h("h1", null, "There is no such page"), h("p", { class: "mono" }, location.pathname), h("a", { class: "button primary", href: "/" }, "To the overview")));
    return;
  }
  document.title = `${page.label} · Needletail`;
  try {
    const module = await MODULES[page.module]();
    const argument = decodeURIComponent(location.pathname.match(page.path)?.[1] ?? "");
    await module.open(main, frame, argument);
    // The list that one came from marks it when one is back.
    if (page.module === "trace") setSessionPreference("came", argument.toLowerCase().padStart(32, "0"));
    // Not what is no trace: the page then says so.
    if (page.module === "trace" && main.querySelector(".trace-page")) rememberTrace(argument.toLowerCase().padStart(32, "0"), document.title.replace(" · Needletail", ""));
  } catch (error) {
    main.replaceChildren(h("div", { class: "notice error", role: "alert" }, `This page failed to start: ${error instanceof Error ? error.message : error}`));
    throw error;
  }
}
