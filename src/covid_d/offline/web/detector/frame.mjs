// The part of a film that the network sees, and where the lungs lie in it.

import { faded } from "../radiograph/fades.mjs";
import { round } from "../radiograph/numbers.mjs";
import { patched } from "../radiograph/patches.mjs";
import { framed, normalise, standardise } from "../radiograph/prepare.mjs";
import { resize } from "../radiograph/resize.mjs";
import { mirrored } from "../radiograph/symmetry.mjs";

const fround = Math.fround;
const EVERYTHING = { top: 0, left: 0, bottom: 1, right: 1 };

/**
 * Return a film as the network takes it, or why it must not be answered.
 *
 * @returns {Promise<{code: string}|{prepared: Float32Array, whole: object, box: object,
 *   lungs: {pixels: Uint8Array, height: number, width: number}, mask: object, window: object}>} `mask`
 *   lies over all of the film, `window` around both lungs
 */
export async function frame(film, lungModel, facts) {
  const { preprocessing } = facts.bundle.spec;
  const found = await lungModel.find(film);
  if (found.code !== undefined) return { code: found.code };
  const box = framed(preprocessing, found.window);
  const mask = { pixels: found.mask, height: found.side, width: found.side };
  return {
    prepared: normalise(standardise(film, preprocessing, found.window), preprocessing),
    whole: { pixels: found.film, side: found.side },
    box,
    lungs: cut(mask, box),
    mask,
    window: found.window,
  };
}

/** Whether one half of a film is the other one's mirror image. */
export function isMirrored({ whole, mask }, facts) {
  return mirrored(levelsOf(whole, mask), facts);
}

/** A film as the lung model saw it, in levels of 255. */
function levelsOf(film, { width, height }) {
  return { width, height, pixels: Uint8Array.from(film.pixels, (grey) => round(fround(grey * 255))) };
}

/** Whether a part of a film's lungs is covered. */
export function isCovered({ whole, mask, window }, facts) {
  const levels = levelsOf(whole, mask);
  return faded(levels, mask, facts) || patched(cut(levels, window), cut(mask, window), facts);
}

/** All of a film that gets no answer, only to name why, and what its lungs say of it. */
export async function whole(film, lungModel, facts) {
  const { preprocessing } = facts.bundle.spec;
  const found = await lungModel.find(film);
  return {
    prepared: normalise(standardise(film, preprocessing, EVERYTHING), preprocessing),
    whole: { pixels: found.film, side: found.side },
    code: found.code ?? null,
  };
}

/** The part of a picture, or of a mask of it, that a box shows; at least a cell. */
export function cut({ pixels, height, width }, { top, left, bottom, right }) {
  const first = Math.trunc(top * height);
  const start = Math.trunc(left * width);
  const last = Math.min(height, Math.max(round(bottom * height), first + 1));
  const stop = Math.min(width, Math.max(round(right * width), start + 1));
  const part = new pixels.constructor((last - first) * (stop - start));
  for (let y = first; y < last; y++) {
    part.set(pixels.subarray(y * width + start, y * width + stop), (y - first) * (stop - start));
  }
  return { pixels: part, height: last - first, width: stop - start };
}

/** The share of lung in each cell of a grid over the network's input. */
export function lungsOn({ pixels, height, width }, rows, columns) {
  const whole = { pixels: Float32Array.from(pixels), width, height };
  return resize(whole, [columns, rows], { filter: "box" }).pixels;
}
