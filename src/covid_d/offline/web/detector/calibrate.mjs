// From the network's numbers to probabilities, to the categories that remain, to the answer.

/**
 * The probability of each category: softmax(logits / temperature + bias).
 *
 * @param {number[]} logits in the order of `categories`
 * @returns {Object<string, number>} by category
 */
export function appearanceProbabilities(logits, calibration, categories) {
  if (logits.length !== categories.length || !logits.every(Number.isFinite)) {
    throw new Error(`the network's logits are not numbers: ${logits}`);
  }
  const scores = logits.map((logit, at) => logit / calibration.temperature + calibration.bias[at]);
  const highest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Object.fromEntries(categories.map((category, at) => [category, weights[at] / total]));
}

/** Throw unless a prevalence lies in (0, 1). */
export function checkPrevalence(prevalence) {
  if (!(typeof prevalence === "number" && prevalence > 0 && prevalence < 1)) {
    throw new RangeError(`prevalence must lie between 0 and 1, got ${prevalence}`);
  }
}

/** The categories that cannot be ruled out. */
export function appearanceSet(appearance, conformal, categories) {
  return categories.filter((category, at) => 1 - appearance[category] <= conformal.quantiles[at]);
}

/** The answer for a set of categories: only typical or negative alone is conclusive. */
export function outcomeOfAppearance(remaining) {
  if (remaining.length === 1 && remaining[0] === "typical") return "positive";
  if (remaining.length === 1 && remaining[0] === "negative") return "negative";
  return "inconclusive";
}
