// From which side a DICOM film was taken: everything in the file that says so, taken together.
import { combined, viewOfCode, viewOfWords } from "../views.mjs";
import { pattern } from "../words.mjs";
import { itemsOf, plainOf, textOf } from "./element.mjs";

/** The projection that views, their codes and modifiers, and the patient's position state. */
export function projectionOf(dataset) {
  const { tables } = dataset;
  const rules = tables.dicom_view;
  const coded = (item) => codeOf(item, tables);
  const [views, lying] = [rules.VIEW, rules.LYING].map((keyword) => itemsOf(dataset, keyword));
  const modifiers = [dataset, ...views, ...lying].flatMap((held) =>
    rules.MODIFIERS.flatMap((keyword) => itemsOf(held, keyword)),
  );
  const modified = [...lying, ...modifiers].map(coded);
  const position = textOf(dataset, "PatientPosition");
  const supine = rules.SUPINE.includes(position) || modified.includes("AP Supine");
  const stated = [...positionOf(dataset), ...views.map(coded), orientationOf(dataset)];
  stated.push(...modified.filter((view) => view !== "AP Supine"));
  if (rules.ON_A_SIDE.includes(position)) stated.push("Other");
  const told = stated.some((view) => view !== null);
  const projection = told ? combined(stated) : described(dataset);
  return supine && projection === "AP" ? "AP Supine" : projection;
}

/** What Patient Orientation says of a frontal film that it calls mirrored or turned. */
export function turnedOf(dataset) {
  const letters = lettersOf(dataset);
  const axes = axesOf(letters, dataset);
  const frontal = axes.has("side") && axes.has("length");
  return frontal && letters !== dataset.tables.dicom_view.UPRIGHT ? letters : null;
}

/** The view, no frontal one, that the series or the protocol is named by. */
function described(dataset) {
  const rules = dataset.tables.dicom_view;
  const found = (told, words) => pattern(told).test(words);
  for (const keyword of rules.SERIES) {
    const words = plainOf(dataset, keyword);
    if (found(rules.ARE_SEVERAL, words)) continue;
    const other = found(rules.IS_OTHER, words);
    const rest = words.replace(pattern(rules.IS_OTHER, false, "g"), "");
    const [lateral, frontal] = [rules.IS_LATERAL, rules.IS_FRONTAL].map((told) => found(told, rest));
    if ((other || lateral) && !(lateral && frontal)) return lateral ? "L" : "Other";
  }
  return null;
}

/** Whether the file says that the film was taken after breathing out. */
export function isInExpiration(dataset) {
  const rules = dataset.tables.dicom_view;
  const views = itemsOf(dataset, rules.VIEW);
  const held = [dataset, ...views].flatMap((one) => rules.MODIFIERS.flatMap((key) => itemsOf(one, key)));
  const words = rules.DESCRIBED.map((keyword) => plainOf(dataset, keyword));
  words.push(...[...views, ...held].map((item) => plainOf(item, "CodeMeaning")));
  return words.some(
    (said) => pattern(rules.EXPIRATION).test(said) && !pattern(rules.INSPIRATION).test(said),
  );
}

function positionOf(dataset) {
  const position = dataset.known("ViewPosition");
  return (Array.isArray(position) ? position : [position || ""])
    .filter((view) => typeof view === "string")
    .map((view) => viewOfWords(view, dataset.tables));
}

function codeOf(item, tables) {
  const [value, meaning] = ["CodeValue", "CodeMeaning"].map((keyword) => textOf(item, keyword) ?? "");
  return viewOfCode(value, tables) ?? viewOfWords(meaning, tables);
}

/** The projection that tells where rows and columns run to (PS3.3 C.7.6.1.1.1). */
function orientationOf(dataset) {
  const axes = axesOf(lettersOf(dataset), dataset);
  if (!axes.has("front") || axes.size < 2) return null;
  return axes.has("length") ? "L" : "Other";
}

function axesOf(letters, { tables }) {
  return new Set(Array.from(letters, (letter) => tables.dicom_view.AXES[letter]));
}

/** The letters of where rows and columns run to; empty unless both are known. */
function lettersOf(dataset) {
  const stated = dataset.known("PatientOrientation");
  const pair = typeof stated === "string" ? Array.from(stated) : stated;
  if (!Array.isArray(pair) || pair.length !== 2) return "";
  const letters = pair.map((direction) => String(direction).trim().slice(0, 1).toUpperCase());
  return letters.every((letter) => letter in dataset.tables.dicom_view.AXES) ? letters.join("") : "";
}
