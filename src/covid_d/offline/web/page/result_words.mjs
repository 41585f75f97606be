// A result in sentences of one language: the headline says what the film shows, what may make that
// wrong, what it means for COVID-19 and what to do; everything else folds away. As in the clinic.

import { fill, localised } from "../detector/language.mjs";
import { general, percent } from "../detector/words.mjs";

// Neither plus nor minus, which stand for laboratory results.
const SIGNS = { positive: "!", negative: "○", inconclusive: "?", refused: "×" };
const OUTSIDE_LUNGS = "evidence_outside_lungs";
const OF_PATIENT = ["age_differs", "sex_differs"];
const DECIDING = [...OF_PATIENT, "age_unknown", "ages_contradict"];
const LITTLE = 2; // as in the clinic: odds that change by less hardly change anything
const HALF = 0.5;

/**
 * Return what is said of one film.
 *
 * @param {object[]} answers the assessment; with a prevalence two, at its lower and upper end
 * @param {Speech} speech
 */
export function wordsOf(answers, speech) {
  const [answer] = answers;
  const deciding = decidingOf(answer, speech);
  // Why an answer is void is said in the place of what it would mean.
  const warnings = answer.warnings
    .filter(({ code }) => code !== OUTSIDE_LUNGS || !isVoid(answer))
    .map(({ message }) => speech.in(message));
  return {
    kind: answer.outcome,
    tone: isVoid(answer) ? "void" : answer.outcome,
    // Of an answer to be disregarded no finding, not even by its sign: readers would keep it.
    sign: SIGNS[isVoid(answer) ? "refused" : answer.outcome],
    headline: headlineOf(answer, speech),
    weighed: weighedFor(answer, speech),
    // Beside "discarded", what it leans to and means would be all that a hurried reader keeps.
    leaning: answer.outcome === "inconclusive" && !isVoid(answer) ? speech.say(`leans_${answer.most_likely}`) : "",
    deciding,
    meaning: meaningOf(answers, speech),
    action: actionOf(answer, speech),
    warnings: [...new Set(warnings)].filter((said) => !deciding.includes(said)),
    left: isVoid(answer) ? "" : leftByError(answer, speech),
    figures: isVoid(answer) ? [] : figuresOf(answers, speech),
    notes: notesOf(answer, speech),
    model: modelOf(answer, speech),
  };
}

// One message; what an inconclusive answer leans to stands below it.
function headlineOf(answer, speech) {
  if (isVoid(answer)) return speech.say("void");
  const { outcomes, age_unknown: unknown } = speech.facts;
  const open = answer.outcome === "inconclusive" || answer.refusal !== null;
  const said = open
    ? speech.in(outcomes[answer.outcome].message)
    : speech.say(`seen_${answer.most_likely}`);
  const adultsAlone = answer.refusal === null && answer.warnings.some(({ code }) => code === unknown);
  if (!adultsAlone) return capital(said);
  return within("if_adult", said, speech);
}

// What the map over the film is of, for its legend; where it is of nothing there is no map.
function weighedFor(answer, speech) {
  if (isVoid(answer)) return "";
  return answer.most_likely ? speech.in(speech.facts.appearance[answer.most_likely]) : "";
}

// An answer behind the words that limit it.
function within(name, said, speech) {
  return speech.say(name, { answer: said[0].toLowerCase() + said.slice(1) });
}

function notesOf(answer, speech) {
  if (isVoid(answer)) return [speech.say("no_numbers")];
  return answer.covid === null ? [] : [rests(answer, speech)];
}

// No verdict beside a caution not to rely on the answer, which it would contradict.
function modelOf(answer, speech) {
  const named = `${answer.bundle.name} ${answer.bundle.version} (${answer.bundle.sha256.slice(0, 12)})`;
  const unlike = answer.refusal === null && !answer.conformal_set.length;
  if (isVoid(answer) || unlike) return named;
  return `${named}: ${speech.in(speech.facts.verdicts[answer.verdict])}`;
}

// Beside no answer, or a discarded one, whose film it is: there is nothing else to doubt.
function decidingOf(answer, speech) {
  const none = answer.refusal !== null || isVoid(answer);
  const found = DECIDING.flatMap((code) => answer.warnings.filter((each) => each.code === code))
    .filter(({ code }) => !none || OF_PATIENT.includes(code))
    .map(({ message }) => speech.in(message));
  if (!none && !answer.conformal_set.length) found.push(speech.say("deciding_unlike"));
  return [...new Set(found)];
}

// To be disregarded whole; a refused film has no answer.
function isVoid(answer) {
  return answer.refusal === null && answer.warnings.some(({ code }) => code === OUTSIDE_LUNGS);
}

function meaningOf(answers, speech) {
  const [{ refusal, covid }] = answers;
  if (refusal !== null) return speech.in(refusal.message);
  if (isVoid(answers[0])) return speech.say("void_reason");
  if (covid === null) return speech.say("meaning_none");
  const changes = answers.flatMap(({ covid: range }) =>
    [range.low, range.high].map((bound) => odds(bound) / odds(range.prevalence)));
  const little = changes.every((change) => 1 / LITTLE < change && change < LITTLE);
  const { low, high, first, last } = rangeOf(answers);
  const before = [first, last].map((share) => localised(general(100 * share), speech.language));
  const said = speech.say(little ? "meaning_unchanged" : "meaning_changed", {
    low: about(low, speech),
    high: about(high, speech),
    before: first === last ? before[0] : speech.say("to", { low: before[0], high: before[1] }),
  });
  // Else the headline alone would be taken for the odds.
  const raised = !little && last < high && high < HALF;
  const unlikely = raised && answers[0].outcome !== "negative";
  return unlikely ? `${said} ${speech.say("other_cause")}` : said;
}

// The lowest and highest that the range of prevalences allows.
function rangeOf(answers) {
  const ranges = answers.map(({ covid }) => covid);
  return {
    low: Math.min(...ranges.map(({ low }) => low)),
    high: Math.max(...ranges.map(({ high }) => high)),
    first: Math.min(...ranges.map(({ prevalence }) => prevalence)),
    last: Math.max(...ranges.map(({ prevalence }) => prevalence)),
  };
}

function actionOf(answer, speech) {
  if (isVoid(answer)) return speech.say("action_void");
  if (answer.refusal === null) return speech.say(`action_${answer.outcome}`);
  const step = speech.in(answer.refusal.next_step);
  return step ? `${step} ${speech.say("action_meanwhile")}` : "";
}

function leftByError(answer, speech) {
  if (answer.refusal !== null) return "";
  const { error_rate: rate } = speech.facts.bundle.spec.conformal;
  const e = `${general(100 * rate)} %`;
  if (!answer.conformal_set.length) return speech.say("left_none", { e });
  const names = answer.conformal_set.map((name) => speech.in(speech.facts.appearance[name]));
  return speech.say("left", { e, left: names.join(", ") });
}

function figuresOf(answers, speech) {
  const [answer] = answers;
  if (answer.appearance === null) return [];
  const { facts } = speech;
  const found = Object.keys(facts.appearance).reverse().map((category) => [
    capital(speech.in(facts.appearance[category])),
    percent(answer.appearance[category]),
  ]);
  found.push([speech.say("opacity"), percent(answer.opacity)]);
  if (answer.covid !== null) {
    const { low, high } = rangeOf(answers);
    found.push([speech.say("covid"), `${percent(low)} – ${percent(high)}`]);
  }
  return found;
}

function rests(answer, speech) {
  return speech.facts.likelihood.published
    ? speech.say("rests")
    : speech.say("rests_local", { table: answer.covid.table });
}

// How many of 100, in words that promise no more than the number holds.
function about(share, speech) {
  if (share < 0.01) return speech.say("fewer_than_one");
  if (share > 0.99) return speech.say("more_than_99");
  const number = Math.max(1, Number(percent(share).replace(" %", "")));
  const { one, many } = speech.facts.about;
  return number === 1 ? speech.in(one) : speech.in(fill(many, { n: number }));
}

function odds(share) {
  return share < 1 ? share / (1 - share) : Infinity;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
