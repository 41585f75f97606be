// From stored samples to the grey a viewer would show: modality, VOI, polarity, padding.
// The chain is run once over every value that the declared depth can hold, as in Python.
import { ends } from "../numbers.mjs";
import { Refusal, notReadHere } from "../refusal.mjs";
import { view } from "./bytes.mjs";
import { countsOf, requireMonotone, requirePadding, requireUnits } from "./doubts.mjs";
import { descriptorOf, whole } from "./dicom_values.mjs";
import { greyOf, topOf } from "./grey.mjs";

const WORDS = 65536;
const NO_COLOURS = { colour: false, marks: false };
const refuse = (what) => new Refusal("unsupported_encoding", what);

/** Return the film as displayed: `{pixels: Float32Array in [0, 1], colours}`. */
export function displayed({ samples, channels, photometric, frame }, dataset) {
  const { tables } = dataset;
  if (tables.dicom_display.MONOCHROME.includes(photometric)) {
    const table = displayTable(dataset, photometric, frame, samples);
    const lowest = lowestOf(frame);
    const pixels = new Float32Array(samples.length);
    for (let at = 0; at < pixels.length; at += 1) {
      pixels[at] = table[Math.min(Math.max(samples[at] - lowest, 0), table.length - 1)];
    }
    return { pixels, colours: NO_COLOURS };
  }
  if (photometric !== "RGB" || frame.signed) throw notReadHere(`DICOM, ${photometric}`);
  let bits = frame.stored;
  if (bits === frame.allocated) {
    const highest = Math.max(...channels.map((channel) => ends(channel)[1]));
    bits = Math.log2(topOf(highest) + 1);
  }
  const shift = Math.max(0, bits - 8);
  const eight = channels.map((channel) =>
    Uint8Array.from(channel, (sample) => Math.min(sample >> shift, 255)),
  );
  return greyOf(eight, frame.columns, frame.rows, tables);
}

/** Return the grey in [0, 1] of every stored value, lowest value first. */
function displayTable(dataset, photometric, frame, samples) {
  requireOnePolarity(dataset, photometric);
  dropUnstated(dataset);
  const lowest = lowestOf(frame);
  const count = 2 ** frame.stored;
  const stored = Float64Array.from({ length: count }, (_, at) => lowest + at);
  const padding = stored.map(paddingOf(dataset, frame));
  const tables = ["ModalityLUTSequence", "VOILUTSequence"].map((keyword) => firstItem(dataset, keyword));
  const counts = tables.some(Boolean) || padding.some(Boolean) ? countsOf(samples, lowest, count) : null;
  const film = counts && counts.map((number, at) => (padding[at] ? 0 : number));
  const modality = modalityOf(stored, film, dataset, tables[0]);
  let used = modality;
  // Stations that state the depth of the container state none.
  if (frame.stored === frame.allocated) {
    const [first, last] = inUse(...endsOf(samples, film, lowest));
    used = modality.subarray(Math.max(0, first - lowest), Math.max(0, last - lowest + 1));
  }
  const { shown, low, high } = voi(modality, used, dataset, frame, Boolean(tables[0]));
  if (tables[1]) requireMonotone(shown, film, "VOILUTSequence", dataset.tables);
  if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) {
    throw refuse(`output range ${low} to ${high}`);
  }
  const table = new Float32Array(count);
  for (let at = 0; at < count; at += 1) {
    const share = Math.min(Math.max((shown[at] - low) / (high - low), 0), 1);
    if (Number.isNaN(share)) throw refuse("output range nan");
    table[at] = photometric === "MONOCHROME1" ? 1 - share : share;
  }
  if (counts) requirePadding(samples, lowest, frame, table, padding, counts, dataset.tables);
  return table.map((grey, at) => (padding[at] ? 0 : grey));
}

/** Return the lowest and the highest sample, of those that are no padding if there are any. */
function endsOf(samples, film, lowest) {
  if (!film || !film.some(Boolean)) return ends(samples);
  return [film.findIndex(Boolean) + lowest, film.findLastIndex(Boolean) + lowest];
}

/** Return every value after the modality transform; of some, so many are on the film. */
function modalityOf(stored, film, dataset, lut) {
  requireUnits(dataset.get("RescaleType"), "RescaleType", dataset.tables);
  if (!lut) return rescaled(stored, dataset);
  requireUnits(lut.get("ModalityLUTType"), "ModalityLUTType", dataset.tables);
  if (dataset.has("RescaleSlope") && dataset.has("RescaleIntercept")) {
    const [slope, intercept] = rescale(dataset);
    if (slope !== 1 || intercept !== 0) throw refuse("Modality LUT Sequence and Rescale Slope");
  }
  const modality = mapped(stored, lutFor(lut, dataset, stored));
  requireMonotone(modality, film, "ModalityLUTSequence", dataset.tables);
  return modality;
}

function lowestOf({ stored, signed }) {
  return signed ? -(2 ** (stored - 1)) : 0;
}

function firstItem(dataset, keyword) {
  const items = dataset.get(keyword);
  if (items === undefined || items === null || !items.length) return null;
  if (!Array.isArray(items) || typeof items[0] !== "object") throw notReadHere(`DICOM, ${keyword}`);
  return items[0];
}

function rescaled(stored, dataset) {
  if (!dataset.has("RescaleSlope") || !dataset.has("RescaleIntercept")) return stored;
  const [slope, intercept] = rescale(dataset);
  return stored.map((value) => value * slope + intercept);
}

function rescale(dataset) {
  const numbers = [dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")];
  if (numbers.some((number) => Array.isArray(number))) throw notReadHere("DICOM, Rescale Slope");
  if (numbers.some((number) => typeof number !== "number")) throw new Error("no rescale");
  return numbers;
}

/** Return the values after the VOI transform, and the range that it puts out. */
function voi(modality, used, dataset, frame, lut) {
  const item = firstItem(dataset, "VOILUTSequence");
  if (item) {
    const table = lutFor(item, dataset, modality);
    return { shown: mapped(modality, table, true), low: 0, high: topOf(ends(table.entries)[1]) };
  }
  if (dataset.has("WindowCenter")) return windowed(modality, dataset, frame, lut);
  const [low, high] = ends(lut ? modality : used);
  return lut ? { shown: modality, low: 0, high: topOf(high) } : { shown: modality, low, high };
}

/** Apply a window (PS3.3 C.11.2.1.2 and C.11.2.1.3), in the order in which pydicom reckons. */
function windowed(modality, dataset, frame, lut) {
  const kind = dataset.voiFunction;
  if (kind === "SIGMOID") throw notReadHere("DICOM, SIGMOID");
  const first = (value) => (Array.isArray(value) ? value[0] : value);
  let [centre, width] = ["WindowCenter", "WindowWidth"].map((key) => first(dataset.get(key)));
  if (typeof centre !== "number" || typeof width !== "number") throw new Error("no window");
  const half = 2 ** (frame.stored - 1);
  let [low, high] = frame.signed ? [-half, half - 1] : [0, 2 * half - 1];
  if (lut) [low, high] = [0, WORDS - 1];
  if (dataset.has("RescaleSlope") && dataset.has("RescaleIntercept")) {
    const [slope, intercept] = rescale(dataset);
    [low, high] = [low * slope + intercept, high * slope + intercept];
  }
  const range = high - low;
  if (kind === "LINEAR") {
    centre -= 0.5;
    width -= 1;
  }
  const [below, above] = [centre - width / 2, centre + width / 2];
  const shown = modality.map((value) => {
    if (value <= below) return low;
    if (value > above) return high;
    return ((value - centre) / width + 0.5) * range + low;
  });
  const far = dataset.tables.dicom_display.FAR;
  if (!(-far <= below && far > above)) throw notReadHere("DICOM, Window Width");
  return { shown, low, high };
}

/** Return the first and the last value of the bits that samples from one to another use. */
function inUse(lowest, highest) {
  if (lowest >= 0) return [0, topOf(highest)];
  const reach = Math.floor((topOf(2 * Math.max(highest, -lowest - 1)) + 1) / 2);
  return [-reach, reach - 1];
}

/** Return the LUT of an item for some values, whose first may be below nought. */
function lutFor(item, dataset, values) {
  const table = wholeLut(item, dataset);
  const [low, high] = ends(values);
  // Written as an unsigned word (PS3.3 C.11.1.1.1 and C.11.2.1.1).
  if (low < 0 && table.first > high) table.first -= WORDS;
  return table;
}

/** Return a LUT's entries, as many as its descriptor says, and the value of the first. */
function wholeLut(item, dataset) {
  let [count, first, bits] = descriptorOf(item);
  count = count || WORDS;
  let words = wordsOf(item, dataset);
  if (bits <= 8 && words.length < count && words.some((word) => word > 255)) {
    // Two entries a word, the low byte first.
    words = Array.from(words).flatMap((word) => [word & 255, word >> 8]);
  }
  if (words.length < count / 2) throw new Error(`a LUT of ${words.length} entries of ${count}`);
  const last = words[Math.min(words.length, count) - 1];
  const entries = Uint16Array.from({ length: count }, (_, at) => words[at] ?? last);
  return { entries, first };
}

function wordsOf(item, dataset) {
  const vr = item.has("LUTData") ? item.vrOf("LUTData") : null;
  const data = item.get("LUTData");
  if (data instanceof Uint8Array) {
    const [count] = descriptorOf(item);
    if (vr === "US or OW" && count === 1 && data.length !== 2) throw notReadHere("DICOM, LUT Data");
    const little = dataset.syntax !== dataset.tables.dicom_known.uids.big;
    const words = view(data);
    return Uint16Array.from({ length: data.length >> 1 }, (_, at) => words.getUint16(2 * at, little));
  }
  const numbers = Array.isArray(data) ? data : [data];
  if (!numbers.every((number) => Number.isInteger(number))) throw new Error("no LUT Data");
  return Uint16Array.from(numbers);
}

/** Look values up: those before the first entry have the first, those behind the last the last. */
function mapped(values, { entries, first }, short = false) {
  return Float64Array.from(values, (value) => {
    if (!(value >= first)) return entries[0];
    const index = value - first;
    // pydicom keeps VOI indices in 16 bits: beyond them they would wrap.
    if (short && index > WORDS - 1) throw notReadHere("DICOM, VOI LUT");
    return entries[Math.min(Math.trunc(index), entries.length - 1)];
  });
}

/** Remove transforms that are present but say nothing. */
function dropUnstated(dataset) {
  const unstated = (value) =>
    value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
  const pairs = [
    ["RescaleSlope", "RescaleIntercept"],
    ["WindowCenter", "WindowWidth"],
  ];
  for (const pair of pairs) {
    if (pair.some((keyword) => unstated(dataset.get(keyword)))) pair.forEach((k) => dataset.remove(k));
  }
  if (!dataset.has("WindowWidth")) return;
  const least = dataset.tables.dicom_display.FUNCTIONS;
  const stated = dataset.get("VOILUTFunction");
  const name = String(Array.isArray(stated) ? JSON.stringify(stated) : stated || "LINEAR").toUpperCase();
  if (!(name in least)) throw refuse(`VOI LUT Function ${name.slice(0, 16)}`);
  dataset.voiFunction = name;
  const widths = dataset.get("WindowWidth");
  const width = Array.isArray(widths) ? widths[0] : widths;
  if (typeof width !== "number") throw new Error("no Window Width");
  if (!(width >= least[name])) pairs[1].forEach((keyword) => dataset.remove(keyword));
}

function requireOnePolarity(dataset, photometric) {
  const stated = String(dataset.get("PresentationLUTShape") || "");
  const shape = stated.replace(/^[ \0]+|[ \0]+$/g, "").toUpperCase();
  if (photometric === "MONOCHROME2" && shape === "INVERSE") {
    throw refuse(`${photometric}, Presentation LUT Shape ${shape}`);
  }
  // What lies beyond a threshold is coloured by a palette (PS3.3 C.7.6.23).
  const presented = String(dataset.get("PixelPresentation") || "").replace(/^[ \0]+|[ \0]+$/g, "");
  if (dataset.tables.dicom_display.COLOURED.includes(presented.toUpperCase())) {
    throw refuse(`${photometric}, coloured, ${dataset.tables.dicom_elements.PixelPresentation[2]}`);
  }
  // Of printed films and presentation states: what it means for a film is nowhere defined.
  if (dataset.get("PresentationLUTSequence")?.length) throw refuse("Presentation LUT Sequence");
}

/** Return which stored values are padding: Pixel Padding Value, up to its Range Limit. */
function paddingOf(dataset, { signed, allocated }) {
  const value = dataset.get("PixelPaddingValue");
  if (value === undefined || value === null || value === "") return () => 0;
  const limit = dataset.get("PixelPaddingRangeLimit");
  const stated = limit === undefined || limit === null || limit === "" ? value : limit;
  const wrap = 2 ** allocated;
  const [one, two] = [value, stated]
    .map((end) => whole(end))
    .map((end) => (signed && end >= wrap / 2 ? end - wrap : end));
  const [first, last] = [Math.min(one, two), Math.max(one, two)];
  return (sample) => Number(sample >= first && sample <= last);
}
