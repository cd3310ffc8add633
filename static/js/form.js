// Forms: searchable selects, SKUs by code or name, where a dialog begins. After drafts.js, which fills the fields.
(() => {
  "use strict";
  // Where a dialog is begun: its first field, or without one the button that does nothing.
  const FIRST = ".dialog-body :is(input:not([type=hidden]), select, textarea), .dialog-foot button";

  const searchable = (within) => within.querySelectorAll("select[data-search-select]").forEach((select) => {
    if (select.tomselect || !window.TomSelect) return;
    const plugins = select.multiple ? ["remove_button"] : ["dropdown_input"];
    new window.TomSelect(select, { plugins, maxOptions: 500, hidePlaceholder: true });
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
    const field = new window.TomSelect(input, {
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
