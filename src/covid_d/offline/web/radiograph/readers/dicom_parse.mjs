// From a DICOM file's bytes to its data set, element by element, as pydicom reads them.
import { Refusal, notReadHere } from "../refusal.mjs";
import { fillsUp, indexOf, latin1, startsWith, view } from "./bytes.mjs";
import { DataSet } from "./dicom_values.mjs";
import { Walk } from "./walk.mjs";

const UNDEFINED = 0xffffffff;
const [ITEM, ITEM_END, SEQUENCE_END] = [0xfffee000, 0xfffee00d, 0xfffee0dd];
const CHARACTER_SET = 0x00080005;
const PIXEL_GROUP = 0x7fe0;
const PREAMBLE = 128;
// Python gives up on sequences some 250 deep; no film needs as many.
const DEEPEST = 100;

class EndOfFile extends Error {}

/**
 * Return the data set of a DICOM file, with its `meta` (a data set of its own) and `syntax`.
 *
 * @throws {Refusal|Error} Where it cannot be parsed: what is no refusal is damage.
 */
export function parse(bytes, tables) {
  let data = bytes;
  if (startsWith(data, tables.dicom.PREFIX)) {
    data = new Uint8Array(PREAMBLE + bytes.length);
    data.set(bytes, PREAMBLE);
  }
  const headed = startsWith(data, tables.dicom.PREFIX, PREAMBLE);
  const cursor = new Cursor(data, headed ? PREAMBLE + 4 : 0);
  const context = { cursor, tables, depth: 0 };
  const walk = new Walk(data, tables); // before anything is parsed
  walk.dataSet(cursor.at, { implicit: false, little: true, group: 2 });
  const meta = readMeta(context);
  const stated = meta.get("TransferSyntaxUID");
  const { uids } = tables.dicom_known;
  if (Array.isArray(stated)) throw notReadHere("DICOM, Transfer Syntax UID");
  if (stated === uids.deflated) throw notReadHere("DICOM, Deflated");
  walk.dataSet(cursor.at, { implicit: true, little: true, group: 0 });
  const command = readDataSet(context, {
    implicit: true,
    little: true,
    stop: (tag) => tag >>> 16 !== 0,
  });
  const encoding = encodingOf(cursor, stated, tables);
  walk.dataSet(cursor.at, encoding);
  const dataset = readDataSet(context, encoding);
  for (const [tag, element] of command.elements) dataset.elements.set(tag, element);
  requireEnd(dataset, data);
  dataset.meta = meta;
  // As it was read, whatever of both is stated.
  dataset.encoding = encoding;
  dataset.syntax = syntaxOf(dataset, meta, encoding, uids);
  return dataset;
}

function syntaxOf(dataset, meta, { implicit, little }, uids) {
  if (meta.has("TransferSyntaxUID")) return String(meta.get("TransferSyntaxUID") ?? "");
  // Nothing tells how its pixels are compressed, if they are.
  if (dataset.element("PixelData")?.length === UNDEFINED) {
    throw new Refusal("missing_element", "Transfer Syntax UID (0002,0010)");
  }
  if (implicit) return uids.implicit;
  return little ? uids.explicit : uids.big;
}

/** How the data set is written: by its transfer syntax, or by its own first bytes. */
function encodingOf(cursor, stated, tables) {
  const { uids, representations } = tables.dicom_known;
  if (cursor.left() <= 0) return { implicit: true, little: true };
  if (stated === undefined) {
    const head = cursor.data.subarray(cursor.at, cursor.at + 6);
    const group = view(head).getUint16(0, true);
    if (head.length < 6) throw new Error("a data set that ends in its first element");
    if (!representations.includes(latin1(head.subarray(4)))) return { implicit: true, little: true };
    return { implicit: false, little: group < 1024 };
  }
  if (stated === uids.implicit) return { implicit: true, little: true };
  // Private syntaxes of pydicom's are registered by programs alone: there are none here.
  return { implicit: false, little: stated !== uids.big };
}

function readMeta(context) {
  const { cursor, tables } = context;
  const start = cursor.at;
  const stop = (tag) => tag >>> 16 !== 2;
  let meta = readDataSet(context, { implicit: false, little: true, stop });
  const [first] = meta.elements.values();
  if (first?.vr && !tables.dicom_known.representations.includes(first.vr)) {
    cursor.at = start;
    meta = readDataSet(context, { implicit: true, little: true, stop });
  }
  meta.get("FileMetaInformationGroupLength"); // damaged where that is no number
  return meta;
}

/** Refuse bytes behind the last element: what is too short for one is dropped by the parser. */
function requireEnd(dataset, data) {
  const last = [...dataset.elements.values()].pop();
  if (!last || last.items || last.length === UNDEFINED) return;
  const left = data.length - last.at - last.length;
  const ending = dataset.tables.items.ENDING;
  if (left > 0 && left <= ending && !fillsUp(data.subarray(-left), data.length)) {
    throw new Error(`${left} bytes behind the last element`);
  }
}

class Cursor {
  constructor(data, at) {
    this.data = data;
    this.at = at;
  }

  left() {
    return this.data.length - this.at;
  }

  read(count) {
    const part = this.data.subarray(this.at, Math.max(this.at, this.at + count));
    this.at += part.length;
    return part;
  }
}

/** Read elements until the data ends, an item does, `stop` says so, or `length` bytes are read. */
function readDataSet(context, { implicit: assumed, little, stop, length, parent, inside }) {
  const { cursor, tables } = context;
  const start = cursor.at;
  const implicit = isImplicit(cursor, assumed, little, stop, inside);
  cursor.at = start;
  const state = { implicit, little, stop, characters: parent ?? [""] };
  const elements = new Map();
  try {
    while (length === undefined || cursor.at - start < length) {
      const element = nextElement(context, state);
      if (element === null) break;
      elements.set(element.tag, element);
    }
  } catch (error) {
    if (!(error instanceof EndOfFile)) throw error;
    // pydicom loses all that it read so far, unless it knew how much there is.
    if (length === undefined) elements.clear();
  }
  const named = elements.get(CHARACTER_SET);
  if (named?.vr && !tables.dicom_known.representations.includes(named.vr)) {
    throw new Error("a character set of no known kind");
  }
  return new DataSet(elements, { implicit, little, characters: state.characters, tables });
}

/** Whether value representations are left out; what is stated of it is often wrong. */
function isImplicit(cursor, assumed, little, stop, inside) {
  if (inside && assumed) return true;
  const head = cursor.data.subarray(cursor.at, cursor.at + 6);
  if (head.length < 6) return assumed;
  const letter = (byte) => byte > 0x40 && byte < 0x5b;
  return !(letter(head[4]) && letter(head[5]));
}

function nextElement(context, state) {
  const { cursor, tables } = context;
  const { representations, long } = tables.dicom_known;
  const { little } = state;
  const head = cursor.read(8);
  if (head.length < 8) return null;
  const data = view(head);
  const tag = (data.getUint16(0, little) * 0x10000 + data.getUint16(2, little)) >>> 0;
  let [vr, length, wide] = [null, data.getUint32(4, little), 8];
  if (!state.implicit) {
    const letters = latin1(head.subarray(4, 6));
    const number = data.getUint16(4);
    if (representations.includes(letters)) {
      [vr, length] = [letters, data.getUint16(6, little)];
      if (long.includes(vr)) {
        length = view(cursor.read(4)).getUint32(0, little);
        wide = 12;
      }
    } else if (number >= 0x4141 && number <= 0x5a5a) {
      [vr, length] = [letters, data.getUint16(6, little)];
    }
  }
  if (tag === ITEM_END) return null;
  if (state.stop?.(tag)) {
    cursor.at -= wide;
    return null;
  }
  const at = cursor.at;
  const element = { tag, vr, length, at, value: null, items: null, ...encodingOfElement(state) };
  if (length !== UNDEFINED) {
    element.value = cursor.read(length);
    if (tag === CHARACTER_SET) state.characters = charactersOf(element.value);
    return element;
  }
  if (isSequence(cursor, element, tables)) {
    element.items = readSequence(context, element, UNDEFINED, state.characters);
    element.vr = "SQ";
  } else {
    element.value = readToDelimiter(cursor, little);
  }
  return element;
}

function encodingOfElement({ implicit, little }) {
  return { implicit, little };
}

function charactersOf(value) {
  return latin1(value).replace(/[ \0]+$/, "").split("\\");
}

function isSequence(cursor, { tag, vr, little }, tables) {
  if (vr === "UN") return true;
  if (vr !== null) return vr === "SQ";
  if (tables.dicom_known.sequences.includes(tag)) return true;
  const next = cursor.data.subarray(cursor.at, cursor.at + 4);
  if (next.length < 4) throw new Error("an element that ends at once");
  const follows = (view(next).getUint16(0, little) * 0x10000 + view(next).getUint16(2, little)) >>> 0;
  const group = tag >>> 16;
  if (follows !== ITEM || group === PIXEL_GROUP) return false;
  if (group % 2) return true;
  // Python's dictionary tells whether it is a sequence, and not all of it is here.
  throw notReadHere("DICOM");
}

/** Return the items of a sequence, from where the cursor stands. */
export function readSequence(context, { implicit, little }, length, characters) {
  const { cursor } = context;
  const items = [];
  if (length === 0) return items;
  if (context.depth >= DEEPEST) throw notReadHere("DICOM");
  const inner = { ...context, depth: context.depth + 1 };
  const start = cursor.at;
  while (length === UNDEFINED || cursor.at - start < length) {
    const head = cursor.read(8);
    if (head.length < 8) throw new Error("a sequence that ends early");
    const data = view(head);
    const tag = (data.getUint16(0, little) * 0x10000 + data.getUint16(2, little)) >>> 0;
    if (tag === SEQUENCE_END) break;
    const size = data.getUint32(4, little);
    const of = { implicit, little, parent: characters, inside: true };
    items.push(readDataSet(inner, size === UNDEFINED ? of : { ...of, length: size }));
  }
  return items;
}

/** Return the items of a sequence whose bytes are those of a value. */
export function sequenceOf(element, tables, characters) {
  const context = { cursor: new Cursor(element.value, 0), tables, depth: 1 };
  return readSequence(context, element, element.value.length, characters);
}

/** Read a value of undefined length: encapsulated pixels, or whatever ends with a delimiter. */
function readToDelimiter(cursor, little) {
  const { data } = cursor;
  const start = cursor.at;
  const all = view(data);
  for (let at = start; at + 4 <= data.length; ) {
    const tag = (all.getUint16(at, little) * 0x10000 + all.getUint16(at + 2, little)) >>> 0;
    if (tag === SEQUENCE_END) {
      cursor.at = Math.min(at + 8, data.length);
      return data.subarray(start, at);
    }
    if (tag !== ITEM || at + 8 > data.length) break;
    at += 8 + all.getUint32(at + 4, little);
  }
  const delimiter = little ? [0xfe, 0xff, 0xdd, 0xe0] : [0xff, 0xfe, 0xe0, 0xdd];
  const found = indexOf(data, delimiter, start);
  if (found < 0) {
    cursor.at = start;
    throw new EndOfFile("a value without its end");
  }
  cursor.at = Math.min(found + 8, data.length);
  return data.subarray(start, found);
}
