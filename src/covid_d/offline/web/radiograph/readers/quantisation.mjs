// How coarsely a JPEG keeps the mean of each block: what its quantisation table says.
import { view } from "./bytes.mjs";
import { segments } from "./codestream.mjs";

/**
 * Return by how many eighths of a grey level the mean of a block can step at least; of several
 * components the coarsest counts. `tables`: Python's constants.
 */
export function meanStep(stream, { codestream, quantisation: { TABLES, ENTRIES } }) {
  const entries = new Map();
  let named = [];
  for (const [marker, at] of segments(stream, codestream)) {
    if (marker === TABLES) {
      const stop = at - 2 + view(stream).getUint16(at - 2);
      noteTables(stream.subarray(at, Math.max(stop, at)), entries, ENTRIES);
    } else if (codestream.FRAMES.includes(marker)) {
      const components = stream.subarray(at + 8, at + 6 + 3 * stream[at + 5]);
      named = [...components].filter((_, nth) => nth % 3 === 0);
    }
  }
  const steps = named.filter((name) => entries.has(name)).map((name) => entries.get(name));
  if (!steps.length || steps.includes(0)) throw new Error("a JPEG without its quantisation table");
  return Math.max(...steps);
}

/** Note the first entry of each table of a segment, by the table's number. */
function noteTables(body, entries, each) {
  for (let at = 0; at + 3 <= body.length; ) {
    const isWide = body[at] >> 4 !== 0;
    entries.set(body[at] & 15, isWide ? view(body).getUint16(at + 1) : body[at + 1]);
    at += 1 + (isWide ? 2 * each : each);
  }
}
