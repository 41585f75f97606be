// A refusal in words: the code that some test gave, with the sentences of facts.json.

import { fill } from "./language.mjs";

/**
 * Return why a film gets no answer, as `Refusal.to_dict` does.
 *
 * @param {string} code one of Python's `RefusalCode`
 * @param {string|number} detail quoted where the sentence has room for it
 */
export function refusalOf(code, detail, facts) {
  const texts = facts.refusals[code];
  if (texts === undefined) throw new Error(`there is no refusal ${code}`);
  const values = { detail: detail ?? "" };
  return {
    code,
    message: fill(texts.message, values),
    next_step: fill(texts.next_step, values),
  };
}
