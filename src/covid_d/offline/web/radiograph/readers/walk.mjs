// How much a parser would have to do for a DICOM data set: a walk through its bytes, as Python's.
import { Refusal } from "../refusal.mjs";
import { indexOf, view } from "./bytes.mjs";

const UNDEFINED = 0xffffffff;
const [ITEM, ITEM_END, SEQUENCE_END] = [0xfffee000, 0xfffee00d, 0xfffee0dd];
const CHARACTER_SET = 0x00080005;
const BACKSLASH = 0x5c;
const [FIRST, LAST] = [code("AA"), code("ZZ")];
const [NONE, SEQUENCE, UNKNOWN] = [0, code("SQ"), code("UN")];

/** Two letters as the number that a file's bytes make of them. */
function code(letters) {
  return letters.charCodeAt(0) * 0x100 + letters.charCodeAt(1);
}

/** Counts steps through one file, and refuses it at too many. */
export class Walk {
  /**
   * @param {Uint8Array} data - The file.
   * @param {object} tables - What the page knows of Python's constants.
   */
  constructor(data, tables) {
    const { representations, long, sequences } = tables.dicom_known;
    const { TEXTS, NUMBERS } = tables.walk;
    this.data = data;
    this.numbers = view(data);
    this.limits = tables.walk;
    this.steps = 0;
    this.depth = 0;
    [this.known, this.long] = [representations, long].map((all) => new Set(all.map(code)));
    [this.texts, this.binary] = [TEXTS, NUMBERS].map((all) => new Set(all.map(code)));
    this.sequences = new Set(sequences);
    // Python has a dictionary of all elements; what is not asked for costs nothing here.
    const asked = Object.values(tables.dicom_elements).filter(([, vr]) => vr.length === 2);
    this.kinds = new Map(asked.map(([tag, vr]) => [tag, code(vr)]));
  }

  /**
   * Go through the elements of a data set or an item.
   *
   * @param {number} at - Where it begins.
   * @param {object} how - As it is written (`implicit`, `little`); `group`, the only one that it may
   *   hold; `end` of the bytes that the parser has; `length` in which an element may begin; whether it
   *   is `inside` a sequence.
   * @returns {number} Where it ends.
   * @throws {Refusal} At too many steps.
   */
  dataSet(at, { implicit: assumed, little, group, end = this.data.length, length, inside }) {
    const start = at;
    const implicit = this.isImplicit(at, end, assumed, inside);
    while (length === undefined || at - start < length) {
      if (at + 8 > end) return end;
      this.step();
      const { vr, value, size } = this.head(at, end, implicit, little);
      if (value > end) return end;
      const tag = this.tag(at, little);
      if (tag === ITEM_END) return value;
      if (group !== undefined && tag >>> 16 !== group) return at;
      if (size !== UNDEFINED) {
        at = Math.min(value + size, end);
        this.defined({ tag, vr, value, size, ending: at }, { implicit, little });
      } else if (this.isSequence(tag, vr, value, end, little)) {
        at = this.sequence(value, end, undefined, { implicit, little });
      } else {
        at = this.behindValue(value, end, little);
        if (at === value) return at; // the parser leaves the data set there, and goes on outside
      }
    }
    return at;
  }

  step(steps = 1) {
    this.steps += steps;
    const most = this.limits.MOST_ELEMENTS;
    if (this.steps > most) throw new Refusal("too_large", `> ${most} DICOM elements`);
  }

  tag(at, little) {
    const { numbers } = this;
    return (numbers.getUint16(at, little) * 0x10000 + numbers.getUint16(at + 2, little)) >>> 0;
  }

  /** What stands before a value, and where that begins. */
  head(at, end, implicit, little) {
    const { numbers } = this;
    const vr = implicit ? NONE : numbers.getUint16(at + 4);
    if (this.long.has(vr)) {
      const size = at + 12 > end ? 0 : numbers.getUint32(at + 8, little);
      return { vr, value: at + 12, size };
    }
    const stated = !implicit && (this.known.has(vr) || (vr >= FIRST && vr <= LAST));
    if (stated) return { vr, value: at + 8, size: numbers.getUint16(at + 6, little) };
    return { vr: NONE, value: at + 8, size: numbers.getUint32(at + 4, little) };
  }

  /** Whether value representations are left out; what is stated of it is often wrong. */
  isImplicit(at, end, assumed, inside) {
    if ((inside && assumed) || at + 6 > end) return assumed;
    const letter = (byte) => byte > 0x40 && byte < 0x5b;
    return !(letter(this.data[at + 4]) && letter(this.data[at + 5]));
  }

  /** Count what a value of stated length may become. */
  defined({ tag, vr, value, size, ending }, how) {
    const { MANY, VALUE, SHORT, SET } = this.limits;
    if (tag === CHARACTER_SET) {
      this.step(SET);
      for (let at = value; at < ending; at += 1) if (this.data[at] === BACKSLASH) this.step(SET);
      return;
    }
    const untold = vr === NONE || vr === UNKNOWN;
    if (size >= 8 && (vr === SEQUENCE || (untold && this.mayBeSequence(tag, value, ending, how)))) {
      this.sequence(value, ending, ending - value, how);
    } else if (size > MANY && (tag >>> 16) % 2 === 0) {
      const kind = untold ? this.kinds.get(tag) : vr;
      const has = this.texts.has(kind) || (this.binary.has(kind) && size > SHORT);
      if (has) this.step(Math.floor((ending - value) / VALUE));
    }
  }

  /** Whether a value of undefined length is read as a sequence at once. */
  isSequence(tag, vr, value, end, little) {
    if (vr !== NONE) return vr === SEQUENCE || vr === UNKNOWN;
    if (this.sequences.has(tag)) return true;
    // A public element that only Python's dictionary knows is not read on the page.
    return (tag >>> 16) % 2 === 1 && this.beginsWithItem(value, end, little);
  }

  mayBeSequence(tag, value, end, { little }) {
    return this.sequences.has(tag) || this.beginsWithItem(value, end, little);
  }

  beginsWithItem(at, end, little) {
    return at + 4 <= end && this.tag(at, little) === ITEM;
  }

  /** Go through the items of a sequence; return where it ends. */
  sequence(start, end, length, { implicit, little }) {
    const { DEEPEST } = this.limits;
    this.depth += 1;
    if (this.depth > DEEPEST) throw new Refusal("too_large", `> ${DEEPEST} DICOM sequences deep`);
    let at = start;
    while (length === undefined || at - start < length) {
      if (at + 8 > end) {
        at = end;
        break;
      }
      this.step();
      const tag = this.tag(at, little);
      const size = this.numbers.getUint32(at + 4, little);
      at += 8;
      if (tag === SEQUENCE_END) break;
      const of = { implicit, little, end, inside: true }; // whatever the tag of the item is
      at = this.dataSet(at, size === UNDEFINED ? of : { ...of, length: size });
    }
    this.depth -= 1;
    return at;
  }

  /** Where a value of undefined length ends, behind its delimiter; its start if it has none. */
  behindValue(start, end, little) {
    for (let at = start; at + 4 <= end; ) {
      this.step();
      const tag = this.tag(at, little);
      if (tag === SEQUENCE_END) return at + 8;
      if (tag !== ITEM || at + 8 > end) break;
      at += 8 + this.numbers.getUint32(at + 4, little);
    }
    const delimiter = little ? [0xfe, 0xff, 0xdd, 0xe0] : [0xff, 0xfe, 0xe0, 0xdd];
    const found = indexOf(this.data, delimiter, start, end);
    this.step(Math.floor(((found < 0 ? end : found) - start) / this.limits.PIECE) + 1);
    return found < 0 ? start : found + 8;
  }
}
