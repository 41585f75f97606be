// Numbers as Python and NumPy reckon them.

/** Round half to even, as Python's `round` and `numpy.rint`. */
export function round(value) {
  const below = Math.floor(value);
  const apart = value - below;
  if (apart < 0.5) return below;
  if (apart > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The number of bits of a whole number below 2^53, as Python's `int.bit_length`. */
export function bitLength(value) {
  let bits = 0;
  for (let rest = Math.abs(value); rest >= 1; rest = Math.floor(rest / 2)) bits += 1;
  return bits;
}

/** Smallest and largest of some numbers. */
export function ends(values) {
  let low = values[0];
  let high = values[0];
  for (let at = 1; at < values.length; at += 1) {
    const value = values[at];
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  return [low, high];
}

/** The value at a rank of ordered float32 values, linear between two, as `percentiles._at`. */
export function atRank(ordered, rank) {
  const before = Math.trunc(rank);
  const after = Math.min(before + 1, ordered.length - 1);
  const share = rank - before;
  const step = Math.fround(ordered[after] - ordered[before]);
  return share < 0.5 ? ordered[before] + step * share : ordered[after] - step * (1 - share);
}

/** The median of numbers in a typed array, which is put in order. */
export function median(values) {
  values.sort();
  const middle = values.length >> 1;
  if (values.length % 2) return values[middle];
  const sum = values[middle - 1] + values[middle];
  return values instanceof Float32Array ? Math.fround(Math.fround(sum) / 2) : sum / 2;
}
