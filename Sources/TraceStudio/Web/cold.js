// The switch that leaves out requests which were slow because they came first: everywhere statistics are shown.
import { h } from "./dom.js";
import { count } from "./format.js";

/** @param {import("./frame.js").Frame} frame */
export function coldSwitch(frame) {
  const box = h("input", { type: "checkbox", "data-testid": "without-cold", onchange: () => frame.set({ cold: box.checked ? "false" : null }, { push: true, tell: true }) });
  const note = h("span", { class: "muted", role: "status", "data-testid": "cold-left-out" });
  return {
    element: h("span", { class: "cold-switch" }, h("label", { class: "inline", title: "A model's first execution, or its first with a batch size, that took three times its median" }, box, "without cold requests"), note),
    /** For a question: empty unless they are left out. */
    get parameter() { return frame.parameters.get("cold") === "false" ? "false" : undefined; },
    /** Tells how many are missing. @param {number | undefined} leftOut */
    tell(leftOut) {
      box.checked = frame.parameters.get("cold") === "false";
      note.textContent = box.checked ? `${count(leftOut ?? 0, "request")} left out` : "";
    },
  };
}
