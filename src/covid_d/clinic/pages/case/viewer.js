// The film viewer: window and level at the film's own depth, zoom, pan, inversion, and the model's
// evidence laid over the film. Without it the page shows the film as a plain picture.

const LARGEST_ZOOM = 16;
const ZOOM_STEP = 1.25;
const PAN_STEP = 0.08; // of the stage
const GREY_STEP = 0.02; // of the film's grey scale
const NARROWEST = 0.01;
const TAIL = 0.005; // shares of the darkest and brightest pixels that the usual window saturates

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The server said why it shows nothing. */
class Refused extends Error {}

async function fetched(url, viewer) {
  const response = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
  if (response.redirected) throw new Refused(viewer.dataset.textEnded);
  if (!response.ok) {
    const language = document.documentElement.lang;
    const { error } = await response.json();
    const sentences = [error.message, error.next_step].filter(Boolean);
    throw new Refused(sentences.map((sentence) => sentence[language]).join(" "));
  }
  return response;
}

/** Grey values at the film's depth, developed through a table into a canvas. */
class Film {
  constructor(values, width, height, bits) {
    Object.assign(this, { values, width, height, white: 2 ** bits - 1 });
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width, height });
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.table = new Uint32Array(2 ** bits);
  }

  static async load(viewer) {
    const response = await fetched(viewer.dataset.values, viewer);
    const [width, height, bits] = ["width", "height", "bits"].map((name) =>
      Number(response.headers.get(`x-film-${name}`)),
    );
    const buffer = await response.arrayBuffer();
    const values = bits > 8 ? new Uint16Array(buffer) : new Uint8Array(buffer);
    return new Film(values, width, height, bits);
  }

  /** Level and width are shares of the film's grey scale. */
  develop({ level, width, inverted }) {
    const low = (level - width / 2) * this.white;
    const span = width * this.white;
    for (let value = 0; value < this.table.length; value += 1) {
      const share = clamp((value - low) / span, 0, 1);
      const grey = Math.round(255 * (inverted ? 1 - share : share));
      this.table[value] = (0xff << 24) | (grey << 16) | (grey << 8) | grey;
    }
    for (let at = 0; at < this.values.length; at += 1) this.pixels[at] = this.table[this.values[at]];
    this.context.putImageData(this.image, 0, 0);
  }

  /** The window that all but the film's extremes fill. */
  usual() {
    const counts = new Uint32Array(this.table.length);
    for (const value of this.values) counts[value] += 1;
    const end = (values) => {
      let left = TAIL * this.values.length;
      return values.find((value) => (left -= counts[value]) < 0);
    };
    const scale = [...counts.keys()];
    const low = end(scale) / this.white;
    const high = end(scale.reverse()) / this.white;
    return { level: (low + high) / 2, width: clamp(high - low, NARROWEST, 1) };
  }
}

class Viewer {
  constructor(root, film) {
    this.root = root;
    this.film = film;
    this.stage = root.querySelector("[data-stage]");
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.grey = { level: 0.5, width: 1, inverted: false };
    this.evidence = null;
    this.cover = 0;
    this.dragsGrey = false;
    this.pointers = new Map();
    this.dirty = { film: true, view: true };
    this.fit();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
  }

  // What is seen

  get scale() {
    const { width, height } = this.canvas;
    return this.zoom * Math.min(width / this.film.width, height / this.film.height);
  }

  resize() {
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.stage.clientWidth * density));
    this.canvas.height = Math.max(1, Math.round(this.stage.clientHeight * density));
    this.moved();
  }

  redraw(film = false) {
    this.press("invert", this.grey.inverted);
    this.press("drag", this.dragsGrey);
    this.dirty.film ||= film;
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      if (this.dirty.film) this.film.develop(this.grey);
      this.dirty.film = false;
      this.draw();
      this.report();
    });
  }

  draw() {
    const { context, canvas, film, scale } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const left = canvas.width / 2 - this.centre.x * scale;
    const top = canvas.height / 2 - this.centre.y * scale;
    context.setTransform(scale, 0, 0, scale, left, top);
    context.imageSmoothingEnabled = scale < 3; // beyond, the film's own pixels are what is there
    context.imageSmoothingQuality = "high";
    context.drawImage(film.canvas, 0, 0);
    if (this.evidence && this.cover > 0) {
      context.imageSmoothingEnabled = true;
      context.globalAlpha = this.cover;
      context.drawImage(this.evidence, 0, 0, film.width, film.height);
      context.globalAlpha = 1;
    }
  }

  fit() {
    this.zoom = 1;
    this.centre = { x: this.film.width / 2, y: this.film.height / 2 };
    this.moved();
  }

  /** Zoom, keeping the place under (x, y), in canvas pixels from the stage's middle. */
  zoomBy(factor, x = 0, y = 0) {
    const before = this.scale;
    this.zoom = clamp(this.zoom * factor, 1, LARGEST_ZOOM);
    this.centre.x += x / before - x / this.scale;
    this.centre.y += y / before - y / this.scale;
    this.moved();
  }

  panBy(x, y) {
    this.centre.x -= x / this.scale;
    this.centre.y -= y / this.scale;
    this.moved();
  }

  moved() {
    const held = (centre, side, seen) =>
      seen >= side ? side / 2 : clamp(centre, seen / 2, side - seen / 2);
    const { film, canvas } = this;
    this.centre.x = held(this.centre.x, film.width, canvas.width / this.scale);
    this.centre.y = held(this.centre.y, film.height, canvas.height / this.scale);
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.redraw();
  }

  setGrey(change) {
    Object.assign(this.grey, change);
    this.grey.level = clamp(this.grey.level, 0, 1);
    this.grey.width = clamp(this.grey.width, NARROWEST, 1);
    this.redraw(true);
  }

  reset() {
    this.setGrey({ level: 0.5, width: 1, inverted: false });
    this.setCover(0);
    this.fit();
  }

  async setCover(cover) {
    this.cover = clamp(cover, 0, 1);
    const { evidence } = this.root.dataset;
    if (this.cover > 0 && evidence && !this.evidence && !this.asked) {
      this.asked = true;
      try {
        const response = await fetched(evidence, this.root);
        this.evidence = await createImageBitmap(await response.blob());
      } catch (error) {
        this.asked = false;
        this.cover = 0;
        say(this.root, error);
      }
    }
    this.redraw();
  }

  // What is said

  report() {
    const percent = (share) => Math.round(100 * share);
    const shown = {
      level: percent(this.grey.level),
      width: percent(this.grey.width),
      cover: percent(this.cover),
      zoom: percent(this.zoom),
    };
    for (const [name, value] of Object.entries(shown)) {
      const input = this.root.querySelector(`input[name=${name}]`);
      if (input) input.value = value;
      const output = this.root.querySelector(`output[data-of=${name}]`);
      if (output) output.value = `${value} %`;
    }
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.root.querySelector("[data-status]").textContent = this.root.dataset.textStatus.replace(
        /\{(\w+)\}/g,
        (_, name) => shown[name],
      );
    }, 400);
  }

  press(action, pressed) {
    const button = this.root.querySelector(`[data-do=${action}]`);
    button.setAttribute("aria-pressed", String(pressed));
  }

  // What people do

  listen() {
    const actions = {
      in: () => this.zoomBy(ZOOM_STEP),
      out: () => this.zoomBy(1 / ZOOM_STEP),
      fit: () => this.fit(),
      invert: () => this.setGrey({ inverted: !this.grey.inverted }),
      usual: () => this.setGrey(this.film.usual()),
      reset: () => this.reset(),
      drag: () => {
        this.dragsGrey = !this.dragsGrey;
        this.stage.classList.toggle("drags-grey", this.dragsGrey);
        this.redraw();
      },
    };
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", actions[button.dataset.do]);
    }
    this.root.addEventListener("input", ({ target }) => {
      const share = Number(target.value) / 100;
      if (target.name === "cover") this.setCover(share);
      else this.setGrey({ [target.name]: share });
    });
    this.stage.addEventListener("keydown", (event) => this.key(event, actions));
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.down(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    this.stage.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  key(event, actions) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const letters = { "+": "in", "=": "in", "-": "out", 0: "fit", f: "fit" };
    Object.assign(letters, { i: "invert", a: "usual", r: "reset" });
    const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const action = letters[event.key.toLowerCase()];
    const arrow = arrows[event.key];
    if (action) actions[action]();
    else if (event.key.toLowerCase() === "e") this.setCover(this.cover > 0 ? 0 : 0.5);
    else if (arrow && event.shiftKey) this.nudge(-GREY_STEP * arrow[0], GREY_STEP * arrow[1]);
    else if (arrow && this.zoom > 1) {
      this.panBy(PAN_STEP * this.canvas.width * arrow[0], PAN_STEP * this.canvas.height * arrow[1]);
    } else return; // the key is the page's
    event.preventDefault();
  }

  nudge(width, level) {
    this.setGrey({ width: this.grey.width + width, level: this.grey.level + level });
  }

  wheel(event) {
    const outwards = event.deltaY > 0;
    if (outwards && this.zoom === 1) return; // nothing to do here: the page scrolls
    event.preventDefault();
    const { x, y } = this.place(event);
    this.zoomBy(ZOOM_STEP ** clamp(-event.deltaY / 100, -2, 2), x, y);
  }

  down(event) {
    this.pointers.set(event.pointerId, this.place(event));
    this.stage.setPointerCapture(event.pointerId);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.place(event);
    this.pointers.set(event.pointerId, now);
    const [x, y] = [now.x - before.x, now.y - before.y];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const spread = (point) => Math.hypot(point.x - other.x, point.y - other.y);
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.zoomBy(spread(now) / Math.max(spread(before), 1), middle.x, middle.y);
      this.panBy(x / 2, y / 2);
    } else if (this.dragsGrey || event.shiftKey || event.buttons === 2) {
      this.nudge(x / this.canvas.width, -y / this.canvas.height);
    } else {
      this.panBy(x, y);
    }
  }

  /** Where an event is, in canvas pixels from the stage's middle. */
  place(event) {
    const box = this.stage.getBoundingClientRect();
    const density = this.canvas.width / box.width;
    return {
      x: (event.clientX - box.left - box.width / 2) * density,
      y: (event.clientY - box.top - box.height / 2) * density,
    };
  }
}

function say(root, error) {
  const message = root.querySelector("[data-message]");
  message.textContent = error instanceof Refused ? error.message : root.dataset.textFailed;
  message.hidden = false;
}

async function start(root) {
  try {
    const film = await Film.load(root);
    const stage = root.querySelector("[data-stage]");
    for (const part of root.querySelectorAll("[data-needs-script]")) part.hidden = false;
    stage.querySelector("img").hidden = true;
    stage.tabIndex = 0;
    stage.setAttribute("role", "application");
    new Viewer(root, film);
    root.dataset.ready = "";
  } catch (error) {
    say(root, error); // the plain picture stays, if there is one
  }
}

document.querySelectorAll("[data-viewer]").forEach(start);
