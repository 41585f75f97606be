// What can be said against a film without any model: the first line of refusals.
import { mayBeChest } from "./body_parts.mjs";
import { isFrontal } from "./film.mjs";
import { findFilm } from "./photograph.mjs";
import { Refusal } from "./refusal.mjs";
import { contrast, sampled, seam } from "./seams.mjs";
import { step } from "./steps.mjs";

/** Return why a film must not be answered (a Refusal), or null. */
export function check(film, facts) {
  return checkFacts(film.facts, facts) ?? seen(film, facts.radiograph);
}

/** Return why a film of which this is known must not be answered, whatever it shows. */
export function checkFacts(known, facts) {
  const tables = facts.radiograph;
  const { modality, body_part: part, projection } = known;
  // A backslash parts values of which each is stated.
  const modalities = modality === null ? [] : modality.split("\\");
  if (!modalities.every((one) => tables.check.MODALITIES.includes(one))) {
    return new Refusal("not_radiography", modality);
  }
  if (part !== null && !mayBeChest(part, tables)) return new Refusal("not_chest", part);
  if (projection !== null && !isFrontal(projection)) return new Refusal("not_frontal", projection);
  return age(known, tables);
}

function age(known, { ages: { ADULT_YEARS } }) {
  const stated = [known.age_years, known.age_by_dates].filter((years) => years !== null);
  const youngest = Math.min(...stated, ...(stated.length ? [] : [ADULT_YEARS]));
  if (youngest < ADULT_YEARS) return new Refusal("child", Math.trunc(youngest));
  if (known.child) return new Refusal("child", `< ${ADULT_YEARS}`);
  if (known.age_unread !== null && known.age_years === null) {
    return new Refusal("age_unread", known.age_unread);
  }
  return null;
}

function seen(film, tables) {
  const { width, height, facts: known } = film;
  const rules = tables.check;
  if (known.marks) return new Refusal("annotated");
  if (known.colour) {
    return new Refusal(findFilm(film, tables) === null ? "colour_picture" : "photograph");
  }
  const [narrowest, widest] = rules.ASPECT;
  if (!(width / height >= narrowest && width / height <= widest)) {
    return new Refusal("odd_shape", `${width} x ${height}`);
  }
  const sample = sampled(film, tables);
  const reach = contrast(sample, tables);
  if (reach < rules.SPREAD || !hasLevels(sample, rules)) return new Refusal("blank");
  const edged = seam(film, reach, tables) > tables.seams.SHARE || step(film, tables) > tables.steps.LIMIT;
  return edged ? new Refusal("straight_edge") : null;
}

function hasLevels({ pixels }, { LEVELS }) {
  return new Set(pixels).size >= LEVELS;
}
