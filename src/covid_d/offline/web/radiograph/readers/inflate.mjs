// Inflating deflate streams with the platform's own decoder, no further than was asked for.

/**
 * Inflate a zlib stream.
 *
 * @param {Uint8Array} bytes
 * @param {number} most - No more bytes than these are kept; a stream that holds more is left there.
 * @returns {Promise<{data: Uint8Array, whole: boolean}>} What it holds, and whether that is all.
 * @throws {Error} If it is damaged, cut off, or goes on behind its end.
 */
export async function inflate(bytes, most) {
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  // What is wrong is told by the reader.
  writer.write(bytes).catch(() => {});
  writer.close().catch(() => {});
  const reader = stream.readable.getReader();
  const data = new Uint8Array(most);
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { data: data.subarray(0, at), whole: true };
    const room = Math.min(value.length, most - at);
    data.set(value.subarray(0, room), at);
    at += room;
    if (room < value.length) {
      reader.cancel().catch(() => {});
      return { data, whole: false };
    }
  }
}
