// What is asked of arrays again and again.

/** Index of the largest of some numbers; the first of several. */
export function argmax(values) {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
}

/** Whether every number of an array is finite. */
export function allFinite(values) {
  for (const value of values) if (!Number.isFinite(value)) return false;
  return true;
}

/** The bytes of a text of base64, as float64 (little-endian, as every browser's machine is). */
export function float64FromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}
