// Sentences about an answer that every face says alike.

import { round } from "../radiograph/numbers.mjs";
import { fill, localised } from "./language.mjs";

/** An answer's numbers in words, each `{es, en}`; none of a refusal. */
export function numbers(assessment, facts) {
  const found = [];
  if (assessment.appearance !== null) {
    const listed = Object.keys(facts.appearance).reverse();
    const inOne = (language) =>
      listed
        .map((c) => `${facts.appearance[c][language]} ${percent(assessment.appearance[c])}`)
        .join(", ");
    const both = { es: inOne("es"), en: inOne("en") };
    found.push({
      es: fill(facts.words.appearance, { listed: both.es }).es,
      en: fill(facts.words.appearance, { listed: both.en }).en,
    });
    found.push(fill(facts.words.opacity, { p: percent(assessment.opacity) }));
  }
  if (assessment.covid !== null) found.push(covidInWords(assessment.covid, facts));
  return found;
}

/** How probable COVID-19 is, with its prevalence, in words. */
export function covidInWords(covid, facts) {
  const share = `${general(100 * covid.prevalence)} %`;
  const table = facts.likelihood.published
    ? facts.words.studies
    : fill(facts.words.table, { name: covid.table });
  const values = {
    low: percent(covid.low),
    value: percent(covid.value),
    high: percent(covid.high),
  };
  const said = (language) =>
    fill(facts.words.covid, {
      ...values,
      prevalence: localised(share, language),
      table: table[language],
    })[language];
  return { es: said("es"), en: said("en") };
}

/** A percentage without false precision, and never a false certainty. */
export function percent(probability) {
  if (probability < 0.01) return "< 1 %";
  if (probability > 0.99) return "> 99 %";
  return `${round(100 * probability)} %`;
}

/** A number with three digits, as Python's format `.3g` writes it. */
export function general(number) {
  const exponent = Math.floor(Math.log10(Math.abs(number)));
  if (number !== 0 && (exponent < -4 || exponent >= 3)) {
    const [digits, power] = number.toExponential(2).split("e");
    const sign = power.startsWith("-") ? "-" : "+";
    return `${plain(digits)}e${sign}${power.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  return plain(number.toPrecision(3));
}

function plain(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
