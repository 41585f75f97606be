// A picture written as a PNG, so that what was made here is read by the one door for films.
import { joined, view } from "./readers/bytes.mjs";
import { crc } from "./readers/png.mjs";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const TYPES = { 1: 0, 3: 2 }; // of channels: grey, or red, green and blue

/**
 * Return a picture as a PNG of 8 bits.
 *
 * @param {Uint8Array[]} channels - One, or three.
 * @returns {Promise<Uint8Array>}
 */
export async function encodePng(channels, width, height) {
  const header = new Uint8Array(13);
  view(header).setUint32(0, width);
  view(header).setUint32(4, height);
  header.set([8, TYPES[channels.length], 0, 0, 0], 8);
  const squeezed = await deflated(lines(channels, width, height));
  return joined([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", squeezed),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** The lines one after another, each told to be as it is. */
function lines(channels, width, height) {
  const many = channels.length;
  const data = new Uint8Array(height * (1 + width * many));
  for (let y = 0, at = 0; y < height; y += 1) {
    at += 1; // filter 0
    for (let x = 0; x < width; x += 1) {
      for (let part = 0; part < many; part += 1, at += 1) data[at] = channels[part][y * width + x];
    }
  }
  return data;
}

async function deflated(data) {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name, body) {
  const whole = new Uint8Array(12 + body.length);
  view(whole).setUint32(0, body.length);
  whole.set(Array.from(name, (letter) => letter.charCodeAt(0)), 4);
  whole.set(body, 8);
  view(whole).setUint32(8 + body.length, crc(whole, 4, 8 + body.length));
  return whole;
}
