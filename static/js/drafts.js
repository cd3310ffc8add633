// Drafts: what a person types into a form stays in this tab until the server has taken it.
(() => {
  "use strict";
  const text = (name) => document.body.dataset[`text${name}`] || "";
  const user = document.body.dataset.user;
  const PREFIX = "draft:";
  const MINE = `${PREFIX}${user}:`;
  const SECRET = /secret|password|token/;
  const TAKEN = "taken"; // the cookie by which the server says which form it took: core/drafts.py

  const isChoice = (item) => /^(checkbox|radio)$/.test(item.type);
  const keyOf = (item) => `${item.name}|${isChoice(item) ? item.value : ""}`;
  const kept = (form) =>
    [...form.elements].filter((item) =>
      item.name && !/^(hidden|password|file|submit|button)$/.test(item.type) && !SECRET.test(item.name));
  const valueOf = (item) =>
    isChoice(item) ? item.checked
      : item.multiple ? [...item.selectedOptions].map((option) => option.value) : item.value;
  const put = (item, value) => {
    if (isChoice(item)) item.checked = value;
    else if (item.multiple) [...item.options].forEach((option) => { option.selected = value.includes(option.value); });
    else item.value = value;
  };
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const state = (form) => Object.fromEntries(kept(form).map((item) => [keyOf(item), valueOf(item)]));
  const read = (key) => JSON.parse(sessionStorage.getItem(key) || "null");
  const drop = (key) => sessionStorage.removeItem(key);
  const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));

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
  // As the server shows it after an edit conflict.
  const showBeside = (item, value) => {
    const hint = Object.assign(document.createElement("div"), { className: "form-hint" });
    const chosen = [...(item.options || [])].find((option) => option.value === value);
    hint.append(`${text("Had")} `, Object.assign(document.createElement("code"), {
      className: "code", textContent: chosen ? chosen.text : value,
    }));
    (item.closest(".field") || item.parentElement).append(hint);
  };
  // What the person changed, and nobody else since; what somebody else changed too stays, with the typed beside it.
  // What became of each: none if there was nothing to restore.
  const restore = (form, draft) => kept(form).map((item) => {
    const [typed, before, now] = [draft.now[keyOf(item)], draft.first[keyOf(item)], valueOf(item)];
    if (typed === undefined || same(typed, before) || same(typed, now)) return "";
    if (before === undefined || same(before, now)) put(item, typed);
    else if (typeof typed === "string" && typed) {
      showBeside(item, typed);
      return "beside";
    }
    return "restored";
  }).filter(Boolean);

  const sayRestored = (form, key, isBeside, discarded) => {
    const line = Object.assign(document.createElement("div"), { className: "banner banner-info" });
    line.setAttribute("role", "status");
    const words = Object.assign(document.createElement("div"), { className: "banner-text" });
    [text("Restored"), isBeside && text("Beside")].filter(Boolean).forEach((textContent) =>
      words.append(Object.assign(document.createElement("p"), { textContent })));
    const button = Object.assign(document.createElement("button"), {
      type: "button", className: "btn btn-sm", textContent: text("Discard"),
    });
    button.addEventListener("click", () => {
      discarded();
      drop(key);
      location.replace(location.href);
    });
    line.append(words, button);
    form.prepend(line);
  };

  const watch = (form) => {
    const key = MINE + form.dataset.draft;
    const draft = read(key);
    let first = state(form);
    let leaving = false;
    const changed = () => !same(state(form), first);
    const keep = (sent) => sessionStorage.setItem(key, JSON.stringify(
      { first, now: state(form), once: sent && form.elements.once ? form.elements.once.value : "" }));
    if (draft && form.querySelector("[name^=had-]")) drop(key); // the server shows what was typed beside what is
    else if (draft) {
      addRows(form, draft.now);
      const restored = restore(form, draft);
      if (restored.length) {
        sayRestored(form, key, restored.includes("beside"), () => { leaving = true; });
        if (draft.once && form.elements.once) form.elements.once.value = draft.once; // sent already, maybe taken
        keep(Boolean(draft.once));
      } else first = draft.first; // the very form again: refused, or with more lines
    }
    form.addEventListener("input", () => keep(false));
    form.addEventListener("change", () => keep(false));
    form.addEventListener("submit", () => {
      leaving = true;
      if (changed()) keep(true);
    });
    form.querySelectorAll("[data-leave]").forEach((link) => link.addEventListener("click", () => { leaving = true; }));
    window.addEventListener("beforeunload", (event) => { if (!leaving && changed()) event.preventDefault(); });
    window.addEventListener("pageshow", () => { leaving = false; });
  };

  const taken = (document.cookie.match(new RegExp(`(?:^|; )${TAKEN}=([^;]*)`)) || [])[1];
  if (taken) {
    drop(MINE + decodeURIComponent(taken));
    document.cookie = `${TAKEN}=; path=/; max-age=0; samesite=lax`;
  }
  if (user) drafts().filter((key) => !key.startsWith(MINE)).forEach(drop); // somebody else has signed in here
  document.querySelectorAll("[data-draft-kept]").forEach((line) => { line.hidden = !drafts().length; });
  // Who goes back finds the form as it was sent, so that the server sees that it was.
  document.querySelectorAll("form[data-draft] input[name=once]").forEach((field) => {
    const before = (history.state || {}).once;
    if (before) field.value = before;
    else history.replaceState({ ...history.state, once: field.value }, "");
  });
  if (user) document.querySelectorAll("form[data-draft]").forEach(watch);
  document.addEventListener("submit", (event) => {
    if ((event.target.getAttribute("action") || "").endsWith("/logout/")) drafts().forEach(drop);
  });
})();
