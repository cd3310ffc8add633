// Loaded in the head, before anything is painted: "auto" follows the device.
(() => {
  "use strict";
  const root = document.documentElement;
  const stated = document.querySelector("meta[name=theme]"); // the administration's <html> isn't ours
  if (stated) root.dataset.theme = stated.content;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = root.dataset.theme;
    const shown = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    root.setAttribute("data-bs-theme", shown);
    document.dispatchEvent(new CustomEvent("theme-changed", { detail: shown }));
  };
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("theme-chosen", (event) => {
    root.dataset.theme = event.detail;
    apply();
  });
})();
