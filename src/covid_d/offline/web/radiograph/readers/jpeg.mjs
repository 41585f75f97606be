// JPEG of 8 bits, by libjpeg-turbo itself, compiled to WebAssembly: the library that Pillow has.
// It stops at whatever it warns of, so that what is damaged is not filled in.

const FOLDER = new URL("../../vendor/codec-libjpeg-turbo-8bit/", import.meta.url);
const SCRIPT = new URL("libjpegturbowasm_decode.js", FOLDER);
const BINARY = new URL("libjpegturbowasm_decode.wasm", FOLDER);

let library = null;

/**
 * Decode a JPEG.
 *
 * @param {Uint8Array} bytes
 * @param {number} components - 1 or 3, as its frame header states.
 * @returns {Promise<{channels: Uint8Array[], width: number, height: number}>} Grey, or RGB.
 * @throws {Error} If it is damaged, or the library makes another thing of it.
 */
export async function decodeJpeg(bytes, components) {
  library ??= await opened();
  const decoder = new library.JPEGDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    try {
      decoder.decode();
    } catch (error) {
      // A C++ exception comes as its address, and an exhausted memory leaves the library useless.
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) library = null;
      throw new Error("a damaged JPEG");
    }
    const { width, height, componentCount } = decoder.getFrameInfo();
    if (componentCount !== components) throw new Error(`a JPEG of ${componentCount} components`);
    const samples = decoder.getDecodedBuffer();
    if (samples.length !== width * height * components) throw new Error("a JPEG of another size");
    return { channels: apart(samples, components), width, height };
  } finally {
    if (library !== null) decoder.delete();
  }
}

function apart(samples, components) {
  if (components === 1) return [Uint8Array.from(samples)];
  return Array.from({ length: components }, (_, channel) => {
    const plane = new Uint8Array(samples.length / components);
    for (let at = 0, from = channel; at < plane.length; at += 1, from += components) {
      plane[at] = samples[from];
    }
    return plane;
  });
}

async function opened() {
  const [make, wasmBinary] = [await factory(), await binary()];
  const silent = () => {};
  return make({ wasmBinary, print: silent, printErr: silent });
}

/** The script is none of the modules: in a browser it gives itself to whoever defines modules. */
async function factory() {
  let given = null;
  const before = globalThis.define;
  globalThis.define = (_, made) => {
    given = made();
  };
  globalThis.define.amd = true;
  try {
    const { default: exported } = await import(SCRIPT.href);
    return exported ?? given;
  } finally {
    globalThis.define = before;
  }
}

async function binary() {
  if (BINARY.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return new Uint8Array(await readFile(BINARY));
  }
  const response = await fetch(BINARY);
  if (!response.ok) throw new Error(`${BINARY.pathname}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
