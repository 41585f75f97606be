// Which way up a picture is to be shown: EXIF's Orientation (CIPA DC-008, 4.6.4), else XMP's.
import { notReadHere } from "../refusal.mjs";
import { latin1, view } from "./bytes.mjs";

/**
 * Return the orientation that a picture states, 1 where it states none.
 *
 * @param {Uint8Array|null} exif - From its TIFF header on.
 * @param {Uint8Array|null} xmp
 */
export function orientationOf(exif, xmp, tables) {
  const stated = exif === null ? null : ofExif(exif, tables.picture.ORIENTATION);
  if (stated !== null) return stated;
  const found = xmp === null ? null : latin1(xmp).match(/tiff:Orientation(?:="|>)([0-9])/);
  return found ? Number(found[1]) : 1;
}

function ofExif(exif, wanted) {
  if (!exif.length) return null;
  const order = latin1(exif.subarray(0, 4));
  if (order !== "II*\0" && order !== "MM\0*") throw notReadHere("EXIF");
  const little = order === "II*\0";
  const data = view(exif);
  try {
    const at = data.getUint32(4, little);
    const entries = data.getUint16(at, little);
    for (let entry = 0; entry < entries; entry += 1) {
      const start = at + 2 + 12 * entry;
      if (data.getUint16(start, little) !== wanted) continue;
      const [kind, count] = [data.getUint16(start + 2, little), data.getUint32(start + 4, little)];
      if (kind !== 3 || count !== 1) throw notReadHere("EXIF");
      return data.getUint16(start + 8, little);
    }
  } catch (error) {
    if (error instanceof RangeError) throw notReadHere("EXIF");
    throw error;
  }
  return null;
}

// Orientation -> where the pixel of an upright picture comes from: x, y of w by h as stored.
const UPRIGHT = {
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, w, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, w, h) => [y, h - 1 - x],
  7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
  8: (x, y, w) => [w - 1 - y, x],
};

/** Return channels of w by h pixels as they are to be shown: `{channels, width, height}`. */
export function upright(channels, w, h, orientation) {
  const from = UPRIGHT[orientation];
  if (!from) return { channels, width: w, height: h };
  const [width, height] = orientation >= 5 ? [h, w] : [w, h];
  const turned = channels.map((channel) => {
    const shown = new channel.constructor(channel.length);
    for (let y = 0, at = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, at += 1) {
        const [i, j] = from(x, y, w, h);
        shown[at] = channel[j * w + i];
      }
    }
    return shown;
  });
  return { channels: turned, width, height };
}
