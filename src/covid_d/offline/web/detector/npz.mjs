// Arrays as NumPy keeps them (`.npz` of float32, stored): what the input gate's heads lie in.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/**
 * Return the arrays of an `.npz` file.
 *
 * @param {Uint8Array} content
 * @returns {Object<string, {shape: number[], values: Float64Array}>} by name
 * @throws if it is damaged, compressed, or holds anything but float32
 */
export function readNpz(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let end = content.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new Error("not a zip file");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const arrays = {};
  for (let entry = 0; entry < count; entry++) {
    if (view.getUint32(at, true) !== ENTRY) throw new Error("a damaged zip file");
    if (view.getUint16(at + 10, true) !== 0) throw new Error("a compressed array");
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const name = text(content, at + 46, nameLength);
    const file = view.getUint32(at + 42, true);
    if (view.getUint32(file, true) !== LOCAL) throw new Error("a damaged zip file");
    const skipped = view.getUint16(file + 26, true) + view.getUint16(file + 28, true);
    const start = file + 30 + skipped;
    if (start + size > content.length) throw new Error("a truncated zip file");
    if (name.endsWith(".npy")) {
      arrays[name.slice(0, -4)] = readNpy(content.subarray(start, start + size));
    }
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return arrays;
}

function readNpy(content) {
  if (text(content, 1, 5) !== "NUMPY" || content[0] !== 0x93) throw new Error("not an array");
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [start, length] =
    content[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const header = text(content, start, length);
  const shape = /'shape': \(([\d, ]*)\)/.exec(header);
  const order = /'fortran_order': (True|False)/.exec(header);
  if (!header.includes("'descr': '<f4'") || !order || !shape) {
    throw new Error(`an array of another kind: ${header}`);
  }
  const sides = shape[1].split(",").map((side) => side.trim()).filter(Boolean).map(Number);
  const count = sides.reduce((product, side) => product * side, 1);
  if (content.length !== start + length + 4 * count) throw new Error("an array of another size");
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getFloat32(start + length + 4 * i, true);
  return { shape: sides, values: order[1] === "True" ? byRows(values, sides) : values };
}

// What NumPy keeps column after column, row after row.
function byRows(values, sides) {
  if (sides.length === 1) return values;
  if (sides.length !== 2) throw new Error("an array of more than two sides");
  const [rows, columns] = sides;
  return Float64Array.from(values, (_, at) => values[(at % columns) * rows + Math.floor(at / columns)]);
}

function text(content, start, length) {
  return String.fromCharCode(...content.subarray(start, start + length));
}
