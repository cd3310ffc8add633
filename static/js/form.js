// Forms: drafts in the browser until they are saved, a question before leaving, searchable selects.
(() => {
  "use strict";
  const text = (name) => document.body.dataset[`text${name}`] || "";
  const PREFIX = "draft:";
  const SENT = "draft-sent";

  const kept = (form) =>
    [...form.elements].filter((item) =>
      item.name && !/^(hidden|password|file|submit|button)$/.test(item.type));
  const state = (form) => {
    const values = {};
    kept(form).forEach((item) => {
      const chosen = /^(checkbox|radio)$/.test(item.type) ? item.checked
        : item.multiple ? [...item.selectedOptions].map((option) => option.value) : item.value;
      values[`${item.name}|${/^(checkbox|radio)$/.test(item.type) ? item.value : ""}`] = chosen;
    });
    return values;
  };
  const restore = (form, values) => kept(form).forEach((item) => {
    const choice = /^(checkbox|radio)$/.test(item.type);
    const value = values[`${item.name}|${choice ? item.value : ""}`];
    if (value === undefined) return;
    if (choice) item.checked = value;
    else if (item.multiple) [...item.options].forEach((option) => { option.selected = value.includes(option.value); });
    else item.value = value;
    if (item.tomselect) item.tomselect.sync();
  });

  const watch = (form) => {
    const key = PREFIX + form.dataset.draft;
    const first = JSON.stringify(state(form));
    const refused = form.querySelector(".has-error, .banner-danger");
    if (sessionStorage.getItem(SENT) === key && !refused) localStorage.removeItem(key);
    const draft = localStorage.getItem(key);
    if (draft && draft !== first && !refused) {
      restore(form, JSON.parse(draft));
      window.consoleToast(text("Restored"), "warning", {
        label: text("Discard"),
        run: () => { restore(form, JSON.parse(first)); localStorage.removeItem(key); },
      });
    }
    let sent = false;
    const changed = () => !sent && JSON.stringify(state(form)) !== first;
    form.addEventListener("input", () => localStorage.setItem(key, JSON.stringify(state(form))));
    form.addEventListener("change", () => localStorage.setItem(key, JSON.stringify(state(form))));
    form.addEventListener("submit", () => { sent = true; sessionStorage.setItem(SENT, key); });
    form.querySelectorAll("[data-leave]").forEach((link) => link.addEventListener("click", () => {
      sent = true;
      localStorage.removeItem(key);
    }));
    window.addEventListener("beforeunload", (event) => { if (changed()) event.preventDefault(); });
    window.addEventListener("pageshow", () => { sent = false; });
  };

  const searchable = (within) => within.querySelectorAll("select[data-search-select]").forEach((select) => {
    if (select.tomselect || !window.TomSelect) return;
    const plugins = select.multiple ? ["remove_button"] : ["dropdown_input"];
    new window.TomSelect(select, { plugins, maxOptions: 500, hidePlaceholder: true });
  });

  // A draft that was sent is gone once another page answers, unless that page asks to sign in or to send again.
  const sentKey = sessionStorage.getItem(SENT);
  const forms = [...document.querySelectorAll("form[data-draft]")];
  const signIn = document.body.dataset.signInUrl;
  if (sentKey && !forms.some((form) => PREFIX + form.dataset.draft === sentKey) && location.pathname !== signIn
    && !document.querySelector("[data-keeps-draft]")) {
    localStorage.removeItem(sentKey);
    sessionStorage.removeItem(SENT);
  }
  searchable(document);
  forms.forEach(watch);
  // Who goes back finds the form as it was sent, so that the server sees that it was.
  document.querySelectorAll("form[data-draft] input[name=once]").forEach((field) => {
    const before = (history.state || {}).once;
    if (before) field.value = before;
    else history.replaceState({ ...history.state, once: field.value }, "");
  });
  sessionStorage.removeItem(SENT);
  document.addEventListener("htmx:afterSettle", (event) => searchable(event.target));
  document.addEventListener("submit", (event) => {
    if (!(event.target.getAttribute("action") || "").endsWith("/logout/")) return;
    Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => localStorage.removeItem(key));
  });
})();
