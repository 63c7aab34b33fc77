// What has to happen before the first paint. A classic script on purpose: modules run too late for it.
(function () {
  // Sets the theme, or the page would flash.
  var stored = null;
  try { stored = localStorage.getItem("needletail.theme"); } catch { /* storage may be off: the system's theme is used */ }
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  var choice = stored === "light" || stored === "dark" ? stored : "auto";
  document.documentElement.dataset.themeChoice = choice;
  document.documentElement.dataset.theme = choice === "auto" ? (dark ? "dark" : "light") : choice;

  // Asks for all modules of this page at once, instead of one level of imports after the other.
  var modules = location.pathname.indexOf("/trace/") === 0
    ? "attributes bars canvas columns critical detail groups head keys minimap rows ruler strip tip trace view waterfall"
    : "logfmt query results scatter search searchform welcome";
  modules.split(" ").forEach(function (name) {
    var link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = "/assets/" + name + ".js";
    document.head.appendChild(link);
  });
})();
