// Views as stations and people name them: words, and the codes of the standard.
import { spaced } from "./words.mjs";

/** Return the projection that a code of PS3.16 CID 4010 names, whatever its scheme; else null. */
export function viewOfCode(code, tables) {
  return tables.views.OF_CODE[code.trim().toUpperCase()] ?? null;
}

/** Return the projection that words name; null where they name none, or two frontal ones. */
export function viewOfWords(words, tables) {
  const letters = Array.from(words.toUpperCase().normalize("NFKD"))
    .filter((letter) => letter < "\u0080")
    .map((letter) => (/[A-Za-z]/.test(letter) ? letter : " "));
  const plain = spaced(letters.join(""));
  const found = tables.views.WORDS.filter(([, words_]) => new RegExp(words_, "u").test(plain)).map(
    ([view]) => view,
  );
  return combined(found[0] === "Other" || found[0] === "L" ? found.slice(0, 1) : found);
}

/** Return what several statements about one film come to. */
export function combined(views) {
  const stated = new Set(views.filter((view) => view !== null));
  for (const view of ["L", "Other"]) if (stated.has(view)) return view;
  if (stated.has("PA")) return stated.size === 1 ? "PA" : null;
  if (stated.has("AP Supine")) return "AP Supine";
  const [first] = stated;
  return first ?? null;
}
