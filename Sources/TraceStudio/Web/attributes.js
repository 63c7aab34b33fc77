// Attribute tables: keys in order, values as plain text that can be selected and copied; long ones shortened until asked for.
import { h, copy, icon } from "./dom.js";
import { integer, size } from "./format.js";

/** @typedef {{key: string, type: string, value: any}} Attribute */

/** Characters shown of a long value before "show all". */
const SHORTENED = 2000;

/**
 * A table of attributes, or a line that says there are none.
 * @param {Attribute[]} attributes @param {string} none
 * @param {string} [service] when given, each short value gets a link that searches traces of this service with the same value
 */
export function attributeTable(attributes, none, service) {
  if (!attributes.length) return h("p", { class: "faint none" }, none);
  return h("dl", { class: "attributes" }, attributes.map((attribute) => h("div", { class: "attribute", "data-testid": "attribute", "data-key": attribute.key },
    h("dt", null, attribute.key), h("dd", null, valueView(attribute)),
    service !== undefined && searchLink(attribute, service),
    h("button", { class: "copy", type: "button", title: `Copy the value of ${attribute.key}`, "aria-label": `Copy the value of ${attribute.key}`, onclick: () => copy(valueText(attribute), attribute.key) }, icon("copy")))));
}

/** @param {Attribute} attribute @param {string} service */
function searchLink(attribute, service) {
  const text = valueText(attribute);
  if (!["string", "bool", "int", "double"].includes(attribute.type) || text === "" || text.length > 200) return null;
  const query = new URLSearchParams({ service, tags: JSON.stringify({ [attribute.key]: text }) });
  return h("a", { class: "copy search", href: `/search?${query}`, title: `Traces of ${service} with this ${attribute.key}`, "aria-label": `Search traces with this ${attribute.key}` }, icon("search"));
}

/** The value as text. @param {Attribute} attribute */
export function valueText(attribute) {
  if (typeof attribute.value === "string") return attribute.value;
  return JSON.stringify(attribute.value, null, attribute.type === "array" || attribute.type === "kvlist" ? 1 : undefined) ?? "";
}

/** @param {Attribute} attribute */
function valueView(attribute) {
  if (attribute.type === "string" && attribute.value === "") return h("span", { class: "faint" }, "empty text");
  const element = longText(valueText(attribute));
  element.classList.add(`type-${attribute.type}`);
  return element;
}

/** Text that may be very long: the first part, and a button for the rest. @param {string} text */
export function longText(text) {
  const element = h("span", { class: "value" });
  if (text.length <= SHORTENED) {
    element.textContent = text;
    return element;
  }
  const rest = h("button", { class: "button small", type: "button", onclick: () => { element.textContent = text; } },
    `Show all ${text.length > 100000 ? size(text.length) : `${integer(text.length)} characters`}`);
  element.append(text.slice(0, SHORTENED), "… ", rest);
  return element;
}
