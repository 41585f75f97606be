// Words in capitals without accents, and Python's patterns.

const patterns = new WeakMap();

/** A pattern of the tables as a regular expression; `whole` for one that must match all. */
export function pattern(told, whole = false, flags = "") {
  const kept = patterns.get(told) ?? {};
  const key = `${whole} ${flags}`;
  kept[key] ??= new RegExp(whole ? `^(?:${told.source})$` : told.source, told.flags + flags);
  patterns.set(told, kept);
  kept[key].lastIndex = 0;
  return kept[key];
}

/** Letters in capitals, accents apart and left out: Python's NFKD without what combines. */
export function spread(text, tables) {
  const combines = (letter) => {
    const code = letter.codePointAt(0);
    return tables.combining.some(([first, last]) => code >= first && code <= last);
  };
  return Array.from(text.toUpperCase().normalize("NFKD"))
    .filter((letter) => letter < "\u0300" || !combines(letter))
    .join("");
}

/** Single spaced. */
export function spaced(text) {
  return text.trim().split(/\s+/).join(" ");
}
