// Files of traces: the button of the frame, and files dragged over any place of the page.

/** Opens the dialog for them, which is loaded when it is needed first. */
export function wireImport() {
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
