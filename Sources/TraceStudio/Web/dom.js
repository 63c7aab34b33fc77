// Small helpers to build DOM without markup strings, so that data is always text and never code.

/**
 * Creates an element. `class` is the class name, `on…` functions become listeners, `true` an empty attribute;
 * null, undefined and false are left out.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...(Node | string | number | null | undefined | false | Array<any>)} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  setProps(element, props);
  append(element, children);
  return element;
}

/**
 * Creates an SVG element; same rules as `h`.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...any} children
 * @returns {any}
 */
export function svg(tag, props, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setProps(element, props);
  append(element, children);
  return element;
}

/** @param {Element} element @param {Record<string, any> | null | undefined} props */
function setProps(element, props) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on") && typeof value === "function") element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
}

/** @param {Element} parent @param {Array<any>} children */
function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.append(child instanceof Node ? child : String(child));
  }
}

/** Strokes of the icons in a box of 16 by 16; drawn, because fonts lack many signs. @type {Record<string, string>} */
const ICONS = {
  copy: "M5.5 5.5h7v7h-7zM10.5 5.5v-2h-7v7h2",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4M10.2 10.2l3.3 3.3",
};

/** A small line icon in the colour of the text. @param {"copy" | "search"} name */
export function icon(name) {
  return svg("svg", { width: 14, height: 14, viewBox: "0 0 16 16", fill: "none", stroke: "currentColor", "stroke-width": 1.4, "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

/** Replaces all children of an element. @param {Element} element @param {...any} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Between two messages that are read out, ms: who listens is not talked over. */
const SPOKEN = 2000;
let spokenAt = -Infinity, speakTimer = 0;
/** Has a short message read out, politely; of several within two seconds the last. @param {string} text */
export function announce(text) {
  clearTimeout(speakTimer);
  speakTimer = setTimeout(() => {
    spokenAt = performance.now();
    const element = document.getElementById("spoken");
    if (element) element.textContent = text;
  }, Math.max(0, spokenAt + SPOKEN - performance.now()));
}

let toastTimer = 0;
/** Shows a short message at the bottom of the page, and has it read out. @param {string} text */
export function toast(text) {
  const element = /** @type {HTMLElement} */ (document.getElementById("toast"));
  element.textContent = text;
  announce(text);
  element.classList.add("on");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => element.classList.remove("on"), 2200);
}

/**
 * Copies text and says so. Works without a secure context too, where the clipboard API is missing.
 * @param {string} text @param {string} what what was copied, for the message
 */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`Copied ${what}`);
}

/** A button that copies. @param {string} label @param {() => string} text @param {string} what */
export function copyButton(label, text, what) {
  return h("button", { class: "button small", type: "button", title: `Copy ${what}`, onclick: () => copy(text(), what) }, label);
}

/** Reads a stored preference; null when storage is off. @param {string} key */
export function preference(key) {
  try { return localStorage.getItem(`needletail.${key}`); } catch { return null; }
}

/** Reads a value kept for this tab. @param {string} key */
export function sessionPreference(key) {
  try { return sessionStorage.getItem(`needletail.${key}`); } catch { return null; }
}

/** Keeps a value for this tab. @param {string} key @param {string} value */
export function setSessionPreference(key, value) {
  try { sessionStorage.setItem(`needletail.${key}`, value); } catch { /* nothing depends on it */ }
}

/** Stores a preference; does nothing when storage is off. @param {string} key @param {string} value */
export function setPreference(key, value) {
  try { localStorage.setItem(`needletail.${key}`, value); } catch { /* the choice lasts for this page only */ }
}
