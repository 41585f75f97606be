// One film in view: zoom, pan, turn, window and level, the model's evidence over it, lengths.
// Places are in canvas pixels from the stage's middle, or in the film's own pixels.

import { NARROWEST_WINDOW, Film, clamp, fetched } from "./film.js";

const LARGEST_ZOOM = 16;
const RIGHT_ANGLE = Math.PI / 2;
const CROSS = 7; // canvas pixels at the ends of a measured length

const WHOLE = { level: 0.5, width: 1, inverted: false };

export class Viewer {
  /** `changed(viewer, what)` is told of every change that another film may follow. */
  constructor(root, film, { changed, touched, failed, texts }) {
    Object.assign(this, { root, film, changed, touched, failed, texts });
    this.stage = root.querySelector("[data-stage]");
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.grey = { ...WHOLE };
    Object.assign(this, { evidence: null, cover: 0, turn: 0, tool: "move", lengths: [] });
    this.pointers = new Map();
    this.dirty = true;
    this.fit();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
  }

  static async load(root, options) {
    return new Viewer(root, await Film.load(root.dataset.values, options.texts.ended), options);
  }

  // What is seen

  /** The film's sides as they lie on the stage. */
  get lying() {
    const { width, height } = this.film;
    return this.turn % 2 ? { width: height, height: width } : { width, height };
  }

  get fitting() {
    const { width, height } = this.lying;
    return Math.min(this.canvas.width / width, this.canvas.height / height);
  }

  get scale() {
    return this.zoom * this.fitting;
  }

  /** A film smaller than the stage at one to one is smaller than it fits. */
  get smallestZoom() {
    return Math.min(1, 1 / this.fitting);
  }

  resize() {
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.stage.clientWidth * density));
    this.canvas.height = Math.max(1, Math.round(this.stage.clientHeight * density));
    this.moved();
  }

  redraw(film = false) {
    this.dirty ||= film;
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      if (this.dirty) this.film.develop(this.grey);
      this.dirty = false;
      this.draw();
    });
  }

  draw() {
    const { context, canvas, film, scale } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate(this.turn * RIGHT_ANGLE);
    context.scale(scale, scale);
    context.translate(-this.centre.x, -this.centre.y);
    const exact = Math.abs(scale - 1) < 1e-6;
    if (exact) {
      const placed = context.getTransform(); // on whole pixels, else each would be a mean of four
      Object.assign(placed, { e: Math.round(placed.e), f: Math.round(placed.f) });
      context.setTransform(placed);
    }
    // Beyond three, the film's own pixels are what is there.
    context.imageSmoothingEnabled = scale < 3 && !exact;
    context.imageSmoothingQuality = "high";
    context.drawImage(film.canvas, 0, 0);
    if (this.evidence && this.cover > 0) {
      context.imageSmoothingEnabled = true;
      context.globalAlpha = this.cover;
      context.drawImage(this.evidence, 0, 0, film.width, film.height);
      context.globalAlpha = 1;
    }
    for (const length of this.lengths) this.drawLength(length);
  }

  drawLength({ from, to }) {
    const { context, canvas } = this;
    const ends = [from, to].map((end) => {
      const { x, y } = this.onStage(end);
      return { x: x + canvas.width / 2, y: y + canvas.height / 2 };
    });
    const density = window.devicePixelRatio || 1;
    const cross = CROSS * density;
    context.setTransform(1, 0, 0, 1, 0, 0);
    const path = new Path2D();
    path.moveTo(ends[0].x, ends[0].y);
    path.lineTo(ends[1].x, ends[1].y);
    for (const { x, y } of ends) {
      path.moveTo(x - cross, y);
      path.lineTo(x + cross, y);
      path.moveTo(x, y - cross);
      path.lineTo(x, y + cross);
    }
    context.font = `600 ${14 * density}px system-ui, sans-serif`;
    for (const [colour, wide] of [["#000", 4], ["#ffd400", 1.5]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: wide * density });
      context.stroke(path);
    }
    const words = this.lengthOf({ from, to });
    const place = { x: ends[1].x + 10 * density, y: ends[1].y - 10 * density };
    place.x = Math.min(place.x, canvas.width - context.measureText(words).width - 6 * density);
    place.y = Math.max(place.y, 18 * density);
    Object.assign(context, { strokeStyle: "#000", lineWidth: 4 * density, fillStyle: "#ffd400" });
    context.strokeText(words, place.x, place.y);
    context.fillText(words, place.x, place.y);
  }

  /** A length in words: in millimetres where the file says how large a pixel is. */
  lengthOf({ from, to }) {
    const pixels = Math.hypot(to.x - from.x, to.y - from.y);
    const { mm } = this.film;
    const value = mm ? pixels * mm : pixels;
    const digits = mm ? 1 : 0;
    const number = value.toLocaleString(document.documentElement.lang, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return `${number} ${mm ? "mm" : "px"}`;
  }

  turned(vector, quarters) {
    const [cos, sin] = [[1, 0], [0, 1], [-1, 0], [0, -1]][((quarters % 4) + 4) % 4];
    return { x: cos * vector.x - sin * vector.y, y: sin * vector.x + cos * vector.y };
  }

  onFilm(place) {
    const { x, y } = this.turned(place, -this.turn);
    return { x: this.centre.x + x / this.scale, y: this.centre.y + y / this.scale };
  }

  onStage({ x, y }) {
    const away = { x: (x - this.centre.x) * this.scale, y: (y - this.centre.y) * this.scale };
    return this.turned(away, this.turn);
  }

  fit() {
    this.zoom = 1;
    this.centre = { x: this.film.width / 2, y: this.film.height / 2 };
    this.moved("view");
  }

  /** One pixel of the film on one of the screen. */
  oneToOne() {
    this.zoomBy(1 / this.scale);
  }

  rotate() {
    this.turn = (this.turn + 1) % 4;
    this.moved();
  }

  /** Zoom, keeping the place under (x, y), in canvas pixels from the stage's middle. */
  zoomBy(factor, x = 0, y = 0) {
    const held = this.onFilm({ x, y });
    this.zoom = clamp(this.zoom * factor, this.smallestZoom, LARGEST_ZOOM);
    const now = this.onFilm({ x, y });
    this.centre.x += held.x - now.x;
    this.centre.y += held.y - now.y;
    this.moved("view");
  }

  panBy(x, y) {
    const away = this.turned({ x, y }, -this.turn);
    this.centre.x -= away.x / this.scale;
    this.centre.y -= away.y / this.scale;
    this.moved("view");
  }

  moved(what) {
    const held = (centre, side, seen) =>
      seen >= side ? side / 2 : clamp(centre, seen / 2, side - seen / 2);
    const { film } = this;
    const seen = { x: this.canvas.width / this.scale, y: this.canvas.height / this.scale };
    if (this.turn % 2) [seen.x, seen.y] = [seen.y, seen.x];
    this.centre.x = held(this.centre.x, film.width, seen.x);
    this.centre.y = held(this.centre.y, film.height, seen.y);
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.redraw();
    this.changed(this, what);
  }

  setGrey(change) {
    Object.assign(this.grey, change);
    this.grey.level = clamp(this.grey.level, 0, 1);
    this.grey.width = clamp(this.grey.width, NARROWEST_WINDOW, 1);
    this.redraw(true);
    this.changed(this, "grey");
  }

  nudge(width, level) {
    this.setGrey({ width: this.grey.width + width, level: this.grey.level + level });
  }

  setTool(tool) {
    this.tool = tool;
    this.stage.classList.toggle("drags-grey", tool === "window");
    this.stage.classList.toggle("measures", tool === "measure");
  }

  reset() {
    this.turn = 0;
    this.lengths = [];
    this.setGrey(WHOLE);
    this.setCover(0);
    this.fit();
  }

  /** Follow what was done to another film. */
  follow(other, what) {
    if (what === "view") {
      this.zoom = clamp(other.zoom, this.smallestZoom, LARGEST_ZOOM);
      this.centre.x = (other.centre.x / other.film.width) * this.film.width;
      this.centre.y = (other.centre.y / other.film.height) * this.film.height;
      this.moved();
    } else {
      const shared = this.film.absolute(other.film.relative(other.grey));
      const { level, width, inverted } = { ...shared, inverted: other.grey.inverted };
      this.grey = {
        level: clamp(level, 0, 1),
        width: clamp(width, NARROWEST_WINDOW, 1),
        inverted,
      };
      this.redraw(true);
    }
  }

  async setCover(cover) {
    this.cover = clamp(cover, 0, 1);
    const { evidence } = this.root.dataset;
    if (this.cover > 0 && evidence && !this.evidence && !this.asked) {
      this.asked = true;
      try {
        const response = await fetched(evidence, this.texts.ended);
        this.evidence = await createImageBitmap(await response.blob());
      } catch (error) {
        this.asked = false;
        this.cover = 0;
        this.failed(error);
      }
    }
    this.redraw();
    this.changed(this);
  }

  removeLength() {
    this.lengths.pop();
    this.redraw();
    this.changed(this);
  }

  // What people do to the film itself

  listen() {
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.down(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.stage.addEventListener(end, (event) => this.up(event));
    }
    this.stage.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  wheel(event) {
    const outwards = event.deltaY > 0;
    if (outwards && this.zoom <= this.smallestZoom) return; // nothing to do here: the page scrolls
    if (outwards && this.zoom === 1) return;
    event.preventDefault();
    this.touched(this);
    const { x, y } = this.place(event);
    this.zoomBy(1.25 ** clamp(-event.deltaY / 100, -2, 2), x, y);
  }

  down(event) {
    this.touched(this);
    const place = this.place(event);
    this.pointers.set(event.pointerId, place);
    this.stage.setPointerCapture(event.pointerId);
    if (this.tool === "measure" && event.button === 0 && this.pointers.size === 1) {
      this.measured = { from: this.onFilm(place), to: this.onFilm(place) };
      this.lengths.push(this.measured);
    } else if (this.measured) {
      this.lengths = this.lengths.filter((length) => length !== this.measured);
      this.measured = null; // a second finger: it was a zoom that began
    }
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    const { measured } = this;
    if (!measured) return;
    this.measured = null;
    const { from, to } = measured;
    if (Math.hypot(to.x - from.x, to.y - from.y) * this.scale < 3) this.lengths.pop(); // a click
    this.redraw();
    this.changed(this, "length");
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
    } else if (this.measured) {
      this.measured.to = this.onFilm(now);
      this.redraw();
    } else if (this.tool === "window" || event.shiftKey || event.buttons === 2) {
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
