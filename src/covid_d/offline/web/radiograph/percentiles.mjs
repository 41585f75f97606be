// Two outer percentiles of many values: those of `numpy.percentile`.
import { atRank } from "./numbers.mjs";

/** Return a low and a high percentile of float32 values; shares in [0, 100]. */
export function outerPercentiles(values, shares) {
  const ordered = Float32Array.from(values).sort();
  return shares.map((share) => atRank(ordered, (share / 100) * (ordered.length - 1)));
}

/** Every n-th pixel of every m-th line, as NumPy slices them. */
export function thinned({ pixels, width, height }, down, across) {
  const rows = Math.ceil(height / down);
  const columns = Math.ceil(width / across);
  const kept = new Float32Array(rows * columns);
  for (let y = 0, at = 0; y < height; y += down) {
    for (let x = 0; x < width; x += across, at += 1) kept[at] = pixels[y * width + x];
  }
  return { pixels: kept, width: columns, height: rows };
}
