// The bits of a sample that are the sample: Bits Stored of Bits Allocated.
import { ends } from "../numbers.mjs";
import { Refusal } from "../refusal.mjs";

/** Return samples of which the file says that unused bits lie below them, without those bits. */
export function rightJustified(samples, { stored, allocated }, shift) {
  const [low, high] = ends(samples);
  if (high < 2 ** stored && low >= -(2 ** (stored - 1))) return samples;
  const below = 2 ** shift - 1;
  if (samples.some((value) => (value & below) !== 0)) {
    const what = `${stored} of ${allocated} bits, high bit ${stored - 1 + shift}`;
    throw new Refusal("unsupported_encoding", what);
  }
  return samples.map((value) => value >> shift);
}

/** Return whether unsigned samples are signed: each that is negative as such fills its word. */
export function signExtended(samples, bits, { WORD }) {
  if (!(samples instanceof Uint16Array) || bits >= WORD || ends(samples)[1] < 2 ** bits) return false;
  const filled = 2 ** (WORD - bits) - 1;
  return samples.every((value) => value >> bits === ((value >> (bits - 1)) & 1) * filled);
}

/** Return whether unsigned words of 16 bits hold signed samples, the negative ones on top. */
export function wrappedRound(samples, { QUARTER, MANY, SHARE }) {
  if (!(samples instanceof Uint16Array) || ends(samples)[1] < 3 * QUARTER) return false;
  const above = new Set();
  let count = 0;
  for (const value of samples) {
    if (value < QUARTER) continue;
    if (value < 3 * QUARTER) return false;
    above.add(value);
    count += 1;
  }
  return above.size >= MANY && count >= SHARE * samples.length;
}

/** Return whether samples are signed that are called unsigned, or the other way round. */
export function signMisstated(samples, { rows, columns, stored, signed }, rules) {
  const step = Math.ceil(rows / rules.LOOKED_AT);
  const half = 2 ** (stored - 1);
  const [middle, lowest, highest] = signed ? [0, -half, half - 1] : [half, 0, 2 * half - 1];
  const sides = [0, 1].map(() => ({ values: new Set(), count: 0, inner: new Set(), few: 0, near: 0 }));
  let [turns, leaps, other] = [0, 0, 0];
  const isEnd = (sample) => sample === lowest || sample === highest;
  for (let row = 0; row < rows; row += step) {
    for (let at = row * columns; at < (row + 1) * columns; at += 1) {
      const [value, last] = [samples[at], samples[at - 1]];
      const side = sides[Number(value >= middle)];
      side.count += 1;
      side.values.add(value);
      if (!isEnd(value)) {
        side.few += 1;
        side.inner.add(value);
        if (Math.abs(value - middle) < Math.floor(half / 2)) side.near += 1;
      }
      if (at === row * columns || value >= middle === last >= middle) continue;
      if (isEnd(value) || isEnd(last)) continue;
      const leap = Math.abs(value - last);
      turns += 1;
      leaps += leap;
      other += Math.abs(2 * half - leap);
    }
  }
  const share = sides[1].count / (sides[0].count + sides[1].count);
  if (share >= rules.SHARE && share <= 1 - rules.SHARE) {
    const fewer = Math.min(...sides.map(({ values }) => values.size));
    if (fewer >= rules.FEWEST) return other < rules.SMOOTH * leaps;
    const smooth = turns >= rules.TURNS && other < rules.RUNNING_ON * leaps;
    return smooth && fewer >= rules.SEVERAL && endsMeet(samples, rows, columns, lowest, highest, rules);
  }
  if (turns < rules.TURNS || other >= rules.SMOOTH_FEW * leaps) return false;
  const { inner, few, near } = sides[Number(share < rules.SHARE)];
  if (near) return false;
  const plain = inner.size >= rules.SEVERAL && other < rules.PLAINLY * leaps;
  const specks = inner.size >= rules.SPECKLED && turns >= rules.TURNING * few;
  return inner.size >= rules.FEWEST || specks || plain;
}

/** Whether as many samples lie at one end of the range as at the other, none clipped. */
function endsMeet(samples, rows, columns, lowest, highest, { LOOKED_AT, MEETING, ALIKE, ENOUGH }) {
  const step = Math.ceil(rows / LOOKED_AT);
  const near = new Array(2 * MEETING).fill(0);
  for (let row = 0; row < rows; row += step) {
    for (let at = row * columns; at < (row + 1) * columns; at += 1) {
      if (samples[at] - lowest < MEETING) near[samples[at] - lowest] += 1;
      if (highest - samples[at] < MEETING) near[MEETING + highest - samples[at]] += 1;
    }
  }
  return Math.min(...near) >= ENOUGH && Math.max(...near) <= ALIKE * Math.min(...near);
}

/** Return whether words are cut to Bits Stored, and nothing tells the highest bit for a sign. */
export function signUntold(words, values, { rows, columns, stored }, { LOOKED_AT, TURNS, SMOOTH }) {
  const half = 2 ** (stored - 1);
  if (ends(words)[1] < half || values.every((value) => value < 0)) return false;
  if (!values.some((value, at) => value < 0 && words[at] >= half)) return false;
  const step = Math.ceil(rows / LOOKED_AT);
  const isEnd = (value) => value === -half || value === half - 1;
  let [turns, leaps, other] = [0, 0, 0];
  for (let row = 0; row < rows; row += step) {
    for (let at = row * columns + 1; at < (row + 1) * columns; at += 1) {
      const [value, last] = [values[at], values[at - 1]];
      if (value >= 0 === last >= 0 || isEnd(value) || isEnd(last)) continue;
      const leap = Math.abs(value - last);
      turns += 1;
      leaps += leap;
      other += Math.abs(2 * half - leap);
    }
  }
  return turns < TURNS || leaps >= SMOOTH * other;
}

/** Return samples without the bits beyond Bits Stored, told from values that need more bits. */
export function storedValues(samples, width, bits, signed, { SMOOTH }) {
  const half = 2 ** (bits - 1);
  const [lowest, highest] = signed ? [-half, half - 1] : [0, 2 * half - 1];
  const [low, high] = ends(samples);
  if (lowest <= low && high <= highest) return samples;
  const kept = Int32Array.from(samples, (value) => {
    const cut = value & (2 * half - 1);
    return signed ? (cut ^ half) - half : cut;
  });
  let [stray, whole, cut, negative] = [0, 0, 0, 0];
  const asSigned = samples instanceof Uint16Array ? new Int16Array(samples.buffer, samples.byteOffset, samples.length) : null;
  for (let at = 0; at < kept.length; at += 1) {
    const strays = kept[at] !== samples[at];
    if (strays) stray += 1;
    if (at % width === 0 || strays === (kept[at - 1] !== samples[at - 1])) continue;
    whole += Math.abs(samples[at] - samples[at - 1]);
    cut += Math.abs(kept[at] - kept[at - 1]);
    if (asSigned) negative += Math.abs(asSigned[at] - asSigned[at - 1]);
  }
  if (!signed && asSigned && negative < SMOOTH * Math.min(whole, cut)) {
    throw new Refusal("unsupported_encoding", "signed values, Pixel Representation 0");
  }
  if (stray === kept.length || whole < cut) {
    throw new Refusal("unsupported_encoding", `values beyond ${bits} Bits Stored`);
  }
  return kept;
}
