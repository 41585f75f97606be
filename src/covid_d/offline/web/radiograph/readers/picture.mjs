// Pictures: PNG and JPEG. Others that Python reads are told by their first bytes and refused here.
import { factsOf } from "../film.mjs";
import { ends } from "../numbers.mjs";
import { Refusal, notReadHere } from "../refusal.mjs";
import { requireLevel } from "./blocks.mjs";
import { latin1, startsWith, view } from "./bytes.mjs";
import { orientationOf, upright } from "./exif.mjs";
import { greyOf, overBlack, scale, topOf } from "./grey.mjs";
import { frameHeader, isDecoded, markersOf } from "./codestream.mjs";
import { decodeJpeg } from "./jpeg.mjs";
import { requireSize } from "./limits.mjs";
import { decodePng } from "./png.mjs";
import { meanStep } from "./quantisation.mjs";
import { requireAllScans } from "./sound.mjs";
import { madeSquare, ratioOf, turnedRatio } from "./square.mjs";

const NO_COLOURS = { colour: false, marks: false };
const NAMES = { JPEG2000: "JPEG 2000" };
const KINDS = { 0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA" };

/** Whether the file starts like a picture of a kind that Python reads. */
export function sniff(bytes, tables) {
  return formatOf(bytes, tables) !== "";
}

function formatOf(bytes, tables) {
  const start = latin1(bytes.subarray(0, 12));
  if (start.startsWith("RIFF") && start.slice(8) === "WEBP") return "WEBP";
  if (start.startsWith("BM") && bytes.length >= 15) {
    const header = new Uint8Array(4);
    header.set(bytes.subarray(14, 18));
    if (tables.picture.BMP_HEADERS.includes(view(header).getUint32(0, true))) return "BMP";
  }
  return tables.picture.MAGIC.find(([magic]) => startsWith(bytes, magic))?.[1] ?? "";
}

/** Return pixels and facts of a picture: `{picture: {pixels, width, height}, facts}`. */
export async function decode(bytes, tables) {
  const kind = formatOf(bytes, tables);
  if (kind === "PNG") return ofPng(await decodePng(bytes, tables), tables);
  if (kind === "JPEG") return ofJpeg(bytes, tables);
  throw notReadHere(NAMES[kind] ?? kind);
}

/**
 * Return a photograph as it is to be straightened: upright, 8 bits, grey or colour.
 *
 * @returns {Promise<{channels: Uint8Array[], width, height}>} One channel, or three.
 */
export async function photographOf(bytes, tables) {
  const kind = formatOf(bytes, tables);
  if (kind === "JPEG") return uprightJpeg(bytes, tables);
  if (kind !== "PNG") throw notReadHere(NAMES[kind] ?? (kind || "DICOM"));
  const png = await decodePng(bytes, tables);
  const { bits, kind: type, transparency } = png;
  if (bits !== 8 || !["L", "RGB"].includes(KINDS[type]) || transparency !== null) {
    throw notReadHere(`PNG, ${KINDS[type]}, ${bits} bits`);
  }
  return upright(png.channels, png.width, png.height, orientationOf(png.exif, png.xmp, tables));
}

async function uprightJpeg(bytes, tables) {
  const stream = frameHeader(bytes, tables);
  const { rows, columns, components, precision } = stream;
  if (!isDecoded(stream) || ![1, 3].includes(components)) {
    throw notReadHere(`JPEG, ${components} x ${precision} bits`);
  }
  const { exif, xmp, density } = markersOf(bytes);
  requireSize(columns, rows, tables);
  requireAllScans(bytes, tables);
  const decoded = await decodeJpeg(bytes, components);
  if (decoded.width !== columns || decoded.height !== rows) throw new Error("a JPEG of another size");
  // Green is nearest to what the stream holds: grey and two differences.
  const grey = decoded.channels[components === 1 ? 0 : 1];
  const [width, height] = [columns, rows];
  const step = meanStep(bytes, tables);
  requireLevel(grey, { width, height, unit: stream.unit, step, rules: tables.blocks });
  const orientation = orientationOf(exif, xmp, tables);
  const ratio = turnedRatio(ratioOf(...density), orientation);
  return { ...upright(decoded.channels, columns, rows, orientation), ratio };
}

async function ofJpeg(bytes, tables) {
  const { channels, width, height, ratio } = await uprightJpeg(bytes, tables);
  const { pixels, colours } =
    channels.length === 1
      ? { pixels: scale(channels[0], 255), colours: NO_COLOURS }
      : greyOf(channels, width, height, tables);
  const facts = factsOf({ format: "JPEG", bits: 8, ...colours });
  return { picture: madeSquare({ pixels, width, height }, ratio, tables), facts };
}

function ofPng(png, tables) {
  const mode = KINDS[png.kind];
  const orientation = orientationOf(png.exif, png.xmp, tables);
  const { channels, width, height } = upright(png.channels, png.width, png.height, orientation);
  const { pixels, colours } = shownPng({ ...png, channels, width, height, mode }, tables);
  const facts = factsOf({ format: "PNG", bits: png.bits, ...colours });
  const ratio = turnedRatio(ratioOf(...png.density), orientation);
  return { picture: madeSquare({ pixels, width, height }, ratio, tables), facts };
}

function shownPng(png, tables) {
  const { bits, mode, width, height, transparency } = png;
  if (mode === "L" && bits === 16) return deepGrey(png);
  let channels = png.channels;
  if (bits === 16) {
    requireHighBits(channels, mode, tables);
    channels = channels.map((channel) => Uint8Array.from(channel, (sample) => sample >> 8));
  }
  if (mode === "P") channels = ofPalette(png);
  else if (transparency !== null) channels = withTransparent(png, channels);
  else if (mode === "L" && bits < 8) channels = [channels[0].map((v) => (v * 255) / ((1 << bits) - 1))];
  if (channels.length === 2 || channels.length === 4) {
    const alpha = channels[channels.length - 1];
    const opaque = alpha.every((value) => value === 255);
    channels = channels.slice(0, -1);
    if (!opaque) channels = channels.map((channel) => overBlack(channel, alpha));
  }
  // Grey with alpha of 16 bits is three equal channels to Pillow: so is its luminance reckoned.
  if (mode === "LA" && bits === 16) channels = Array(3).fill(channels[0]);
  if (channels.length === 1) return { pixels: scale(channels[0], 255), colours: NO_COLOURS };
  return greyOf(channels, width, height, tables);
}

function deepGrey({ channels, transparency, bits }) {
  if (transparency !== null) {
    throw new Refusal("unsupported_encoding", "PNG, 16 bits, transparency");
  }
  const [, highest] = ends(channels[0]);
  const top = Math.min(topOf(highest), 2 ** bits - 1);
  return { pixels: scale(channels[0], top), colours: NO_COLOURS };
}

/** Refuse 16-bit samples that use the lower bits alone: the eight high ones are kept. */
function requireHighBits(channels, mode, tables) {
  const seen = mode === "LA" ? 1 : 3;
  const highest = Math.max(...channels.slice(0, seen).map((channel) => ends(channel)[1]));
  if (highest >> 8 < tables.picture.IN_USE) {
    const count = mode === "LA" ? 4 : channels.length;
    const what = `PNG, ${count} x 16 bits, the high ones not in use`;
    throw new Refusal("unsupported_encoding", what);
  }
}

function ofPalette({ channels: [indices], palette, transparency }) {
  const [, highest] = ends(indices);
  if (palette === null || palette.length < 3 * (highest + 1)) throw notReadHere("PNG, PLTE");
  const colours = [0, 1, 2].map((part) => indices.map((index) => palette[3 * index + part]));
  if (transparency === null) return colours;
  return [...colours, indices.map((index) => transparency[index] ?? 255)];
}

function withTransparent({ bits, transparency }, channels) {
  if (bits !== 8 || transparency.some((value) => value > 255)) throw notReadHere("PNG, tRNS");
  const alpha = channels[0].map((_, at) =>
    channels.every((channel, part) => channel[at] === transparency[part]) ? 0 : 255,
  );
  return [...channels, alpha];
}
