// What every page of the console needs: messages, menus, dialogs, keys, counts, failures.
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const text = (name) => document.body.dataset[`text${name}`] || "";
  // A sign-in in another tab changes the token; the cookie has today's, the page that of its own time.
  const token = () =>
    (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || $("meta[name=csrf-token]").content;
  window.consoleToken = token;
  const typing = (target) =>
    target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";

  // Messages

  const toast = (message, level = "info", action = null) => {
    const item = document.createElement("div");
    item.className = `toast-item is-${level}`;
    item.append(Object.assign(document.createElement("span"), { textContent: message }));
    if (action) {
      const button = Object.assign(document.createElement("button"), {
        type: "button", className: "btn btn-sm", textContent: action.label,
      });
      button.addEventListener("click", () => { item.remove(); action.run(); });
      item.append(button);
    }
    const close = Object.assign(document.createElement("button"), { type: "button", className: "btn-close" });
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", text("Dismiss"));
    item.append(close);
    const dialog = $("dialog[open]"); // what lies outside of it can't be clicked
    if (dialog) dialog.append($("#toasts"));
    $("#toasts").append(item);
    expire(item);
    return item;
  };
  const expire = (item) => {
    if (item.matches(".is-error, .is-warning") || $(".btn:not(.btn-close)", item)) return;
    setTimeout(() => item.remove(), 6000);
  };
  $$(".toast-item").forEach(expire);
  window.consoleToast = toast;

  // Requests of htmx

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) return;
    failed(event.detail.xhr.status === 503 ? text("Late") : text("Failed"), event);
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, (event) => failed(text("Offline"), event)));
  const failed = (message, event) => {
    const source = event.detail.elt;
    const request = event.detail.requestConfig;
    const retry = request && request.verb === "get"
      ? { label: text("Retry"), run: () => window.htmx.ajax("GET", request.path, { source, target: event.detail.target }) }
      : null;
    toast(message, "error", retry);
  };
  document.body.addEventListener("session-ended", () => {
    const url = `${document.body.dataset.signInUrl || "/login/"}?next=${encodeURIComponent(location.pathname + location.search)}`;
    toast(text("SignedOut"), "warning", { label: text("SignIn"), run: () => window.open(url, "_blank", "noopener") });
  });
  document.addEventListener("htmx:beforeRequest", () => document.body.classList.add("is-busy"));
  document.addEventListener("htmx:afterRequest", () => document.body.classList.remove("is-busy"));

  // Clicks: copy, dismiss, drawers, dialogs, switches

  const clicks = {
    "[data-copy]": async (button) => {
      await copyText(button.dataset.copy);
      button.classList.add("is-copied");
      button.setAttribute("data-said", text("Copied"));
      setTimeout(() => button.classList.remove("is-copied"), 1200);
    },
    "[data-dismiss]": (button) => button.closest(".toast-item").remove(),
    "[data-open-side]": () => side(true),
    "[data-close-side]": () => side(false),
    "[data-open-keys]": () => openKeys(),
    "[data-set-theme]": (button, event) => {
      event.preventDefault();
      $$("[data-set-theme]").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      window.dispatchEvent(new CustomEvent("theme-chosen", { detail: button.value }));
      send(button.form.getAttribute("action"), { theme: button.value });
    },
  };
  document.addEventListener("click", (event) => {
    for (const [selector, run] of Object.entries(clicks)) {
      const found = event.target.closest(selector);
      if (found) run(found, event);
    }
    $$("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target) || event.target.closest(".menu-item")) menu.open = false; });
    const closes = event.target.closest("[data-close-dialog]");
    if (closes && closes.closest("dialog")) {
      event.preventDefault();
      closes.closest("dialog").close();
    }
    if (event.target.tagName === "DIALOG") event.target.close();
  });
  const copyText = async (value) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(value);
    const area = Object.assign(document.createElement("textarea"), { value, className: "visually-hidden" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  const send = (url, values) =>
    fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": token(), "X-Requested-With": "fetch" },
      body: new URLSearchParams(values),
    });
  const side = (open) => {
    const drawer = $("#side");
    if (!drawer) return;
    drawer.classList.toggle("is-open", open);
    $(".side-shade").hidden = !open;
    if (open) $("a", $(".side-nav")).focus();
  };

  // Menus: one open at a time, arrow keys inside

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (menu.matches && menu.matches(".inline-edit[open]")) $("input:not([type=hidden])", menu).select();
    if (!menu.matches || !menu.matches("details.menu") || !menu.open) return;
    $$("details.menu[open]").forEach((other) => { if (other !== menu && !other.contains(menu)) other.open = false; });
    const first = $(".menu-item, .menu-form input:not([type=hidden]), .menu-form select", menu);
    if (first) first.focus();
  }, true);
  const moveInMenu = (menu, step) => {
    const items = $$("a, button", $(".menu-list", menu)).filter((item) => item.offsetParent);
    const at = items.indexOf(document.activeElement);
    const next = items[(at + step + items.length) % items.length];
    if (next) next.focus();
  };

  // Dialogs

  document.addEventListener("close", (event) => {
    if (event.target.contains($("#toasts"))) document.body.append($("#toasts"));
  }, true);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "dialog-body" && !$("#dialog").open) $("#dialog").showModal();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      return ask(form);
    }
    if (form.elements.csrfmiddlewaretoken) form.elements.csrfmiddlewaretoken.value = token();
    const button = event.submitter;
    if (event.defaultPrevented || !button) return undefined;
    if (form.dataset.sent) { event.preventDefault(); return undefined; }
    if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sent = "1";
    button.classList.add("is-waiting");
    return undefined;
  });
  window.addEventListener("pageshow", () => {
    $$("form[data-sent]").forEach((form) => delete form.dataset.sent);
    $$(".is-waiting").forEach((button) => button.classList.remove("is-waiting"));
  });
  const ask = (form) => {
    const body = $("#dialog-body");
    const danger = form.dataset.confirmStyle === "danger";
    const head = document.createElement("header");
    head.className = "dialog-head";
    head.append(Object.assign(document.createElement("h2"), { id: "dialog-title", textContent: form.dataset.confirmLabel }));
    const question = Object.assign(document.createElement("p"), { className: "dialog-body", textContent: form.dataset.confirm });
    const foot = document.createElement("footer");
    foot.className = "dialog-foot";
    const cancel = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: text("Cancel") });
    cancel.dataset.closeDialog = "";
    const yes = Object.assign(document.createElement("button"), {
      type: "button", className: danger ? "btn btn-danger" : "btn btn-primary", textContent: form.dataset.confirmLabel,
    });
    yes.addEventListener("click", () => {
      $("#dialog").close();
      form.dataset.confirmed = "1";
      form.requestSubmit();
    });
    foot.append(cancel, yes);
    body.replaceChildren(head, question, foot);
    $("#dialog").showModal();
    cancel.focus();
  };

  // Keys

  let lastKey = "";
  const keys = {
    "/": () => $("#search-input") && $("#search-input").focus(),
    "c": () => { const menu = $("[data-menu=create]"); if (menu) menu.open = true; },
    "?": () => openKeys(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return escape(event);
    const menu = event.target.closest("details.menu[open]");
    if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp") && !typing(event.target)) {
      event.preventDefault();
      return moveInMenu(menu, event.key === "ArrowDown" ? 1 : -1);
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return undefined;
    if (lastKey === "g" && event.key === "t") { location.assign($(".side .brand").href); return undefined; }
    lastKey = event.key;
    const named = $$("[data-key]").find((item) => item.dataset.key === event.key);
    if (named) { event.preventDefault(); named.click(); return undefined; }
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    return undefined;
  });
  const escape = (event) => {
    if ($("dialog[open]")) return; // the browser closes it
    $$(".inline-edit[open]").forEach((edit) => { edit.open = false; });
    const menu = $("details.menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); event.preventDefault(); }
    side(false);
    if (document.activeElement.id === "search-input") document.activeElement.blur();
    document.dispatchEvent(new CustomEvent("console-escape"));
  };
  const openKeys = () => {
    const list = $("#keys-page");
    if (!list) return;
    const entries = $$("[data-page-keys] > div").map((entry) => entry.cloneNode(true));
    $$("[data-key]").forEach((item) => {
      const entry = document.createElement("div");
      entry.append(Object.assign(document.createElement("dt"), { textContent: item.dataset.keyLabel }));
      const value = document.createElement("dd");
      value.append(Object.assign(document.createElement("kbd"), { textContent: item.dataset.key }));
      entry.append(value);
      entries.push(entry);
    });
    list.replaceChildren(...entries);
    $("#keys").showModal();
  };

  // Counts of navigation and top bar

  const showCounts = (counts) => $$("[data-count]").forEach((mark) => {
    const value = counts[mark.dataset.count] || "";
    mark.textContent = value;
    mark.hidden = !value;
  });
  const counts = async () => {
    const url = document.body.dataset.countsUrl;
    if (!url || document.hidden) return;
    try {
      const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) return;
      const values = await answer.json();
      sessionStorage.setItem("counts", JSON.stringify(values));
      showCounts(values);
    } catch { /* the next round tries again */ }
  };
  if (document.body.dataset.countsUrl) {
    showCounts(JSON.parse(sessionStorage.getItem("counts") || "{}"));
    counts();
    setInterval(counts, 60000);
    document.addEventListener("counts-changed", counts);
  }
})();
