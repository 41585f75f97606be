// One film for the viewer: its grey values at their own depth, developed through a window.

const NARROWEST = 0.01;
const TAIL = 0.005; // shares of the darkest and brightest pixels that the usual window saturates

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The server said why it shows nothing. */
export class Refused extends Error {}

export async function fetched(url, ended) {
  const response = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
  if (response.redirected) throw new Refused(ended);
  if (!response.ok) {
    const language = document.documentElement.lang;
    const { error } = await response.json();
    const sentences = [error.message, error.next_step].filter(Boolean);
    throw new Refused(sentences.map((sentence) => sentence[language]).join(" "));
  }
  return response;
}

/** Grey values at the film's depth, developed through a table into a canvas. */
export class Film {
  constructor(values, { width, height, bits, mm }) {
    Object.assign(this, { values, width, height, mm, white: 2 ** bits - 1 });
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width, height });
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.table = new Uint32Array(2 ** bits);
  }

  static async load(url, ended) {
    const response = await fetched(url, ended);
    const said = (name) => Number(response.headers.get(`x-film-${name}`));
    const [width, height, bits, mm] = ["width", "height", "bits", "mm"].map(said);
    const buffer = await response.arrayBuffer();
    const values = bits > 8 ? new Uint16Array(buffer) : new Uint8Array(buffer);
    return new Film(values, { width, height, bits, mm });
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

  /** The window between two shares of the film's pixels, the darkest first. */
  between(dark, bright) {
    this.counts ??= this.count();
    const end = (share, scale) => {
      let left = share * this.values.length;
      return scale.find((value) => (left -= this.counts[value]) < 0) ?? scale[0];
    };
    const scale = [...this.counts.keys()];
    const low = end(dark, scale) / this.white;
    const high = end(1 - bright, [...scale].reverse()) / this.white;
    return { level: (low + high) / 2, width: clamp(high - low, NARROWEST, 1) };
  }

  count() {
    const counts = new Uint32Array(this.table.length);
    for (const value of this.values) counts[value] += 1;
    return counts;
  }

  /** The window that all but the film's extremes fill. */
  usual() {
    return this.between(TAIL, 1 - TAIL);
  }

  /** A window as it lies within the usual one, so that films of other exposures can share it. */
  relative({ level, width }) {
    const usual = this.usual();
    return { width: width / usual.width, level: (level - usual.level) / usual.width };
  }

  absolute({ level, width }) {
    const usual = this.usual();
    return { width: width * usual.width, level: usual.level + level * usual.width };
  }
}

export const NARROWEST_WINDOW = NARROWEST;
