// What a reader must know beside an answer: few sentences, each with a code.

import { fill, years } from "./language.mjs";

// Where rows and columns of a mirrored film run to: to the patient's right, and to the feet.
const MIRRORED = "RF";

/** What must be said about what neither the file nor a person states. */
export function cautionsOfUnknown(film, stated, facts) {
  const found = [];
  const projections = [film.projection, stated.projection];
  if (projections.every((projection) => projection === null)) {
    found.push(caution("projection_unknown", facts));
  } else if (projections.includes("AP Supine")) {
    found.push(caution("supine", facts));
  }
  if (film.expiration) found.push(caution("expiration", facts));
  if (film.age_years === null && stated.age_years === null && stated.adult === null) {
    found.push(caution(facts.age_unknown, facts));
  }
  return found;
}

/** What must be said where a film's file contradicts itself, or a person. */
export function contradictions(film, stated, facts) {
  const found = [...ofDates(film, facts), ...ofAge(film.age_years, stated, facts)];
  const said = facts.sexes;
  if (film.sex in said && stated.sex in said && stated.sex !== film.sex) {
    found.push(caution("sex_differs", facts, { film: said[film.sex], stated: said[stated.sex] }));
  }
  if (film.projection && stated.projection && beam(film) !== beam(stated)) {
    const values = { film: film.projection, stated: stated.projection };
    found.push(caution("projection_differs", facts, values));
  }
  if (film.turned !== null) {
    const code = film.turned === MIRRORED ? "stated_mirrored" : "stated_turned";
    found.push(caution(code, facts, { film: Array.from(film.turned).join("\\") }));
  }
  return found;
}

/** A caution with its fields filled. */
export function caution(code, facts, values = {}) {
  const message = facts.cautions[code];
  if (message === undefined) throw new Error(`there is no caution ${code}`);
  return { code, message: fill(message, values) };
}

function ofDates(film, facts) {
  const { age_years: age, age_by_dates: byDates } = film;
  if (age === null || byDates === null) return [];
  if (Math.abs(age - byDates) <= facts.limits.cautions.AGE_TOLERANCE) return [];
  const values = {
    stated: years(Math.trunc(age), facts),
    reckoned: years(Math.trunc(byDates), facts),
  };
  return [caution("ages_contradict", facts, values)];
}

function ofAge(filmYears, stated, facts) {
  if (filmYears === null) return [];
  const film = years(Math.trunc(filmYears), facts);
  if (stated.age_years !== null) {
    const whole = Math.trunc(stated.age_years);
    if (Math.abs(Math.trunc(filmYears) - whole) <= facts.limits.cautions.AGE_TOLERANCE) return [];
    const number = String(whole);
    return [caution("age_differs", facts, { film, stated: { es: number, en: number } })];
  }
  const isAdult = filmYears >= facts.limits.ages.ADULT_YEARS;
  if (stated.adult === null || stated.adult === isAdult) return [];
  return [caution("age_differs", facts, { film, stated: facts.adult[String(stated.adult)] })];
}

// The projection without the posture: AP of a lying patient is AP.
function beam(known) {
  return known.projection === "AP Supine" ? "AP" : known.projection;
}
