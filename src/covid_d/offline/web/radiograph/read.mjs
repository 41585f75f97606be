// Read one film from its bytes: the only door for files of any kind.
import { cut } from "./film.mjs";
import { filmBox } from "./frame.mjs";
import { round } from "./numbers.mjs";
import { readerFor } from "./readers/readers.mjs";
import { requireSize } from "./readers/limits.mjs";
import { Refusal } from "./refusal.mjs";

/**
 * Read one film.
 *
 * @param {Uint8Array} bytes - The file; what it holds is told by its first bytes.
 * @param {string} name - What to call it.
 * @param {object} facts - What the page was built with; its `radiograph` part is used.
 * @returns {Promise<object>} The film without its margins, upright, with square pixels:
 *   `{pixels: Float32Array in [0, 1], width, height, facts, name, box, pictureSize, warnings}`.
 * @throws {Refusal} Whatever is wrong with the file. No other error leaves this function.
 */
export async function read(bytes, name, facts) {
  const tables = facts.radiograph;
  if (!bytes.length) throw new Refusal("empty_file");
  if (bytes.length > tables.limits.MAX_BYTES) {
    throw new Refusal("too_large", `${round(bytes.length / 1024 ** 2)} MB`);
  }
  try {
    const { picture, facts: known } = await readerFor(bytes, tables).decode(bytes, tables);
    known.sha256 = await sha256(bytes);
    return withoutMargins(picture, known, name, tables);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // As in Python: whatever a decoder meets that it did not expect, the file is damaged.
    const damaged = new Refusal("truncated");
    damaged.cause = error;
    throw damaged;
  }
}

/** Return the film that lies in a picture `{pixels, width, height}`, as reading frames it. */
export function withoutMargins(picture, facts, name, tables) {
  const box = filmBox(picture, tables);
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  if (Math.min(width, height) < tables.read.SPECK) throw new Refusal("blank");
  requireSize(width, height, tables);
  const whole = width === picture.width && height === picture.height;
  const film = whole ? picture : cut(picture, box);
  requireUnit(film.pixels);
  const pictureSize = [picture.width, picture.height];
  return { ...film, facts, name, box, pictureSize, warnings: [] };
}

function requireUnit(pixels) {
  for (let at = 0; at < pixels.length; at += 1) {
    if (!(pixels[at] >= 0 && pixels[at] <= 1)) throw new Error(`a pixel of ${pixels[at]}`);
  }
}

async function sha256(bytes) {
  const { subtle } = globalThis.crypto ?? (await import("node:crypto")).webcrypto;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
