// What a JPEG stream declares of itself, read without decoding it: its frame header and markers.
import { Refusal, notReadHere } from "../refusal.mjs";
import { latin1, view } from "./bytes.mjs";

const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";
// Baseline, extended and progressive, with Huffman codes.
const DECODED = [0xc0, 0xc1, 0xc2];

/**
 * Return the frame header of a JPEG: `{marker, rows, columns, components, precision, unit}`; `unit`
 * is height and width in pixels of what it codes together.
 */
export function frameHeader(bytes, tables) {
  const rules = tables.codestream;
  const data = view(bytes);
  let found = null;
  for (const [marker, at] of segments(bytes, rules)) { // all, so that they are counted
    if (found !== null || !rules.FRAMES.includes(marker)) continue;
    const [rows, columns] = [data.getUint16(at + 1), data.getUint16(at + 3)];
    const [components, precision] = [bytes[at + 5], bytes[at]];
    const unit = unitOf(bytes.subarray(at + 7, at + 6 + 3 * components), rules);
    found = { marker, rows, columns, components, precision, unit };
  }
  if (found === null) throw new Error("a JPEG stream without a frame header");
  return found;
}

/** The markers before the first scan, and where what they hold begins. */
export function* segments(bytes, { BARE, SCAN, END, MOST_SEGMENTS }) {
  const data = view(bytes);
  for (let at = 2, steps = 1; at + 10 <= bytes.length; steps += 1) {
    if (steps > MOST_SEGMENTS) throw new Refusal("too_large", `> ${MOST_SEGMENTS} JPEG segments`);
    if (bytes[at] !== 0xff) throw new Error(`no JPEG marker at byte ${at}`);
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1;
    } else if (BARE.includes(marker)) {
      at += 2;
    } else if (marker === SCAN || marker === END) {
      return;
    } else {
      yield [marker, at + 4];
      at += 2 + Math.max(data.getUint16(at + 2), 2);
    }
  }
}

/** All markers to the end, and where what they hold begins; never one inside of a segment. */
export function* allSegments(bytes, { BARE, END }) {
  const data = view(bytes);
  for (let at = 2; at + 1 < bytes.length; ) {
    const marker = bytes[at + 1];
    // Coded data, with what it is stuffed with, fill bytes and restarts.
    const none = marker === 0 || (marker >= 0xd0 && marker <= 0xd7) || marker === 0xff;
    if (bytes[at] !== 0xff || none) {
      at += 1;
    } else if (marker === END || at + 4 > bytes.length) {
      return;
    } else if (BARE.includes(marker)) {
      at += 2;
    } else {
      yield [marker, at + 4];
      at += 2 + Math.max(data.getUint16(at + 2), 2);
    }
  }
}

function unitOf(components, { BLOCK }) {
  const factors = [...components].filter((_, at) => at % 3 === 0);
  if (factors.length < 2) return [BLOCK, BLOCK];
  const most = (parts) => BLOCK * Math.max(...parts, 1);
  return [most(factors.map((each) => each & 15)), most(factors.map((each) => each >> 4))];
}

/** Whether the frame is of a kind that is decoded here: Huffman codes of the cosine transform. */
export function isDecoded({ marker, precision }) {
  return DECODED.includes(marker) && precision === 8;
}

/**
 * Return what the markers before the first scan say: `{exif, xmp}`, from the TIFF header on, and
 * `density`, the pixels across and down of JFIF.
 *
 * Python's library reads them too, and gives up where one of them is malformed.
 */
export function markersOf(bytes) {
  const data = view(bytes);
  const found = { exif: null, xmp: null, density: [1, 1] };
  let frames = 0;
  for (let at = 2; ; ) {
    // Bytes between markers are passed over by Python and by the decoder, who warns of them.
    if (data.getUint8(at) !== 0xff) throw new Error(`no JPEG marker at byte ${at}`);
    const marker = data.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) break;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) throw notReadHere("JPEG, marker");
    const stop = at + 2 + data.getUint16(at + 2);
    const body = bytes.subarray(at + 4, stop);
    if (stop > bytes.length || stop < at + 4) throw new Error("a JPEG marker that is cut off");
    if (DECODED.includes(marker)) frames += 1;
    if (marker === 0xdb) requireTables(body);
    if (marker >= 0xe0 && marker <= 0xef) noted(found, marker, body);
    at = stop;
  }
  if (frames !== 1) throw notReadHere("JPEG, frames");
  return found;
}

function requireTables(body) {
  for (let at = 0; at < body.length; ) {
    at += 1 + (body[at] >> 4 ? 128 : 64);
    if (at > body.length) throw new Error("a quantization table that is cut off");
  }
}

function noted(found, marker, body) {
  const start = latin1(body.subarray(0, XMP.length));
  if (marker === 0xe0 && start.startsWith("JFIF") && body.length < 7) throw new Error("a short JFIF");
  if (marker === 0xe0 && start.startsWith("JFIF") && body.length >= 12) {
    found.density = [view(body).getUint16(8), view(body).getUint16(10)];
  }
  if (marker === 0xee && start.startsWith("Adobe") && body.length < 7) throw new Error("a short Adobe");
  // A second picture lies behind, and Python takes the first by another way.
  if (marker === 0xe2 && start.startsWith("MPF\0")) throw notReadHere("MPO");
  // Of resources Python reads the lengths, and fails where one lies outside.
  if (marker === 0xed && start.startsWith("Photoshop 3.0\0")) requireResources(body);
  if (marker !== 0xe1) return;
  if (start.startsWith(EXIF)) {
    if (found.exif !== null) throw notReadHere("EXIF");
    found.exif = body.subarray(EXIF.length);
  } else if (start === XMP) {
    found.xmp = body.subarray(XMP.length);
  }
}

function requireResources(body) {
  const data = view(body);
  let at = 14;
  while (latin1(body.subarray(at, at + 4)) === "8BIM") {
    if (at + 7 > body.length) throw notReadHere("JPEG, Photoshop");
    const code = data.getUint16(at + 4);
    at += 7 + body[at + 6];
    at += at & 1;
    if (at + 4 > body.length) return;
    const size = data.getUint32(at);
    if (code === 0x03ed && size < 14) throw notReadHere("JPEG, Photoshop");
    at += 4 + size;
    at += at & 1;
  }
}
