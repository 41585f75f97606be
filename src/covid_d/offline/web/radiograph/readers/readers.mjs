// Film readers: one module a kind of container, chosen by a file's first bytes, never by its name.
import * as dicom from "./dicom.mjs";
import * as foreign from "./foreign.mjs";
import * as picture from "./picture.mjs";

/** Return the reader of a file's bytes; `foreign` accepts, and refuses, everything else. */
export function readerFor(bytes, tables) {
  return [dicom, picture, foreign].find((reader) => reader.sniff(bytes, tables));
}
