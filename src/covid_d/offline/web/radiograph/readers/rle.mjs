// RLE Lossless (PS3.5 Annex G): each byte of the samples a segment of runs, checked to be whole.
import { notReadHere } from "../refusal.mjs";
import { view } from "./bytes.mjs";

const HEADER = 64;

/** Return the samples of an RLE frame of grey. */
export function decodeRle(frame, { rows, columns, perPixel, allocated, signed }, tables) {
  if (perPixel !== 1) throw notReadHere("DICOM, RLE Lossless");
  const { dicom_object: limits, sound: rules } = tables;
  const size = rows * columns;
  const bytes = allocated / 8;
  if (frame.length > size * bytes * limits.RLE_GROWTH + limits.RLE_HEADERS) {
    throw new Error("RLE longer than its pixels");
  }
  const header = view(frame);
  const numbers = Array.from({ length: HEADER / 4 }, (_, at) => header.getUint32(4 * at, true));
  const [count, ...offsets] = numbers;
  if (count !== bytes) throw new Error(`${count} RLE segments of ${bytes} bytes a sample`);
  const planes = offsets.slice(0, count).map((start, at) => {
    const stop = at + 1 < count ? offsets[at + 1] : frame.length;
    if (start < HEADER || stop < start || stop > frame.length) throw new Error("RLE offsets");
    return unpacked(frame.subarray(start, stop), rows, columns, rules);
  });
  if (bytes === 1) return { samples: signed ? new Int8Array(planes[0].buffer) : planes[0] };
  const [high, low] = planes;
  const samples = new (signed ? Int16Array : Uint16Array)(size);
  for (let at = 0; at < size; at += 1) samples[at] = (high[at] << 8) | low[at];
  return { samples };
}

/** Unpack a segment; it must code the pixels of the frame, no more and no fewer. */
function unpacked(segment, rows, columns, { HEEDED, LAST_RUN }) {
  const made = new Uint8Array(rows * columns);
  let [at, to, rowEnd, kept, heeding] = [0, 0, columns, 0, true];
  while (to < made.length) {
    if (at >= segment.length) throw new Error("an RLE segment ends early");
    const code = segment[at];
    at += 1;
    if (code < LAST_RUN) {
      const literal = segment.subarray(at, at + code + 1);
      if (literal.length < code + 1 || to + code + 1 > made.length) throw new Error("an RLE literal");
      made.set(literal, to);
      at += code + 1;
      to += code + 1;
    } else if (code > LAST_RUN) {
      const run = 257 - code;
      if (at >= segment.length || to + run > made.length) throw new Error("an RLE run");
      made.fill(segment[at], to, to + run);
      at += 1;
      to += run;
    }
    if (to >= rowEnd) {
      if (heeding && to !== rowEnd) {
        if (kept >= HEEDED) throw new Error(`an RLE run leaves row ${kept}`);
        heeding = false;
      }
      kept = Math.floor(to / columns);
      rowEnd = (kept + 1) * columns;
    }
  }
  if (segment.length - at > 1) throw new Error("an RLE segment ends late");
  return made;
}
