// For programs that carry this folder along: one function from a film's bytes to its assessment.

import { Detector } from "./detector/detector.mjs";

let opened = null;

/**
 * Say what COVID-D makes of one film. Nothing leaves the machine; the folder's own files are all
 * that is fetched, once.
 *
 * @param {Uint8Array|ArrayBuffer} bytes DICOM, PNG or JPEG
 * @param {object} [asked]
 * @param {string} [asked.name] what the answer calls the film
 * @param {number} [asked.prevalence] share of COVID-19 among the patients at hand, in (0, 1)
 * @param {{projection?: string, age_years?: number, adult?: boolean, sex?: string}} [asked.stated]
 *   what a person says of the film and its patient
 * @param {boolean} [asked.activation] whether the answer shows where the evidence lies
 * @returns {Promise<object>} the JSON of `covid-d predict --json`, in Spanish and English
 * @throws {RangeError} if `prevalence` or `stated` cannot be
 * @throws {Error} if the folder's files are not what was built; never about the film
 */
export async function assess(bytes, { lang: _, ...asked } = {}) {
  return (await detector()).assess(new Uint8Array(bytes), asked);
}

/** The detector behind `assess`, opened once. */
export function detector() {
  opened ??= Detector.open(load);
  opened.catch(() => (opened = null)); // the next film may find what was missing
  return opened;
}

/** A file of this folder, whole. */
export async function load(path) {
  const address = new URL(path, import.meta.url);
  if (address.protocol === "file:") {
    return new Uint8Array(await (await import("node:fs/promises")).readFile(address));
  }
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
