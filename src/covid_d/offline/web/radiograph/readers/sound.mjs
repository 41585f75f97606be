// Whether a coded picture is whole, where its decoder would not tell.
import { Refusal } from "../refusal.mjs";
import { allSegments } from "./codestream.mjs";

/**
 * Throw where scans of a progressive JPEG are missing, though the rest of it is whole: no decoder
 * warns of that. Its first component, the grey, must have all bits of all its coefficients. In other
 * frames each component has one scan; decoders go through as many as there are.
 *
 * @throws {Refusal} With far more scans than any program writes, each some bytes for all blocks.
 */
export function requireAllScans(stream, { sound: rules, codestream }) {
  let [first, scans, components] = [-1, 0, 0];
  const left = new Uint8Array(rules.COEFFICIENTS).fill(rules.NOT_SENT);
  for (const [marker, at] of allSegments(stream, codestream)) {
    if (rules.PROGRESSIVE.includes(marker) && first < 0) first = stream[at + 6];
    else if (rules.FRAMES.includes(marker) && stream[at + 5] === 1) return; // one scan alone
    else if (rules.FRAMES.includes(marker) && first < 0) components = stream[at + 5];
    else if (marker === rules.SCAN) {
      scans += 1;
      if (components && scans > components) throw new Error(`a JPEG of ${components} components`);
      const most = rules.MOST_SCANS;
      if (scans > most) throw new Refusal("too_large", `> ${most} JPEG scans`);
      if (first >= 0) noteScan(stream, at, first, left);
    }
  }
  if (first >= 0 && left.some((bits) => bits)) throw new Error("a progressive JPEG lacks scans");
}

function noteScan(stream, at, first, left) {
  const behind = at + 1 + 2 * stream[at];
  if (stream.length <= behind + 2) return;
  const [start, stop, bits] = stream.subarray(behind, behind + 3);
  let named = false;
  for (let part = at + 1; part < behind; part += 2) named ||= stream[part] === first;
  if (named && start <= stop && stop < left.length) left.fill(bits & 0x0f, start, stop + 1);
}
