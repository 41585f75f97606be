// Where the blocks of a JPEG go on at another level: one was misread, and no decoder can know.
// What is looked for, and why, is told in Python's `blocks`.

/**
 * Throw where all blocks from one on lie at another level.
 *
 * @param {Uint8Array} samples - Of grey, or of green, as they lie in the stream.
 * @param {{width, height, unit, step, rules}} of - `unit`: height and width in pixels of what the
 *   stream codes together; `step`: eighths of a grey level that means are rounded to; `rules`:
 *   Python's.
 */
export function requireLevel(samples, { width, height, unit: [down, wide], step, rules }) {
  const rows = Math.floor(height / down);
  const across = Math.floor(width / wide);
  if (rows < rules.FEWEST[0] || across < rules.FEWEST[1]) return;
  const lines = linesBeside(samples, width, height, down, wide, across, rules);
  const { count, steps } = lines;
  for (const begin of alike(steps, count, Math.floor((rules.LEAST * 2 * wide) / 4), rules)) {
    if (isSlip(lines, begin, { wide, step }, rules)) throw new Error("blocks of a JPEG at another level");
  }
}

/** Sums of blocks in the lines on either side of each boundary, and how far they step there. */
function linesBeside(samples, width, height, down, wide, across, { UPPER, KEPT }) {
  const stride = Math.max(1, Math.floor(across / KEPT));
  const count = Math.ceil(across / stride);
  const boundaries = Math.floor((Math.floor(height / down) * UPPER[0]) / UPPER[1]) - 1;
  const make = () => new Int32Array(boundaries * count);
  const [last, first, above, below, steps] = [make(), make(), make(), make(), make()];
  const sum = (row, column) => {
    let total = 0;
    const start = row * width + column * stride * wide;
    for (let at = start; at < start + wide; at += 1) total += samples[at];
    return total;
  };
  for (let boundary = 0, at = 0; boundary < boundaries; boundary += 1) {
    const row = (boundary + 1) * down;
    for (let column = 0; column < count; column += 1, at += 1) {
      [last[at], first[at]] = [sum(row - 1, column), sum(row, column)];
      above[at] = last[at] - sum(row - 2, column);
      below[at] = sum(row + 1, column) - first[at];
      steps[at] = 2 * (first[at] - last[at]) - above[at] - below[at];
    }
  }
  return { count, last, first, above, below, steps };
}

/** Where so many blocks begin that nearly all step by the least or more, one way. */
function alike(steps, count, least, { ODD, MOST }) {
  const needed = count - Math.floor(count / ODD);
  const begins = [];
  let [up, down] = [0, 0];
  for (let at = 0; at < steps.length && begins.length < MOST; at += 1) {
    up += Number(steps[at] >= least);
    down += Number(steps[at] <= -least);
    if (at >= count) {
      up -= Number(steps[at - count] >= least);
      down -= Number(steps[at - count] <= -least);
    }
    if (at >= count - 1 && Math.max(up, down) >= needed) begins.push(at - count + 1);
  }
  return begins;
}

function isSlip({ count, last, first, above, below, steps }, begin, { wide, step }, rules) {
  const level = 2 * wide;
  const spread = (values, at = begin) => spreadOf(values.slice(at, at + count), rules);
  const [low, middle, high] = spread(steps);
  const usual = usualOf(steps, begin, count, rules);
  const [times, usually, halves] = rules.USUAL;
  if (!(times * Math.max(low, -high) > usually * usual + Math.floor(level / halves))) return false;
  if (8 * Math.abs(middle) < rules.ROUNDED * step * level) return false;
  const [single, most] = rules.SINGLE;
  for (const beside of [above, below]) {
    if (single * Math.abs(spread(beside)[1]) > most * Math.abs(middle)) return false;
  }
  const [usualTimes, quarters, share] = rules.EVEN;
  const even = usualTimes * usual + Math.floor((quarters * level) / 4);
  if (high - low > Math.max(even, Math.floor(Math.abs(middle) / share))) return false;
  const isTextured = (line) => {
    return 2 * spreadOf(besideOf(line, begin, count), rules)[1] >= rules.TEXTURE * wide;
  };
  return isTextured(last) && isTextured(first) && !isElsewhere(steps, begin, count, middle, rules);
}

/** Whether blocks of the film step by much of it anyway, apart from so many of them. */
function isElsewhere(steps, begin, count, middle, { ELSEWHERE: [times, oneIn] }) {
  let stepping = 0;
  for (let at = 0; at < steps.length; at += 1) {
    const outside = at < begin || at >= begin + count;
    stepping += Number(outside && times * Math.abs(steps[at]) >= Math.abs(middle));
  }
  return oneIn * stepping >= steps.length - count;
}

/** How far each of some blocks lies from the next in its row, the last of a row from that before. */
function besideOf(line, begin, count) {
  return Int32Array.from({ length: count }, (_, nth) => {
    const at = begin + nth;
    return Math.abs(line[at] - line[(at + 1) % count === 0 ? at - 1 : at + 1]);
  });
}

/** The lowest, the middle and the highest of some values, apart from the odd ones. */
function spreadOf(values, { ODD }) {
  const sorted = values.sort();
  const [count, odd] = [sorted.length, Math.floor(sorted.length / ODD)];
  return [sorted[odd], sorted[Math.floor(count / 2)], sorted[count - 1 - odd]];
}

/** How far blocks step a row before and a row behind, whichever is more. */
function usualOf(steps, begin, count, rules) {
  const lastBegin = steps.length - count;
  const earlier = begin >= count ? begin - count : begin + count;
  const later = begin + count <= lastBegin ? begin + count : begin - count;
  const most = (at) => spreadOf(steps.slice(at, at + count).map(Math.abs), rules)[2];
  return Math.max(most(earlier), most(later));
}
