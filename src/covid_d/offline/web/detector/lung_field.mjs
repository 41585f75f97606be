// From a map of the lungs to the box around both, or to the reason why there is none.

/**
 * Return the box around both lungs, or why the film must not be answered.
 *
 * @param {Uint8Array} mask height x width over the whole film: 1 where the lungs are
 * @param {object} limits those of Python's `lung_field`
 * @returns {{window: {top: number, left: number, bottom: number, right: number}}|{code: string}}
 */
export function findLungs(mask, height, width, limits) {
  const parts = connected(mask, height, width, limits);
  if (isCollage(parts, limits)) return { code: "several_films" };
  let lungs = bySide(parts, limits).slice(0, 2);
  if (lungs.length === 1) lungs = halves(lungs[0], limits);
  if (lungs.length < 2 || !aPair(lungs[0], lungs[1], limits)) return { code: "no_lungs" };
  if (lungs.some((lung) => isCut(lung, limits))) return { code: "part_of_chest" };
  const { top, left, bottom, right } = joined(lungs[0], lungs[1]).extent;
  return {
    window: {
      top: top / height,
      left: left / width,
      bottom: bottom / height,
      right: right / width,
    },
  };
}

/** A part of the mask, with what is asked of it again and again. */
class Part {
  constructor(mask, height, width) {
    Object.assign(this, { mask, height, width });
    let [top, left, bottom, right, area] = [height, width, 0, 0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!mask[y * width + x]) continue;
        area += 1;
        top = Math.min(top, y);
        bottom = Math.max(bottom, y + 1);
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
      }
    }
    this.area = area;
    this.extent = { top, left, bottom, right };
  }

  /** Cells of the part in each column. */
  columns() {
    const counts = new Array(this.width).fill(0);
    for (let at = 0; at < this.mask.length; at++) counts[at % this.width] += this.mask[at];
    return counts;
  }

  row(y) {
    return this.mask.subarray(y * this.width, (y + 1) * this.width);
  }
}

// The connected parts (cells that share a side), largest first, without specks.
function connected(mask, height, width, { SPECK }) {
  const labels = new Int32Array(mask.length);
  const areas = [];
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] && !labels[seed]) areas.push(flood(mask, labels, seed, areas.length + 1, width));
  }
  const order = areas.map((_, at) => at).sort((a, b) => areas[b] - areas[a] || a - b);
  return order
    .filter((at) => areas[at] >= SPECK * areas[order[0]])
    .map((at) => new Part(Uint8Array.from(labels, (label) => +(label === at + 1)), height, width));
}

function flood(mask, labels, seed, label, width) {
  const stack = [seed];
  let area = 0;
  labels[seed] = label;
  while (stack.length) {
    const at = stack.pop();
    area += 1;
    const x = at % width;
    const beside = [at - width, at + width];
    if (x > 0) beside.push(at - 1);
    if (x < width - 1) beside.push(at + 1);
    for (const next of beside) {
      if (next < 0 || next >= mask.length || !mask[next] || labels[next]) continue;
      labels[next] = label;
      stack.push(next);
    }
  }
  return area;
}

function joined(first, second) {
  const mask = first.mask.map((cell, at) => cell | second.mask[at]);
  return new Part(mask, first.height, first.width);
}

// Join parts that lie one above the other: a consolidation or a device may split a lung.
function bySide(parts, { SAME_SIDE }) {
  const sides = [];
  for (const part of parts) {
    const { left, right } = part.extent;
    const at = sides.findIndex(({ extent: other }) => {
      const shared = Math.min(right, other.right) - Math.max(left, other.left);
      return shared >= SAME_SIDE * Math.min(right - left, other.right - other.left);
    });
    if (at < 0) sides.push(part);
    else sides[at] = joined(sides[at], part);
  }
  return sides;
}

// Part lungs that touch at the column with least lung near their middle, if there is one.
function halves(both, { VALLEY }) {
  const { left, right } = both.extent;
  const columns = both.columns();
  const quarter = Math.floor((right - left) / 4);
  const middle = columns.slice(left + quarter, right - quarter);
  const usual = median(columns.slice(left, right));
  if (!middle.length || Math.min(...middle) > VALLEY * usual) return [both];
  const at = left + quarter + middle.indexOf(Math.min(...middle));
  const { height, width } = both;
  const side = (inside) =>
    new Part(both.mask.map((cell, place) => cell & +inside(place % width)), height, width);
  return [side((x) => x < at), side((x) => x >= at)];
}

function median(values) {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}

// Whether there are more than two lungs: side by side, or two pairs one above the other.
function isCollage(parts, limits) {
  const lungs = parts.filter(
    (part) =>
      part.area >= limits.THIRD * parts[0].area &&
      (!atEdge(part) || part.area >= limits.THIRD_AT_EDGE * parts[0].area),
  );
  return bySide(lungs, limits).length > 2 || lungs.length > 3;
}

function atEdge({ extent, width, height }) {
  return extent.left === 0 || extent.right === width || extent.bottom === height;
}

function aPair(first, second, { SMALLER, LEAST_AREA, BESIDE }) {
  const small = Math.min(first.area, second.area);
  const large = Math.max(first.area, second.area);
  if (small < SMALLER * large || small + large < LEAST_AREA * first.mask.length) return false;
  const [one, other] = [first.extent, second.extent];
  const beside = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return beside >= BESIDE * Math.min(one.bottom - one.top, other.bottom - other.top);
}

// Whether the film's edge cuts a lung: much of its side or of an end lies there.
function isCut(lung, { AT_SIDE, AT_TOP, AT_FOOT }) {
  const { top, left, bottom, right } = lung.extent;
  const columns = lung.columns();
  const atSide = Math.max(columns[0], columns[columns.length - 1]) / (bottom - top);
  const [atTop, atFoot] = [lung.row(0), lung.row(lung.height - 1)].map(
    (row) => row.reduce((sum, cell) => sum + cell, 0) / (right - left),
  );
  return atSide > AT_SIDE || atTop > AT_TOP || atFoot > AT_FOOT;
}
