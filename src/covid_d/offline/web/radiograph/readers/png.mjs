// PNG, as Pillow reads it: every depth and colour type, checksums of all chunks, interlaced or not.
import { Refusal, notReadHere } from "../refusal.mjs";
import { indexOf, joined, latin1, view } from "./bytes.mjs";
import { inflate } from "./inflate.mjs";
import { requireSize } from "./limits.mjs";

const SIGNATURE = 8;
const [GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA] = [0, 2, 3, 4, 6];
const SAMPLES = { [GREY]: 1, [RGB]: 3, [PALETTE]: 1, [GREY_ALPHA]: 2, [RGB_ALPHA]: 4 };
const DEPTHS = {
  [GREY]: [1, 2, 4, 8, 16],
  [RGB]: [8, 16],
  [PALETTE]: [1, 2, 4, 8],
  [GREY_ALPHA]: [8, 16],
  [RGB_ALPHA]: [8, 16],
};
// Least length of chunks that Pillow reads and this does not need.
const LEAST = { gAMA: 4, cHRM: 32, sRGB: 1, pHYs: 9, acTL: 8, fcTL: 26 };
// Words under these names change what Pillow knows of the picture itself.
const MEANT = ["dpi", "aspect", "transparency", "exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"];
const OTHERS = ["interlace", "bbox", "default_image", "disposal", "blend", "duration", "adobe"];
// Adam7: first column and row of each pass, and its steps.
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/**
 * Decode a PNG.
 *
 * @returns {Promise<object>} `{width, height, bits, kind, channels, palette, transparency, exif,
 *   xmp, density}`; `kind` is "grey", "rgb", "palette", "grey_alpha" or "rgb_alpha", `channels` one typed
 *   array a sample, of the stored depth.
 */
export async function decodePng(bytes, tables) {
  const png = { exif: null, xmp: null, palette: null, transparency: null, texts: 0, density: [1, 1] };
  const chunks = chunksOf(bytes);
  const data = [];
  let [header, begun, over, frames] = [null, false, false, 0];
  for (const { name, body, sound } of chunks) {
    if (name === "IHDR") {
      if (header) throw notReadHere("PNG, IHDR");
      header = headerOf(body);
    } else if (name === "IDAT") {
      if (!header) throw new Error("pixels before the header");
      if (!begun) requireSize(header.width, header.height, tables);
      begun = true;
      if (!over) data.push(body);
    } else {
      over = begun;
      if (name === "acTL") frames = framesOf(body);
      else await noted(png, name, body, { header, begun, tables });
    }
    if (!sound) throw new Error(`a damaged chunk ${name}`);
  }
  if (!data.length) throw new Error("a PNG without pixels");
  if (frames) throw frames > 1 ? new Refusal("multi_frame", "> 1") : notReadHere("APNG");
  const channels = await pixelsOf(data, header);
  return { ...png, ...header, channels };
}

function framesOf(body) {
  if (body.length < LEAST.acTL) throw new Error("a short acTL");
  return view(body).getUint32(0);
}

/** Yield each chunk up to the end's, and whether its checksum is right. */
function* chunksOf(bytes) {
  const data = view(bytes);
  let at = SIGNATURE;
  for (;;) {
    const length = data.getUint32(at);
    const name = latin1(bytes.subarray(at + 4, at + 8));
    if (!/^\w{4}$/.test(name)) throw new Error(`no chunk at byte ${at}`);
    if (name === "IEND") return;
    const stop = at + 8 + length;
    const sound = crc(bytes, at + 4, stop) === data.getUint32(stop);
    yield { name, body: bytes.subarray(at + 8, stop), sound };
    at = stop + 4;
  }
}

function headerOf(body) {
  const data = view(body);
  const [width, height] = [data.getUint32(0), data.getUint32(4)];
  const [bits, type, , filter, interlaced] = body.subarray(8, 13);
  if (body.length < 13 || filter || !width || !height || !DEPTHS[type]?.includes(bits)) {
    throw new Error("a PNG header of no known kind");
  }
  return { width, height, bits, kind: type, interlaced: Boolean(interlaced) };
}

/** Note what a chunk says beside the pixels. */
async function noted(png, name, body, { header, begun, tables }) {
  if (body.length < (LEAST[name] ?? 0)) throw new Error(`a short ${name}`);
  if (name === "PLTE" && !begun) png.palette = body;
  if (name === "tRNS") {
    if (begun || !header) throw notReadHere("PNG, tRNS");
    png.transparency = transparencyOf(body, header.kind);
  }
  if (name === "eXIf") png.exif = body;
  if (name === "pHYs" && !begun) png.density = densityOf(body) ?? png.density;
  if (name === "iCCP" || name.endsWith("TXt") || name === "tEXt") {
    await noteWords(png, name, body, tables.png);
  }
}

/** Pixels an inch across and down, or their shape alone, reckoned as Pillow does. */
function densityOf(body) {
  const [across, down] = [view(body).getUint32(0), view(body).getUint32(4)];
  if (body[8] === 1) return [across * 0.0254, down * 0.0254];
  return body[8] === 0 ? [across, down] : null;
}

function transparencyOf(body, kind) {
  if (kind === PALETTE) return body;
  const least = kind === RGB ? 6 : 2;
  if (kind !== GREY && kind !== RGB) return null;
  if (body.length < least) throw new Error("a short tRNS");
  const data = view(body);
  return Array.from({ length: least / 2 }, (_, at) => data.getUint16(2 * at));
}

/** Check compressed words as Pillow does, and keep those that tell which way is up. */
async function noteWords(png, name, body, limits) {
  const end = indexOf(body, [0]);
  const key = latin1(body.subarray(0, end < 0 ? body.length : end));
  const rest = end < 0 ? new Uint8Array() : body.subarray(end + 1);
  if (OTHERS.includes(key) || (MEANT.includes(key) && name !== "iTXt" && name !== "iCCP")) {
    throw notReadHere(`PNG, ${key}`);
  }
  if (name === "iCCP" || name === "zTXt") {
    if (rest.length ? rest[0] : name === "iCCP") throw new Error(`${name} of an unknown method`);
    const words = await inflated(rest.subarray(1), limits.TEXT);
    if (name === "zTXt") png.texts += words.length;
  } else if (name === "tEXt") {
    png.texts += rest.length;
  } else if (name === "iTXt" && rest.length >= 2) {
    await noteInternational(png, key, rest, limits);
  }
  if (png.texts > limits.TEXTS) throw new Error("too many words in a PNG");
}

async function noteInternational(png, key, rest, limits) {
  const language = indexOf(rest, [0], 2);
  const second = language < 0 ? -1 : indexOf(rest, [0], language + 1);
  if (second < 0) return;
  let words = rest.subarray(second + 1);
  if (rest[0]) {
    if (rest[1]) return;
    words = await inflated(words, limits.TEXT);
  }
  png.texts += words.length;
  if (MEANT.includes(key) && key !== "XML:com.adobe.xmp") throw notReadHere(`PNG, ${key}`);
  if (key === "XML:com.adobe.xmp") png.xmp = words;
}

/** Inflate words; damaged ones are none, and too many are refused. */
async function inflated(bytes, most) {
  let found = null;
  try {
    found = await inflate(bytes, most);
  } catch {
    return new Uint8Array();
  }
  if (!found.whole) throw new Error("words of a PNG that inflate too far");
  return found.data;
}

async function pixelsOf(parts, { width, height, bits, kind, interlaced }) {
  const samples = SAMPLES[kind];
  const passes = interlaced ? PASSES : [[0, 0, 1, 1]];
  const sizes = passes.map(([left, top, across, down]) => {
    const columns = Math.max(0, Math.ceil((width - left) / across));
    const rows = Math.max(0, Math.ceil((height - top) / down));
    return { columns, rows: columns ? rows : 0, line: Math.ceil((columns * samples * bits) / 8) };
  });
  const expected = sizes.reduce((sum, { rows, line }) => sum + rows * (line + 1), 0);
  const { data } = await inflate(joined(parts), expected);
  if (data.length < expected) throw new Error("a PNG whose pixels end early");
  const Kind = bits > 8 ? Uint16Array : Uint8Array;
  const channels = Array.from({ length: samples }, () => new Kind(width * height));
  let at = 0;
  passes.forEach(([left, top, across, down], pass) => {
    const { columns, rows, line } = sizes[pass];
    let above = new Uint8Array(line);
    for (let row = 0; row < rows; row += 1, at += line + 1) {
      const here = data.subarray(at + 1, at + 1 + line);
      unfiltered(data[at], here, above, Math.max(1, (samples * bits) >> 3));
      const start = (top + row * down) * width + left;
      spread(here, channels, bits, columns, start, across);
      above = here;
    }
  });
  return channels;
}

/** Undo the filter of one line, in its place (PNG 9.2). */
function unfiltered(filter, here, above, back) {
  if (filter > 4) throw new Error(`an unknown filter ${filter}`);
  for (let at = 0; filter && at < here.length; at += 1) {
    const left = at < back ? 0 : here[at - back];
    const up = above[at];
    if (filter === 1) here[at] += left;
    else if (filter === 2) here[at] += up;
    else if (filter === 3) here[at] += (left + up) >> 1;
    else here[at] += paeth(left, up, at < back ? 0 : above[at - back]);
  }
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function spread(line, channels, bits, columns, start, step) {
  const count = channels.length;
  for (let x = 0, to = start; x < columns; x += 1, to += step) {
    for (let channel = 0; channel < count; channel += 1) {
      const sample = x * count + channel;
      if (bits === 8) channels[channel][to] = line[sample];
      else if (bits === 16) channels[channel][to] = (line[2 * sample] << 8) | line[2 * sample + 1];
      else {
        const bit = sample * bits;
        const shift = 8 - bits - (bit & 7);
        channels[channel][to] = (line[bit >> 3] >> shift) & ((1 << bits) - 1);
      }
    }
  }
}

const CRCS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** The checksum of bytes, as chunks carry it. */
export function crc(bytes, start, stop) {
  let sum = 0xffffffff;
  const end = Math.min(stop, bytes.length);
  for (let at = start; at < end; at += 1) sum = CRCS[(sum ^ bytes[at]) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
