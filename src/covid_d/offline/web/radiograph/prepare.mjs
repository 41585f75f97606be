// From a film to the model's input: the same numbers as Python's `prepare`.
import { cut } from "./film.mjs";
import { round } from "./numbers.mjs";
import { outerPercentiles } from "./percentiles.mjs";
import { resize } from "./resize.mjs";

const fround = Math.fround;
const PERCENTILES = [0.5, 99.5];

/**
 * Return the film as the square grey picture that the network was trained on.
 *
 * @param {object} film
 * @param {object} preprocessing - The bundle's own, with every name it has.
 * @param {object|null} window - Around both lungs {top, left, bottom, right}, in shares of the
 *   film, without surround; only with `frame` lungs, and then needed.
 * @returns {Uint8Array} `size` x `size`.
 */
export function standardise(film, preprocessing, window = null) {
  const seen = framed(preprocessing, window);
  const bordered = withoutBorder(film, preprocessing.crop_border);
  const small = shrunk(bordered, preprocessing, seen);
  const grey = Float32Array.from(small.pixels);
  if (preprocessing.intensity === "percentile") stretch(grey);
  const levels = new Uint8Array(grey.length);
  for (let at = 0; at < grey.length; at += 1) {
    levels[at] = round(fround(Math.min(Math.max(grey[at], 0), 1) * 255));
  }
  return padded({ ...small, pixels: levels }, preprocessing.size);
}

/** Return the network's input for a standardised film: 3 x height x width. */
export function normalise(grey, { mean, std }) {
  const film = new Float32Array(mean.length * grey.length);
  mean.forEach((centre, channel) => {
    const [middle, spread] = [fround(centre), fround(std[channel])];
    const start = channel * grey.length;
    for (let at = 0; at < grey.length; at += 1) {
      film[start + at] = fround(fround(fround(grey[at] / 255) - middle) / spread);
    }
  });
  return film;
}

/** Return the network's input for a film: float32, 3 x `size` x `size`. */
export function prepare(film, preprocessing, window = null) {
  return normalise(standardise(film, preprocessing, window), preprocessing);
}

/** Return the part of a film that the network sees; null for the whole film. */
export function framed(preprocessing, window) {
  if ((preprocessing.frame === "lungs") !== (window !== null)) {
    throw new Error(`frame ${preprocessing.frame} was given ${JSON.stringify(window)}`);
  }
  return window === null ? null : widened(window, preprocessing.surround);
}

/** Return a window with so much more on each side, but no more than the film has. */
export function widened({ top, left, bottom, right }, shares) {
  const [up, before, down, behind] = Array.isArray(shares) ? shares : Array(4).fill(shares);
  const height = bottom - top;
  const width = right - left;
  return {
    top: Math.max(0.0, top - up * height),
    left: Math.max(0.0, left - before * width),
    bottom: Math.min(1.0, bottom + down * height),
    right: Math.min(1.0, right + behind * width),
  };
}

function withoutBorder(film, share) {
  if (!share) return film;
  const [rows, columns] = [round(film.height * share), round(film.width * share)];
  return cut(film, {
    top: rows,
    left: columns,
    bottom: film.height - rows,
    right: film.width - columns,
  });
}

function shrunk(film, { size, fit }, seen) {
  const { width, height } = film;
  const reducingGap = 3.0;
  if (seen !== null) {
    const box = [seen.left * width, seen.top * height, seen.right * width, seen.bottom * height];
    return resize(film, [size, size], { box, reducingGap });
  }
  if (fit === "squash") return resize(film, [size, size], { reducingGap });
  if (fit === "crop") {
    const side = Math.min(width, height);
    const [left, top] = [(width - side) / 2, (height - side) / 2];
    return resize(film, [size, size], { box: [left, top, left + side, top + side], reducingGap });
  }
  const scale = size / Math.max(width, height);
  const drawn = [Math.max(1, round(width * scale)), Math.max(1, round(height * scale))];
  return resize(film, drawn, { reducingGap });
}

function padded({ pixels, width, height }, size) {
  if (width === size && height === size) return pixels;
  const [down, across] = [Math.floor((size - height) / 2), Math.floor((size - width) / 2)];
  const whole = new Uint8Array(size * size);
  for (let y = 0; y < height; y += 1) {
    whole.set(pixels.subarray(y * width, (y + 1) * width), (y + down) * size + across);
  }
  return whole;
}

function stretch(grey) {
  const [low, high] = outerPercentiles(grey, PERCENTILES);
  if (high - low < 1e-3) return; // a blank film: stretching would only amplify noise
  const [start, span] = [fround(low), fround(high - low)];
  for (let at = 0; at < grey.length; at += 1) grey[at] = fround(fround(grey[at] - start) / span);
}
