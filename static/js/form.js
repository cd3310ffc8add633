// Forms: searchable selects, SKUs by code or name, where a dialog begins. After drafts.js, which fills the fields.
(() => {
  "use strict";
  // Where a dialog is begun: its first field, or without one the button that does nothing.
  const FIRST = ".dialog-body :is(input:not([type=hidden]), select, textarea), .dialog-foot button";

  // What the plain field says of its hint and its error, said where the focus is.
  const start = (field, settings) => {
    const started = new window.TomSelect(field, settings);
    ["aria-describedby", "aria-invalid"].forEach((name) => {
      if (field.hasAttribute(name)) started.focus_node.setAttribute(name, field.getAttribute(name));
    });
    return started;
  };

  const searchable = (within) => within.querySelectorAll("select[data-search-select]").forEach((select) => {
    if (select.tomselect || !window.TomSelect) return;
    const plugins = select.multiple ? ["remove_button"] : ["dropdown_input"];
    start(select, { plugins, maxOptions: 500, hidePlaceholder: true });
  });

  // A SKU by code or name. What was typed or scanned counts as it stands; the server says if nobody knows it.
  const lookUp = async (url, text) => {
    const answer = await fetch(`${url}?q=${encodeURIComponent(text)}`);
    return answer.ok ? (await answer.json()).skus : [];
  };
  const drawn = (sku, escape) =>
    `<div><span class="code">${escape(sku.code)}</span>${sku.name && sku.name !== sku.code ? ` — ${escape(sku.name)}` : ""}</div>`;
  const skuFields = (within) => within.querySelectorAll("input[data-sku-lookup]").forEach((input) => {
    if (input.tomselect || !window.TomSelect) return;
    const url = input.dataset.skuLookup;
    const field = start(input, {
      valueField: "code", labelField: "name", searchField: ["code", "name"], delimiter: "\n", maxItems: 1,
      create: (code) => ({ code, name: "" }), createOnBlur: true, addPrecedence: true, closeAfterSelect: true,
      dropdownParent: input.closest("dialog") ? undefined : "body", // a panel would cut it off
      persist: false, hideSelected: true, loadThrottle: 150, score: () => () => 1, sortField: [{ field: "$order" }],
      load: (text, done) => lookUp(url, text).then(done, () => done()),
      render: { option: drawn, item: drawn, no_results: null, option_create: (typed, escape) =>
        `<div class="create"><span class="code">${escape(typed.input)}</span></div>` },
    });
    const name = async (code) => {
      const known = (await lookUp(url, code).catch(() => [])).find((sku) => sku.code.toUpperCase() === code.toUpperCase());
      if (known && field.items[0] === code) field.updateOption(code, { ...known, code });
    };
    field.on("item_add", name);
    if (input.value) name(input.value);
  });

  // To somebody who goes back the browser gives the values after this script has run; the network isn't waited for.
  const shown = (field) => field.tomselect.items.join("\n");
  const showGivenBack = (field) => {
    if (field.matches("select")) {
      if ([...field.selectedOptions].map((option) => option.value).join("\n") !== shown(field)) field.tomselect.sync();
      return;
    }
    const code = field.value.trim();
    if (code === shown(field)) return;
    if (code) field.tomselect.addOption({ code, name: "" }, true);
    field.tomselect.setValue(code, true);
  };
  window.addEventListener("pageshow", () => document.querySelectorAll(".tomselected").forEach(showGivenBack));

  searchable(document);
  skuFields(document);
  document.addEventListener("htmx:afterSettle", (event) => {
    searchable(event.target);
    skuFields(event.target);
    const within = event.detail.target;
    const field = within.querySelector(".is-invalid") || (within.id === "dialog-body" && within.querySelector(FIRST));
    if (field) (field.tomselect || field).focus();
  });
})();
