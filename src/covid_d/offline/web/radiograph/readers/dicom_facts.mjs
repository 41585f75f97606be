// What a DICOM data set says about its film. A malformed value is an unknown one.
import { ageOn, parseAge, parseDate, today } from "../ages.mjs";
import { mayBeChest } from "../body_parts.mjs";
import { factsOf } from "../film.mjs";
import { spacingOf } from "./dicom_geometry.mjs";
import { isInExpiration, projectionOf, turnedOf } from "./dicom_view.mjs";
import { itemsOf, textOf } from "./element.mjs";

/** Return the facts of a DICOM image; what is absent, malformed or absurd is null. */
export function dicomFacts(dataset, frame, colours) {
  const sex = textOf(dataset, "PatientSex");
  const ages = agesOf(dataset);
  return factsOf({
    format: "DICOM",
    bits: frame.stored,
    ...colours,
    modality: modalityOf(dataset),
    projection: projectionOf(dataset),
    laterality: textOf(dataset, "ImageLaterality") ?? textOf(dataset, "Laterality"),
    body_part: bodyPartOf(dataset),
    age_years: ages.years,
    sex: ["F", "M", "O"].includes(sex) ? sex : null,
    spacing_mm: spacingOf(dataset),
    age_by_dates: ages.byDates,
    child: ages.child,
    age_unread: ages.unread,
    taken_on: takenOn(dataset),
    turned: turnedOf(dataset),
    expiration: isInExpiration(dataset),
  });
}

/** The modality that the class of the object has, where that is no radiography, or that is stated. */
function modalityOf(dataset) {
  const { OF_CLASS } = dataset.tables.dicom_facts;
  const stated = [dataset.known("SOPClassUID"), dataset.meta.known("MediaStorageSOPClassUID")];
  const classes = stated.map((said) => OF_CLASS[String(said || "")]);
  return classes.find((modality) => modality !== undefined) ?? textOf(dataset, "Modality");
}

/** The part that is stated; of several, one that is not the chest. */
function bodyPartOf(dataset) {
  const { tables } = dataset;
  const regions = itemsOf(dataset, "AnatomicRegionSequence").map((item) => regionOf(item, tables));
  const stated = [textOf(dataset, "BodyPartExamined"), ...regions].filter(Boolean);
  return stated.find((part) => !mayBeChest(part, tables)) ?? stated[0] ?? null;
}

function regionOf(item, tables) {
  const value = textOf(item, "CodeValue");
  return tables.body_parts.CHEST_CODES.includes(value) ? "CHEST" : (textOf(item, "CodeMeaning") ?? value);
}

/** What Patient's Age and the dates of birth and film say; a child by either is a child. */
function agesOf(dataset) {
  const [stated, unread] = parsed(parseAge, dataset, "PatientAge");
  const { years: byDates, child, unread: birthUnread } = ageOfDates(dataset);
  const years = stated === null || stated.years === null ? byDates : stated.years;
  const known = stated !== null || byDates !== null;
  return {
    years,
    byDates,
    child: child || (stated !== null && stated.child),
    unread: known ? null : unread || birthUnread,
  };
}

/** The age by the dates, whether it is a child's, and a birth date that is none. */
function ageOfDates(dataset) {
  const { ages, dicom_facts: rules } = dataset.tables;
  const [born, unread] = parsed(parseDate, dataset, "PatientBirthDate");
  if (born === null) return { years: null, child: false, unread };
  for (const keyword of rules.TAKEN) {
    const [taken] = parsed(parseDate, dataset, keyword);
    if (taken === null) continue;
    const years = ageOn(taken, born);
    if (!(years >= 0 && years <= ages.OLDEST)) {
      return { years: null, child: false, unread: textOf(dataset, "PatientBirthDate") };
    }
    return { years, child: years < ages.ADULT_YEARS, unread: null };
  }
  // Who is a child today was one on the film.
  return { years: null, child: ageOn(today(), born) < ages.ADULT_YEARS, unread: null };
}

/** The day of the film, as YYYY-MM-DD: whole, and not moved to hide it. */
function takenOn(dataset) {
  const rules = dataset.tables.dicom_facts;
  if (rules.MOVED.includes(textOf(dataset, "LongitudinalTemporalInformationModified"))) return null;
  for (const keyword of rules.OF_THE_FILM) {
    const value = dataset.known(keyword);
    const words = value === undefined || value === null || Array.isArray(value) ? "" : String(value).trim();
    const found = words.match(/^(\d{4})[.]?(\d\d)[.]?(\d\d)(?:\D.*|\d{6}.*|)$/);
    if (found === null) continue;
    const [year, month, day] = found.slice(1, 4).map(Number);
    if (isDay(year, month, day)) return found.slice(1, 4).join("-");
  }
  return null;
}

function isDay(year, month, day) {
  const at = new Date(Date.UTC(2000, month - 1, day));
  at.setUTCFullYear(year, month - 1, day);
  return year >= 1 && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
}

/** What an element states, and its words where they are not understood. */
function parsed(parse, dataset, keyword) {
  const text = textOf(dataset, keyword) ?? "";
  try {
    return [parse(text, dataset.tables), null];
  } catch (error) {
    if (error instanceof RangeError) return [null, text];
    throw error;
  }
}
