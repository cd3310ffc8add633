// The drop-down of the search box: arrow keys move, Enter opens.
(() => {
  "use strict";
  const input = document.getElementById("search-input");
  const box = document.getElementById("search-results");
  if (!input) return;
  const options = () => [...box.querySelectorAll("[role=option]")];
  let at = -1;

  const show = (open) => {
    box.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) select(-1);
  };
  const select = (index) => {
    at = index;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    const chosen = options()[at];
    if (chosen) {
      input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  };
  box.addEventListener("htmx:afterSwap", () => { show(input.value.trim().length > 1); select(options().length ? 0 : -1); });
  input.addEventListener("focus", () => { if (box.childElementCount && input.value.trim().length > 1) show(true); });
  input.addEventListener("input", () => { if (input.value.trim().length < 2) show(false); });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape") show(false);
    if (box.hidden || !count) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      select((at + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (event.key === "Enter" && options()[at]) {
      event.preventDefault();
      options()[at].click();
    }
  });
  document.addEventListener("click", (event) => { if (!input.form.contains(event.target)) show(false); });
})();
