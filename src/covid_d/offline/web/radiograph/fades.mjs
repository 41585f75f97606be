// A film that fades into one grey where its lungs are not yet at their end: half of it is covered.

/**
 * Return whether a film fades into one grey at its head or foot, close to the lungs.
 *
 * @param {{pixels: Uint8Array, width: number, height: number}} levels - Levels of 255: the whole
 *   film, as the lung model saw it.
 * @param {{pixels: Uint8Array}} lungs - Not nought where the lungs are, over the same picture.
 */
export function faded(levels, lungs, facts) {
  const rules = facts.radiograph.fades;
  const { width, height } = levels;
  if (Math.min(width, height) < rules.SMALLEST) return false;
  const lineOf = ({ pixels }, line) => pixels.subarray(line * width, (line + 1) * width);
  return [(line) => line, (line) => height - 1 - line].some((place) => {
    const at = (line) => lineOf(levels, place(line));
    const beside = Array.from({ length: rules.NEAR + 1 }, (_, line) => lineOf(lungs, place(line)));
    if (!beside.some((line) => line.some((cell) => cell))) return false;
    const [first, ...others] = rules.LINES;
    if ([0, first].some((line, end) => reachOf(at(line), rules) >= rules.EVEN[end])) return false;
    const [near, far, inside] = others.map((line) => half(at(0), at(line)));
    const [least, most] = rules.STEPS;
    return near >= least && far * 10 >= rules.ON * near && inside >= most;
  });
}

/** How far a line's levels reach, without the outer ones. */
function reachOf(line, { OUTER }) {
  const levels = line.slice().sort();
  const outer = Math.floor((levels.length * OUTER) / 100);
  return levels.at(-1 - outer) - levels[outer];
}

/** What half of the pixels of two lines differ by, at most. */
function half(line, other) {
  const apart = line.map((level, at) => Math.abs(level - other[at])).sort();
  return apart[Math.floor((apart.length - 1) / 2)];
}
