// The title of a trace page: what it is, how long, what failed; find box and copy menu.
import { h, fill, copyButton } from "./dom.js";
import { copyMenu } from "./copymenu.js";
import { ago, count, dateTime, duration, exact, headline, integer, iso } from "./format.js";
import { FLAG } from "./columns.js";
import { serviceVariable } from "./color.js";
import { errorMessage } from "./detail.js";

const SHOWN_SERVICES = 4;

export class TraceHead {
  /** @param {import("./view.js").TraceView} view @param {Map<string, number>} slots @param {import("./detail.js").DetailPanel} panel @param {HTMLElement} tabs the views of the trace */
  constructor(view, slots, panel, tabs) {
    this.view = view;
    this.slots = slots;
    this.findInput = h("input", { type: "search", class: "find-input", placeholder: "Find span, service or id  ( / )", "aria-label": "Find in this trace", autocomplete: "off", spellcheck: "false", "data-testid": "find-input" });
    this.findCount = h("span", { class: "find-count muted", role: "status", "data-testid": "find-count" });
    this.findBox = h("div", { class: "find", role: "search" }, this.findInput, this.findCount,
      h("button", { class: "button small icon", type: "button", title: "Previous match (N)", "aria-label": "Previous match", onclick: () => view.nextMatch(-1) }, "↑"),
      h("button", { class: "button small icon", type: "button", title: "Next match (n)", "aria-label": "Next match", onclick: () => view.nextMatch(1) }, "↓"));
    this.banner = h("div", { class: "banner-place" });
    this.element = h("section", { class: "trace-head", "aria-label": "Trace" }, this.#title(), this.#facts(tabs), this.banner);
    this.#wire();
    this.#showErrors(panel);
    view.listen((change) => { if (change === "find" || change === "select") this.#count(); });
  }

  #title() {
    const { trace } = this.view;
    const names = trace.services.map((index) => trace.strings[index]);
    const shown = names.slice(0, SHOWN_SERVICES).map((name, index) => {
      const mark = h("i", { class: "swatch" });
      mark.style.background = serviceVariable(this.slots.get(name) ?? 0);
      return [index > 0 && h("span", { class: "faint" }, "→"), h("span", { class: "title-service" }, mark, name)];
    });
    return h("div", { class: "title-line" },
      h("h1", { "data-testid": "trace-title", class: trace.errorCount ? "failed" : "" }, trace.rootName || "no root span yet"),
      h("div", { class: "title-services", title: names.join(" → ") }, shown, names.length > SHOWN_SERVICES && h("span", { class: "faint" }, `+${names.length - SHOWN_SERVICES}`)),
      h("span", { class: "spacer" }), this.findBox);
  }

  /** @param {HTMLElement} tabs */
  #facts(tabs) {
    const { trace } = this.view;
    /** @param {string} key @param {any} value @param {string} [title] */
    const fact = (key, value, title) => h("span", { class: "fact", "data-fact": key, title }, value);
    return h("div", { class: "facts-line", "data-testid": "trace-facts" },
      h("span", { class: "mono trace-id", title: trace.traceID, "data-testid": "trace-id", "data-trace-id": trace.traceID }, `${trace.traceID.slice(0, 16)}…`),
      copyButton("Copy id", () => trace.traceID, "the trace id"), copyMenu(this.view),
      fact("duration", h("strong", null, duration(trace.exactDuration)), exact(trace.exactDuration)),
      fact("spans", count(trace.spanCount, "span")),
      fact("services", count(trace.services.length, "service")),
      fact("depth", `depth ${trace.levels}`, "Levels of the tree"),
      fact("start", h("time", { datetime: iso(trace.startTimeUnixNano) }, dateTime(trace.startTimeUnixNano)), `${iso(trace.startTimeUnixNano)} · ${ago(trace.startTimeUnixNano)}`),
      trace.errorCount === 0 && fact("errors", "no errors"),
      this.#warnings(),
      // Kept free for where the request stands among others, so that nothing moves when that is known.
      trace.strip.length > 0 && !trace.root && h("span", { class: "chip rank pending", "aria-hidden": "true" }), h("span", { class: "spacer" }), tabs);
  }

  /** What is unusual: each names its spans and leads from one to the next. */
  #warnings() {
    const { trace } = this.view;
    const chips = trace.problems.map((problem) => {
      let next = 0;
      const go = () => { this.view.select(problem.rows[next % problem.rows.length]); next++; };
      const props = { class: "chip warning", "data-testid": "warning", "data-kind": problem.kind, "data-spans": problem.spans };
      return problem.rows.length ? h("button", { ...props, type: "button", title: `${problem.text}. Press to go from one to the next.`, onclick: go }, `⚠ ${problem.text}`) : h("span", { ...props, title: problem.text }, `⚠ ${problem.text}`);
    });
    if (trace.skew.length) {
      const most = Math.max(...trace.skew.map((hop) => Math.abs(hop.correctionNano))), isCorrected = trace.isCorrected;
      const words = trace.skew.map((hop) => `${hop.caller} → ${hop.callee}: ${hop.correctionNano < 0 ? "−" : "+"}${duration(Math.abs(hop.correctionNano))}`).slice(0, 8).join("; ");
      chips.push(h("button", { class: "chip warning", type: "button", "data-testid": "skew", "data-spans": trace.skew.length, "data-nano": most, "aria-pressed": String(isCorrected), title: `${count(trace.skew.length, "server span")} lay outside of its caller's. ${words}. Press to show the times ${isCorrected ? "as they came" : "corrected"}.`, onclick: () => this.onSkew() }, `⚠ clock skew of ${duration(most)} ${isCorrected ? "corrected" : "not corrected"}`));
    }
    return chips.concat(trace.warnings.filter((warning) => !/clocks seem to differ/.test(warning)).map((warning) => h("span", { class: "chip warning", "data-testid": "warning", "data-kind": "other", title: warning }, `⚠ ${warning}`)));
  }

  /** Turns the correction of clocks on or off. @type {() => void} */
  onSkew = () => {};

  #wire() {
    let timer = 0;
    this.findInput.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.view.find(this.findInput.value), 80);
    });
    this.findInput.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        clearTimeout(timer);
        if (this.view.findText !== this.findInput.value) this.view.find(this.findInput.value);
        this.view.nextMatch(event.shiftKey ? -1 : 1);
      } else if (event.key === "Escape") {
        this.findInput.value = "";
        this.view.find("");
        this.findInput.blur();
      }
    });
  }

  /** Writes a text into the find box and searches. @param {string} text */
  find(text) {
    this.findInput.value = text;
    this.view.find(text);
  }

  #count() {
    const { matches, selected, findText, isMatch } = this.view;
    this.findBox.classList.toggle("active", Boolean(findText.trim()));
    if (!findText.trim()) this.findCount.textContent = "";
    else if (!matches.length) this.findCount.textContent = "no match";
    else if (isMatch[selected]) this.findCount.textContent = `${integer(matches.indexOf(selected) + 1)} of ${integer(matches.length)}`;
    else this.findCount.textContent = integer(matches.length);
  }

  /** The banner that names the first error and leads to it. @param {import("./detail.js").DetailPanel} panel */
  async #showErrors(panel) {
    const { trace } = this.view;
    if (!trace.errorCount) return;
    let row = -1;
    for (let index = 0; index < trace.count && row < 0; index++) if (trace.has(index, FLAG.error)) row = index;
    if (row < 0) return;
    const place = `${trace.nameOf(row)} in ${trace.serviceOf(row)}`;
    const text = h("span", { class: "banner-text" }, place);
    const button = h("button", { class: "banner", type: "button", "data-testid": "error-banner", title: "Go to the first failed span; e goes to the next", onclick: () => { this.view.select(row); panel.tab = "errors"; panel.show(); } },
      h("i", { class: "row-icon own", "aria-hidden": "true" }, "!"), h("strong", null, `${count(trace.errorCount, "span")} failed`), text, h("span", { class: "spacer" }), h("span", { class: "banner-go" }, "Go to the first →"));
    fill(this.banner, button);
    try {
      // The span's own words, with its place; else what another failed span says.
      const message = errorMessage(await panel.load(row));
      if (message) text.textContent = `${headline(message)} — ${place}`;
      else if (trace.errorMessage) text.textContent = headline(trace.errorMessage);
    } catch { /* the banner still says where; the panel shows the failure to load */ }
  }
}
