// Patches over the lungs whose edge fades: a black or white disc, a lung that was painted over.

/**
 * Return whether a part of the lungs lies under a patch.
 *
 * @param {{pixels: Uint8Array, width: number, height: number}} levels - Levels of 255: the part of a
 *   film around the lungs, as the lung model saw it.
 * @param {{pixels: Uint8Array}} lungs - Not nought where the lungs are, over the same picture.
 */
export function patched(levels, lungs, facts) {
  const rules = facts.radiograph.patches;
  const area = lungs.pixels.reduce((sum, lung) => sum + (lung ? 1 : 0), 0);
  if (area < rules.SMALLEST) return false;
  const chest = hull(lungs.pixels, levels.width, levels.height);
  const [highest, lowest] = [Math.max, Math.min].map((most) => around(levels, levels.pixels, rules.REACH, most));
  const flat = chest.map((inside, at) => (inside && highest[at] - lowest[at] <= rules.FLAT ? 1 : 0));
  const counts = new Int32Array(256);
  for (let at = 0; at < flat.length; at += 1) if (flat[at]) counts[levels.pixels[at]] += 1;
  return rules.PATCHES.some((kind) => {
    let [grey, most] = [kind.first, -1];
    for (let value = kind.first; value <= kind.last; value += 1) {
      let alike = 0; // from each value on
      for (let shade = value; shade < value + rules.SHADES; shade += 1) alike += counts[shade];
      if (alike > most) [grey, most] = [value, alike];
    }
    if (most * rules.ALL < kind.share * area) return false;
    const within = (value) => value >= grey && value < grey + rules.SHADES;
    const patch = flat.map((even, at) => (even && within(levels.pixels[at]) ? 1 : 0));
    return hasEdge(levels, { patch, chest, grey: grey + 1 }, kind, rules);
  });
}

/** The smallest convex shape that holds every pixel of a mask, which is not empty. */
export function hull(mask, width, height) {
  const [rows, lefts, rights] = [[], [], []];
  for (let y = 0; y < height; y += 1) {
    const line = mask.subarray(y * width, (y + 1) * width);
    const last = line.findLastIndex((cell) => cell);
    if (last < 0) continue;
    rows.push(y);
    lefts.push(line.findIndex((cell) => cell));
    rights.push(width - 1 - last);
  }
  const [starts, ends] = [sideOf(rows, lefts), sideOf(rows, rights)];
  const both = new Uint8Array(mask.length);
  starts.forEach((start, row) => {
    const line = (rows[0] + row) * width;
    both.fill(1, line + start, Math.max(line + start, line + width - ends[row]));
  });
  return both;
}

/** The first column of a convex shape in each row, by where a mask's rows begin. */
function sideOf(rows, ends) {
  const chain = [];
  rows.forEach((row, at) => {
    const corner = [row, ends[at]];
    while (chain.length > 1 && bendsIn(chain.at(-2), chain.at(-1), corner)) chain.pop();
    chain.push(corner);
  });
  const side = [chain[0][1]];
  for (let at = 1; at < chain.length; at += 1) {
    const [[top, first], [bottom, last]] = [chain[at - 1], chain[at]];
    for (let step = 1; step <= bottom - top; step += 1) {
      // Rounded towards the inside: no pixel lies beyond the line.
      side.push(first - Math.floor(((first - last) * step) / (bottom - top)));
    }
  }
  return side;
}

/** Whether a corner does not stand out from the line between its neighbours. */
function bendsIn(first, middle, last) {
  return (middle[1] - first[1]) * (last[0] - first[0]) >= (last[1] - first[1]) * (middle[0] - first[0]);
}

/** The most of each pixel and those up to so far from it, in a square. */
function around({ width, height }, values, reach, most) {
  const [across, both] = [values.slice(), values.slice()];
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      for (let far = -Math.min(reach, x); far <= Math.min(reach, width - 1 - x); far += 1) {
        across[at] = most(across[at], values[at + far]);
      }
    }
  }
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      both[at] = across[at];
      for (let far = -Math.min(reach, y); far <= Math.min(reach, height - 1 - y); far += 1) {
        both[at] = most(both[at], across[at + far * width]);
      }
    }
  }
  return both;
}

/** Whether what lies around a patch leaves its grey alike on all sides. */
function hasEdge(levels, { patch, chest, grey }, kind, rules) {
  const at = (far) => {
    const [outer, inner] = [far, far - rules.WIDE].map((reach) => around(levels, patch, reach, Math.max));
    const counts = new Int32Array(256);
    let pixels = 0;
    for (let place = 0; place < patch.length; place += 1) {
      if (!outer[place] || inner[place] || !chest[place]) continue;
      counts[Math.abs(levels.pixels[place] - grey)] += 1;
      pixels += 1;
    }
    if (pixels < rules.FEWEST) return null;
    return [rules.NEARLY_ALL, rules.HALF].map((part) => reached(counts, pixels * part));
  };
  const last = at(rules.STEP_AT);
  if (last === null || last[0] < kind.step) return false;
  const found = rules.EVEN_AT.map(at);
  if (found.includes(null)) return false;
  const [nearly, half] = [0, 1].map((part) => found.reduce((product, each) => product * each[part], 1));
  return nearly * 100 >= kind.even * half;
}

/** The value that so many pixels, in hundredths, do not exceed. */
function reached(counts, hundredths) {
  for (let value = 0, below = 0; value < counts.length; value += 1) {
    below += counts[value] * 100;
    if (below >= hundredths) return value;
  }
  return counts.length;
}
