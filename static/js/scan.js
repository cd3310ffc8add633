// A work screen: catches the scanner wherever the focus is, sends each scan once, survives a lost connection.
(() => {
  "use strict";
  const body = document.body;
  const url = body.dataset.scanUrl;
  const $ = (selector) => document.querySelector(selector);
  const STORE = "scans";
  const BURST_MS = 50; // scanners type faster than people: under 50 ms between characters
  const RETRY_MS = 3000;
  let blocked = false;
  let sending = false;
  let sound = localStorage.getItem("scan-sound") !== "off";

  // Sound and colour

  let audio = null;
  const tone = (frequency, from, length) => {
    const oscillator = audio.createOscillator();
    const volume = audio.createGain();
    oscillator.frequency.value = frequency;
    oscillator.type = frequency < 300 ? "square" : "sine";
    volume.gain.value = 0.2;
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(audio.currentTime + from);
    oscillator.stop(audio.currentTime + from + length);
  };
  const beep = (outcome) => {
    if (navigator.vibrate) navigator.vibrate(outcome === "wrong" ? [200, 80, 200] : 40);
    if (!sound || !window.AudioContext) return;
    audio = audio || new window.AudioContext();
    if (outcome === "wrong") { tone(160, 0, 0.25); tone(160, 0.32, 0.25); }
    else if (outcome === "done") { tone(880, 0, 0.09); tone(1175, 0.11, 0.09); tone(1568, 0.22, 0.16); }
    else tone(1047, 0, 0.09);
  };
  const signal = (outcome, title, message) => {
    const panel = $("#work-signal");
    panel.className = `work-signal is-${outcome}`;
    panel.querySelector(".work-signal-title").textContent = title;
    panel.querySelector(".work-signal-text").textContent = message || "";
    const button = panel.querySelector("[data-acknowledge]");
    button.hidden = outcome !== "wrong";
    panel.hidden = false;
    blocked = outcome === "wrong";
    if (blocked) button.focus();
    else setTimeout(() => { if (!blocked) panel.hidden = true; }, 1400);
    beep(outcome);
  };
  const acknowledge = () => {
    blocked = false;
    $("#work-signal").hidden = true;
    flush();
  };

  // Scans kept until the server has answered

  const load = () => JSON.parse(localStorage.getItem(STORE) || "[]");
  const save = (scans) => {
    localStorage.setItem(STORE, JSON.stringify(scans));
    const note = $("#work-offline");
    const waiting = scans.length && !navigator.onLine;
    note.hidden = !waiting;
    if (waiting) note.querySelector("span").textContent = `${body.dataset.textOffline} ${scans.length} ${body.dataset.textWaiting}`;
  };
  const identity = () => crypto.randomUUID ? crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));
  const take = (code) => {
    if (blocked) return beep("wrong");
    save([...load(), { url, code, key: identity() }]);
    return flush();
  };
  const flush = async () => {
    if (sending || blocked) return;
    sending = true;
    try {
      for (let scan = load()[0]; scan && !blocked; scan = load()[0]) {
        const answer = await post(scan);
        if (!answer) break;
        save(load().filter((other) => other.key !== scan.key));
        show(answer, scan);
      }
    } finally {
      sending = false;
    }
    if (load().length && !blocked) setTimeout(flush, RETRY_MS);
  };
  const post = async (scan) => {
    try {
      const response = await fetch(scan.url, {
        method: "POST",
        headers: { "X-CSRFToken": window.consoleToken(), "HX-Request": "true" },
        body: new URLSearchParams({ code: scan.code, key: scan.key }),
      });
      if (response.status === 401) { body.dispatchEvent(new CustomEvent("session-ended")); return null; }
      if (response.status >= 500) return null;
      if (!response.ok) return { outcome: "wrong", title: body.dataset.textRefused };
      return await response.json();
    } catch {
      save(load());
      return null;
    }
  };
  const show = (answer, scan) => {
    signal(answer.outcome, answer.title, answer.message || (answer.outcome === "wrong" && !answer.title.includes(scan.code) ? scan.code : ""));
    if (answer.html && scan.url === url) {
      $("#work").innerHTML = answer.html;
      window.htmx.process($("#work"));
    }
    if (answer.progress) progress(...answer.progress);
    if (answer.outcome === "done" && answer.next) setTimeout(() => location.assign(answer.next), 900);
  };

  const progress = (done, total) => {
    const count = $("#work-count");
    if (!count) return;
    count.textContent = `${done} / ${total}`;
    const bar = $(".work-title .bar");
    bar.max = total || 1;
    bar.value = done;
  };

  // The scanner: a burst of characters ended by Enter

  let burst = "";
  let last = 0;
  document.addEventListener("keydown", (event) => {
    if (!url || event.ctrlKey || event.metaKey || event.altKey) return;
    const inField = event.target.matches("input, textarea, select");
    const now = performance.now();
    if (now - last > BURST_MS * 4) burst = "";
    const fast = now - last < BURST_MS;
    last = now;
    if (event.key === "Enter") {
      if (burst.length >= 3 && (!inField || fast) && !event.target.closest("[data-scan-form]")) {
        event.preventDefault();
        event.stopPropagation();
        take(burst);
      }
      burst = "";
    } else if (event.key.length === 1) {
      burst += event.key;
      if (!inField && burst.length > 1) event.preventDefault();
    }
  }, true);
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-scan-form]")) return;
    event.preventDefault();
    const field = event.target.elements.code;
    const code = field.value.trim();
    field.value = "";
    delete event.target.dataset.sent;
    if (code) take(code);
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-acknowledge]")) acknowledge();
    const toggle = event.target.closest("[data-toggle-sound]");
    if (toggle) {
      sound = !sound;
      localStorage.setItem("scan-sound", sound ? "on" : "off");
      toggle.setAttribute("aria-pressed", String(sound));
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-scan-code]");
    if (button) take(button.dataset.scanCode);
  });
  const toggle = $("[data-toggle-sound]");
  if (toggle) toggle.setAttribute("aria-pressed", String(sound));
  window.addEventListener("online", flush);
  window.addEventListener("offline", () => save(load()));
  save(load());
  flush();
})();
