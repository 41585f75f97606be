// The result on the page: headline block, cautions, folded details.

import { wordsOf } from "./result_words.mjs";

/** Show the answer to a film; words alone, never markup, reach the page. */
export function showResult(answers, asked, speech) {
  const words = wordsOf(answers, speech);
  const at = (id) => document.getElementById(id);
  at("answer").replaceChildren(headlineBlock(words));
  const kept = words.warnings.map((said) => element("li", said));
  at("cautions").replaceChildren(
    ...(asked.straightened ? [element("p", speech.say("straightened"), "quiet")] : []),
    ...(kept.length ? [element("p", [element("strong", speech.say("keep_in_mind"))])] : []),
    ...(kept.length ? [element("ul", kept)] : []),
  );
  at("numbers-held").replaceChildren(
    ...(words.left ? [element("p", words.left)] : []),
    ...(words.figures.length ? [figures(words.figures)] : []),
    ...words.notes.map((said) => element("p", said, "quiet")),
    element("p", `${speech.say("model")} ${words.model}`, "quiet"),
    facts(asked, speech),
  );
}

function headlineBlock(words) {
  const sign = element("span", words.sign, "outcome-sign");
  sign.setAttribute("aria-hidden", "true");
  const said = [
    element("h2", words.headline),
    ...(words.leaning ? [element("p", words.leaning, "leaning")] : []),
    ...words.deciding.map((line) => element("p", [element("strong", line)], "deciding")),
    ...(words.meaning ? [element("p", words.meaning, "meaning")] : []),
    ...(words.action ? [element("p", [element("strong", words.action)], "action")] : []),
  ];
  return element("div", [sign, element("div", said)], `outcome ${words.tone}`);
}

function figures(pairs) {
  const shown = pairs.map(([name, value]) =>
    element("div", [element("dt", name), element("dd", value)]));
  return element("dl", shown, "figures");
}

// Which file, what was stated, and when: what a printed report must carry.
function facts({ name, stated, at }, speech) {
  const said = Object.entries(stated).map(([key, value]) => saidOf(key, value, speech));
  const moment = at.toLocaleString(speech.language, { dateStyle: "long", timeStyle: "short" });
  const rows = [
    [speech.say("file"), name],
    [speech.say("said"), said.join(" · ") || speech.say("not_said")],
    [speech.say("answered_at"), moment],
  ];
  return element(
    "dl",
    rows.flatMap(([key, value]) => [element("dt", key), element("dd", value)]),
    "facts answered",
  );
}

function saidOf(key, value, speech) {
  if (key === "age_years") return `${speech.say("age")}: ${value}`;
  if (key === "adult") return speech.say(value ? "adult_yes" : "adult_no");
  if (key === "sex") return speech.say(value === "F" ? "sex_f" : "sex_m");
  return `${speech.say("projection")}: ${value}`;
}

function element(name, held, kind = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...(Array.isArray(held) ? held : [held]));
  return made;
}
