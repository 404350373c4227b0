"use strict";
(() => {
  let D = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const esc = (s) => String(s).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  let whole = Math.max(D.length, 1);
  const show = { agents: true, tasks: true };
  let from = 0, to = whole, filtered = D.log, chosen = null;

  const span = (s) => {
    s = Math.max(0, Math.round(s));
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min " + String(s % 60).padStart(2, "0") + " s";
    if (s < 86400) return Math.floor(s / 3600) + " h " + String(Math.floor((s % 3600) / 60)).padStart(2, "0") + " min";
    return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
  };
  // In the zone of where the page was made, as its tables are: two readers see the same times.
  const stamp = (t) => new Date((D.start + D.zone + t) * 1000).toISOString();
  const day = (t) => stamp(t).slice(5, 10);
  const clock = (t) => (D.dated ? day(t) + " " : "") + stamp(t).slice(11, 19);
  const tick = (t, step) => (step < 60 ? stamp(t).slice(11, 19) : stamp(t).slice(11, 16) === "00:00" && D.dated ? day(t) : stamp(t).slice(11, 16));
  const colour = { SPAWNING: "--spawning", ACTIVE: "--active", IDLE: "--idle", ENDED: "--ended", LOST: "--lost", PENDING: "--pending", IN_PROGRESS: "--work", IN_REVIEW: "--review", CHANGES_REQUESTED: "--changes", APPROVED: "--approved", DONE: "--done", STUCK: "--stuck", REVIEW_LOOP: "--stuck", STUCK_ESCALATED: "--stuck", CANCELLED: "--cancelled", OPEN: "--work", PASS: "--approved", FAIL: "--stuck", FORGED: "--stuck" };
  const OVER = ["DONE", "CANCELLED", "OVER"], LANES = 300;
  const fill = (state) => "var(" + (colour[state] || "--pending") + ")";
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

  function draw() {
    const box = $("chart"), width = Math.max(320, box.clientWidth), left = width < 560 ? 84 : 170, right = 12;
    const x = (t) => left + ((t - from) / (to - from)) * (width - left - right);
    const inside = (a, b) => b >= from && a <= to;
    const clip = (a, b) => [Math.max(left, x(a)), Math.min(width - right, x(b))];
    const out = [];
    let y = 24;
    const perPixel = (to - from) / (width - left - right);
    const step = STEPS.find((s) => s / perPixel >= 70) || STEPS[STEPS.length - 1];
    const shift = (D.start + D.zone) % step;
    for (let t = Math.ceil((from + shift) / step) * step - shift; t <= to; t += step)
      out.push('<line x1="' + x(t) + '" x2="' + x(t) + '" y1="20" y2="9999" stroke="var(--line)"/>' + (x(t) < width - 28 ? '<text class="tick" x="' + x(t) + '" y="14" text-anchor="middle">' + tick(t, step) + "</text>" : ""));
    D.phases.forEach(([name, a, b], i) => {
      if (!inside(a, b)) return;
      const [p, q] = clip(a, b);
      out.push('<g data-phase="' + i + '" data-tip="' + esc("Phase " + name + ": " + span(b - a)) + '"><rect x="' + p + '" y="' + y + '" width="' + Math.max(1, q - p) + '" height="18" fill="var(--phase' + (i % 2 ? "2" : "") + ')"/>' + (q - p > name.length * 7 + 8 ? '<text x="' + (p + 4) + '" y="' + (y + 13) + '">' + esc(name) + "</text>" : "") + "</g>");
    });
    y += 24;
    const bars = (spans, top, height, tip, open) => {
      for (const [state, a, b, extra] of spans) {
        if (!inside(a, b) || (b <= a && state !== "LOST")) continue;
        const [p, q] = clip(a, b);
        const thin = state === "PENDING" || !colour[state]; // most of a plan waits most of the time
        out.push('<rect x="' + p.toFixed(1) + '" y="' + (thin ? top + height / 2 - 0.5 : top) + '" width="' + Math.max(0.6, q - p).toFixed(1) + '" height="' + (thin ? 1 : height) + '" fill="' + fill(state) + '"' + open + ' data-tip="' + esc(tip + ": " + state + ", " + span(b - a) + (extra ? ", " + extra : "")) + '"/>');
      }
    };
    if (show.agents)
      D.agents.forEach((agent) => {
        out.push('<g tabindex="0" role="button" data-agent="' + esc(agent.name) + '" aria-label="' + esc(agent.name + ", " + agent.role + ", at work " + span(agent.busy)) + '"><text x="6" y="' + (y + 13) + '">' + esc(agent.name.length > left / 7.5 ? agent.name.slice(0, Math.floor(left / 7.5) - 1) + "…" : agent.name) + '</text><rect x="0" y="' + y + '" width="' + left + '" height="18" fill="transparent"/>');
        bars(agent.spans.filter((s) => s[0] !== "ENDED"), y + 2, 14, agent.name + " (" + agent.role + ")", "");
        out.push("</g>");
        const near = new Map();
        for (const m of agent.marks) {
          if (m[1] < from || m[1] > to) continue;
          const key = Math.round(x(m[1]) / 10) + m[2];
          if (near.has(key)) near.get(key).push(m);
          else near.set(key, [m]);
        }
        for (const group of near.values()) {
          const [seq, t, kind] = group[0], px = x(t), label = D.kinds[kind] + (group.length > 1 ? ", " + group.length + " here" : "") + ": " + (D.log[D.index[seq]] || [])[4];
          const shape = kind === "refusal" ? "M0 -6 6 5 -6 5Z" : kind === "escalation" ? "M0 -6 6 0 0 6 -6 0Z" : kind === "handoff" ? "M-5 -5h10v10h-10Z" : kind === "drift" ? "M-6 -2h4v-4h4v4h4v4h-4v4h-4v-4h-4Z" : "M0 -4a4 4 0 1 0 .01 0Z";
          out.push('<path transform="translate(' + px.toFixed(1) + " " + (y + 9) + ')" d="' + shape + '" fill="var(--' + { refusal: "bad", escalation: "changes", handoff: "accent", drift: "review", commit: "good" }[kind] + ')" stroke="var(--bg)" stroke-width="1.2" data-seq="' + seq + '" data-tip="' + esc(label) + '" style="cursor:pointer"/>' + (group.length > 1 ? '<text x="' + (px + 6).toFixed(1) + '" y="' + (y + 8) + '" style="font-size:9px">' + group.length + "</text>" : ""));
        }
        y += 20;
      });
    const busy = (task) => task.spans.some((s) => colour[s[0]] && s[0] !== "PENDING" && !OVER.includes(s[0]) && s[1] <= to && s[2] >= from);
    const lanes = !show.tasks ? [] : D.tasks.length <= LANES ? D.tasks : D.tasks.filter(busy).slice(0, LANES);
    if (lanes.length) {
      y += 8;
      const room = Math.max(160, window.innerHeight - y - 170), lane = Math.max(3, Math.min(18, room / lanes.length));
      lanes.forEach((task) => {
        const name = (task.n ? "#" + task.n + " " : "") + task.subject, most = Math.floor(left / 7.5);
        const label = '<text x="6" y="' + (y + lane - 4) + '">' + esc(name.length > most ? name.slice(0, most - 1) + "…" : name) + "</text>";
        if (lane >= 12) out.push(task.n ? '<a href="#task-' + task.n + '">' + label + "</a>" : label);
        bars(task.spans.filter((s) => !OVER.includes(s[0])), y, Math.max(2, lane - (lane > 6 ? 3 : 1)), name, task.n ? ' data-task="' + task.n + '" style="cursor:pointer"' : "");
        y += lane;
      });
    }
    y += 10;
    const left_out = show.tasks && lanes.length < D.tasks.length ? "; lanes of " + lanes.length + " of " + D.tasks.length + " tasks: the first at work in this time, zoom in for others" : "";
    box.innerHTML = '<svg viewBox="0 0 ' + width + " " + y + '" height="' + y + '" role="group" aria-label="Lanes of agents and tasks from ' + clock(from) + " to " + clock(to) + '">' + out.join("") + "</svg>";
    $("window").textContent = clock(from) + " to " + clock(to) + ", " + span(to - from) + left_out;
  }

  function zoom(a, b) {
    const least = Math.min(whole, 2);
    if (b - a < least) { const c = (a + b) / 2; a = c - least / 2; b = c + least / 2; }
    if (b - a >= whole) { a = 0; b = whole; }
    if (a < 0) { b -= a; a = 0; }
    if (b > whole) { a -= b - whole; b = whole; }
    from = Math.max(0, a); to = Math.min(whole, b);
    draw();
  }
  const by = (factor) => { const c = (from + to) / 2, half = ((to - from) / 2) * factor; zoom(c - half, c + half); };
  const pan = (part) => { const d = (to - from) * part; zoom(from + d, to + d); };
  $("in").onclick = () => by(0.5);
  $("out").onclick = () => by(2);
  $("all").onclick = () => { $("phase").value = ""; zoom(0, whole); };
  $("left").onclick = () => pan(-0.5);
  $("right").onclick = () => pan(0.5);
  for (const part of ["agents", "tasks"])
    $("show-" + part).onclick = (e) => { show[part] = !show[part]; e.currentTarget.setAttribute("aria-pressed", show[part]); draw(); };
  function phases() {
    const kept = $("phase").value;
    $("phase").length = 1;
    D.phases.forEach(([name, a, b], i) => $("phase").add(new Option(name + " (" + span(b - a) + ")", i)));
    $("phase").value = kept;
  }
  $("phase").onchange = (e) => { const p = D.phases[e.target.value]; if (p) zoom(p[1], p[2]); else zoom(0, whole); };
  $("chart").addEventListener("keydown", (e) => {
    const act = { ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25), "+": () => by(0.5), "=": () => by(0.5), "-": () => by(2), 0: () => zoom(0, whole) }[e.key];
    const agent = e.target.closest && e.target.closest("[data-agent]");
    if (act) { e.preventDefault(); act(); $("chart").focus(); }
    else if (agent && (e.key === "Enter" || e.key === " ")) { e.preventDefault(); search("who:" + agent.dataset.agent); }
  });
  $("chart").addEventListener("wheel", (e) => { if (e.ctrlKey || e.metaKey) { e.preventDefault(); by(e.deltaY < 0 ? 0.7 : 1.4); } }, { passive: false });
  let press = null;
  const at = (e) => { const r = $("chart").getBoundingClientRect(), left = r.width < 560 ? 84 : 170; return from + ((e.clientX - r.left - left) / (r.width - left - 12)) * (to - from); };
  $("chart").addEventListener("pointerdown", (e) => { press = e.clientX; press.t = 0; $("chart").dataset.t = at(e); });
  window.addEventListener("pointerup", (e) => {
    if (press === null) return;
    const moved = Math.abs(e.clientX - press), a = Number($("chart").dataset.t);
    press = null;
    if (moved > 12) { const b = at(e); zoom(Math.min(a, b), Math.max(a, b)); return; }
    const t = e.target.closest ? e.target : null;
    if (!t || !$("chart").contains(t)) return;
    const mark = t.closest("[data-seq]"), task = t.closest("[data-task]"), phase = t.closest("[data-phase]"), agent = t.closest("[data-agent]");
    if (mark) choose(Number(mark.dataset.seq), true);
    else if (task) { search("task:" + task.dataset.task); location.hash = "task-" + task.dataset.task; }
    else if (phase) { const p = D.phases[phase.dataset.phase]; zoom(p[1], p[2]); }
    else if (agent) search("who:" + agent.dataset.agent);
  });
  $("chart").addEventListener("pointermove", (e) => {
    const t = e.target.closest && e.target.closest("[data-tip]"), tip = $("tip");
    tip.hidden = !t;
    if (!t) return;
    tip.textContent = t.dataset.tip;
    tip.style.left = Math.min(e.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(e.clientY + 14, window.innerHeight - tip.offsetHeight - 8) + "px";
  });
  $("chart").addEventListener("pointerleave", () => ($("tip").hidden = true));

  const log = $("log"), rows = $("rows");
  let ROW = 26;
  function list() {
    ROW = window.innerWidth <= 640 ? 46 : 26; // two lines on a phone, as the style sheet has it
    rows.style.height = filtered.length * ROW + "px";
    const first = Math.max(0, Math.floor(log.scrollTop / ROW) - 5), last = Math.min(filtered.length, first + Math.ceil(log.clientHeight / ROW) + 12);
    let html = "";
    for (let i = first; i < last; i++) {
      const [seq, t, who, event, words, , bad] = filtered[i];
      html += '<div class="row' + (bad ? " bad" : "") + (seq === chosen ? " on" : "") + '" data-seq="' + seq + '" style="top:' + i * ROW + 'px"><span class="seq">' + seq + '</span><span class="at">' + clock(t) + '</span><span class="who">' + esc(who) + '</span><span class="ev">' + esc(event) + "</span><span>" + esc(words) + "</span></div>";
    }
    rows.innerHTML = html;
  }
  function filter() {
    const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean), bad = $("bad").checked;
    filtered = D.log.filter((r) => (!bad || r[6]) && words.every((w) => {
      if (w.startsWith("who:")) return r[2].toLowerCase().startsWith(w.slice(4));
      if (w.startsWith("task:")) return r[5] === Number(w.slice(5));
      if (w.startsWith("event:")) return r[3].toLowerCase().startsWith(w.slice(6));
      return (r[0] + " " + r[2] + " " + r[3] + " " + r[4]).toLowerCase().includes(w);
    }));
    const older = D.events > D.log.length ? "; of the " + (D.events - D.log.length) + " older ones only refusals are here, pack log has every one" : "";
    $("count").textContent = filtered.length + " of " + D.log.length + " events" + older;
    list();
    log.style.height = "min(60vh, 640px, " + (Math.max(filtered.length, 3) * ROW + 4) + "px)";
    log.scrollTop = 0;
    list();
  }
  function search(text) { $("find").value = text; $("bad").checked = false; filter(); }
  function choose(seq, scroll) {
    chosen = seq;
    const r = D.log[D.index[seq]];
    if (!r) return;
    let i = filtered.indexOf(r);
    if (i < 0) { search(""); i = filtered.indexOf(r); }
    if (scroll) log.scrollTop = Math.max(0, i * ROW - log.clientHeight / 2);
    $("event").innerHTML = '<a href="#e' + seq + '">#' + seq + "</a> " + clock(r[1]) + " <strong>" + esc(r[2]) + "</strong> " + esc(r[3]) + (r[5] ? ' (<a href="#task-' + r[5] + '">task #' + r[5] + "</a>)" : "") + "<br>" + esc(r[4]);
    list();
  }
  $("find").oninput = filter;
  $("bad").onchange = filter;
  log.onscroll = list;
  log.onclick = (e) => { const r = e.target.closest("[data-seq]"); if (r) choose(Number(r.dataset.seq)); };
  log.onkeydown = (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[e.key];
    if (!step || !filtered.length) return;
    e.preventDefault();
    const i = filtered.findIndex((r) => r[0] === chosen);
    choose(filtered[Math.max(0, Math.min(filtered.length - 1, i + step))][0], true);
  };
  document.addEventListener("keydown", (e) => {
    if (e.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { e.preventDefault(); $("find").focus(); }
  });
  const anchor = () => { const m = /^#e(\d+)$/.exec(location.hash); if (m) { choose(Number(m[1]), true); log.scrollIntoView({ block: "center" }); } };
  window.addEventListener("hashchange", anchor);
  let pending = 0;
  window.addEventListener("resize", () => { cancelAnimationFrame(pending); pending = requestAnimationFrame(() => { draw(); list(); }); });
  function index() {
    D.index = {};
    D.log.forEach((r, i) => (D.index[r[0]] = i));
  }
  // A live page: news are fetched, what was chosen, searched and zoomed stays.
  function live() {
    const token = new URLSearchParams(location.search).get("token"), source = new EventSource("/events?token=" + encodeURIComponent(token));
    let busy = false, again = false;
    const fetched = async () => {
      if (busy) { again = true; return; }
      busy = true;
      try {
        const news = await (await fetch("/data?token=" + encodeURIComponent(token))).json(), atEnd = to >= whole, full = from <= 0 && atEnd, low = log.scrollTop + log.clientHeight >= filtered.length * ROW - ROW;
        D = news.data;
        index();
        whole = Math.max(D.length, 1);
        for (const part of ["numbers", "now", "task-table", "verdict-table", "proof-table", "report", "spent"]) $(part).innerHTML = news[part];
        if (atEnd) { if (!full) from += whole - to; to = whole; }
        phases();
        draw();
        const top = log.scrollTop;
        filter();
        log.scrollTop = low ? filtered.length * ROW : top;
        list();
      } finally {
        busy = false;
        if (again) { again = false; fetched(); }
      }
    };
    source.onmessage = (e) => { $("live").textContent = " Live."; if (Number(e.data) !== D.seen) { D.seen = Number(e.data); fetched(); } };
    source.onerror = () => ($("live").textContent = " Not connected: `pack watch --web` has ended, or begins again.");
  }
  document.querySelectorAll("[data-js]").forEach((e) => (e.hidden = false));
  index();
  phases();
  draw();
  filter();
  anchor();
  if (document.documentElement.dataset.live) live();
})();
