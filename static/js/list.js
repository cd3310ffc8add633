// A list: keys, selection, ranges, preview, bulk bar.
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const rows = () => $$("#list .list-row");
  const boxes = () => $$("#list .list-row input[name=ids]");
  const typing = (target) => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";
  let lastBox = null;

  // Moving

  const current = () => $("#list .list-row.is-current");
  const move = (step) => {
    const all = rows();
    const at = all.indexOf(current());
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (!next) return;
    if (current()) current().classList.remove("is-current");
    next.classList.add("is-current");
    const link = $("a", next) || next;
    link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    if (!$("#peek").hidden) peek(next);
  };

  // Preview

  const peek = (row) => {
    if (!row || !row.dataset.peek) return;
    const url = row.dataset.peek + (row.dataset.peek.includes("?") ? "&" : "?") + "peek=1";
    window.htmx.ajax("GET", url, { target: "#peek-body", swap: "innerHTML" }).then(() => {
      $("#peek").hidden = false;
      document.body.classList.add("has-peek");
    });
  };
  const closePeek = () => {
    $("#peek").hidden = true;
    document.body.classList.remove("has-peek");
  };

  // Selecting

  const total = () => boxes().filter((box) => box.checked).length;
  const matching = () => $("#list-total").dataset.total || "";
  const everything = () => $("#bulk-all") && $("#bulk-all").value === "1";
  const refresh = () => {
    const bar = $("#bulk-bar");
    if (!bar) return;
    boxes().forEach((box) => box.closest(".list-row").classList.toggle("is-selected", box.checked));
    const count = total();
    bar.hidden = count === 0;
    document.body.classList.toggle("has-bulk", count > 0);
    $("#bulk-count").textContent = everything() ? matching() || "…" : String(count);
    const page = $("#select-page");
    page.checked = count > 0 && count === boxes().length;
    page.indeterminate = count > 0 && count < boxes().length;
    const all = $("#select-all");
    if (!all) return;
    all.hidden = everything() || count < boxes().length;
    $("#select-all-count").textContent = matching();
  };
  const selectAll = (on) => {
    if ($("#bulk-all")) $("#bulk-all").value = on ? "1" : "";
    refresh();
  };
  const tick = (box, range) => {
    if (range && lastBox && boxes().includes(lastBox)) {
      const all = boxes();
      const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((item) => { item.checked = box.checked; });
    }
    lastBox = box;
    selectAll(false);
  };

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.matches("#list .list-row input[name=ids]")) return tick(target, event.shiftKey);
    if (target.id === "select-page") {
      boxes().forEach((box) => { box.checked = target.checked; });
      return selectAll(false);
    }
    if (target.closest("#select-all")) return selectAll(true);
    if (target.closest("#bulk-clear")) {
      boxes().forEach((box) => { box.checked = false; });
      return selectAll(false);
    }
    if (target.closest("[data-close-peek]")) return closePeek();
    const row = target.closest("#list .list-row");
    if (row && !target.closest("a, button, input, label") && !window.getSelection().toString()) {
      rows().forEach((other) => other.classList.toggle("is-current", other === row));
      if (!$("#peek").hidden) peek(row);
    }
    return undefined;
  });
  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest("#list .list-row");
    if (row && row.dataset.url && !event.target.closest("a, button, input")) location.assign(row.dataset.url);
  });

  // Bulk actions that ask first open in the dialog; the ticked rows go along.

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.id !== "bulk-form" || !button || !button.dataset.bulkDialog) return;
    event.preventDefault();
    const values = new FormData(event.target);
    values.append("action", button.value);
    window.htmx.ajax("POST", button.dataset.bulkDialog, { target: "#dialog-body", values: grouped(values) });
    delete event.target.dataset.sent;
    button.classList.remove("is-waiting");
  }, true);
  const grouped = (data) => {
    const values = {};
    for (const [name, value] of data.entries()) values[name] = name in values ? [].concat(values[name], value) : value;
    return values;
  };

  // Keys

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: () => { const box = current() && $("input[name=ids]", current()); if (box) { box.checked = !box.checked; tick(box, false); } },
    " ": () => ($("#peek").hidden ? peek(current()) : closePeek()),
    Enter: () => { if (current() && current().dataset.url) location.assign(current().dataset.url); },
    f: () => { const menu = $("[data-menu=filter]"); if (menu) menu.open = true; },
    n: () => { const link = $("#list a[rel=next]"); if (link) link.click(); },
    p: () => { const link = $("#list a[rel=prev]"); if (link) link.click(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open], details.menu[open]")) return;
    if (event.target.closest("button, summary") || (event.key === "Enter" && event.target.closest("a"))) return;
    if (!keys[event.key] || ((event.key === " " || event.key.startsWith("Arrow")) && !current())) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("console-escape", closePeek);
  document.addEventListener("htmx:afterSettle", refresh);
  window.addEventListener("pageshow", refresh);

  // Empty filters don't belong into the address.

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "filters") return;
    const { parameters } = event.detail;
    [...new Set(parameters.keys())].forEach((name) => {
      const values = parameters.getAll(name).filter((value) => value !== "");
      parameters.delete(name);
      values.forEach((value) => parameters.append(name, value));
    });
  });

  // Row height changes at once and is kept by the server.

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set-density]");
    if (!button) return;
    const roomy = button.value === "roomy";
    $("#list").classList.toggle("is-roomy", roomy);
    $("#list").classList.toggle("is-dense", !roomy);
  });
})();
