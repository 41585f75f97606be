// Whether a coded picture is whole, where its decoder would not tell.

/**
 * Throw where scans of a progressive JPEG are missing, though the rest of it is whole: no decoder
 * warns of that. Its first component, the grey, must have all bits of all its coefficients.
 */
export function requireAllScans(stream, { sound: rules }) {
  let first = -1;
  const left = new Uint8Array(rules.COEFFICIENTS).fill(rules.NOT_SENT);
  for (let at = 0; at + 1 < stream.length; at += 1) {
    if (stream[at] !== 0xff) continue;
    const marker = stream[at + 1];
    if (!((marker >= 0x01 && marker <= 0xcf) || (marker >= 0xd8 && marker <= 0xfe))) continue;
    const isFrame = rules.FRAMES.includes(marker);
    if (isFrame && !rules.PROGRESSIVE.includes(marker)) return;
    if (isFrame && first < 0) first = stream[at + 10];
    else if (marker === rules.SCAN && first >= 0) noteScan(stream, at, first, left);
    at += 1;
  }
  if (first >= 0 && left.some((bits) => bits)) throw new Error("a progressive JPEG lacks scans");
}

function noteScan(stream, at, first, left) {
  const count = stream[at + 4];
  const behind = at + 5 + 2 * count;
  if (stream.length <= behind + 2) return;
  const [start, stop, bits] = stream.subarray(behind, behind + 3);
  let named = false;
  for (let part = at + 5; part < behind; part += 2) named ||= stream[part] === first;
  if (named && start <= stop && stop < left.length) left.fill(bits & 0x0f, start, stop + 1);
}
