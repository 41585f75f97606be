// A film that is its own mirror image: one half of it was copied onto the other.

/**
 * Return whether one half of a film is the other one's mirror image.
 *
 * @param {{pixels: Uint8Array, width: number, height: number}} levels - Levels of 255: the whole
 *   film, as the lung model saw it.
 */
export function mirrored({ pixels, width: side, height }, facts) {
  const rules = facts.radiograph.symmetry;
  if (Math.min(side, height) < rules.SMALLEST) return false;
  const rim = Math.floor(height / 8);
  const lines = [];
  for (let y = rim; y < height - rim; y += rules.EVERY) {
    lines.push(detailOf(pixels.subarray(y * side, (y + 1) * side), rules));
  }
  const width = lines[0].length;
  // Places whose numbers add up to these lie as far from one axis.
  for (let sum = width - 1 - 2 * rules.AXES; sum < width + 2 * rules.AXES; sum += 1) {
    let [agreeing, energy] = [0, 0];
    for (const line of lines) {
      for (let x = Math.max(0, sum - (width - 1)); x <= Math.min(width - 1, sum); x += 1) {
        agreeing += line[x] * line[sum - x];
        energy += line[x] * line[x];
      }
    }
    if (agreeing * 100 > rules.MIRRORED * energy) return true;
  }
  return false;
}

/** By how much the places of a line stand out, in whole numbers, without its ends. */
function detailOf(line, { NEAR, AROUND, MOST }) {
  const sums = new Int32Array(line.length + 1);
  line.forEach((level, at) => (sums[at + 1] = sums[at] + level));
  const most = MOST * NEAR * AROUND;
  const inset = (AROUND - NEAR) / 2;
  return Int32Array.from({ length: line.length - AROUND + 1 }, (_, at) => {
    const near = sums[at + inset + NEAR] - sums[at + inset];
    const around = sums[at + AROUND] - sums[at];
    return Math.max(-most, Math.min(most, near * AROUND - around * NEAR));
  });
}
