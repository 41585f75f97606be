// What a file says of its values that no film can be shown by: each is refused by its element.
import { Refusal } from "../refusal.mjs";

/** Refuse values in units of another modality. */
export function requireUnits(stated, keyword, { doubts, dicom_elements }) {
  const units = String(stated || "").replace(/^[ \0]+|[ \0]+$/g, "").toUpperCase();
  if (doubts.UNITS.includes(units)) {
    throw new Refusal("not_radiography", `${units}, ${dicom_elements[keyword][2]}`);
  }
}

/** How many samples have each value, counted from the lowest one. */
export function countsOf(samples, lowest, size) {
  const counts = new Float64Array(size);
  for (const sample of samples) counts[sample - lowest] += 1;
  return counts;
}

/** Refuse a table that rises and falls again over what the film shows. */
export function requireMonotone(values, counts, keyword, { doubts, dicom_elements }) {
  const [first, last] = innerOf(counts, doubts);
  let [high, low, falls, rises] = [-Infinity, Infinity, 0, 0];
  for (let at = first; at <= last; at += 1) {
    if (!counts[at]) continue;
    high = Math.max(high, values[at]);
    low = Math.min(low, values[at]);
    falls = Math.max(falls, high - values[at]);
    rises = Math.max(rises, values[at] - low);
  }
  if (Math.min(falls, rises) > doubts.TURNED * Math.max(falls, rises)) {
    throw refused(`${dicom_elements[keyword][2]}, neither rising nor falling`);
  }
}

/** Refuse padding that covers over half of the film, or that is cut out of its grey. */
export function requirePadding(samples, lowest, { rows, columns }, table, padding, counts, tables) {
  const rules = tables.doubts;
  const least = Math.fround(rules.LOST);
  const lost = padding.map((padded, at) => (padded && table[at] > least ? 1 : 0));
  if (!lost.some(Boolean)) return;
  const share = lost.reduce((sum, one, at) => sum + one * counts[at], 0) / samples.length;
  const named = tables.dicom_elements.PixelPaddingValue[2];
  if (share > rules.HALF) throw refused(`${named}, ${(100 * share).toFixed(0)}% of the film`);
  const line = Math.ceil(rows / rules.LINES);
  const usual = new Float64Array(counts.length);
  const apart = [];
  for (let row = 0; row < rows; row += line) {
    for (let at = row * columns + 1; at < (row + 1) * columns; at += 1) {
      const [left, right] = [samples[at - 1] - lowest, samples[at] - lowest];
      const step = Math.abs(left - right);
      if (!padding[left] && !padding[right]) usual[step] += 1;
      if ((lost[left] && !padding[right]) || (lost[right] && !padding[left])) apart.push(step);
    }
  }
  const limit = rules.NEAR * crossedOf(usual);
  const near = apart.filter((step) => step <= limit).length;
  if (apart.length >= rules.FEWEST && near > rules.MOST * apart.length) {
    throw refused(`${named}, within the film's grey`);
  }
}

/** The median of the steps, each as often as it is large. */
function crossedOf(counts) {
  const half = counts.reduce((sum, count, step) => sum + count * step, 0) / 2;
  let sum = 0;
  return Math.max(0, counts.findIndex((count, step) => (sum += count * step) >= half));
}

/** The first and the last value without what few samples have at either end. */
function innerOf(counts, { ENDS }) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  let [sum, first, last] = [0, counts.length, counts.length - 1];
  for (let at = 0; at < counts.length; at += 1) {
    sum += counts[at];
    if (first === counts.length && sum > ENDS * all) first = at;
    if (sum >= (1 - ENDS) * all) {
      last = at;
      break;
    }
  }
  return [first, last];
}

function refused(what) {
  return new Refusal("unsupported_encoding", what);
}
