// A photograph made into the picture of the film on it: straightened, cut. What comes out is a
// picture like any other, in the colours of the photograph: the same checks say what it is worth.
import { round } from "./numbers.mjs";
import { findFilm } from "./photograph.mjs";
import { encodePng } from "./png_writer.mjs";
import { resize } from "./resize.mjs";

const fround = Math.fround;
// A smaller picture shows as well where the film lies.
const PROPOSED = 1024;
const LEVELS = Float32Array.from({ length: 256 }, (_, level) => level / 255);

/**
 * Return where the film seems to lie on a photograph, or null.
 *
 * @param {{channels: Uint8Array[], width, height}} photograph
 * @returns {[number, number][]|null} Corners in shares of its sides: upper left, upper right, lower
 *   right, lower left.
 */
export function proposedCorners(photograph, tables) {
  const { channels, width, height } = within(photograph, PROPOSED);
  const pixels = Float32Array.from(channels[0], (_, at) => LEVELS[luminance(channels, at)]);
  const found = findFilm({ pixels, width, height }, tables);
  return found && found.map(([x, y]) => [x / width, y / height]);
}

/**
 * Return the film between four corners of a photograph as the bytes of a PNG.
 *
 * @param {{channels: Uint8Array[], width, height}} photograph
 * @param {[number, number][]} corners - As `proposedCorners` gives them.
 * @throws {RangeError} If they are not in [0, 1], or none of a convex patch, clockwise.
 */
export async function straighten(photograph, corners, tables) {
  if (!corners.flat().every((share) => share >= 0 && share <= 1)) {
    throw new RangeError(`corners outside of the picture: ${corners}`);
  }
  const picture = within(photograph, tables.straighten.LARGEST);
  const points = corners.map(([x, y]) => [x * picture.width, y * picture.height]);
  const { width, height } = sizeOf(points);
  const upright = [[0, 0], [width, 0], [width, height], [0, height]];
  const seen = projection(upright, points);
  const channels = picture.channels.map((pixels) => drawn(pixels, picture, seen, width, height));
  return encodePng(channels, width, height);
}

/** A picture whose longest side has at most so many pixels. */
export function within(picture, side) {
  const { channels, width, height } = picture;
  const longest = Math.max(width, height);
  if (longest <= side) return picture;
  const size = [width, height].map((one) => Math.max(1, Math.round((one * side) / longest)));
  const smaller = channels.map((channel) => {
    const pixels = Float32Array.from(channel);
    return Uint8Array.from(resize({ pixels, width, height }, size, { reducingGap: 2 }).pixels, round);
  });
  return { channels: smaller, width: size[0], height: size[1] };
}

function luminance([red, green, blue], at) {
  if (green === undefined) return red[at];
  return (red[at] * 19595 + green[at] * 38470 + blue[at] * 7471 + 0x8000) >>> 16;
}

/** Its sides are as long as the longer of the two that face each other. */
function sizeOf(points) {
  const sides = points.map(([x, y], at) => {
    const [nextX, nextY] = points[(at + 1) % 4];
    return [nextX - x, nextY - y];
  });
  const turns = sides.map(([x, y], at) => {
    const [nextX, nextY] = sides[(at + 1) % 4];
    return x * nextY - y * nextX;
  });
  if (!turns.every((turn) => turn > 0)) {
    throw new RangeError(`no convex patch, clockwise from the upper left: ${points}`);
  }
  const [top, right, bottom, left] = sides.map(([x, y]) => Math.hypot(x, y));
  return {
    width: Math.max(1, round(Math.max(top, bottom))),
    height: Math.max(1, round(Math.max(left, right))),
  };
}

/** The eight numbers of the projection that takes four points to four others. */
export function projection(source, target) {
  const rows = source.flatMap(([x, y], at) => {
    const [u, v] = target[at];
    return [
      [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
      [0, 0, 0, x, y, 1, -v * x, -v * y, v],
    ];
  });
  for (let pivot = 0; pivot < 8; pivot += 1) {
    let best = pivot;
    for (let at = pivot + 1; at < 8; at += 1) {
      if (Math.abs(rows[at][pivot]) > Math.abs(rows[best][pivot])) best = at;
    }
    [rows[pivot], rows[best]] = [rows[best], rows[pivot]];
    for (let at = 0; at < 8; at += 1) {
      const share = at === pivot ? 0 : rows[at][pivot] / rows[pivot][pivot];
      if (share) rows[at] = rows[at].map((value, column) => value - share * rows[pivot][column]);
    }
  }
  return rows.map((row, at) => row[8] / row[at]);
}

/** One channel between the corners, bilinear, as Pillow reckons it; nothing lies outside. */
function drawn(pixels, { width: columns, height: rows }, [a, b, c, d, e, f, g, h], width, height) {
  const film = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      const [across, down] = [x + 0.5, y + 0.5];
      const depth = g * across + h * down + 1;
      const left = (a * across + b * down + c) / depth;
      const top = (d * across + e * down + f) / depth;
      if (left < 0 || left >= columns || top < 0 || top >= rows) continue;
      film[at] = round(fround(fround(between(pixels, columns, rows, left - 0.5, top - 0.5)) * 255));
    }
  }
  return film;
}

function between(pixels, columns, rows, x, y) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [first, second] = [column, column + 1].map((one) => Math.min(Math.max(one, 0), columns - 1));
  const line = (number) => {
    const start = number * columns;
    const value = LEVELS[pixels[start + first]];
    return value + (LEVELS[pixels[start + second]] - value) * (x - column);
  };
  const above = line(Math.min(Math.max(row, 0), rows - 1));
  if (row + 1 >= rows) return above;
  return above + (line(row + 1) - above) * (y - row);
}
