// A work screen: catches the scanner wherever the focus is, sends each scan once, survives a lost connection.
(() => {
  "use strict";
  const body = document.body;
  const url = body.dataset.scanUrl;
  const $ = (selector) => document.querySelector(selector);
  const STORE = "scans";
  const BURST_MS = 50; // scanners type faster than people: under 50 ms between characters
  const RETRY_MS = 3000;
  const PATIENCE_MS = 10000; // a network that is gone without a word must not hold the scans for minutes
  let blocked = false;
  let leadsTo = ""; // where acknowledging goes
  let away = false; // the last scan found no connection
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
  const signal = (outcome, title, message, next) => {
    const panel = $("#work-signal");
    panel.className = `work-signal is-${outcome}`;
    panel.querySelector(".work-signal-title").textContent = title;
    panel.querySelector(".work-signal-text").textContent = message || "";
    const button = panel.querySelector("[data-acknowledge]");
    button.hidden = outcome !== "wrong";
    leadsTo = outcome === "wrong" && next ? next : "";
    button.textContent = leadsTo ? body.dataset.textNext : body.dataset.textUnderstood;
    panel.hidden = false;
    blocked = outcome === "wrong";
    if (blocked) button.focus();
    else setTimeout(() => { if (!blocked) panel.hidden = true; }, 1400);
    beep(outcome);
  };
  const acknowledge = () => {
    if (leadsTo) return location.assign(leadsTo);
    blocked = false;
    $("#work-signal").hidden = true;
    return flush();
  };

  // What the page can tell by itself: its lines, their codes, how many are wanted. It counts what the server hasn't
  // answered yet, and refuses while there is no connection; the server stays the judge.

  const TIMES = /^(\d{1,5})\s*[*×xX]\s*(\S.*)$/;
  const lines = () => [...document.querySelectorAll("#work [data-codes]")];
  const left = (line) => line.dataset.total - line.dataset.done;
  const figure = (number) => Number(number).toLocaleString(document.documentElement.lang);
  const fits = (line, code) => {
    const codes = JSON.parse(line.dataset.codes);
    const digits = code.replace(/[\s-]/g, "");
    return codes.includes(code.toUpperCase()) || (/^\d{8,14}$/.test(digits) && codes.includes(digits.padStart(14, "0")));
  };
  const place = (text) => {
    const all = lines();
    if (!all.length) return {};
    const times = TIMES.exec(text);
    const [code, quantity] = times && Number(times[1]) > 0 ? [times[2].trim(), Number(times[1])] : [text, 1];
    const words = $("#work .work-lines").dataset;
    const fitting = all.filter((line) => fits(line, code));
    const line = fitting.find((one) => left(one) > 0);
    if (!fitting.length) return { refusal: words.textWrong };
    if (!line) return { refusal: words.textEnough };
    return quantity > left(line) ? { refusal: words.textMany } : { line, quantity };
  };
  const count = ({ line, quantity }) => {
    line.dataset.done = Number(line.dataset.done) + quantity;
    line.querySelector(".work-count-big").textContent = tally(line);
    line.classList.toggle("is-done", !left(line));
    const button = line.querySelector("[data-scan-code]");
    button.hidden = !left(line);
    button.dataset.scanCode = button.dataset.scanCode.replace(/^\d+/, left(line));
    button.textContent = $("#work .work-lines").dataset.textAll.replace("…", figure(left(line)));
    const [done, total] = shown();
    progress(done + quantity, total);
  };
  const tally = (line) => `${figure(line.dataset.done)} / ${figure(line.dataset.total)}`;
  const shown = () => {
    const bar = $(".work-title .bar");
    return bar ? [bar.value, bar.max] : [0, 0];
  };
  const told = { html: $("#work") ? $("#work").innerHTML : "", progress: shown() }; // by the server
  const settle = (answer) => {
    if (answer.progress) told.progress = answer.progress;
    if (answer.html) told.html = answer.html;
    if (answer.html || lines().length) {
      $("#work").innerHTML = told.html;
      window.htmx.process($("#work"));
    }
    if (answer.progress || lines().length) progress(...told.progress);
    for (const scan of load()) {
      const found = scan.url === url ? place(scan.code) : {};
      if (found.line) count(found);
    }
  };

  // Scans kept until the server has answered

  const load = () => JSON.parse(localStorage.getItem(STORE) || "[]");
  const save = (scans) => {
    localStorage.setItem(STORE, JSON.stringify(scans));
    const note = $("#work-offline");
    const waiting = scans.length && (away || !navigator.onLine);
    note.hidden = !waiting;
    if (waiting) note.querySelector("span").textContent = `${body.dataset.textOffline} ${scans.length} ${body.dataset.textWaiting}`;
  };
  const identity = () => crypto.randomUUID ? crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));
  const take = (code) => {
    if (blocked) return beep("wrong");
    const alone = away || !navigator.onLine || load().some((scan) => scan.url === url);
    const found = place(code);
    if (alone && found.refusal) return signal("wrong", found.refusal, code);
    const said = alone && found.line ? "ok" : "";
    save([...load(), { url, code, key: identity(), said, doubt: found.refusal || "", counted: Boolean(found.line) }]);
    if (found.line) count(found);
    if (said) signal("ok", tally(found.line), found.line.querySelector(".work-name").textContent);
    return flush();
  };
  const flush = async () => {
    if (sending || blocked) return;
    sending = true;
    try {
      for (let scan = load()[0]; scan && !blocked; scan = load()[0]) {
        const answer = await post(scan);
        if (!answer) { tell(scan); break; }
        save(load().filter((other) => other.key !== scan.key));
        show(answer, scan);
      }
    } finally {
      sending = false;
    }
    if (load().length && !blocked) setTimeout(flush, RETRY_MS);
  };
  // The scan that met the end of the connection. A wrong one is kept too, because the server may have seen it.
  const tell = (scan) => {
    if (scan.url !== url || scan.said || !(scan.doubt || scan.counted)) return;
    const said = scan.doubt ? "wrong" : "ok";
    save(load().map((other) => other.key === scan.key ? { ...other, said } : other));
    if (scan.doubt) signal("wrong", scan.doubt, scan.code);
    else signal("ok", shown().map(figure).join(" / "));
  };
  const post = async (scan) => {
    try {
      const response = await fetch(scan.url, {
        method: "POST",
        headers: { "X-CSRFToken": window.consoleToken(), "HX-Request": "true" },
        body: new URLSearchParams({ code: scan.code, key: scan.key }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      away = false;
      if (response.status === 401) { body.dispatchEvent(new CustomEvent("session-ended")); return null; }
      if (response.status >= 500) return null;
      if (!response.ok) return { outcome: "wrong", title: body.dataset.textRefused };
      return await response.json();
    } catch {
      away = true;
      save(load());
      return null;
    }
  };
  const show = (answer, scan) => {
    const message = answer.message || (answer.outcome === "wrong" && !answer.title.includes(scan.code) ? scan.code : "");
    // What the page has said already isn't said again.
    if (answer.outcome !== scan.said) signal(answer.outcome, answer.title, message, answer.next);
    // No scan is taken there any more, so the others of this order can't be either.
    if (answer.outcome === "wrong" && answer.next) save(load().filter((other) => other.url !== scan.url));
    if (scan.url === url) settle(answer);
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
  if (url && load().length) settle({});
  flush();
})();
