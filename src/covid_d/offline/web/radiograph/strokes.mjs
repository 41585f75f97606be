// Marks drawn over the lungs in grey: arrows, letters, rings and boxes, burned into the film.
import { covered } from "./blanks.mjs";
import { round } from "./numbers.mjs";
import { nearest } from "./resize.mjs";

const fround = Math.fround;

/**
 * Return whether strokes of ink lie over the lungs or between them, or a patch of one grey.
 *
 * @param {Float32Array} pixels - In [0, 1], `height` lines of `width`.
 * @param {{pixels: Uint8Array, height: number, width: number}} lungs - Where the lungs are, over
 *   the same picture at any resolution; nought where they are not.
 */
export function drawnOver(pixels, height, width, lungs, facts) {
  const rules = facts.radiograph.strokes;
  const levels = levelsOf({ pixels, width, height }, rules);
  const where = between(lungs, levels);
  const part = extent(where, levels, rules);
  if (part === null) return false;
  if (covered(levels, where, facts.radiograph.blanks)) return true;
  const longer = Math.max(levels.width, levels.height);
  return hasStrokes(new Line(levels, where, part, rules), longer, rules);
}

/** The film in levels of 255, thinned to the pixels looked at. */
function levelsOf({ pixels, width, height }, { LONGEST, TOP }) {
  const thin = Math.ceil(Math.max(width, height) / LONGEST);
  const [rows, columns] = [Math.ceil(height / thin), Math.ceil(width / thin)];
  const levels = new Uint8Array(rows * columns);
  for (let y = 0, at = 0; y < height; y += thin) {
    for (let x = 0; x < width; x += thin, at += 1) levels[at] = round(fround(pixels[y * width + x] * TOP));
  }
  return { pixels: levels, width: columns, height: rows };
}

/** What lies between the first and last cell of lung in each row, lungs included. */
function between(lungs, { width, height }) {
  const [first, last] = [new Int16Array(lungs.height), new Int16Array(lungs.height)];
  for (let y = 0; y < lungs.height; y += 1) {
    const line = lungs.pixels.subarray(y * lungs.width, (y + 1) * lungs.width);
    first[y] = Math.max(0, line.findIndex((cell) => cell));
    last[y] = line.findLastIndex((cell) => cell);
  }
  const [rows, columns] = [nearest(lungs.height, height), nearest(lungs.width, width)];
  const both = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      both[at] = columns[x] >= first[rows[y]] && columns[x] <= last[rows[y]] ? 1 : 0;
    }
  }
  return both;
}

/** The part from the first to the last line and column that is set, and what a stroke needs. */
function extent(where, { width, height }, { ACROSS }) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      if (!where[at]) continue;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  if (bottom < 0) return null;
  const reach = Math.max(...ACROSS);
  return {
    top: Math.max(0, top - reach),
    left: Math.max(0, left - reach),
    bottom: Math.min(height, bottom + 1 + reach),
    right: Math.min(width, right + 1 + reach),
  };
}

/** Whether strokes of about one value are as long as the limit of a kind of ink. */
function hasStrokes(line, longer, rules) {
  const found = strokes(line, rules);
  return rules.INKS.some((ink, kind) =>
    [0, 1].some((sense) => {
      const directions = found[kind][sense];
      const grey = Math.max(rules.FEWEST, (sense ? ink.dark : ink.bright) * longer);
      const atEnds = Math.max(rules.FEWEST, rules.AT_ENDS * longer);
      // Most films end here: there are not as many, of whatever value and however blurred.
      if (directions.reduce((sum, { places }) => sum + places.length, 0) < Math.min(grey, atEnds)) return false;
      const sharp = new Uint8Array(line.size);
      directions.forEach(({ places, heights }, direction) => {
        places.forEach((place, at) => {
          if (!sharp[place] && isSharp(line, place, heights[at], direction, ink, !sense, rules)) {
            sharp[place] = 1;
          }
        });
      });
      const values = new Int32Array(rules.TOP + 1);
      for (let place = 0; place < sharp.length; place += 1) {
        if (sharp[place]) values[line.value(place)] += 1;
      }
      const long = (length, value) => length >= (atAnEnd(value, rules) ? atEnds : grey);
      const lengths = near(values, ink.shades);
      if (!lengths.some(long)) return false;
      const explained = clipped(line, lengths, ink.shades, sense, rules);
      return lengths.some((length, value) => long(length, value) && !explained[value]);
    }),
  );
}

/** Whether a value is nearly black or nearly white. */
function atAnEnd(value, { ENDS, TOP }) {
  return Math.min(value, TOP - value) <= ENDS;
}

/** How many pixels have each value, or one within some shades of it. */
function near(values, shades) {
  return values.map((_, value) => {
    let sum = 0;
    const last = Math.min(values.length - 1, value + shades);
    for (let other = Math.max(0, value - shades); other <= last; other += 1) sum += values[other];
    return sum;
  });
}

/** For each value whether strokes of it are explained by a film that is clipped. */
function clipped(line, lengths, shades, sense, rules) {
  const every = new Int32Array(rules.TOP + 1);
  for (let place = 0; place < line.size; place += 1) {
    if (line.seen[place]) every[line.value(place)] += 1;
  }
  const alike = near(every, shades);
  return Array.from(
    lengths,
    (length, value) => atAnEnd(value, rules) && length < rules.OF_CLIPPED[sense] * alike[value],
  );
}

/** What rises above both its sides, or falls below, and is even along: by kind, sense, direction. */
function strokes(line, { INKS, STEPS }) {
  const found = INKS.map(() => [[], []]);
  const most = Math.max(...INKS.map((ink) => ink.alike));
  const least = Math.min(...INKS.map((ink) => ink.jump));
  for (const [down, across] of STEPS) {
    for (const kinds of found) for (const sense of kinds) sense.push({ places: [], heights: [] });
    const aside = line.aside(down, across);
    for (let place = 0; place < line.size; place += 1) {
      if (!line.seen[place]) continue;
      const spread = line.spread(place, down, across);
      if (spread > most) continue;
      const rises = line.rises(place, aside);
      if (Math.max(...rises) <= least) continue;
      INKS.forEach(({ alike, jump }, kind) => {
        if (spread > alike) return;
        rises.forEach((rise, sense) => {
          if (rise <= jump) return;
          const { places, heights } = found[kind][sense].at(-1);
          places.push(place);
          heights.push(rise);
        });
      });
    }
  }
  return found;
}

/** Whether a stroke along a direction is flat, narrow and ends at once at a place. */
function isSharp(line, place, height, direction, ink, bright, rules) {
  const [down, across] = rules.STEPS[direction];
  const slanting = Boolean(down && across);
  const [step, scale] = slanting ? [1, rules.DIAGONAL] : [rules.STEEP, 1];
  const reach = round(Math.max(...rules.ACROSS) * scale);
  let [wide, highest, least] = [0, -Infinity, Infinity];
  for (const way of [1, -1]) {
    const by = -way * across * line.width + way * down;
    const away = (steps) => {
      const grey = line.value(place + steps * by);
      return bright ? grey : -grey;
    };
    let [fall, end] = [-Infinity, 0];
    for (let at = 0; at + step <= reach; at += 1) {
      const falls = away(at) - away(at + step);
      if (falls > fall) [fall, end] = [falls, at];
    }
    let top = -Infinity;
    for (let at = 0; at <= end; at += 1) top = Math.max(top, away(at));
    wide += end;
    highest = Math.max(highest, top - away(0));
    least = Math.min(least, fall);
  }
  return (
    round(wide / scale) <= rules.WIDEST &&
    highest <= rules.OVER * height &&
    least >= ink.sharp * height
  );
}

/** A part of a film and its margin as one line of pixels: any step is one along it. */
class Line {
  constructor(levels, where, { top, left, bottom, right }, rules) {
    const reach = Math.max(...rules.ACROSS);
    this.rules = rules;
    const [rows, columns] = [bottom - top, right - left];
    this.width = columns + 2 * reach;
    this.pixels = new Uint8Array(this.width * (rows + 2 * reach));
    const inside = (at, side) => Math.min(Math.max(at - reach, 0), side - 1);
    for (let y = 0, at = 0; y < rows + 2 * reach; y += 1) {
      const start = (top + inside(y, rows)) * levels.width + left;
      for (let x = 0; x < this.width; x += 1, at += 1) {
        this.pixels[at] = levels.pixels[start + inside(x, columns)];
      }
    }
    this.first = reach * (this.width + 1);
    this.size = rows * this.width - 2 * reach;
    this.seen = new Uint8Array(this.size);
    for (let y = 0; y < rows; y += 1) {
      const start = (top + y) * levels.width + left;
      for (let x = 0; x < columns; x += 1) this.seen[y * this.width + x] = where[start + x];
    }
  }

  value(place) {
    return this.pixels[this.first + place];
  }

  /** The steps to either side of a direction at which a stroke has ended. */
  aside(down, across) {
    const { ACROSS, DIAGONAL } = this.rules;
    return ACROSS.map((far) => {
      const steps = down && across ? Math.max(1, round(far * DIAGONAL)) : far;
      return steps * (down - across * this.width);
    });
  }

  /** How far a pixel rises above both its sides, and falls below, at most. */
  rises(place, aside) {
    const at = this.first + place;
    let [highest, lowest] = [255, 0];
    for (const by of aside) {
      const [one, other] = [this.pixels[at + by], this.pixels[at - by]];
      highest = Math.min(highest, Math.max(one, other));
      lowest = Math.max(lowest, Math.min(one, other));
    }
    const here = this.pixels[at];
    return [Math.max(0, here - highest), Math.max(0, lowest - here)];
  }

  /** By how much a pixel and those before and behind it differ. */
  spread(place, down, across) {
    const by = this.rules.ALONG * (down * this.width + across);
    const at = this.first + place;
    const [here, ahead, behind] = [this.pixels[at], this.pixels[at + by], this.pixels[at - by]];
    return Math.max(here, ahead, behind) - Math.min(here, ahead, behind);
  }
}
