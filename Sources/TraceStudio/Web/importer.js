// Files of traces, chosen or dropped onto the page, are sent to the server one after the other.
import * as api from "./api.js";
import { h, fill } from "./dom.js";
import { count, percent, size } from "./format.js";

/**
 * @typedef {{name: string, size: number, file: File | null, state: "waiting" | "sending" | "done" | "failed", sent: number,
 *   result?: api.ImportResult, error?: string, item: HTMLElement}} Upload
 */

/** The server takes no larger ones (`ImportAPI.maximumSize`); said here, because a connection that it closes meanwhile hides its answer. */
const MAXIMUM_SIZE = 256 * 1024 * 1024;
const LARGEST = "256 MiB";
/** Traces that are linked at first. */
const LINKS = 8;

/** Names of the formats as people write them. @type {Record<string, string>} */
const FORMATS = {
  "otlp-json": "OTLP JSON", "otlp-protobuf": "OTLP protobuf", "span-lines": "Spans in lines of JSON", "jaeger-json": "Jaeger JSON",
  "zipkin-json": "Zipkin JSON", "zipkin-v1-json": "Zipkin v1 JSON", triton: "Trace file of Triton",
};

/** @type {Upload[]} */
const uploads = [];
/** @type {AbortController | null} */
let running = null;
/** @type {any} */
let dialog = null;
/** @type {any} */
let list = null;
/** @type {any} */
let summary = null;
/** @type {any} */
let stop = null;

/** Opens the dialog, and sends the files. @param {Array<{name: string, file: File | null}>} [files] folders have no file */
export function openImporter(files = []) {
  if (!dialog) build();
  if (!dialog.open) {
    document.querySelectorAll("dialog[open]").forEach((other) => /** @type {HTMLDialogElement} */ (other).close());
    dialog.showModal();
  }
  if (files.length) add(files);
}

function build() {
  const input = h("input", { type: "file", multiple: true, class: "offscreen", tabindex: -1, "aria-label": "Files of traces", "data-testid": "import-input" });
  input.addEventListener("change", () => {
    add([...input.files].map((file) => ({ name: file.name, file })));
    // So that the same file can be chosen again.
    input.value = "";
  });
  const choose = h("button", { class: "button primary", type: "button", autofocus: true, onclick: () => input.click() }, "Choose files…");
  summary = h("p", { class: "muted", role: "status", "data-testid": "import-status" });
  stop = h("button", { class: "button small", type: "button", hidden: true, onclick: () => running?.abort() }, "Stop");
  list = h("ul", { class: "uploads", "data-testid": "uploads" });
  dialog = h("dialog", { class: "import", "aria-labelledby": "import-title", "data-testid": "import" },
    h("div", { class: "panel-title" }, h("h2", { id: "import-title" }, "Import traces from files"),
      h("button", { class: "button small icon", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    h("div", { class: "drop" }, h("p", null, "Drop files anywhere on this page, or"), choose, input,
      h("p", { class: "faint" }, "OTLP (JSON, JSON lines, protobuf), Jaeger JSON, Zipkin JSON and trace files of Triton; also compressed. What a file is shows in its content. ",
        `At most ${LARGEST} each.`)),
    h("div", { class: "inline" }, summary, h("span", { class: "spacer" }), stop), list);
  dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
}

/** @param {Array<{name: string, file: File | null}>} files */
function add(files) {
  for (const { name, file } of files) {
    /** @type {Upload} */
    const upload = { name, file, size: file?.size ?? 0, state: "waiting", sent: 0, item: h("li", { class: "upload", "data-testid": "upload", "data-name": name }) };
    if (!file) fail(upload, "This is a folder. Choose the files in it.");
    else if (file.size > MAXIMUM_SIZE) fail(upload, `The file is larger than ${LARGEST}. Send it compressed, or from a terminal: needletail trace import ${name}`);
    uploads.push(upload);
    list.append(upload.item);
    draw(upload);
  }
  if (running) summarize();
  else send();
}

/** Sends what waits, one at a time: the server holds a file in memory whole. */
async function send() {
  const stopping = running = new AbortController();
  addEventListener("beforeunload", keepOpen);
  stop.hidden = false;
  let stored = false;
  for (let upload = next(); upload; upload = next()) {
    if (stopping.signal.aborted) {
      fail(upload, "Stopped before it was sent.");
    } else {
      upload.state = "sending";
      draw(upload);
      try {
        upload.result = await api.importFile(/** @type {File} */ (upload.file), (sent) => { upload.sent = sent; draw(upload); }, stopping.signal);
        upload.state = "done";
        stored = true;
      } catch (error) {
        fail(upload, stopping.signal.aborted ? "Stopped. What the server has taken before stays." : error instanceof Error ? error.message : String(error));
      }
    }
    // The bytes are not needed again.
    upload.file = null;
    draw(upload);
  }
  running = null;
  const hadFocus = document.activeElement === stop;
  stop.hidden = true;
  if (hadFocus) dialog.querySelector(".drop .button")?.focus();
  removeEventListener("beforeunload", keepOpen);
  summarize();
  if (stored) dispatchEvent(new Event("needletail-imported"));
}

function next() { return uploads.find((upload) => upload.state === "waiting"); }

/** Asks before the page is left while files are on their way. @param {BeforeUnloadEvent} event */
function keepOpen(event) { event.preventDefault(); }

/** @param {Upload} upload @param {string} message */
function fail(upload, message) {
  upload.state = "failed";
  upload.error = message;
}

function summarize() {
  const done = uploads.filter((upload) => upload.state === "done");
  const failed = uploads.filter((upload) => upload.state === "failed").length;
  const left = uploads.length - done.length - failed;
  const spans = done.reduce((sum, upload) => sum + (upload.result?.spanCount ?? 0), 0);
  summary.textContent = [left > 0 && `${count(left, "file")} to go`, done.length > 0 && `${count(done.length, "file")} imported with ${count(spans, "span")}`, failed > 0 && `${failed} failed`]
    .filter(Boolean).join(", ");
}

/** @param {Upload} upload */
function draw(upload) {
  upload.item.dataset.state = upload.state;
  const progress = upload.state === "sending" ? upload.item.querySelector("progress") : null;
  const share = upload.size > 0 ? upload.sent / upload.size : 1;
  if (progress) {
    progress.value = share;
    /** @type {HTMLElement} */ (upload.item.querySelector(".upload-state")).textContent = sending(share);
    return;
  }
  const states = { waiting: "waiting", sending: sending(share), done: "imported", failed: "failed" };
  fill(upload.item,
    h("div", { class: "upload-head" }, h("strong", { class: "upload-name" }, upload.name), h("span", { class: "faint" }, size(upload.size)), h("span", { class: "spacer" }),
      h("span", { class: `chip upload-state${upload.state === "failed" ? " error" : ""}` }, states[upload.state])),
    upload.state === "sending" && h("progress", { max: 1, value: share, "aria-label": `Progress of ${upload.name}` }),
    upload.error && h("p", { class: "field-error", role: "alert" }, upload.error),
    upload.result && resultOf(upload.result));
  summarize();
}

/** @param {number} share */
function sending(share) { return share < 1 ? `sending ${percent(share)}` : "being stored"; }

/** @param {api.ImportResult} result */
function resultOf(result) {
  const links = h("div", { class: "upload-traces" });
  const show = (/** @type {number} */ number) => {
    fill(links, result.traces.slice(0, number).map((id) => h("a", { class: "chip mono", href: `/trace/${id}`, title: id, "data-testid": "imported-trace", "data-trace-id": id }, id.slice(0, 7))),
      number < result.traces.length && h("button", { class: "chip", type: "button", onclick: () => { show(result.traces.length); links.querySelectorAll("a")[number]?.focus(); } }, `${result.traces.length - number} more`),
      result.traceCount > result.traces.length && h("span", { class: "faint" }, `the first ${result.traces.length} of ${result.traceCount}`));
  };
  show(LINKS);
  const lost = [result.rejectedSpanCount > 0 && `${count(result.rejectedSpanCount, "span")} refused`, result.unreadablePartCount > 0 && `${count(result.unreadablePartCount, "part")} unreadable`].filter(Boolean).join(", ");
  return [
    h("p", { class: "muted" }, `${FORMATS[result.format] ?? result.format}: ${count(result.spanCount, "span")} in ${count(result.traceCount, "trace")}`),
    lost && h("p", { class: "upload-warning", role: "alert" }, `${lost}: ${result.message}`),
    links,
  ];
}
