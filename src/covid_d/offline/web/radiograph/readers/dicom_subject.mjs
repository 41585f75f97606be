// Whether a DICOM film is one of a person: no phantom, no quality control, no animal.
import { Refusal } from "../refusal.mjs";
import { pattern } from "../words.mjs";
import { itemsOf, plainOf } from "./element.mjs";

/** Refuse what the file says is no film of a person. */
export function requirePatient(dataset) {
  const rules = dataset.tables.dicom_subject;
  for (const [keyword, word] of Object.entries(rules.STATED)) {
    if (plainOf(dataset, keyword) === word) throw refused(dataset, "quality_control", word, keyword);
  }
  for (const [words, keyword] of saidOf(dataset, rules)) {
    const word = wordOfTests(words, keyword, rules);
    if (word) throw refused(dataset, "quality_control", word, keyword);
  }
  for (const [keyword, word] of speciesOf(dataset)) {
    if (rules.UNSTATED.includes(word) || pattern(rules.PEOPLE).test(word)) continue;
    throw refused(dataset, "animal", word.slice(0, rules.TEXT), keyword);
  }
  for (const [keyword, word] of Object.entries(rules.OF_ANIMALS)) {
    if (plainOf(dataset, keyword) === word) throw refused(dataset, "animal", word, keyword);
  }
}

/** The words in which the film is told of, each with the element that holds them. */
function* saidOf(dataset, { DESCRIPTIONS, NAMES, COMMENTS, DESCRIBING, ...rules }) {
  for (const keyword of [...DESCRIPTIONS, ...NAMES, ...COMMENTS]) yield [plainOf(dataset, keyword), keyword];
  for (const keyword of DESCRIBING) {
    for (const words of wordsOfItems(dataset, keyword, { DESCRIBING, ...rules })) yield [words, keyword];
  }
}

function* wordsOfItems(dataset, sequence, rules, depth = 1) {
  for (const item of itemsOf(dataset, sequence)) {
    for (const keyword of rules.OF_ITEMS) yield plainOf(item, keyword);
    for (const inner of depth < rules.NESTED ? rules.DESCRIBING : []) {
      yield* wordsOfItems(item, inner, rules, depth + 1);
    }
  }
}

/** The word that tells a test or a phantom; empty where none does. */
function wordOfTests(words, keyword, rules) {
  const found = (told) => words.match(pattern(told))?.[0] ?? "";
  if (rules.COMMENTS.includes(keyword)) return found(rules.REMARKED);
  const sure = found(rules.SURE);
  if (sure) return sure;
  if (rules.NAMES.includes(keyword)) {
    const number = keyword === "PatientID" && rules.LIKELY_NUMBERS.includes(words);
    return found(rules.LIKELY_NAME) || (number ? words : "");
  }
  return found(rules.CHEST) ? "" : found(rules.LIKELY);
}

/** What is said of the species, with the element that says it; nothing of a person. */
function speciesOf(dataset) {
  const { PEOPLE_CODES } = dataset.tables.dicom_subject;
  const said = [["PatientSpeciesDescription", plainOf(dataset, "PatientSpeciesDescription")]];
  for (const item of itemsOf(dataset, "PatientSpeciesCodeSequence").slice(0, 1)) {
    const [code, meaning] = ["CodeValue", "CodeMeaning"].map((keyword) => plainOf(item, keyword));
    if (!PEOPLE_CODES.includes(code.replaceAll(" ", "-"))) {
      said.push(["PatientSpeciesCodeSequence", meaning || code]);
    }
  }
  return said;
}

function refused({ tables }, code, word, keyword) {
  return new Refusal(code, `${word}, ${tables.dicom_elements[keyword][2]}`);
}
