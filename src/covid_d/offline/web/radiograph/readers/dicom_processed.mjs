// Whether a DICOM picture is the film as it was taken, not one made from it or before it.
import { Refusal } from "../refusal.mjs";
import { pattern } from "../words.mjs";
import { itemsOf, plainOf } from "./element.mjs";

/** Refuse what the file says is another picture than the film. */
export function requireAsTaken(dataset) {
  const rules = dataset.tables.dicom_processed;
  const kind = plainOf(dataset, rules.TYPE);
  if (pattern(rules.RAW).test(kind)) throw new Refusal("for_processing");
  for (const keyword of rules.TOMOGRAPHY) {
    const stated = plainOf(dataset, keyword);
    if (rules.MOVING.includes(stated)) throw refused(dataset, "not_radiography", stated, keyword);
  }
  const type = kind.match(pattern(rules.OF_TYPE));
  if (type) throw refused(dataset, "processed_picture", type[0], rules.TYPE);
  for (const [words, keyword] of saidOf(dataset, rules)) {
    const made = words.match(pattern(rules.MADE));
    if (made) throw refused(dataset, "processed_picture", made[0], keyword);
  }
}

function* saidOf(dataset, { TYPE, TOLD, CODED }) {
  for (const keyword of [TYPE, ...TOLD]) yield [plainOf(dataset, keyword), keyword];
  for (const item of itemsOf(dataset, CODED)) yield [plainOf(item, "CodeMeaning"), CODED];
}

function refused({ tables }, code, words, keyword) {
  return new Refusal(code, `${words}, ${tables.dicom_elements[keyword][2]}`);
}
