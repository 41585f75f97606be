// Body parts as stations name them: whether one may be the chest as a chest film shows it.
import { pattern, spaced, spread } from "./words.mjs";

/** Return whether words may mean the chest; words that state nothing may. */
export function mayBeChest(words, tables) {
  const rules = tables.body_parts;
  const plain = plainOf(words, tables);
  const joined = plain.replaceAll(" ", "");
  if (rules.UNSTATED.includes(joined)) return true;
  const parts = plain.split(" ");
  let chest = rules.CHEST.some((stem) => joined.includes(stem));
  chest ||= parts.some((part) => rules.SHORT.includes(part));
  chest ||= pattern(rules.LOST).test(words.toUpperCase());
  let bones = rules.SPINE.some((stem) => joined.includes(stem));
  bones ||= rules.BONES.some((stem) => parts.some((part) => part.startsWith(stem)));
  return chest && !bones;
}

function plainOf(words, tables) {
  const letters = Array.from(spread(mended(words), tables));
  return spaced(letters.map((letter) => (/[A-Za-z]/.test(letter) ? letter : " ")).join(""));
}

/** UTF-8 that was read as Latin-1, read anew. */
function mended(words) {
  const codes = Array.from(words, (letter) => letter.codePointAt(0));
  if (codes.every((code) => code < 0x80) || codes.some((code) => code > 0xff)) return words;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(Uint8Array.from(codes));
  } catch {
    return words;
  }
}
