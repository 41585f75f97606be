// The one answer: what COVID-D says about a film, in the JSON of Python's `Assessment.to_dict`.

import { round } from "../radiograph/numbers.mjs";
import { fill } from "./language.mjs";

/**
 * Return an assessment, or throw where it would contradict itself.
 *
 * A refusal carries a reason and no number; an answer, the reverse.
 */
export function assessment(parts, facts) {
  const { appearance = null, conformal_set = [], covid = null, refusal = null } = parts;
  const refused = parts.outcome === "refused";
  if (refused !== (refusal !== null) || refused === (appearance !== null)) {
    throw new Error("a refusal carries a reason and no number; an answer, the reverse");
  }
  if (refused && (covid !== null || conformal_set.length || parts.activation)) {
    throw new Error("a refused film has no range, no set and no activation");
  }
  if (appearance !== null) checkAppearance(appearance, facts);
  const verdict = facts.bundle.spec.verdict.status;
  if (covid !== null && verdict === "demonstration") {
    throw new Error("only an audited answer about appearance says how probable COVID-19 is");
  }
  const shown = parts.activation ?? null;
  return {
    path: parts.path,
    outcome: parts.outcome,
    appearance,
    most_likely: appearance && mostLikely(appearance, facts),
    opacity: appearance && 1 - appearance.negative,
    probability: null,
    conformal_set,
    covid,
    refusal,
    warnings: parts.warnings ?? [],
    bundle: { ...facts.bundle.id },
    verdict,
    ...(parts.keepActivation ? { activation: shown && rounded(shown), box: parts.box ?? null } : {}),
  };
}

/** The most probable category; the first of several. */
export function mostLikely(appearance, facts) {
  return facts.bundle.spec.classes.reduce((best, category) =>
    appearance[category] > appearance[best] ? category : best,
  );
}

/** The answer in a radiologist's words; where no age is known, for adults alone. */
export function headline(answer, facts) {
  const outcome = facts.outcomes[answer.outcome];
  const said = answer.most_likely ? outcome.headline[answer.most_likely] : outcome.message;
  const unknown = answer.warnings.some((warning) => warning.code === facts.age_unknown);
  if (answer.refusal !== null || !unknown) return { ...said };
  return {
    es: fill(facts.if_adult, { answer: said.es }).es,
    en: fill(facts.if_adult, { answer: said.en }).en,
  };
}

function checkAppearance(appearance, facts) {
  const shares = facts.bundle.spec.classes.map((category) => appearance[category]);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const sound = shares.every((share) => share >= 0 && share <= 1) && Math.abs(total - 1) < 1e-6;
  if (!sound) throw new Error(`appearance must be probabilities that sum to 1, got ${shares}`);
}

// Four digits are enough of what is shown as colour. Of a float32 they come out exactly.
function rounded({ values, rows, columns }) {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(
      values.subarray(row * columns, (row + 1) * columns),
      (value) => round(value * 1e4) / 1e4,
    ),
  );
}
