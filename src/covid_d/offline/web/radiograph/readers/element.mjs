// Elements of a DICOM data set: the plain words and the items that they hold.
import { latin1 } from "./bytes.mjs";

/** An element's words in capitals with single blanks; `?` stands for other letters. */
export function plainOf(dataset, keyword) {
  const value = dataset.element(keyword)?.value;
  if (!(value instanceof Uint8Array)) return "";
  const plain = latin1(value).replace(/[^\0-\x7f]+/g, "?").toUpperCase();
  return plain.replace(/[^A-Z0-9?]+/g, " ").trim();
}

/** The words of an element, in capitals, without what cannot be printed; null where there are none. */
export function textOf(dataset, keyword) {
  let value = dataset.known(keyword);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) value = value.join("\\");
  if (typeof value !== "string") return null;
  const clean = Array.from(value).filter((letter) => letter === " " || !/[\p{C}\p{Z}]/u.test(letter));
  const text = Array.from(clean.join("").trim()).slice(0, dataset.tables.element.TEXT).join("");
  return text.toUpperCase() || null;
}

/** The items of a sequence; none where there is none that can be read. */
export function itemsOf(dataset, keyword) {
  const items = dataset.known(keyword);
  return Array.isArray(items) && items.every((item) => typeof item === "object") ? items : [];
}
