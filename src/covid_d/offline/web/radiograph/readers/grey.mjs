// From integer samples to grey in [0, 1], and whether a picture carries visible colour.
import { bitLength, ends, median } from "../numbers.mjs";
import { notReadHere } from "../refusal.mjs";
import { reducedBytes } from "../resize.mjs";
import { leastSquares } from "./least_squares.mjs";

const fround = Math.fround;
// The light of a film is fitted by another algorithm than LAPACK's: what its last digits would
// decide is not decided here.
const UNSURE = 0.05;

/** The largest value of the bits that samples up to `highest` use, of 8 at least. */
export function topOf(highest) {
  return 2 ** Math.max(8, bitLength(highest)) - 1;
}

/** Unsigned samples divided by `top`, the largest value their depth can hold: float32 in [0, 1]. */
export function scale(samples, top) {
  const grey = new Float32Array(samples.length);
  for (let at = 0; at < grey.length; at += 1) grey[at] = Math.min(1, fround(samples[at] / top));
  return grey;
}

/**
 * Return an RGB picture's luminance, and what colour it carries.
 *
 * @param {Uint8Array[]} channels - Red, green and blue.
 * @returns {{pixels: Float32Array, colours: {colour: boolean, marks: boolean}}}
 */
export function greyOf(channels, width, height, tables) {
  const [red, green, blue] = channels;
  const levels = new Uint8Array(red.length);
  for (let at = 0; at < levels.length; at += 1) {
    levels[at] = (red[at] * 19595 + green[at] * 38470 + blue[at] * 7471 + 0x8000) >>> 16;
  }
  const rules = tables.grey;
  const shrunk = (factor) =>
    channels.map((pixels) => reducedBytes({ pixels, width, height }, factor));
  const colours = {
    colour: isColoured(shrunk(rules.BLOCK), rules),
    marks: hasMarks(shrunk(rules.CELL), rules),
  };
  return { pixels: scale(levels, 255), colours };
}

/** A channel as it shows over black: transparent means no film there, so air. */
export function overBlack(channel, alpha) {
  return channel.map((value, at) => {
    const over = value * alpha[at] + 128;
    return ((over >> 8) + over) >> 8;
  });
}

function isColoured([red, green, blue], { CHROMA, SHARE }) {
  let coloured = 0;
  for (let at = 0; at < red.pixels.length; at += 1) {
    const [low, high] = ends([red.pixels[at], green.pixels[at], blue.pixels[at]]);
    if (high - low > CHROMA) coloured += 1;
  }
  return coloured / red.pixels.length > SHARE;
}

function hasMarks([red, green, blue], rules) {
  const count = green.pixels.length;
  // Red and blue against green: a grey film's are nought, a tinted one's much alike all over.
  const tints = [red, blue].map(({ pixels }) => {
    const tint = new Int16Array(count);
    for (let at = 0; at < count; at += 1) tint[at] = pixels[at] - green.pixels[at];
    return tint;
  });
  const usual = tints.map((tint) => median(Int16Array.from(tint)));
  let off = new Float64Array(count);
  for (let at = 0; at < count; at += 1) {
    off[at] = Math.max(...tints.map((tint, channel) => Math.abs(tint[at] - usual[channel])));
  }
  if (off.filter((value) => value > rules.OFF_TINT).length < rules.CELLS) {
    return areMarks(off, green, rules, 0);
  }
  const light = offLight(tints, green, rules);
  off = off.map((value, at) => Math.min(value, light[at]));
  const told = areMarks(off, green, rules, 0);
  const other = [-UNSURE, UNSURE].some((by) => areMarks(off, green, rules, by) !== told);
  if (other) throw notReadHere("color");
  return told;
}

/** Whether cells off the tint are marks; `by` moves both limits, to see whether it matters. */
function areMarks(off, { width, height }, rules, by) {
  const marked = off.map((value) => (value > rules.OFF_TINT + by ? 1 : 0));
  const plain = off.filter((value) => value <= rules.PLAIN - by).length;
  const most = marked.reduce((sum, flag) => sum + flag, 0);
  if (most < rules.CELLS || plain / off.length < rules.FILM) return false;
  let marks = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!marked[y * width + x]) continue;
      let beside = -1;
      for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j += 1) {
        for (let i = Math.max(0, x - 1); i <= Math.min(width - 1, x + 1); i += 1) {
          beside += marked[j * width + i];
        }
      }
      if (beside >= rules.BESIDE) marks += 1;
    }
  }
  return marks >= rules.CELLS;
}

/** How far cells are off the tint of a light that changes evenly across the picture. */
function offLight(tints, green, rules) {
  const { width, height } = green;
  const count = width * height;
  const place = (at, side) => (side > 1 ? at * (2 / (side - 1)) - 1 : -1);
  const terms = (at) => {
    const y = place(Math.floor(at / width), height);
    const x = place(at % width, width);
    const light = [1, x, y, x * x, x * y, y * y];
    // A light tints what is bright; a haze in front tints all alike.
    return [...light.map((term) => (term * green.pixels[at]) / 255), ...light.slice(0, 3)];
  };
  const away = (at, row, weights) =>
    Math.max(
      ...tints.map((tint, channel) => {
        let light = 0;
        for (let term = 0; term < row.length; term += 1) light += row[term] * weights[channel][term];
        return Math.abs(tint[at] - light);
      }),
    );
  const step = Math.max(1, Math.trunc(Math.sqrt(count / rules.FITTED)));
  const known = [];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) known.push(y * width + x);
  }
  const rows = known.map(terms);
  let kept = known.map(() => true);
  let weights = null;
  for (let fit = 0; fit < rules.FITS; fit += 1) {
    const chosen = rows.filter((_, at) => kept[at]);
    weights = tints.map((tint) =>
      leastSquares(chosen, known.filter((_, at) => kept[at]).map((cell) => tint[cell])),
    );
    const far = Float64Array.from(known, (cell, at) => away(cell, rows[at], weights));
    const limit = Math.max(rules.PLAIN, median(Float64Array.from(far)));
    kept = Array.from(far, (value) => value <= limit);
  }
  return Float64Array.from({ length: count }, (_, at) => away(at, terms(at), weights));
}
