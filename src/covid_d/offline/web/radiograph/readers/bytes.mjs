// Bytes: numbers and words in them, as Python's `struct` and `bytes` read them.

/** Whether bytes start with those of a hexadecimal text, from a place on. */
export function startsWith(bytes, hex, at = 0) {
  const count = hex.length / 2;
  if (at + count > bytes.length) return false;
  for (let i = 0; i < count; i += 1) {
    if (bytes[at + i] !== parseInt(hex.slice(2 * i, 2 * i + 2), 16)) return false;
  }
  return true;
}

/** Bytes as text, one character each (ISO 8859-1, which no browser's decoder is). */
export function latin1(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}

/** A view of bytes for numbers; reading beyond the end throws. */
export function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const BLOCKS = [1, 2, 4, 16, 512]; // bytes: words, lines of memory, sectors

/** Whether what lies behind the last pixel of a file of `total` bytes only fills it up: zeros up to
 * a whole number of words or blocks. Others may be pixels, pushed out. */
export function fillsUp(rest, total) {
  const block = BLOCKS.find((block) => rest.length < block) ?? BLOCKS.at(-1);
  return allZero(rest) && total % block === 0;
}

/** Whether all of some bytes are nought. */
export function allZero(bytes) {
  return bytes.every((byte) => byte === 0);
}

/** Where some bytes are found first, -1 where they are not. */
export function indexOf(bytes, wanted, from = 0, to = bytes.length) {
  outer: for (let at = from; at + wanted.length <= to; at += 1) {
    for (let i = 0; i < wanted.length; i += 1) {
      if (bytes[at + i] !== wanted[i]) continue outer;
    }
    return at;
  }
  return -1;
}

/** Some bytes one after the other. */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
