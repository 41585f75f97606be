// Where the film lies in its picture: uniform margins, letterboxes and shutters are no film.
import { ends, median } from "./numbers.mjs";
import { outerPercentiles, thinned } from "./percentiles.mjs";
import { cut } from "./film.mjs";

const fround = Math.fround;

/**
 * Return where the film lies within a picture: a box {top, left, bottom, right}.
 *
 * The whole picture where there is no margin, or nothing else.
 */
export function filmBox(picture, tables) {
  const { width, height } = picture;
  const rules = tables.frame;
  const contrast = contrastOf(picture, rules);
  // Rows top to bottom, then columns left to right: [start, stop] of each.
  const sides = [
    [0, height],
    [0, width],
  ];
  for (let turn = 0; turn < rules.ROUNDS; turn += 1) {
    const before = JSON.stringify(sides);
    for (const ringing of [false, true]) {
      for (const axis of [0, 1]) {
        const lines = new Lines(picture, sides, axis);
        const side = sides[axis];
        const [first, last] = margins(lines, contrast, ringing, rules);
        if (first + last >= side[1] - side[0]) {
          return { top: 0, left: 0, bottom: height, right: width };
        }
        side[0] += first;
        side[1] -= last;
      }
    }
    if (JSON.stringify(sides) === before) break;
  }
  const [[top, bottom], [left, right]] = sides;
  return { top, left, bottom, right };
}

/** Rows, or columns, of a part of a picture: each is copied when it is asked for. */
class Lines {
  constructor({ pixels, width }, [[top, bottom], [left, right]], axis) {
    this.count = axis ? right - left : bottom - top;
    this.length = axis ? bottom - top : right - left;
    this.pixels = pixels;
    this.start = top * width + left;
    this.step = axis ? 1 : width;
    this.along = axis ? width : 1;
  }

  line(number) {
    const line = new Float32Array(this.length);
    let at = this.start + number * this.step;
    for (let i = 0; i < this.length; i += 1, at += this.along) line[i] = this.pixels[at];
    return line;
  }
}

function margins(lines, contrast, ringing, rules) {
  const { count } = lines;
  if (ringing) {
    const block = Math.min(rules.BLOCK, count);
    const rings = (number) => isRinging(lines.line(number), contrast, rules);
    return [leading(block, rings), leading(block, (number) => rings(count - 1 - number))];
  }
  const flat = (number) => {
    const [low, high] = ends(lines.line(number));
    return fround(high - low) <= fround(rules.FLAT * contrast);
  };
  const first = leading(count, flat);
  return [first, first === count ? count : leading(count, (number) => flat(count - 1 - number))];
}

/** Return how many numbers from nought on pass before the first that does not. */
function leading(count, passes) {
  let number = 0;
  while (number < count && passes(number)) number += 1;
  return number;
}

function isRinging(line, contrast, rules) {
  const middle = median(Float32Array.from(line));
  const limit = fround(rules.RINGING * contrast);
  let away = 0;
  for (const value of line) away += Math.abs(fround(value - middle)) > limit ? 1 : 0;
  return away / line.length <= rules.STRAY;
}

function contrastOf(picture, rules) {
  const { width, height } = picture;
  const down = Math.floor(height / 4);
  const across = Math.floor(width / 4);
  const middle = cut(picture, {
    top: down,
    left: across,
    bottom: height - down,
    right: width - across,
  });
  const steps = [height, width].map((side) => Math.max(1, Math.floor(side / rules.SAMPLE)));
  const [low, high] = outerPercentiles(thinned(middle, ...steps).pixels, rules.PERCENTILES);
  return high - low;
}
