// The film: pixels on one fixed scale, and what is known about it. As Python's `Radiograph`.

/** Facts with every name there is: what is unknown is null, never guessed. Names are Python's. */
export function factsOf(known) {
  return {
    format: null,
    sha256: null,
    bits: null,
    colour: false,
    marks: false,
    modality: null,
    projection: null,
    laterality: null,
    body_part: null,
    age_years: null,
    sex: null,
    spacing_mm: null,
    age_by_dates: null,
    child: false,
    age_unread: null,
    taken_on: null,
    turned: null,
    expiration: false,
    ...known,
  };
}

/** Whether a projection is a frontal one. */
export function isFrontal(projection) {
  return projection === "PA" || projection === "AP" || projection === "AP Supine";
}

/** The part of a picture that a box {top, left, bottom, right} is, copied. */
export function cut({ pixels, width }, { top, left, bottom, right }) {
  const columns = right - left;
  const part = new pixels.constructor((bottom - top) * columns);
  for (let y = top; y < bottom; y += 1) {
    part.set(pixels.subarray(y * width + left, y * width + right), (y - top) * columns);
  }
  return { pixels: part, width: columns, height: bottom - top };
}
