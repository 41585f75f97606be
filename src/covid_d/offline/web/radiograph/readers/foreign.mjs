// Files that are no film: name what they are, and refuse.
import { Refusal } from "../refusal.mjs";
import { indexOf, latin1, startsWith } from "./bytes.mjs";

const hexOf = (text) => Array.from(text, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/** What no other reader knows is refused here. */
export function sniff() {
  return true;
}

/** Refuse the file, naming what it is where its first bytes tell. */
export function decode(bytes, tables) {
  const rules = tables.foreign;
  const head = bytes.subarray(0, rules.HEAD);
  if (isEncrypted(head, rules)) throw new Refusal("encrypted");
  for (const [mark, what] of rules.DOCUMENTS) {
    if (startsWith(head, mark)) throw new Refusal("document", what);
  }
  const words = latin1(head).replace(/^[\u00ef\u00bb\u00bf \t\r\n]+/, "").toLowerCase();
  if (/^(?:<!doctype|<html|<\?xml|<svg)/.test(words)) throw new Refusal("document", "HTML/XML/SVG");
  for (const [mark, what] of rules.OTHER_PICTURES) {
    if (startsWith(head, mark)) throw new Refusal("unsupported_encoding", what);
  }
  requireNoBrand(head, rules);
  if (rules.NIFTI.some((mark) => startsWith(head, mark, 344))) {
    throw new Refusal("unsupported_encoding", "NIfTI");
  }
  throw new Refusal("not_an_image");
}

function isEncrypted(head, rules) {
  const zip = startsWith(head, "504b0304") && head.length > 6 && head[6] & 1;
  const envelope = rules.CMS_ENVELOPE.match(/../g).map((byte) => parseInt(byte, 16));
  const cms = head[0] === 0x30 && indexOf(head.subarray(0, 64), envelope) >= 0;
  return zip || cms || rules.ENCRYPTED.some((mark) => startsWith(head, mark));
}

/** Refuse pictures of the ISO base media format: the major brand, a version, compatible ones. */
function requireNoBrand(head, rules) {
  if (!startsWith(head, hexOf("ftyp"), 4)) return;
  const brands = [];
  for (let at = 8; at < Math.min(head.length, 64); at += 4) {
    brands.push(hexOf(latin1(head.subarray(at, at + 4))));
  }
  if (brands.some((brand) => rules.AVIF.includes(brand))) {
    throw new Refusal("unsupported_encoding", "AVIF");
  }
  if (brands.some((brand) => rules.HEIF.includes(brand))) throw new Refusal("heic_photo");
}
