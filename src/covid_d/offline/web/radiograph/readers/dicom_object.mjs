// From a DICOM data set to the stored samples of its one frame; what is declared is checked first.
import { ends } from "../numbers.mjs";
import { Refusal, notReadHere } from "../refusal.mjs";
import { requireLevel } from "./blocks.mjs";
import { allZero, indexOf, joined, startsWith, view } from "./bytes.mjs";
import { whole } from "./dicom_values.mjs";
import { frameHeader, isDecoded, markersOf } from "./codestream.mjs";
import { requireAsTaken } from "./dicom_processed.mjs";
import { requirePatient } from "./dicom_subject.mjs";
import { decodeJpeg } from "./jpeg.mjs";
import { requireSize } from "./limits.mjs";
import { bytesAreSwapped, lengthsAreExchanged, pairsAreSwapped, planesAreMisstated } from "./orders.mjs";
import { meanStep } from "./quantisation.mjs";
import { decodeRle } from "./rle.mjs";
import { requireAllScans } from "./sound.mjs";
import {
  rightJustified,
  signExtended,
  signMisstated,
  signUntold,
  storedValues,
  wrappedRound,
} from "./stored.mjs";

const UNDEFINED = 0xffffffff;

/**
 * Return the stored samples of the one frame.
 *
 * @returns {{samples, channels, photometric, frame}} `samples` of grey, or `channels` of RGB;
 *   `frame` is what else reading needs: rows, columns, bits stored, bits allocated, signed.
 */
export async function samplesOf(dataset) {
  requirePixels(dataset);
  const { tables } = dataset;
  const intent = String(dataset.get("PresentationIntentType") ?? "").trim().toUpperCase();
  const raw = dataset.get("SOPClassUID") === tables.dicom_known.uids.raw_film;
  if (intent === "FOR PROCESSING" || raw) throw new Refusal("for_processing");
  requirePatient(dataset);
  requireAsTaken(dataset);
  for (const keyword of tables.dicom_object.NEEDED) {
    const value = dataset.get(keyword);
    if (value === undefined || value === null || value === "") {
      throw new Refusal("missing_element", tables.dicom_elements[keyword][2]);
    }
  }
  const [columns, rows] = [whole(dataset.get("Columns")), whole(dataset.get("Rows"))];
  requireSize(columns, rows, tables);
  requireSingle(dataset);
  const frame = { rows, columns, ...requireKnownSamples(dataset) };
  const { syntaxes, names } = tables.dicom_known;
  const name = syntaxes[dataset.syntax];
  if (name === undefined) {
    const what = names[dataset.syntax] ?? (dataset.syntax || "no transfer syntax");
    throw new Refusal("unsupported_encoding", what);
  }
  // What enhanced objects say of their one frame is not looked for here.
  if (tables.functional_groups.GROUPS.some((keyword) => dataset.has(keyword))) {
    throw notReadHere("DICOM, functional groups");
  }
  const decoded = await decode(dataset, frame, name);
  if (frame.perPixel === 1) decoded.samples = trueSamples(decoded.samples, frame, tables);
  else requireColour(decoded.channels, frame, dataset);
  return { ...decoded, photometric: frame.photometric, frame };
}

function trueSamples(decoded, frame, tables) {
  const { columns, stored, allocated, signed, shift, photometric } = frame;
  const rules = tables.stored;
  if (tables.dicom_display.MONOCHROME.includes(photometric)) requireOrder(decoded, frame, tables.orders);
  const samples = shift ? rightJustified(decoded, frame, shift) : decoded;
  const what = "signed values, Pixel Representation 0";
  if (!signed && signExtended(samples, stored, rules)) throw notReadHere(`DICOM, ${what}`);
  if (!signed && stored === allocated && wrappedRound(samples, rules)) {
    throw new Refusal("unsupported_encoding", what);
  }
  const values = storedValues(samples, columns, stored, signed, rules);
  if (!tables.dicom_display.MONOCHROME.includes(photometric)) return values;
  if (signed && signUntold(samples, values, frame, rules)) {
    const unknown = `${stored}-bit values of unknown sign, Pixel Representation 1`;
    throw new Refusal("unsupported_encoding", unknown);
  }
  if (signMisstated(values, frame, rules)) {
    const kind = signed ? "unsigned values" : "signed values";
    throw new Refusal("unsupported_encoding", `${kind}, Pixel Representation ${Number(signed)}`);
  }
  return values;
}

/** Refuse colour that is not as its file says: a capture of a film is grey in each channel. */
function requireColour(channels, frame, dataset) {
  const refuse = (what) => new Refusal("unsupported_encoding", what);
  if (frame.signed) throw refuse("signed samples, Pixel Representation 1, of colour");
  if (channels.some((channel) => ends(channel)[1] >= 2 ** frame.stored)) {
    throw refuse(`values beyond ${frame.stored} Bits Stored`);
  }
  const { uids } = dataset.tables.dicom_known;
  const planar = dataset.get("PlanarConfiguration");
  const native = [uids.implicit, uids.explicit, uids.big].includes(dataset.syntax);
  if (native && planesAreMisstated(channels, planar, dataset.tables.orders)) {
    throw refuse(`Planar Configuration ${planar}`);
  }
  requireOrder(channels[0], frame, dataset.tables.orders);
}

function requireOrder(samples, { rows, columns }, rules) {
  const refuse = (what) => new Refusal("unsupported_encoding", what);
  if (pairsAreSwapped(samples, rows, columns, rules)) throw refuse("8-bit values, swapped in pairs");
  if (bytesAreSwapped(samples, rows, columns, rules)) throw refuse("16-bit values, bytes swapped");
  if (lengthsAreExchanged(samples, rows, columns, rules)) {
    throw refuse(`Rows ${rows}, Columns ${columns}, exchanged`);
  }
}

function decode(dataset, frame, name) {
  const { uids } = dataset.tables.dicom_known;
  const native = [uids.implicit, uids.explicit, uids.big].includes(dataset.syntax);
  if (native) {
    const { perPixel, photometric } = frame;
    if (perPixel === 3 && photometric !== "RGB") throw notReadHere(`DICOM, ${photometric}`);
    requireAgreeingLength(dataset, frame);
    return nativeSamples(dataset, frame, dataset.syntax !== uids.big);
  }
  if (dataset.syntax === uids.rle) return decodeRle(frameOf(dataset), frame, dataset.tables);
  const { baseline, extended } = uids;
  if ([baseline, extended].includes(dataset.syntax)) return greyJpeg(dataset, frame, name);
  throw notReadHere(`DICOM, ${name}`);
}

/** The samples of a grey JPEG of 8 bits; what the stream says of itself must agree. */
async function greyJpeg(dataset, { rows, columns, perPixel, allocated, stored, signed }, name) {
  const frame = frameOf(dataset);
  if (frame[0] !== 0xff || frame[1] !== 0xd8) throw new Error("no JPEG stream");
  const stream = frameHeader(frame, dataset.tables);
  if (isFollowed(frame)) throw new Refusal("multi_frame", "> 1");
  const found = [stream.rows, stream.columns, stream.components];
  if (`${found}` !== `${[rows, columns, perPixel]}` || stream.precision > allocated) {
    throw new Error(`a stream of ${found}`);
  }
  if (!isDecoded(stream) || perPixel !== 1 || stored !== 8 || allocated !== 8 || signed) {
    throw notReadHere(`DICOM, ${name}`);
  }
  markersOf(frame);
  requireAllScans(frame, dataset.tables);
  const { channels, width, height } = await decodeJpeg(frame, 1);
  if (width !== columns || height !== rows) throw new Error("a JPEG of another size");
  const step = meanStep(frame, dataset.tables);
  requireLevel(channels[0], { width, height, unit: stream.unit, step, rules: dataset.tables.blocks });
  return { samples: channels[0] };
}

/** Whether another stream begins where one ends, of which the file does not tell. */
function isFollowed(frame) {
  const [end, start] = [Uint8Array.of(0xff, 0xd9), "ffd8ff"];
  for (let at = indexOf(frame, end); at >= 0; at = indexOf(frame, end, at + 2)) {
    let next = at + 2;
    while (frame[next] === 0) next += 1;
    if (startsWith(frame, start, next)) return true;
  }
  return false;
}

function requirePixels(dataset) {
  const pixels = dataset.get("PixelData");
  if (pixels instanceof Uint8Array && pixels.length) return;
  if (pixels !== undefined && pixels !== null && pixels.length) throw notReadHere("DICOM, Pixel Data");
  if (dataset.has("EncryptedAttributesSequence")) throw new Refusal("encrypted");
  if (dataset.has("FloatPixelData") || dataset.has("DoubleFloatPixelData")) {
    throw new Refusal("unsupported_encoding", "Float Pixel Data");
  }
  const stated = dataset.get("SOPClassUID") ?? dataset.meta.get("MediaStorageSOPClassUID") ?? "";
  const image = dataset.tables.dicom_known.image_classes.includes(String(stated));
  if (dataset.has("Rows") || image) throw new Error("an image without its pixels");
  throw new Refusal("no_pixels");
}

function requireSingle(dataset) {
  const frames = dataset.get("NumberOfFrames");
  if (frames === undefined || frames === null || frames === "") return;
  const count = whole(frames);
  if (count !== 0 && count !== 1) throw new Refusal("multi_frame", count);
}

function requireKnownSamples(dataset) {
  const refuse = (what) => new Refusal("unsupported_encoding", what);
  // Stations write it in small letters, or with blanks before it.
  const stated = String(dataset.get("PhotometricInterpretation"));
  const photometric = stated.replace(/^[ \0]+|[ \0]+$/g, "").toUpperCase();
  const perPixel = dataset.get("SamplesPerPixel");
  const known = dataset.tables.dicom_object.PHOTOMETRIC[perPixel] ?? [];
  if (!known.includes(photometric)) throw refuse(`${perPixel} x ${photometric.slice(0, 16)}`);
  const [allocated, stored] = [dataset.get("BitsAllocated"), dataset.get("BitsStored")];
  const high = dataset.has("HighBit") ? dataset.get("HighBit") : stored - 1;
  const fits = stored > 1 && stored <= high + 1 && high + 1 <= allocated;
  if (![8, 16].includes(allocated) || !fits) {
    throw refuse(`${stored} of ${allocated} bits, high bit ${high}`);
  }
  const representation = dataset.get("PixelRepresentation");
  if (representation !== 0 && representation !== 1) {
    throw refuse(`Pixel Representation ${representation}`);
  }
  const shift = high - (stored - 1);
  return { photometric, perPixel, allocated, stored, shift, signed: representation === 1 };
}

/** Compare native pixel data's length with its declared size; writers pad with a few zeros. */
function requireAgreeingLength(dataset, { rows, columns, perPixel, allocated }) {
  const rules = dataset.tables.dicom_object;
  const pixels = dataset.get("PixelData");
  const expected = (rows * columns * perPixel * allocated) / 8;
  const rest = pixels.subarray(expected);
  if (pixels.length < expected || rest.length > rules.PADDING || !allZero(rest)) {
    throw new Error(`${pixels.length} bytes of pixels where ${expected} are declared`);
  }
  const [own] = dataset.tables.dicom_elements.PixelData;
  const tags = [...dataset.elements.keys()];
  for (const tag of tags.slice(tags.indexOf(own) + 1)) {
    if (!rules.BEHIND.includes(tag) && (tag < own || (tag >>> 16) % 2 === 0)) {
      throw new Error(`${tag.toString(16)} behind the pixels`);
    }
  }
}

function nativeSamples(dataset, frame, little) {
  const { rows, columns, perPixel, allocated, signed } = frame;
  if (dataset.element("PixelData").length === UNDEFINED) throw notReadHere("DICOM, Pixel Data");
  if (allocated === 8 && !little) throw notReadHere("DICOM, big endian, 8 bits");
  const count = rows * columns * perPixel;
  const data = view(dataset.get("PixelData"));
  const Kind = allocated === 8 ? (signed ? Int8Array : Uint8Array) : signed ? Int16Array : Uint16Array;
  const samples = new Kind(count);
  for (let at = 0; at < count; at += 1) {
    if (allocated === 8) samples[at] = data.getUint8(at);
    else samples[at] = data.getUint16(2 * at, little);
  }
  if (perPixel === 1) return { samples };
  return { channels: apart(samples, rows * columns, planarOf(dataset)) };
}

/** Planar Configuration, without which colour means nothing. */
export function planarOf(dataset) {
  const planar = dataset.get("PlanarConfiguration");
  if (planar !== 0 && planar !== 1) throw new Error(`Planar Configuration ${planar}`);
  return planar;
}

function apart(samples, size, planar) {
  return [0, 1, 2].map((channel) => {
    if (planar) return samples.slice(channel * size, (channel + 1) * size);
    const plane = new samples.constructor(size);
    for (let at = 0; at < size; at += 1) plane[at] = samples[3 * at + channel];
    return plane;
  });
}

/** The bytes of the one frame of encapsulated pixel data: its fragments, behind the offset table. */
export function frameOf(dataset) {
  const value = dataset.get("PixelData");
  if (dataset.element("PixelData").length !== UNDEFINED) throw notReadHere("DICOM, Pixel Data");
  const data = view(value);
  const fragments = [];
  let at = 0;
  while (at + 8 <= value.length) {
    const tag = [data.getUint16(at, true), data.getUint16(at + 2, true)];
    if (tag[0] !== 0xfffe || tag[1] !== 0xe000) throw notReadHere("DICOM, fragments");
    const length = data.getUint32(at + 4, true);
    if (length === UNDEFINED || at + 8 + length > value.length) throw notReadHere("DICOM, fragments");
    fragments.push(value.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const [, ...frames] = fragments;
  if (!frames.length) throw new Error("no frame");
  // Several fragments of one frame are joined where the offset table does not tell of more.
  if (fragments[0].length > 4) throw notReadHere("DICOM, fragments");
  return joined(frames);
}
