// How many items a DICOM file's sequences hold: eight bytes each there, far more once parsed.
import { Refusal } from "../refusal.mjs";

/** Whether a file has as many bytes as too many items take. */
export function isLarge(bytes, { MOST_ITEMS, ITEM_BYTES }) {
  return bytes.length >= ITEM_BYTES * MOST_ITEMS;
}

/** Refuse a file that holds far more items than any film, before anything of it is parsed. */
export function requireFew(bytes, { MOST_ITEMS }, { little }) {
  if (itemsIn(bytes, little) > MOST_ITEMS) {
    throw new Refusal("too_large", `> ${MOST_ITEMS} DICOM items`);
  }
}

/** How often the tag of an item stands in some bytes (PS3.5 7.5). */
export function itemsIn(bytes, little) {
  const [first, second, third, fourth] = little ? [0xfe, 0xff, 0, 0xe0] : [0xff, 0xfe, 0xe0, 0];
  let count = 0;
  for (let at = 2; at + 1 < bytes.length; at += 1) {
    // Films are full of bytes that are all ones or nought: the third and fourth tell most apart.
    if (bytes[at] !== third || bytes[at + 1] !== fourth) continue;
    if (bytes[at - 1] === second && bytes[at - 2] === first) count += 1;
  }
  return count;
}
