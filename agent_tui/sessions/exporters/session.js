"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const steps = data.steps;
  const last = Math.max(0, steps.length - 1);
  const scrub = byId("scrub");
  const main = document.querySelector("main");
  const playButton = document.querySelector('[data-go="play"]');
  // A step holds only the panes that differ from the step before: put them together once.
  const shown = [];
  let now = {};
  for (const step of steps) {
    now = Object.assign({}, now, step.p || {});
    shown.push(now);
  }
  let at = -1;
  let current = {};
  let timer = null;

  const show = (place) => {
    const next = Math.min(Math.max(place, 0), last);
    if (next === at || !steps.length) return;
    at = next;
    const wanted = shown[at];
    data.panes.forEach((name, index) => {
      const part = wanted[index];
      if (part === undefined || current[index] === part) return;
      byId(name).replaceChildren(byId("p" + part).content.cloneNode(true));
      current[index] = part;
    });
    const step = steps[at];
    byId("caption").textContent = step.w;
    byId("place").textContent = (at + 1) + "/" + steps.length + "  " + step.t;
    scrub.value = at;
    scrub.setAttribute("aria-valuetext", (at + 1) + " of " + steps.length + ": " + step.w);
  };
  const find = (mark, direction) => {
    let place = at + direction;
    while (place > 0 && place < last && !(steps[place].m || "").includes(mark)) place += direction;
    show(place);
  };
  const pause = () => {
    if (timer !== null) window.clearInterval(timer);
    timer = null;
    playButton.textContent = "▶";
    playButton.setAttribute("aria-label", "Play");
  };
  const play = () => {
    if (timer !== null) return pause();
    if (at >= last) show(0);
    playButton.textContent = "‖";
    playButton.setAttribute("aria-label", "Pause");
    timer = window.setInterval(() => (at >= last ? pause() : show(at + 1)), 900);
  };
  const pane = (number, focus) => {
    main.dataset.pane = number;
    for (const button of document.querySelectorAll(".tabs button"))
      button.setAttribute("aria-pressed", String(button.dataset.pane === String(number)));
    if (focus) byId(["", "spec", "diff", "verdict"][number]).focus();
  };
  const theme = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : window.matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  const actions = {
    start: () => show(0),
    end: () => show(last),
    "-1": () => show(at - 1),
    "+1": () => show(at + 1),
    "-gate": () => find("g", -1),
    "+gate": () => find("g", 1),
    "-attempt": () => find("a", -1),
    "+attempt": () => find("a", 1),
    reject: () => find("r", 1),
    play,
    theme,
    help: () => byId("help").showModal(),
  };
  const go = (name) => {
    if (name !== "play" && name !== "theme" && name !== "help") pause();
    actions[name]();
  };
  const keys = {
    ArrowRight: "+1", ArrowLeft: "-1", ".": "+gate", ",": "-gate", Home: "start", End: "end",
    p: "play", d: "theme", "?": "help", r: "reject",
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.go) go(button.dataset.go);
    if (button.dataset.pane) pane(button.dataset.pane, false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (event.target === scrub && event.key.startsWith("Arrow")) return;
    let name = keys[event.key];
    if (event.shiftKey && event.key === "ArrowRight") name = "+attempt";
    if (event.shiftKey && event.key === "ArrowLeft") name = "-attempt";
    if (name) go(name);
    else if ("123".includes(event.key)) pane(event.key, true);
    else return;
    event.preventDefault();
  });
  scrub.addEventListener("input", () => {
    pause();
    show(Number(scrub.value));
  });
  show(last);
})();
