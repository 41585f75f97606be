// A film on a photograph of a screen or a light box: where its corners are.
import { ends, median, round } from "./numbers.mjs";
import { resize } from "./resize.mjs";

const fround = Math.fround;

/** Return the corners of a film on a darker ground (columns and rows, clockwise), or null. */
export function findFilm(film, tables) {
  const rules = tables.photograph;
  const scale = Math.max(1, Math.max(film.height, film.width) / rules.SIDE);
  const size = [film.width, film.height].map((side) => Math.max(8, round(side / scale)));
  const grey = resize(film, size, { filter: "box" });
  const { pixels, width, height } = grey;
  const rim = rimOf(grey, rules.RIM);
  const limit = threshold(pixels, rim, rules);
  const bright = Uint8Array.from(pixels, (value) => (value > limit ? 1 : 0));
  const along = rim.reduce((sum, flag, at) => sum + (flag ? bright[at] : 0), 0);
  if (along / rim.reduce((sum, flag) => sum + flag, 0) > rules.RIM_BRIGHT) return null;
  const patch = largest(closed({ pixels: bright, width, height }, rules.GAP));
  const outline = hull(patch);
  const corners = extremes(outline);
  const taken = areaOf(corners);
  const share = taken / pixels.length;
  const filled = taken ? areaOf(outline) / taken : 0;
  const within = (value, [low, high]) => value >= low && value <= high;
  if (!within(share, rules.AREA) || !within(filled, rules.FILLED)) return null;
  const [low, high] = ends(pixels);
  if (apart(grey, corners) < fround(rules.STEP * fround(high - low))) return null;
  if (isWhole(corners, size, rules)) return null;
  const [across, down] = [film.width / width, film.height / height];
  return corners.map(([x, y]) => [(x + 0.5) * across, (y + 0.5) * down]);
}

/** The grey above which a pixel is no ground: the rim's, and some of the way up. */
function threshold(pixels, rim, { UP }) {
  const outer = pixels.filter((_, at) => rim[at]).sort();
  const [ground, spread] = [50 / fround(100), 84 / fround(100)].map((share) => percentile(outer, share));
  // One share alone is reckoned in float32 by NumPy.
  const bright = percentile32(Float32Array.from(pixels).sort(), fround(90 / 100));
  return fround(Math.max(ground + UP * (bright - ground), ground + 4 * (spread - ground)));
}

function percentile(ordered, share) {
  const rank = share * (ordered.length - 1);
  const before = Math.floor(rank);
  const [one, two] = [ordered[before], ordered[Math.min(before + 1, ordered.length - 1)]];
  const [part, step] = [rank - before, fround(two - one)];
  return part < 0.5 ? one + step * part : two - step * (1 - part);
}

function percentile32(ordered, share) {
  const rank = fround(share * (ordered.length - 1));
  const before = Math.floor(rank);
  const [one, two] = [ordered[before], ordered[Math.min(before + 1, ordered.length - 1)]];
  const [part, step] = [fround(rank - before), fround(two - one)];
  if (part < 0.5) return fround(one + fround(step * part));
  return fround(two - fround(step * fround(1 - part)));
}

function rimOf({ width, height }, wide) {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return x < wide || y < wide || x >= width - wide || y >= height - wide ? 1 : 0;
  });
}

/** Close gaps and take specks off; what touches the edge is not eaten from there. */
function closed({ pixels, width, height }, gap) {
  const [columns, rows] = [width + 2 * gap, height + 2 * gap];
  let flags = new Uint8Array(columns * rows);
  for (let y = 0; y < height; y += 1) {
    flags.set(pixels.subarray(y * width, (y + 1) * width), (y + gap) * columns + gap);
  }
  for (const most of [true, false, false, true]) flags = ranked(flags, columns, rows, gap >> 1, most);
  const inner = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const start = (y + gap) * columns + gap;
    inner.set(flags.subarray(start, start + width), y * width);
  }
  return { pixels: inner, width, height };
}

/** The most, or the least, of the square around each flag. */
function ranked(flags, width, height, reach, most) {
  const along = (source, count, length, step, stride) => {
    const made = new Uint8Array(source.length);
    for (let line = 0; line < count; line += 1) {
      for (let at = 0; at < length; at += 1) {
        let found = most ? 0 : 1;
        const last = Math.min(length - 1, at + reach);
        for (let near = Math.max(0, at - reach); near <= last; near += 1) {
          if ((source[line * step + near * stride] === 1) === most) found = most ? 1 : 0;
        }
        made[line * step + at * stride] = found;
      }
    }
    return made;
  };
  return along(along(flags, height, width, width, 1), width, height, 1, width);
}

/** The largest connected patch. */
function largest({ pixels, width, height }) {
  const labels = new Int32Array(pixels.length);
  let [best, most] = [0, 0];
  const patches = [];
  for (let start = 0; start < pixels.length; start += 1) {
    if (!pixels[start] || labels[start]) continue;
    const [waiting, label] = [[start], patches.length + 1];
    labels[start] = label;
    let [count, last] = [0, 0];
    while (waiting.length) {
      const at = waiting.pop();
      count += 1;
      last = Math.max(last, at);
      const x = at % width;
      const beside = [at - width, at + width, x ? at - 1 : -1, x + 1 < width ? at + 1 : -1];
      for (const next of beside) {
        if (next < 0 || next >= pixels.length || !pixels[next] || labels[next]) continue;
        labels[next] = label;
        waiting.push(next);
      }
    }
    patches.push({ label, count, last });
  }
  // Of two as large, the one that ends first.
  for (const { label, count } of patches.sort((one, two) => one.last - two.last)) {
    if (count > most) [best, most] = [label, count];
  }
  return { pixels: best ? labels.map((label) => (label === best ? 1 : 0)) : pixels, width, height };
}

/** The convex hull of a patch, column and row (Andrew's monotone chain). */
function hull({ pixels, width, height }) {
  const points = [];
  for (let y = 0; y < height; y += 1) {
    const line = pixels.subarray(y * width, (y + 1) * width);
    const first = line.indexOf(1);
    if (first < 0) continue;
    points.push([first, y]);
    if (line.lastIndexOf(1) !== first) points.push([line.lastIndexOf(1), y]);
  }
  points.sort((one, two) => one[0] - two[0] || one[1] - two[1]);
  if (points.length < 3) return points;
  return [...chain(points).slice(0, -1), ...chain(points.reverse()).slice(0, -1)];
}

function chain(points) {
  const kept = [];
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  for (const point of points) {
    while (kept.length >= 2 && turn(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
    kept.push(point);
  }
  return kept;
}

function extremes(outline) {
  if (!outline.length) return Array(4).fill([0, 0]);
  const best = (key) => outline.reduce((one, two) => (key(two) > key(one) ? two : one));
  return [
    best(([x, y]) => -(x + y)),
    best(([x, y]) => x - y),
    best(([x, y]) => x + y),
    best(([x, y]) => y - x),
  ];
}

function areaOf(corners) {
  if (corners.length < 3) return 0;
  let twice = 0;
  corners.forEach(([x, y], at) => {
    const [u, v] = corners[(at + 1) % corners.length];
    twice += x * v - y * u;
  });
  return Math.abs(twice) / 2;
}

/** How much brighter it is between the corners than outside. */
function apart({ pixels, width }, corners) {
  const sides = corners.map((corner, at) => [...corner, ...corners[(at + 1) % 4]]);
  const inside = (at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return sides.every(([ax, ay, bx, by]) => (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0);
  };
  const film = pixels.filter((_, at) => inside(at));
  const ground = pixels.filter((_, at) => !inside(at));
  if (!ground.length) return 0;
  return film.length ? fround(median(film) - median(ground)) : NaN;
}

function isWhole(corners, [width, height], { NEAR }) {
  const [right, bottom] = [width - 1, height - 1];
  const own = [
    [0, 0],
    [right, 0],
    [right, bottom],
    [0, bottom],
  ];
  return corners.every(
    ([x, y], at) =>
      Math.abs(x - own[at][0]) <= NEAR * width + 1 && Math.abs(y - own[at][1]) <= NEAR * height + 1,
  );
}
