// Pillow's resizing, operation for operation, so that both give the same bits.
// Pictures of floats are {pixels: Float32Array, width, height}.
const fround = Math.fround;

const FILTERS = {
  bilinear: { support: 1.0, weight: (x) => (Math.abs(x) < 1.0 ? 1.0 - Math.abs(x) : 0.0) },
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1.0 : 0.0) },
};

/**
 * Return a picture of floats at another size.
 *
 * @param {object} picture
 * @param {[number, number]} size - Width and height.
 * @param {object} options - `filter` ("bilinear" or "box"), `box` (left, top, right, bottom) and
 *   `reducingGap`, as Pillow's `Image.resize` takes them.
 */
export function resize(picture, size, { filter = "bilinear", box = null, reducingGap = null } = {}) {
  const [width, height] = size;
  let source = picture;
  let [left, top, right, bottom] = box ?? [0, 0, picture.width, picture.height];
  const same = width === source.width && height === source.height;
  if (same && left === 0 && top === 0 && right === width && bottom === height) return source;
  if (reducingGap !== null) {
    const across = Math.trunc((right - left) / width / reducingGap) || 1;
    const down = Math.trunc((bottom - top) / height / reducingGap) || 1;
    if (across > 1 || down > 1) {
      const safe = safeBox(source, size, FILTERS[filter], [left, top, right, bottom]);
      source = reduced(source, across, down, safe);
      left = (left - safe[0]) / across;
      top = (top - safe[1]) / down;
      right = (right - safe[0]) / across;
      bottom = (bottom - safe[1]) / down;
    }
  }
  return resampled(source, size, FILTERS[filter], [left, top, right, bottom].map(fround));
}

function safeBox({ width, height }, size, filter, [left, top, right, bottom]) {
  const across = (filter.support - 0.5) * ((right - left) / size[0]);
  const down = (filter.support - 0.5) * ((bottom - top) / size[1]);
  return [
    Math.max(0, Math.trunc(left - across)),
    Math.max(0, Math.trunc(top - down)),
    Math.min(width, Math.ceil(right + across)),
    Math.min(height, Math.ceil(bottom + down)),
  ];
}

function resampled(picture, [width, height], filter, [left, top, right, bottom]) {
  const passes = [
    (source) =>
      width === source.width && !left && right === width
        ? source
        : across(source, width, filter, left, right),
    (source) =>
      height === source.height && !top && bottom === height
        ? source
        : down(source, height, filter, top, bottom),
  ];
  // Pillow 13 begins with the lines where that leaves far less to do; each pass rounds to float32.
  const lost = picture.height - height;
  if (lost > 0 && lost > 2 * (picture.width - width)) passes.reverse();
  return passes.reduce((source, pass) => pass(source), picture);
}

function across({ pixels, width, height }, count, filter, start, stop) {
  const { first, length, weights, most } = coefficients(width, start, stop, count, filter);
  const drawn = new Float32Array(count * height);
  for (let y = 0, at = 0; y < height; y += 1) {
    const line = y * width;
    for (let x = 0; x < count; x += 1, at += 1) {
      const from = line + first[x];
      const k = x * most;
      let sum = 0.0;
      for (let i = 0; i < length[x]; i += 1) sum += pixels[from + i] * weights[k + i];
      drawn[at] = sum;
    }
  }
  return { pixels: drawn, width: count, height };
}

function down({ pixels, width, height }, count, filter, start, stop) {
  const { first, length, weights, most } = coefficients(height, start, stop, count, filter);
  const drawn = new Float32Array(width * count);
  for (let y = 0, at = 0; y < count; y += 1) {
    const k = y * most;
    for (let x = 0; x < width; x += 1, at += 1) {
      let from = first[y] * width + x;
      let sum = 0.0;
      for (let i = 0; i < length[y]; i += 1, from += width) sum += pixels[from] * weights[k + i];
      drawn[at] = sum;
    }
  }
  return { pixels: drawn, width, height: count };
}

/** Which pixels of a line make each one of another, and with what weight. */
function coefficients(size, start, stop, count, filter) {
  const scale = fround(stop - start) / count;
  const wide = Math.max(scale, 1.0);
  const support = filter.support * wide;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Float64Array(count * most);
  const narrow = 1.0 / wide;
  for (let at = 0; at < count; at += 1) {
    const centre = start + (at + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(size, Math.trunc(centre + support + 0.5));
    let sum = 0.0;
    for (let i = 0; i < to - from; i += 1) {
      const weight = filter.weight((i + from - centre + 0.5) * narrow);
      weights[at * most + i] = weight;
      sum += weight;
    }
    for (let i = 0; sum !== 0.0 && i < to - from; i += 1) weights[at * most + i] /= sum;
    first[at] = from;
    length[at] = to - from;
  }
  return { first, length, weights, most };
}

/** Pillow's `Image.reduce` of a picture of floats: means of blocks. */
export function reduced({ pixels, width }, across, down, [left, top, right, bottom]) {
  const columns = Math.ceil((right - left) / across);
  const rows = Math.ceil((bottom - top) / down);
  const drawn = new Float32Array(columns * rows);
  for (let y = 0, at = 0; y < rows; y += 1) {
    const first = top + y * down;
    const high = Math.min(down, bottom - first);
    for (let x = 0; x < columns; x += 1, at += 1) {
      const start = left + x * across;
      const wide = Math.min(across, right - start);
      const whole = wide === across && high === down;
      const sum = (whole ? sumInTwos : sumInTurn)(pixels, first * width + start, width, wide, high);
      drawn[at] = sum * (1.0 / (high * wide));
    }
  }
  return { pixels: drawn, width: columns, height: rows };
}

function sumInTurn(pixels, start, stride, wide, high) {
  let sum = 0.0;
  for (let y = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1) sum += pixels[start + y * stride + x];
  }
  return sum;
}

/** Two lines and two columns at a time: float32 among the four, double from one to the next. */
function sumInTwos(pixels, start, stride, wide, high) {
  let sum = 0.0;
  let y = 0;
  for (; y < high - 1; y += 2) {
    const one = start + y * stride;
    const two = one + stride;
    let x = 0;
    for (; x < wide - 1; x += 2) {
      let four = fround(pixels[one + x] + pixels[one + x + 1]);
      four = fround(four + pixels[two + x]);
      sum += fround(four + pixels[two + x + 1]);
    }
    if (wide % 2) sum += fround(pixels[one + x] + pixels[two + x]);
  }
  if (high % 2) {
    const one = start + y * stride;
    let x = 0;
    for (; x < wide - 1; x += 2) sum += fround(pixels[one + x] + pixels[one + x + 1]);
    if (wide % 2) sum += pixels[one + x];
  }
  return sum;
}

/** Pillow's `Image.reduce` of one channel of bytes. */
export function reducedBytes({ pixels, width, height }, factor) {
  const columns = Math.ceil(width / factor);
  const rows = Math.ceil(height / factor);
  const drawn = new Uint8Array(columns * rows);
  for (let y = 0, at = 0; y < rows; y += 1) {
    const high = Math.min(factor, height - y * factor);
    for (let x = 0; x < columns; x += 1, at += 1) {
      const wide = Math.min(factor, width - x * factor);
      const count = wide * high;
      // 2^32 over 256 times the count, reckoned in float32 and cut.
      const multiplier = Math.trunc(fround(2 ** 32 / fround(256 * count)));
      let sum = count >> 1;
      for (let j = 0; j < high; j += 1) {
        const line = (y * factor + j) * width + x * factor;
        for (let i = 0; i < wide; i += 1) sum += pixels[line + i];
      }
      drawn[at] = Math.floor((sum * multiplier) / 2 ** 24);
    }
  }
  return { pixels: drawn, width: columns, height: rows };
}

/** Which of so many cells is nearest to each pixel of a side: Pillow's NEAREST. */
export function nearest(cells, side) {
  const step = cells / side;
  const found = new Int16Array(side);
  for (let x = 0, at = step * 0.5; x < side; x += 1, at += step) found[x] = Math.trunc(at);
  return found;
}
