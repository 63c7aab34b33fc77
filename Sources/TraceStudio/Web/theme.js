// Sets the theme before the first paint. A classic script on purpose: modules run too late and the page would flash.
(function () {
  var stored = null;
  try { stored = localStorage.getItem("needletail.theme"); } catch { /* storage may be off: the system's theme is used */ }
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  var choice = stored === "light" || stored === "dark" ? stored : "auto";
  document.documentElement.dataset.themeChoice = choice;
  document.documentElement.dataset.theme = choice === "auto" ? (dark ? "dark" : "light") : choice;
})();
