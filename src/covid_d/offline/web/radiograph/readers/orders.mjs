// Samples that lie in another order than their file states, told by the grey of neighbours.

/** Return whether samples of eight bits were swapped two by two, as words of the other order. */
export function pairsAreSwapped(samples, rows, columns, { PAIRS, TOGETHER, LINES }) {
  if (samples.BYTES_PER_ELEMENT !== 1) return false;
  // A line of odd length begins in the middle of a pair every second time.
  const every = 1 + (columns % 2);
  const width = columns - (columns % 2);
  const sums = Math.floor(Math.ceil(rows / every) / TOGETHER);
  let [inner, outer] = [0, 0];
  const line = new Int32Array(width);
  const step = Math.ceil((sums * TOGETHER) / LINES) || 1;
  for (let sum = 0; sum < sums; sum += step) {
    line.fill(0);
    for (let part = 0; part < TOGETHER; part += 1) {
      const start = (sum * TOGETHER + part) * every * columns;
      for (let x = 0; x < width; x += 1) line[x] += samples[start + x];
    }
    for (let x = 0; x + 3 < width; x += 2) {
      inner += Math.abs(line[x + 1] - line[x + 2]);
      outer += Math.abs(line[x] - line[x + 3]);
    }
  }
  return inner > PAIRS * outer;
}

/** Return whether words of sixteen bits were read with their two bytes the wrong way round. */
export function bytesAreSwapped(samples, rows, columns, { WORDS, LINES, ROUGH }) {
  if (samples.BYTES_PER_ELEMENT !== 2) return false;
  const step = Math.ceil(rows / LINES);
  const kept = new samples.constructor(Math.ceil(rows / step) * columns);
  for (let row = 0, to = 0; row < rows; row += step, to += columns) {
    kept.set(samples.subarray(row * columns, (row + 1) * columns), to);
  }
  const stated = roughness(kept, columns);
  const other = roughness(kept.map((value) => (value << 8) | ((value >> 8) & 255)), columns);
  return other < ROUGH && stated > WORDS * other;
}

/** Return whether Rows and Columns were stated the wrong way round. */
export function lengthsAreExchanged(samples, rows, columns, { LENGTHS, POINTS }) {
  if (rows === columns) return false;
  const end = samples.length - Math.max(rows, columns);
  const step = Math.ceil(samples.length / POINTS);
  let [stated, other] = [0, 0];
  for (let at = 0; at < end; at += step) {
    stated += Math.abs(samples[at + columns] - samples[at]);
    other += Math.abs(samples[at + rows] - samples[at]);
  }
  return stated > LENGTHS * other;
}

/** Return whether a grey film in colour lies in planes that were read as pixels, or otherwise. */
export function planesAreMisstated(channels, planar, { GREY }) {
  const size = channels[0].length;
  // The sample that lies at a place of the file, by the order that is stated.
  const flat = (at) =>
    planar ? channels[Math.floor(at / size)][at % size] : channels[at % 3][Math.floor(at / 3)];
  const share = (first, second) => {
    let same = 0;
    for (let at = 0; at < size; at += 1) if (first(at) === second(at)) same += 1;
    return same / size;
  };
  if (share((at) => channels[0][at], (at) => channels[1][at]) >= GREY) return false;
  return planar
    ? share((at) => flat(3 * at), (at) => flat(3 * at + 1)) >= GREY
    : share(flat, (at) => flat(size + at)) >= GREY;
}

/** How far neighbours in a line differ, by how far samples differ from their mean. */
function roughness(lines, columns) {
  let mean = 0;
  for (const value of lines) mean += value / lines.length;
  let [spread, steps] = [0, 0];
  for (let at = 0; at < lines.length; at += 1) {
    spread += Math.abs(lines[at] - mean) / lines.length;
    if (at % columns) steps += Math.abs(lines[at] - lines[at - 1]);
  }
  return spread ? steps / (lines.length - lines.length / columns) / spread : 0;
}
