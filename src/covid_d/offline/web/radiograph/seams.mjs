// Straight edges across a picture: a damaged stream, films set side by side, a screen's panels.
import { outerPercentiles, thinned } from "./percentiles.mjs";

const fround = Math.fround;

/** Some 256 by 256 pixels or more of a film at a regular stride: `{pixels, width, height}`. */
export function sampled(film, tables) {
  const steps = [film.height, film.width].map((side) =>
    Math.max(1, Math.floor(side / tables.seams.SAMPLE)),
  );
  return thinned(film, ...steps);
}

/** How far the grey of a film reaches: from the 1st to the 99th percentile. */
export function contrast(sample, tables) {
  const [low, high] = outerPercentiles(sample.pixels, tables.seams.PERCENTILES);
  return high - low;
}

/** How much of a straight edge, across or along, the picture holds; `reach` is its contrast. */
export function seam({ pixels, width, height }, reach, tables) {
  const jump = fround(tables.seams.JUMP * reach);
  const rows = { pixels, count: height, length: width, step: width, along: 1 };
  const columns = { pixels, count: width, length: height, step: 1, along: width };
  return Math.max(across(rows, jump, tables.seams), across(columns, jump, tables.seams));
}

function across({ pixels, count, length, step, along }, jump, rules) {
  const stride = Math.max(1, Math.floor(length / rules.SAMPLE));
  const seen = Math.ceil(length / stride);
  const jumps = new Float64Array(count - 1);
  for (let line = 0; line < jumps.length; line += 1) {
    let jumping = 0;
    for (let at = line * step, i = 0; i < seen; i += 1, at += along * stride) {
      if (Math.abs(fround(pixels[at + step] - pixels[at])) > jump) jumping += 1;
    }
    jumps[line] = jumping / seen;
  }
  const rim = Math.max(8, Math.floor(count / rules.RIM));
  let most = 0;
  for (let line = rim; line < jumps.length - rim; line += 1) {
    // What does not jump more than the most so far cannot do so above those beside it.
    if (jumps[line] > most) most = Math.max(most, above(jumps, line, rules.BESIDE));
  }
  return most;
}

/** How much more jumps along a line than along the lines beside: their median. */
function above(jumps, at, beside) {
  const around = new Float64Array(2 * beside + 1);
  for (let i = 0; i < around.length; i += 1) {
    around[i] = jumps[Math.min(Math.max(at - beside + i, 0), jumps.length - 1)];
  }
  return jumps[at] - around.sort()[beside];
}
