// "Paste an address": the server takes the text apart, the form's fields get the parts.
(() => {
  "use strict";
  if (window.addressPasting) return; // a dialog loads this script each time it opens
  window.addressPasting = true;

  const fill = (form, fields, parts) => Object.entries(parts).forEach(([part, value]) => {
    const input = form.elements[fields[part]];
    if (!input) return;
    input.value = value;
    if (input.tomselect) input.tomselect.sync();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const takeApart = async (box) => {
    const { pasteAddress: url, fields, found, notFound, failed } = box.dataset;
    const text = box.value.trim();
    if (!text || text === box.dataset.done) return;
    box.dataset.done = text;
    box.setAttribute("aria-busy", "true");
    try {
      const body = new FormData();
      body.set("text", text);
      const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": window.consoleToken() } });
      if (!answer.ok) throw new Error(answer.statusText);
      const { parts } = await answer.json();
      fill(box.form, JSON.parse(fields), parts);
      const recognised = Object.keys(parts).length > 0;
      window.consoleToast(recognised ? found : notFound, recognised ? "success" : "warning");
    } catch {
      delete box.dataset.done;
      window.consoleToast(failed, "error");
    } finally {
      box.removeAttribute("aria-busy");
    }
  };

  const onBox = (event) => event.target.matches?.("[data-paste-address]") && event.target;
  document.addEventListener("paste", (event) => {
    const box = onBox(event);
    if (box) setTimeout(() => takeApart(box)); // the text is in the box only afterwards
  });
  document.addEventListener("change", (event) => {
    const box = onBox(event);
    if (box) takeApart(box);
  });
})();
