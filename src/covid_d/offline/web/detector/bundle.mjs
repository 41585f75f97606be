// The bundle's files: fetched, and checked before anything is answered.

/** The page cannot answer: its files are not what was built, or this browser lacks a part. */
export class CannotAnswer extends Error {}

/**
 * Return the bundle's files by name, each with the checksum that the bundle lists for it, the list
 * itself with the hash by which answers name the bundle.
 *
 * @param {(path: string) => Promise<Uint8Array>} load
 * @throws {CannotAnswer}
 */
export async function loadBundle(load, facts) {
  const { id, spec, sums } = facts.bundle;
  refuseUnfit(spec);
  const list = await load(`bundle/${sums}`);
  if ((await sha256(list)) !== id.sha256) throw new CannotAnswer("another bundle");
  const listed = sumsOf(new TextDecoder().decode(list));
  const files = {};
  for (const name of filesOf(spec)) {
    const content = await load(`bundle/${name}`);
    if (!(name in listed) || (await sha256(content)) !== listed[name]) {
      throw new CannotAnswer(`${name} fails its checksum`);
    }
    files[name] = content;
  }
  return files;
}

/** The SHA-256 of bytes, in hex digits. */
export async function sha256(bytes) {
  // Browsers have it where the page came by HTTPS or from the machine itself; Node 18 as a module.
  const subtle = globalThis.crypto?.subtle ?? (await nodeCrypto());
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function nodeCrypto() {
  if (!globalThis.process?.versions?.node) throw new CannotAnswer("not a secure context");
  return (await import("node:crypto")).webcrypto.subtle;
}

// Python builds no page for such a bundle; neither does the page answer by one.
function refuseUnfit(spec) {
  const fit =
    spec.verdict.status === "audit-passed" &&
    spec.calibration.temperature > 0 &&
    spec.preprocessing.frame === "lungs" &&
    spec.lungs !== null &&
    spec.gate !== null &&
    spec.conformal !== null;
  if (!fit) throw new CannotAnswer("this bundle may not answer offline");
}

function filesOf({ network, lungs, gate }) {
  const names = ["bundle.json", network.file, lungs.file, gate.file];
  return gate.reasons === null ? names : [...names, gate.reasons];
}

function sumsOf(text) {
  const pairs = text.trim().split("\n").map((line) => /^([0-9a-f]{64}) {2}(\S+)$/.exec(line));
  if (pairs.includes(null)) throw new CannotAnswer("a damaged list of checksums");
  return Object.fromEntries(pairs.map(([, digest, name]) => [name, digest]));
}
