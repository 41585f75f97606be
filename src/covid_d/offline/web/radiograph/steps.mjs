// A step of the grey from one row to the next: where a decoder went on at another level.

const fround = Math.fround;
const LANES = 4;

/** How much the grey steps between two rows, against the rows around. */
export function step({ pixels, width, height }, tables) {
  const rules = tables.steps;
  const rim = Math.max(Math.floor(height / rules.RIM), rules.BESIDE);
  if (height < rules.LEAST || width < rules.PARTS) return 0;
  const stride = Math.max(1, Math.floor(width / rules.SAMPLE));
  const wide = Math.floor(Math.ceil(width / stride) / rules.PARTS);
  const [means, sizes] = partsOf(pixels, width, height, stride, wide, rules.PARTS);
  let most = 0;
  for (let row = rim; row < height - 1 - rim; row += 1) {
    if (isLone(sizes, row, height - 1, rules)) most = Math.max(most, stepAt(row, means, sizes, height, rules));
  }
  return most;
}

/** Means of each part of each difference between rows, and of their sizes: by part, by row. */
function partsOf(pixels, width, height, stride, wide, parts) {
  const [means, sizes] = [0, 1].map(() => Array.from({ length: parts }, () => new Float32Array(height - 1)));
  const values = new Float32Array(wide);
  for (let row = 0; row < height - 1; row += 1) {
    for (let part = 0; part < parts; part += 1) {
      let at = row * width + part * wide * stride;
      for (let i = 0; i < wide; i += 1, at += stride) values[i] = pixels[at + width] - pixels[at];
      means[part][row] = sum(values) / wide;
      for (let i = 0; i < wide; i += 1) values[i] = Math.abs(values[i]);
      sizes[part][row] = sum(values) / wide;
    }
  }
  return [means, sizes];
}

/** The sum in float32, four lanes side by side, as NumPy's `einsum` adds. */
function sum(values) {
  const lanes = new Float32Array(LANES);
  let at = 0;
  for (; at + 4 * LANES <= values.length; at += 4 * LANES) {
    for (let lane = 0; lane < LANES; lane += 1) {
      const one = fround(values[at + lane] + values[at + LANES + lane]);
      const two = fround(values[at + 2 * LANES + lane] + values[at + 3 * LANES + lane]);
      lanes[lane] = fround(one + two) + lanes[lane];
    }
  }
  for (; at < values.length; at += LANES) {
    for (let lane = 0; lane < LANES && at + lane < values.length; lane += 1) {
      lanes[lane] += values[at + lane];
    }
  }
  return fround(fround(lanes[0] + lanes[1]) + fround(lanes[2] + lanes[3]));
}

/** Whether a difference is well above that before and after, in as many parts as count. */
function isLone(sizes, row, rows, { LONE, STEPPING }) {
  if (row < 1 || row > rows - 2) return false;
  const larger = sizes.filter((part) => part[row] > fround(LONE * Math.max(part[row - 1], part[row + 1])));
  return larger.length >= STEPPING;
}

function stepAt(row, means, sizes, height, { BESIDE, COMMON, FLOOR, STEPPING }) {
  const beside = [];
  for (let by = -BESIDE; by <= BESIDE; by += 1) {
    if (by) beside.push(Math.min(Math.max(row + by, 0), height - 2));
  }
  const floor = fround(FLOOR);
  const signed = means.map((part) => {
    const around = Float32Array.from(beside, (at) => part[at]).sort();
    const level = fround(fround(around[BESIDE - 1] + around[BESIDE]) / 2);
    const away = around.map((value) => Math.abs(fround(value - level))).sort();
    return fround(Math.abs(fround(part[row] - level)) / fround(away[COMMON] + floor));
  });
  const rough = sizes.map((part) => {
    const around = Float32Array.from(beside, (at) => part[at]).sort();
    return fround(part[row] / fround(around[COMMON] + floor));
  });
  const least = (values) => Float32Array.from(values).sort()[values.length - STEPPING];
  return Math.min(least(signed), least(rough));
}
