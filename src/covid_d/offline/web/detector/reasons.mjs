// Which of several reasons a refused film is refused with: the one that helps its user most.

/** Whether another reason could tell more than this code. */
export function isVague(code, facts) {
  return code in facts.better_reasons;
}

/**
 * Return a refusal, or the code of the first of the other reasons that tells more.
 *
 * @param {string} code of the first test that the film failed
 * @param {(string|null)[]} others what other tests say, the best informed first
 * @returns {string|null} the better code; `null` where there is none
 */
export function mostTelling(code, others, facts) {
  const better = facts.better_reasons[code] ?? [];
  return others.find((other) => other !== null && better.includes(other)) ?? null;
}
