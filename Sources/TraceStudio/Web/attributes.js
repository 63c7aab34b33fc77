// Attribute tables: keys in order, values as plain text that can be selected and copied; long ones shortened until asked for.
import { h, copy, icon, toast } from "./dom.js";
import { text } from "./api.js";
import { quoted } from "./filterbox.js";
import { integer, size } from "./format.js";

/** @typedef {{key: string, type: string, value: any, bytes?: number}} Attribute `bytes` says that the value is the beginning of a longer one */

/** Characters shown of a long value before "show all". */
const SHORTENED = 2000;

/**
 * A table of attributes, or a line that says there are none.
 * @param {Attribute[]} attributes @param {string} none
 * @param {string} [service] when given, each short value gets a link that searches traces of this service with the same value
 * @param {(key: string) => string} [whole] where a value is in full
 */
export function attributeTable(attributes, none, service, whole) {
  if (!attributes.length) return h("p", { class: "faint none" }, none);
  return h("dl", { class: "attributes" }, attributes.map((attribute) => h("div", { class: "attribute", "data-testid": "attribute", "data-key": attribute.key },
    h("dt", null, attribute.key), h("dd", null, attribute.bytes !== undefined && whole ? hugeView(attribute, whole(attribute.key)) : valueView(attribute)),
    service !== undefined && searchLink(attribute, service),
    h("button", { class: "copy", type: "button", title: `Copy the value of ${attribute.key}`, "aria-label": `Copy the value of ${attribute.key}`, onclick: () => copyValue(attribute, whole) }, icon("copy")))));
}

/** @param {Attribute} attribute @param {string} service */
function searchLink(attribute, service) {
  const value = valueText(attribute);
  if (!["string", "bool", "int", "double"].includes(attribute.type) || value === "" || value.length > 200 || attribute.bytes !== undefined) return null;
  const q = `service:${quoted(service)} ${attribute.key}:${quoted(value)}`;
  return h("a", { class: "copy search", href: `/traces?${new URLSearchParams({ q })}`, title: `Traces of ${service} with this ${attribute.key}`, "aria-label": `Search traces with this ${attribute.key}` }, icon("search"));
}

/** Copies a value, a long one whole. @param {Attribute} attribute @param {((key: string) => string) | undefined} whole */
async function copyValue(attribute, whole) {
  try {
    await copy(attribute.bytes !== undefined && whole ? await text(whole(attribute.key)) : valueText(attribute), attribute.key);
  } catch (error) { toast(`Nothing was copied: ${error instanceof Error ? error.message : error}`); }
}

/** A value too long for the page: its size and first part, and where it is whole. @param {Attribute} attribute @param {string} href */
function hugeView(attribute, href) {
  return h("div", { class: "huge", "data-testid": "huge" },
    h("div", { class: "huge-head" }, h("b", null, size(attribute.bytes ?? 0)), h("span", { class: "faint" }, `, the first ${integer(String(attribute.value).length)} characters:`), h("span", { class: "spacer" }),
      h("a", { class: "button small", href, target: "_blank", rel: "noopener" }, "Open"), h("a", { class: "button small", href: `${href}&download=1`, download: "" }, "Download")),
    longText(`${attribute.value}…`));
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
