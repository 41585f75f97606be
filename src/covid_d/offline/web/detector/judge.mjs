// The one judge: from what was examined, and what is stated of it, to the answer.

import { checkFacts } from "../radiograph/check.mjs";
import { assessment } from "./assessment.mjs";
import {
  appearanceProbabilities,
  appearanceSet,
  checkPrevalence,
  outcomeOfAppearance,
} from "./calibrate.mjs";
import { caution, cautionsOfUnknown, contradictions } from "./cautions.mjs";
import { argmax } from "./arrays.mjs";
import { refusalOf } from "./refusals.mjs";

/**
 * Return the answer to an examined film.
 *
 * @param {object} examination of `Examiner.examine`
 * @param {object} stated of `statedOf`
 * @param {number|null} prevalence share of COVID-19 among the patients at hand, in (0, 1)
 * @param {LikelihoodTable} ratios
 * @param {boolean} keepActivation whether the answer shows where the evidence lies
 */
export function judge(examination, stated, prevalence, ratios, facts, keepActivation = false) {
  if (prevalence !== null) checkPrevalence(prevalence);
  const { facts: film } = examination;
  // A refused film may be refused because it is somebody else's.
  const warnings = film ? contradictions(film, stated, facts) : [];
  let refused = examination.refused;
  if (refused === null && film) refused = statedAgainst(film, stated, facts);
  const known = { path: examination.name, warnings, keepActivation };
  if (refused !== null) {
    const refusal = refusalOf(refused.code, refused.values?.detail, facts);
    return assessment({ ...known, outcome: "refused", refusal }, facts);
  }
  if (film) warnings.push(...cautionsOfUnknown(film, stated, facts));
  const spec = facts.bundle.spec;
  const appearance = appearanceProbabilities(examination.logits, spec.calibration, spec.classes);
  const remaining = appearanceSet(appearance, spec.conformal, spec.classes);
  const best = argmax(spec.classes.map((category) => appearance[category]));
  const { inside, activation, box } = examination;
  if (inside !== null && inside[best] < facts.limits.judge.LEAST_INSIDE) {
    warnings.push(caution("evidence_outside_lungs", facts));
  }
  const covid =
    prevalence !== null && spec.verdict.status === "audit-passed"
      ? ratios.covid(appearance, spec.calibration.shares, prevalence)
      : null;
  return assessment(
    {
      ...known,
      outcome: outcomeOfAppearance(remaining),
      appearance,
      conformal_set: remaining,
      covid,
      activation: activation?.[best] ?? null,
      box: box && [box.top, box.left, box.bottom, box.right],
    },
    facts,
  );
}

/** A file's facts with what a person stated beside them; of two ages the lower one counts. */
export function factsWith(film, stated) {
  const ages = [film.age_years, stated.age_years].filter((age) => age !== null);
  return {
    ...film,
    projection: film.projection ?? stated.projection,
    age_years: ages.length ? Math.min(...ages) : null,
    sex: film.sex ?? stated.sex,
  };
}

// Why what a person states forbids an answer.
function statedAgainst(film, stated, facts) {
  const { projection } = stated;
  if (projection !== null && !facts.frontal.includes(projection)) {
    return { code: "not_frontal", values: { detail: projection } };
  }
  const refused = checkFacts(factsWith(film, stated), facts) ?? null;
  if (refused === null && stated.adult === false) {
    return { code: "child", values: { detail: `< ${facts.limits.ages.ADULT_YEARS}` } };
  }
  return refused;
}
