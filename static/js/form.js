// Forms: drafts in this tab until they are saved, a question before leaving, searchable selects.
(() => {
  "use strict";
  const text = (name) => document.body.dataset[`text${name}`] || "";
  const user = document.body.dataset.user;
  const PREFIX = "draft:";
  const MINE = `${PREFIX}${user}:`;
  const SENT = "draft-sent";
  // Where a dialog is begun: its first field, or without one the button that does nothing.
  const FIRST = ".dialog-body :is(input:not([type=hidden]), select, textarea), .dialog-foot button";
  const SECRET = /secret|password|token/;

  const kept = (form) =>
    [...form.elements].filter((item) =>
      item.name && !/^(hidden|password|file|submit|button)$/.test(item.type) && !SECRET.test(item.name));
  const state = (form) => {
    const values = {};
    kept(form).forEach((item) => {
      const chosen = /^(checkbox|radio)$/.test(item.type) ? item.checked
        : item.multiple ? [...item.selectedOptions].map((option) => option.value) : item.value;
      values[`${item.name}|${/^(checkbox|radio)$/.test(item.type) ? item.value : ""}`] = chosen;
    });
    return values;
  };
  // Lines that were added after the page was drawn: the last row of a table of numbered inputs, once more.
  const addRows = (form, values) => form.querySelectorAll(".line-inputs tbody").forEach((body) => {
    const count = form.elements.line_count;
    const numbers = Object.keys(values).map((name) => Number((name.match(/-(\d+)\|$/) || [])[1] ?? -1));
    for (let n = body.rows.length; count && n <= Math.max(...numbers); n += 1) {
      const row = body.rows[n - 1].cloneNode(true);
      row.querySelectorAll("*").forEach((part) => ["id", "name", "for"].forEach((name) => {
        if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace(/-\d+$/, `-${n}`));
      }));
      body.append(row);
      count.value = n + 1;
    }
  });
  const restore = (form, values) => kept(form).forEach((item) => {
    const choice = /^(checkbox|radio)$/.test(item.type);
    const value = values[`${item.name}|${choice ? item.value : ""}`];
    if (value === undefined) return;
    if (choice) item.checked = value;
    else if (item.multiple) [...item.options].forEach((option) => { option.selected = value.includes(option.value); });
    else item.value = value;
    if (item.tomselect) item.tomselect.sync();
  });
  const drop = (key) => sessionStorage.removeItem(key);
  const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));

  const sayRestored = (form, discard) => {
    const line = document.createElement("div");
    line.className = "banner banner-info";
    line.setAttribute("role", "status");
    const words = Object.assign(document.createElement("div"), { className: "banner-text" });
    words.append(Object.assign(document.createElement("p"), { textContent: text("Restored") }));
    const button = Object.assign(document.createElement("button"), {
      type: "button", className: "btn btn-sm", textContent: text("Discard"),
    });
    button.addEventListener("click", () => { line.remove(); discard(); });
    line.append(words, button);
    form.prepend(line);
  };

  const failed = document.querySelector("#toasts .is-error");

  const watch = (form) => {
    const key = MINE + form.dataset.draft;
    const first = JSON.stringify(state(form));
    const refused = form.querySelector(".has-error, .is-invalid, .banner-danger");
    if (sessionStorage.getItem(SENT) === key && !refused && !failed) drop(key);
    const draft = sessionStorage.getItem(key);
    if (draft && draft !== first && !refused) {
      addRows(form, JSON.parse(draft));
      restore(form, JSON.parse(draft));
      sayRestored(form, () => { restore(form, JSON.parse(first)); drop(key); });
    }
    let sent = false;
    const changed = () => !sent && JSON.stringify(state(form)) !== first;
    const keep = () => sessionStorage.setItem(key, JSON.stringify(state(form)));
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
    form.addEventListener("submit", () => {
      sent = true;
      keep();
      sessionStorage.setItem(SENT, key);
    });
    form.querySelectorAll("[data-leave]").forEach((link) => link.addEventListener("click", () => {
      sent = true;
      drop(key);
    }));
    window.addEventListener("beforeunload", (event) => { if (changed()) event.preventDefault(); });
    window.addEventListener("pageshow", () => { sent = false; });
  };

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
    `<div><span class="code">${escape(sku.code)}</span>${sku.name ? ` — ${escape(sku.name)}` : ""}</div>`;
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

  // A draft that was sent is gone once a page of the console answers. A plain page (sign in, out of date, refused)
  // means that the form wasn't taken.
  const forms = user ? [...document.querySelectorAll("form[data-draft]")] : [];
  const sentKey = sessionStorage.getItem(SENT);
  const plain = document.body.classList.contains("plain");
  if (sentKey && !plain && !failed && !forms.some((form) => MINE + form.dataset.draft === sentKey)) drop(sentKey);
  if (user) drafts().filter((key) => !key.startsWith(MINE)).forEach(drop); // somebody else has signed in here
  document.querySelectorAll("[data-draft-kept]").forEach((line) => { line.hidden = !drafts().length; });
  searchable(document);
  skuFields(document);
  forms.forEach(watch);
  // Who goes back finds the form as it was sent, so that the server sees that it was.
  document.querySelectorAll("form[data-draft] input[name=once]").forEach((field) => {
    const before = (history.state || {}).once;
    if (before) field.value = before;
    else history.replaceState({ ...history.state, once: field.value }, "");
  });
  drop(SENT);
  document.addEventListener("htmx:afterSettle", (event) => {
    searchable(event.target);
    skuFields(event.target);
    const within = event.detail.target;
    const field = within.querySelector(".is-invalid") || (within.id === "dialog-body" && within.querySelector(FIRST));
    if (field) (field.tomselect || field).focus();
  });
  document.addEventListener("submit", (event) => {
    if ((event.target.getAttribute("action") || "").endsWith("/logout/")) drafts().forEach(drop);
  });
})();
