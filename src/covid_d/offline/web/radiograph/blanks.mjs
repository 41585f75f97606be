// Parts of a chest that are covered: painted over with one grey, or filled in by a decoder.

/**
 * Return whether part of the chest is covered with one grey.
 *
 * @param {{pixels: Uint8Array, width: number, height: number}} levels - Levels of 255.
 * @param {Uint8Array} where - Not nought over the lungs and between them.
 */
export function covered({ pixels, width, height }, where, rules) {
  const side = Math.max(rules.SMALLEST, Math.floor(Math.min(width, height) / rules.CELLS));
  const flat = new Int32Array(257); // cells by their darkest value
  let [chest, found] = [0, 0];
  for (let top = 0; top + side <= height; top += side) {
    for (let left = 0; left + side <= width; left += side) {
      const [darkest, brightest] = endsOf(pixels, where, { top, left, side, width });
      if (darkest === null) continue;
      chest += 1;
      if (brightest - darkest > rules.FLAT) continue;
      flat[darkest] += 1;
      found += 1;
    }
  }
  if (chest < rules.FEWEST || found * rules.ALL <= rules.MIDDLE * chest) return false;
  const below = new Float64Array(257); // of each value, how many pixels are darker
  for (let at = 0; at < pixels.length; at += 1) if (where[at]) below[pixels[at] + 1] += 1;
  for (let value = 0; value < 256; value += 1) below[value + 1] += below[value];
  const all = below[256];
  const [low, high] = rules.ENDS.map((end) => below.subarray(1).findIndex((n) => n * rules.ALL >= all * end));
  if (high - low < rules.CONTRAST) return false;
  for (let value = 0; value < 256; value += 1) {
    const above = value < 255 ? all - below[value + 2] : 0;
    const few = Math.min(below[value], above) * rules.ALL <= rules.END * all;
    const clipped = few || Math.min(value, 255 - value) <= rules.NEARLY;
    const alike = flat[value] + flat[value + 1];
    if (!clipped && alike * rules.ALL > rules.MIDDLE * chest) return true;
  }
  return false;
}

/** The darkest and the brightest value of a cell that lies in the chest; nulls of another. */
function endsOf(pixels, where, { top, left, side, width }) {
  let [darkest, brightest] = [255, 0];
  for (let y = top; y < top + side; y += 1) {
    for (let at = y * width + left; at < y * width + left + side; at += 1) {
      if (!where[at]) return [null, null];
      darkest = Math.min(darkest, pixels[at]);
      brightest = Math.max(brightest, pixels[at]);
    }
  }
  return [darkest, brightest];
}
