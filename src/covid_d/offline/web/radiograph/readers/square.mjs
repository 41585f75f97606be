// Oblong pixels made square: of DICOM by its spacings, of pictures by their resolutions.
import { round } from "../numbers.mjs";
import { Refusal } from "../refusal.mjs";
import { resize } from "../resize.mjs";
import { requireSize } from "./limits.mjs";

/** Return a picture with square pixels, the coarser side drawn out; `ratio` is height by width. */
export function madeSquare(picture, ratio, tables) {
  const { SQUARE, OBLONG } = tables.square;
  const oblong = Math.max(ratio, 1 / ratio);
  if (oblong < 1 + SQUARE) return picture;
  if (oblong > OBLONG) {
    throw new Refusal("unsupported_encoding", `Pixel Aspect Ratio ${Number(ratio.toPrecision(3))}`);
  }
  const { width, height } = picture;
  const size = ratio > 1 ? [width, round(height * ratio)] : [round(width / ratio), height];
  requireSize(...size, tables);
  const drawn = resize(picture, size);
  return { ...drawn, pixels: drawn.pixels.map((grey) => Math.min(Math.max(grey, 0), 1)) };
}

/** The height by width of a pixel of so many across and down; 1 where a number says nothing. */
export function ratioOf(across, down) {
  return across > 0 && down > 0 ? across / down : 1;
}

/** The same of a picture that was turned upright: 5 to 8 lie on their side. */
export function turnedRatio(ratio, orientation) {
  return orientation >= 5 && orientation <= 8 ? 1 / ratio : ratio;
}
