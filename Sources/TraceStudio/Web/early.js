// What has to happen before the first paint, the table of pages, and what a page needs soonest. A classic script on purpose: modules run too late for it.
(function () {
  // Sets the theme, or the page would flash.
  let stored = null;
  try { stored = localStorage.getItem("needletail.theme"); } catch { /* storage may be off: the system's theme is used */ }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const choice = stored === "light" || stored === "dark" ? stored : "auto";
  document.documentElement.dataset.themeChoice = choice;
  document.documentElement.dataset.theme = choice === "auto" ? (dark ? "dark" : "light") : choice;

  // What is wanted of a trace, as parameters: its clocks put right or not, and the span that is its root.
  const traceShape = () => {
    const parameters = new URLSearchParams(location.search), root = parameters.get("root") ?? "";
    return new URLSearchParams({ ...(parameters.get("skew") === "raw" ? {} : { skew: "adjust" }), ...(/^[0-9a-f]{16}$/.test(root) ? { root } : {}) }).toString();
  };

  // The pages: the first path that fits is shown. `href` is for the list of pages, `parent` lights up there instead; `key` goes there after `g`;
  // `ask` says what the page will ask the server for first.
  /** @type {Array<import("./frame.js").Page>} */
  const pages = [
    { path: /^\/$/, href: "/", label: "Overview", key: "o", module: "overview" },
    { path: /^\/traces\/?$/, href: "/traces", label: "Traces", key: "t", module: "traces" },
    { path: /^\/trace\/([^/]+)\/?$/, href: null, parent: "/traces", label: "Trace", module: "trace", ask: (id) => { const shape = traceShape(); return `/api/ui/trace/${encodeURIComponent(id)}${shape ? `?${shape}` : ""}`; } },
    { path: /^\/models\/([^/]+)\/?$/, href: null, parent: "/models", label: "Model", module: "model" },
    { path: /^\/models\/?$/, href: "/models", label: "Models", key: "m", module: "models" },
    { path: /^\/batches\/?$/, href: "/batches", label: "Batches", key: "b", module: "batches" },
    { path: /^\/batch\/([^/]+)\/?$/, href: null, parent: "/batches", label: "Batch", module: "batch" },
    { path: /^\/lanes\/?$/, href: "/lanes", label: "Lanes", key: "i", module: "lanes" },
    { path: /^\/llm\/?$/, href: "/llm", label: "LLM", key: "a", module: "llm" },
    { path: /^\/map\/?$/, href: "/map", label: "Map", key: "s", module: "map" },
    { path: /^\/errors(?:\/([^/]+))?\/?$/, href: "/errors", label: "Errors", key: "e", module: "errors" },
    { path: /^\/live\/?$/, href: "/live", label: "Live", key: "l", module: "live" },
    { path: /^\/monitor\/?$/, href: "/monitor", label: "Monitor", key: "r", module: "monitor" },
    { path: /^\/compare\/?$/, href: null, parent: "/traces", label: "Compare", module: "compare" },
    { path: /^\/health\/data\/?$/, href: "/health/data", label: "Data", key: "d", module: "health" },
    { path: /^\/help\/?$/, href: null, label: "Help", key: "h", module: "help" },
  ];
  Object.assign(globalThis, { needletailPages: pages, needletailTraceShape: traceShape });
  // The page's own script, the parts it is cut into, and its data are asked for now, not when the first script runs.
  const page = pages.find((candidate) => candidate.path.test(location.pathname));
  if (!page) return;
  const script = /** @type {HTMLScriptElement} */ (document.currentScript), parts = Number(new URLSearchParams(script.dataset.parts).get(page.module) ?? 0);
  for (let part = 0; part <= parts; part++) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = script.src.replace(/early\.js$/, part > 0 ? `${page.module}.${part}.js` : `${page.module}.js`);
    document.head.append(link);
  }
  if (!page.ask) return;
  const path = page.ask(decodeURIComponent(location.pathname.match(page.path)?.[1] ?? "")), answer = fetch(path, { headers: { accept: "application/json" } });
  // Whoever takes the answer says what went wrong.
  answer.catch(() => {});
  Object.assign(globalThis, { needletailAsked: { path, answer } });
})();
