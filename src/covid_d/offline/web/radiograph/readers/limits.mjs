// How large and how small a film may be, checked on what a header declares, before decoding.
import { Refusal } from "../refusal.mjs";

/** Refuse a picture that is too large or too small to be decoded. */
export function requireSize(width, height, tables) {
  const { MAX_SIDE, MAX_PIXELS, MIN_SIDE } = tables.limits;
  const size = `${width} x ${height}`;
  if (Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new Refusal("too_large", size);
  }
  if (Math.min(width, height) < MIN_SIDE) throw new Refusal("too_small", size);
}
