// What the elements of a DICOM data set hold, as pydicom converts it when it is asked for.
import { Refusal, notReadHere } from "../refusal.mjs";
import { latin1, view } from "./bytes.mjs";
import { sequenceOf } from "./dicom_parse.mjs";

const NUMBERS = {
  US: [2, "getUint16"],
  SS: [2, "getInt16"],
  UL: [4, "getUint32"],
  SL: [4, "getInt32"],
  FL: [4, "getFloat32"],
  FD: [8, "getFloat64"],
};
const BYTES = ["OB", "OD", "OF", "OL", "OV", "OW", "UN"];
const AMBIGUOUS = ["OB or OW", "US or OW", "US or SS or OW"];
const PLAIN = ["AS", "CS", "DA", "DT", "TM"];
const TEXTS = ["LO", "SH", "UC"];
const UNKNOWN_AT_MOST = 0xffff; // bytes of an unknown value that is taken for a known one
// Character sets in which ASCII is ASCII; others, and Python's own names, are not read here.
const KNOWN_SETS = /^(?:|ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK)$/;
const LATIN = ["", "ISO_IR 6", "ISO_IR 100"];
const UTF_8 = "ISO_IR 192";
// As Python's `float` and `int` read them; what only Python reads is not read here.
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const ODD_FLOAT = /^[+-]?(?:nan|inf|infinity|[\d_.eE+-]*_[\d_.eE+-]*)$/i;
const WHOLE = /^[+-]?\d+$/;

/** A data set: its elements by tag, converted one by one. */
export class DataSet {
  /**
   * @param {Map<number, object>} elements
   * @param {object} how - `implicit`, `little`, `characters` and `tables`.
   */
  constructor(elements, { implicit, little, characters, tables }) {
    Object.assign(this, { elements, implicit, little, characters, tables });
    /** Pixel Representation of the data set around, for items. */
    this.signed = null;
  }

  /** The element of a keyword, as it was read; undefined where there is none. */
  element(keyword) {
    return this.elements.get(this.tables.dicom_elements[keyword][0]);
  }

  has(keyword) {
    return this.element(keyword) !== undefined;
  }

  remove(keyword) {
    this.elements.delete(this.tables.dicom_elements[keyword][0]);
  }

  /**
   * The value of a keyword: undefined where it is absent; null or "" where it is empty; a number, a
   * text, bytes, items, or an array of values.
   */
  get(keyword) {
    const element = this.element(keyword);
    if (element === undefined) return undefined;
    if (element.items === null && element.length === 0) return emptyOf(this.vrOf(keyword), this);
    return this.converted(this.pointed(keyword, element), this.vrOf(keyword));
  }

  /** An element with a point where a decimal comma was written: `2048,5` (PS3.5 6.2, DS). */
  pointed(keyword, element) {
    if (element.items !== null || !this.tables.dicom_object.DECIMALS.includes(keyword)) return element;
    return { ...element, value: element.value.map((byte) => (byte === 0x2c ? 0x2e : byte)) };
  }

  /** The value of a keyword that means nothing where it cannot be read. */
  known(keyword) {
    try {
      return this.get(keyword);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      return undefined;
    }
  }

  vrOf(keyword) {
    const element = this.element(keyword);
    const [, dictionary] = this.tables.dicom_elements[keyword];
    const few = element.value === null || element.value.length < UNKNOWN_AT_MOST;
    const unknown = element.vr === null || (element.vr === "UN" && few);
    const vr = unknown ? dictionary : element.vr;
    return vr === "US or SS" ? (this.isSigned() ? "SS" : "US") : vr;
  }

  isSigned() {
    const own = this.has("PixelRepresentation") ? this.get("PixelRepresentation") : this.signed;
    if (own !== 0 && own !== 1) throw notReadHere("DICOM, Pixel Representation");
    return own === 1;
  }

  converted(element, vr) {
    if (vr === "SQ") return this.sequence(element);
    if (BYTES.includes(vr) || AMBIGUOUS.includes(vr)) return element.value;
    if (vr in NUMBERS) return numbersOf(element, vr);
    const words = latin1(element.value);
    if (PLAIN.includes(vr)) return several(words.replace(/[ \0]+$/, ""), (text) => text);
    if (vr === "UI") return several(words.replace(/[ \0]+$/, ""), (text) => text.trim());
    if (vr === "DS") return numerals(trimmed(words), floatOf) ?? this.text(element.value);
    if (vr === "IS") return numerals(words, wholeOf) ?? this.text(element.value);
    if (TEXTS.includes(vr)) return this.text(element.value);
    if (!this.tables.dicom_known.representations.includes(vr)) throw new Error(`a value of ${vr}`);
    throw notReadHere(`DICOM, ${vr}`);
  }

  sequence(element) {
    const items = element.items ?? sequenceOf(element, this.tables, this.characters);
    element.items = items;
    const signed = this.has("PixelRepresentation") ? this.known("PixelRepresentation") : this.signed;
    for (const item of items) item.signed = signed;
    return items;
  }

  /** Words in the data set's own characters. */
  text(value) {
    const end = (part) => part.replace(/[ \0]+$/, "");
    const parts = this.decoded(value).split("\\").map(end);
    return parts.length === 1 ? parts[0] : parts;
  }

  decoded(value) {
    if (!this.characters.every((name) => KNOWN_SETS.test(name))) {
      throw notReadHere("DICOM, Specific Character Set");
    }
    if (value.every((byte) => byte < 0x80 && byte !== 0x1b)) return latin1(value);
    if (this.characters.length === 1 && LATIN.includes(this.characters[0])) return latin1(value);
    if (this.characters.length === 1 && this.characters[0] === UTF_8) {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
      } catch {
        throw notReadHere("DICOM, Specific Character Set");
      }
    }
    throw notReadHere("DICOM, Specific Character Set");
  }
}

function emptyOf(vr, { tables }) {
  if (vr === "SQ") return [];
  return tables.dicom_known.texts.includes(vr) && vr !== "DS" && vr !== "IS" ? "" : null;
}

/** Python's `str.strip` of what ISO 8859-1 holds. */
function trimmed(words) {
  return words.replace(/^[\s\x1c-\x1f\x85]+|[\s\x1c-\x1f\x85]+$/g, "");
}

function several(words, made) {
  const parts = words.split("\\").map(made);
  return parts.length === 1 ? parts[0] : parts;
}

/** Numbers written out; null where one of them is none. Empty ones stay empty. */
function numerals(words, made) {
  const parts = words.replace(/[ \0]+$/, "").split("\\");
  const numbers = parts.map((part) => (trimmed(part) === "" ? "" : made(trimmed(part))));
  if (numbers.includes(null)) return null;
  return numbers.length === 1 ? numbers[0] : numbers;
}

/** A number as Python's `float` reads it; null where it is none. */
export function floatOf(text) {
  if (FLOAT.test(text)) return Number(text);
  if (ODD_FLOAT.test(text)) throw notReadHere(`DICOM, ${text.slice(0, 16)}`);
  return null;
}

function wholeOf(text) {
  if (WHOLE.test(text)) return Number(text);
  return floatOf(text);
}

function numbersOf({ value, little }, vr) {
  const [size, getter] = NUMBERS[vr];
  if (value.length % size) throw new Error(`${value.length} bytes of ${vr}`);
  const data = view(value);
  const count = value.length / size;
  if (!count) return "";
  const numbers = Array.from({ length: count }, (_, at) => data[getter](at * size, little));
  if (count === 1) return numbers[0];
  return numbers;
}

/** The three numbers of a LUT Descriptor; the first is never below nought. */
export function descriptorOf(item) {
  const numbers = item.get("LUTDescriptor");
  if (!Array.isArray(numbers) || numbers.length !== 3) throw new Error("no LUT Descriptor");
  const [count, first, bits] = numbers.map((number) => whole(number));
  const { vr } = item.element("LUTDescriptor");
  if (count < 0 && vr !== "SS") throw notReadHere("DICOM, LUT Descriptor");
  return [count < 0 ? count + 0x10000 : count, first, bits];
}

/** A value as Python's `int` takes it: a number cut to a whole one, or its digits. */
export function whole(value) {
  if (typeof value === "number" && Number.isFinite(value)) return Math.trunc(value);
  if (typeof value === "string" && WHOLE.test(trimmed(value))) return Number(trimmed(value));
  throw new Error(`no whole number: ${value}`);
}
