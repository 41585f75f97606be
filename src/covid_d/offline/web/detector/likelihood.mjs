// What a film's appearance says about COVID-19: the table of facts.json, and Bayes' rule.

import { round } from "../radiograph/numbers.mjs";
import { float64FromBase64 } from "./arrays.mjs";
import { checkPrevalence } from "./calibrate.mjs";

/** A table of likelihood ratios, ready to answer. */
export class LikelihoodTable {
  constructor(facts) {
    const { table, pooled, draws } = facts.likelihood;
    this.name = table;
    this.pooled = pooled;
    this.draws = {
      covid: float64FromBase64(draws.covid),
      other: float64FromBase64(draws.other),
    };
    this.categories = facts.bundle.spec.classes;
    this.interval = facts.limits.likelihood.INTERVAL;
    this.count = facts.limits.likelihood.DRAWS;
    const size = this.count * this.categories.length;
    if (this.draws.covid.length !== size || this.draws.other.length !== size) {
      throw new Error("the table of likelihood ratios is not whole");
    }
  }

  /**
   * How probable COVID-19 is, given how a film looks.
   *
   * @param {Object<string, number>} appearance calibrated probability of each category
   * @param {number[]} shares the categories' shares among the films calibrated on
   * @param {number} prevalence in (0, 1)
   * @returns {{low: number, value: number, high: number, prevalence: number, table: string}}
   */
  covid(appearance, shares, prevalence) {
    checkPrevalence(prevalence);
    if (!(Math.min(...shares) > 0)) throw new Error("every category needs a share among the films");
    const weights = this.categories.map((category, at) => appearance[category] / shares[at]);
    const [value] = posterior(weights, this.pooled.covid, this.pooled.other, prevalence);
    const drawn = posterior(weights, this.draws.covid, this.draws.other, prevalence).sort();
    const [low, high] = this.interval.map((share) => drawn[round(share * (this.count - 1))]);
    const range = {
      low: Math.min(low, value),
      value,
      high: Math.max(high, value),
      prevalence,
      table: this.name,
    };
    if (!(range.low >= 0 && range.high <= 1)) throw new Error("not a range of probabilities");
    return range;
  }
}

// Of N rows of frequencies, one number a category: N probabilities.
function posterior(weights, covid, other, prevalence) {
  const found = new Float64Array(covid.length / weights.length);
  for (let row = 0; row < found.length; row++) {
    let withCovid = 0;
    let without = 0;
    for (let at = 0; at < weights.length; at++) {
      withCovid += covid[row * weights.length + at] * weights[at];
      without += other[row * weights.length + at] * weights[at];
    }
    withCovid *= prevalence;
    without *= 1 - prevalence;
    found[row] = withCovid / (withCovid + without);
  }
  return found;
}
