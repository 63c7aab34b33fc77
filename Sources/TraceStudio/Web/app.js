// Start of the page: picks the page by the path and wires what all pages share (theme, trace id box, import, help).
import { preference, sessionPreference, setPreference, h } from "./dom.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));

wireTheme();
wireJump();
wireImport();
document.getElementById("help")?.addEventListener("click", async () => (await import("./keys.js")).showHelp());
await open();

async function open() {
  const match = location.pathname.match(/^\/trace\/([^/]+)\/?$/);
  const traces = document.getElementById("nav-traces");
  traces?.classList.add("on");
  const last = match ? sessionPreference("search") : null;
  if (last?.startsWith("/search")) traces?.setAttribute("href", last);
  try {
    if (match) await (await import("./trace.js")).openTrace(main, normalizedID(decodeURIComponent(match[1])));
    else await (await import("./search.js")).openSearch(main);
  } catch (error) {
    main.replaceChildren(h("div", { class: "notice error", role: "alert" }, `This page failed to start: ${error instanceof Error ? error.message : error}`));
    throw error;
  }
}

/** Ids may be written in capitals or without their leading zeros. @param {string} id */
function normalizedID(id) {
  return /^[0-9a-f]{1,32}$/i.test(id) ? id.toLowerCase().padStart(32, "0") : id;
}

/** The switch Auto → Light → Dark; Auto follows the system while the page is open. */
function wireTheme() {
  const button = /** @type {HTMLButtonElement} */ (document.getElementById("theme"));
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const apply = () => {
    const choice = root.dataset.themeChoice ?? "auto";
    const theme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    const changed = root.dataset.theme !== theme;
    root.dataset.theme = theme;
    button.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[choice] ?? "Auto";
    button.title = `Colour theme: ${button.textContent}`;
    button.setAttribute("aria-label", `Colour theme: ${button.textContent}`);
    if (changed) dispatchEvent(new Event("needletail-theme"));
  };
  button.addEventListener("click", () => {
    const next = { auto: "light", light: "dark", dark: "auto" }[root.dataset.themeChoice ?? "auto"] ?? "auto";
    root.dataset.themeChoice = next;
    setPreference("theme", next);
    apply();
  });
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => {
    if (event.key !== "needletail.theme") return;
    root.dataset.themeChoice = preference("theme") ?? "auto";
    apply();
  });
  apply();
}

function wireJump() {
  const form = /** @type {HTMLFormElement} */ (document.getElementById("jump"));
  const input = /** @type {HTMLInputElement} */ (document.getElementById("jump-id"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = input.value.trim();
    const valid = /^[0-9a-f]{1,32}$/i.test(id);
    input.setCustomValidity(valid ? "" : "A trace id is up to 32 hexadecimal digits.");
    if (valid) location.assign(`/trace/${normalizedID(id)}`);
    else form.reportValidity();
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
}

/** The button, and files dragged over any place of the page. */
function wireImport() {
  const importer = () => import("./importer.js");
  const root = document.documentElement;
  document.getElementById("import")?.addEventListener("click", async () => (await importer()).openImporter());
  const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  // Entering a child comes before leaving its parent: the page is left when all that were entered are.
  let entered = 0;
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    entered++;
    root.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event) && --entered <= 0) stopDropping();
  });
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    if (!holdsFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    stopDropping();
    // What was dropped can be read only before the event has ended.
    const files = filesOf(event.dataTransfer);
    (await importer()).openImporter(files);
  });
  function stopDropping() {
    entered = 0;
    root.classList.remove("dropping");
  }
}

/** @param {DataTransfer} dropped @returns {Array<{name: string, file: File | null}>} a folder has no file */
function filesOf(dropped) {
  return [...dropped.items].filter((item) => item.kind === "file").map((item) => {
    const entry = item.webkitGetAsEntry?.();
    const file = entry?.isDirectory ? null : item.getAsFile();
    return { name: file?.name ?? entry?.name ?? "a file", file };
  });
}
