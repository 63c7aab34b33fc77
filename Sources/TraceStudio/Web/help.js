// Help: the grammar of the filter, and how to send data here.
import { h } from "./dom.js";
import { get } from "./api.js";
import { sendHelp } from "./sendhelp.js";
import { showHelp } from "./keys.js";

/** @type {Array<[string, string]>} */
const GRAMMAR = [
  ["service:triton-a", "a service of the trace; * stands for anything: service:triton-*"], ["model:bert_* version:3", "the model that was asked, and its version"], ["operation:\"POST /v1/rank\"", "the name of any span; root: the name of the first"],
  ["duration>80ms", "with < <= > >= and ns, us, ms, s, m"], ["queue>20ms infer<5ms", "any stage: receive, queue, input, infer, output, send, prefill, decode, network, unaccounted"], ["ttft>500ms itl>30ms", "a language model's first token, and the time between tokens"],
  ["wait>50", "percent of the time spent in the queue"], ["batch>=8 tokens.in>1000 spans>20 errors>0", "numbers"], ["status:error cold:true cache:hit", "facts"], ["host:gpu-07", "the server"],
  ["http.route:/v1/rank", "every other name is an attribute's key; root., model., compute., resource. say whose"], ["-host:gpu-07", "a minus turns a term round"], ["timeout \"out of memory\"", "free text: names, services, models, error messages, values"], ["{ .http.status_code = 500 } >> { status = error }", "TraceQL, when it begins with { or ("],
];

/** @param {HTMLElement} root */
export async function open(root) {
  const status = await get("/api/ui/status");
  root.replaceChildren(h("div", { class: "page" }, h("h1", null, "Help"),
    h("section", { class: "card" }, h("h2", null, "The filter"), h("p", { class: "muted" }, "All terms must hold. The same box is on every page; what it asks stays in the address."), h("dl", { class: "grammar" }, GRAMMAR.map(([term, text]) => h("div", null, h("dt", null, h("a", { href: `/traces?${new URLSearchParams({ q: term })}` }, h("code", null, term))), h("dd", null, text))))),
    h("section", { class: "card" }, h("h2", null, "Keyboard"), h("p", null, "Everything works without a mouse. ", h("button", { class: "button small", type: "button", onclick: () => showHelp() }, "List of keys (?)"))),
    h("h2", null, "How to send data here"), sendHelp(status.ports ?? {})));
}
