// The tools around one film, or around two side by side: buttons, sliders, keys, what is said.
// Without this script the page shows each film as a plain picture.

import { Refused } from "./film.js";
import { Viewer } from "./viewer.js";

const ZOOM_STEP = 1.25;
const PAN_STEP = 0.08; // of the stage
const GREY_STEP = 0.02; // of the film's grey scale
// Shares of the film's pixels between which a window lies: lungs are its darker part.
const PRESETS = { usual: [0.005, 0.995], lungs: [0.02, 0.6], dense: [0.4, 0.998] };

const LETTERS = {
  "+": "in", "=": "in", "-": "out", 0: "fit", f: "fit", 1: "one", i: "invert", a: "usual",
  r: "reset", o: "rotate", m: "measure", w: "window", p: "full", l: "lungs", d: "dense",
  e: "evidence", "?": "keys", delete: "unmeasure", backspace: "unmeasure",
};
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// Where keys are for typing or choosing; what is ticked or slid takes no letters.
const TYPED =
  "input:not([type=radio], [type=checkbox], [type=range]), select, textarea, dialog, [contenteditable]";

/** `start` shows the films that lie under `root`, and again once others do. */
export class Tools {
  constructor(root) {
    this.root = root;
    this.viewers = [];
    this.actions = {
      in: () => this.active.zoomBy(ZOOM_STEP),
      out: () => this.active.zoomBy(1 / ZOOM_STEP),
      fit: () => this.active.fit(),
      one: () => this.active.oneToOne(),
      rotate: () => this.active.rotate(),
      invert: () => this.active.setGrey({ inverted: !this.active.grey.inverted }),
      whole: () => this.active.setGrey({ level: 0.5, width: 1 }),
      reset: () => this.viewers.forEach((viewer) => viewer.reset()),
      window: () => this.choose("window"),
      measure: () => this.choose("measure"),
      unmeasure: () => this.active.removeLength(),
      evidence: () => this.active.setCover(this.active.cover > 0 ? 0 : 0.5),
      full: () => this.full(),
      keys: () => this.find("[data-keys]").showModal(),
    };
    for (const [name, [dark, bright]] of Object.entries(PRESETS)) {
      this.actions[name] = () => this.active.setGrey(this.active.film.between(dark, bright));
    }
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  async start(load = Viewer.load) {
    const { textEnded: ended } = this.root.dataset;
    const options = {
      changed: (viewer, what) => this.changed(viewer, what),
      touched: (viewer) => {
        this.active = viewer;
        this.report();
      },
      failed: (error) => this.say(error),
      texts: { ended },
    };
    try {
      const roots = [...this.root.querySelectorAll("[data-film]")];
      this.viewers = await Promise.all(roots.map((root) => load(root, options)));
    } catch (error) {
      return this.say(error); // the plain pictures stay, if there are any
    }
    [this.active] = this.viewers;
    for (const part of this.root.querySelectorAll("[data-needs-script]")) part.hidden = false;
    for (const { stage } of this.viewers) {
      stage.querySelector("img").hidden = true;
      stage.tabIndex = 0;
      stage.setAttribute("role", "application");
      stage.addEventListener("focus", () => options.touched(this.viewers.find((v) => v.stage === stage)));
    }
    this.viewers.forEach((viewer) => viewer.resize());
    if (!this.listening) this.listen();
    this.listening = true;
    this.report();
    this.root.dataset.ready = "";
  }

  changed(viewer, what) {
    if (!this.active) return; // they are being made
    const both = this.find("[data-together]")?.checked ?? false;
    if (both && ["view", "grey"].includes(what)) {
      for (const other of this.viewers) if (other !== viewer) other.follow(viewer, what);
    }
    this.report();
  }

  // What is said

  /** Numbers once the film is drawn; whether a tool is pressed at once. */
  report() {
    const { grey, tool } = this.active;
    this.press("invert", grey.inverted);
    this.press("window", tool === "window");
    this.press("measure", tool === "measure");
    if (this.reporting) return;
    this.reporting = requestAnimationFrame(() => {
      this.reporting = null;
      this.showNumbers();
    });
  }

  showNumbers() {
    const { grey, zoom, cover, film, lengths } = this.active;
    const percent = (share) => Math.round(100 * share);
    const shown = { level: percent(grey.level), width: percent(grey.width), cover: percent(cover) };
    for (const [name, value] of Object.entries(shown)) {
      const input = this.find(`input[name=${name}]`);
      if (input) input.value = value;
    }
    const output = this.find("output[data-of=cover]");
    if (output) output.value = `${shown.cover} %`;
    for (const name of ["level", "width"]) {
      const field = this.find(`input[data-stored=${name}]`);
      field.max = film.white;
      if (field !== document.activeElement) field.value = Math.round(grey[name] * film.white);
    }
    const { textStatus, textLength } = this.root.dataset;
    const said = { ...shown, zoom: percent(zoom) };
    const words = [textStatus.replace(/\{(\w+)\}/g, (_, name) => said[name])];
    const length = lengths.at(-1);
    if (length) words.unshift(textLength.replace("{length}", this.active.lengthOf(length)));
    this.tell(words.join(" "));
  }

  tell(words) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.find("[data-status]").textContent = words;
    }, 400);
  }

  say(error) {
    const message = this.find("[data-message]");
    message.textContent = error instanceof Refused ? error.message : this.root.dataset.textFailed;
    message.hidden = false;
  }

  press(action, pressed) {
    this.find(`[data-do=${action}]`).setAttribute("aria-pressed", String(pressed));
  }

  // What people do

  listen() {
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.actions[button.dataset.do]());
    }
    const presets = this.find("[data-presets]");
    presets.addEventListener("change", () => {
      this.actions[presets.value]?.();
      presets.value = "";
    });
    for (const input of this.root.querySelectorAll("input[type=range]")) {
      input.addEventListener("input", () => {
        const share = Number(input.value) / 100;
        if (input.name === "cover") this.active.setCover(share);
        else this.active.setGrey({ [input.name]: share });
      });
    }
    for (const field of this.root.querySelectorAll("input[data-stored]")) {
      field.addEventListener("change", () => {
        const { film, grey } = this.active;
        const name = field.dataset.stored;
        const value = field.value === "" ? grey[name] : Number(field.value) / film.white;
        this.active.setGrey({ [name]: value });
        field.value = Math.round(this.active.grey[name] * film.white);
      });
    }
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement) this.root.classList.remove("filling");
    });
    this.find("[data-keys]").addEventListener("click", (event) => {
      if (event.target === event.currentTarget) event.currentTarget.close(); // beside the words
    });
  }

  /** Keys are the film's unless they are for typing, choosing, or for the browser. */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    if (target.closest?.(TYPED)) return;
    const chosen = target.closest?.("input"); // a box to tick: its arrows are its own
    const action = this.actions[LETTERS[event.key.toLowerCase()]];
    const arrow = ARROWS[event.key];
    const viewer = this.active;
    if (action) action();
    else if (event.key === "Escape" && this.root.classList.contains("filling")) this.full();
    else if (chosen) return;
    else if (arrow && event.shiftKey) viewer.nudge(-GREY_STEP * arrow[0], GREY_STEP * arrow[1]);
    else if (arrow && viewer.zoom > 1) {
      const { width, height } = viewer.canvas;
      viewer.panBy(PAN_STEP * width * arrow[0], PAN_STEP * height * arrow[1]);
    } else return; // the key is the page's
    event.preventDefault();
  }

  choose(tool) {
    const chosen = this.active.tool === tool ? "move" : tool;
    for (const viewer of this.viewers) viewer.setTool(chosen);
    this.report();
  }

  async full() {
    if (this.root.classList.contains("filling")) {
      this.root.classList.remove("filling");
      if (document.fullscreenElement) await document.exitFullscreen();
      return;
    }
    this.root.classList.add("filling"); // also where a telephone gives no page the whole screen
    try {
      await this.root.requestFullscreen?.();
    } catch {
      // it fills the window then
    }
  }
}

document.querySelectorAll("[data-viewer]").forEach((root) => new Tools(root).start());
