// DICOM: computed and digital radiography, and secondary captures.
import { startsWith } from "./bytes.mjs";
import { displayed } from "./dicom_display.mjs";
import { dicomFacts } from "./dicom_facts.mjs";
import { shutter, squared } from "./dicom_geometry.mjs";
import { samplesOf } from "./dicom_object.mjs";
import { parse } from "./dicom_parse.mjs";

/** Whether the file has the prefix of PS3.10 section 7.1, or starts with an element. */
export function sniff(bytes, tables) {
  const { PREAMBLE, PREFIX, BARE } = tables.dicom;
  const bare = [PREFIX, ...BARE].some((mark) => startsWith(bytes, mark));
  return bare || startsWith(bytes, PREFIX, PREAMBLE);
}

/** Return pixels and facts of a DICOM image of one frame, with square pixels. */
export async function decode(bytes, tables) {
  const dataset = parse(bytes, tables);
  const stored = await samplesOf(dataset);
  const { pixels, colours } = displayed(stored, dataset);
  shutter(pixels, stored.frame, dataset);
  const facts = dicomFacts(dataset, stored.frame, colours);
  const picture = { pixels, width: stored.frame.columns, height: stored.frame.rows };
  const square = squared(picture, dataset);
  const drawn = square.width !== picture.width || square.height !== picture.height;
  if (drawn && facts.spacing_mm !== null) {
    const finer = Math.min(...facts.spacing_mm);
    facts.spacing_mm = [finer, finer];
  }
  return { picture: square, facts };
}
