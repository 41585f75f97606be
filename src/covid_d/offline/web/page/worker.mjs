// Everything around the network runs here, beside the page: one film at a time.

import { detector } from "../assess.mjs";
import { evidenceLayer } from "../detector/explain.mjs";
import { refusalOf } from "../detector/refusals.mjs";
import { photographOf } from "../radiograph/readers/picture.mjs";
import { Refusal } from "../radiograph/refusal.mjs";
import { proposedCorners, straighten, within } from "../radiograph/straighten.mjs";

const BITS = 12; // of the film as it is shown
const LAYER = 512; // pixels of the longer side of the evidence's layer
const LARGE = 1600; // pixels of the photograph on which corners are placed

// The last film: judged anew when something else is stated of it.
let last = null;
// The photograph that corners are placed on.
let photograph = null;

self.addEventListener("message", async ({ data: { id, what, ...asked } }) => {
  try {
    const [answer, handed] = await ACTIONS[what](asked);
    self.postMessage({ id, ...answer }, handed);
  } catch (error) {
    self.postMessage({ id, fault: `${error?.name ?? "Error"}: ${error?.message ?? error}` });
  }
});

const ACTIONS = {
  async open() {
    await detector();
    return [{}, []];
  },

  async assess({ bytes, name, stated, prevalence }) {
    last = null;
    const held = await detector();
    const found = await held.assessKeepingFilm(new Uint8Array(bytes), { name, stated });
    last = found.examination;
    const answers = judged(held, stated, prevalence);
    const film = found.film && shown(found.film);
    const evidence = film && layerOf(answers[0], film, held.facts);
    const handed = [film?.values.buffer, evidence?.layer.buffer].filter(Boolean);
    return [{ answers, film, evidence }, handed];
  },

  async photograph({ bytes }) {
    photograph = null;
    const { facts } = await detector();
    try {
      photograph = await photographOf(new Uint8Array(bytes), facts.radiograph);
    } catch (error) {
      // As a film's: what a decoder did not expect is damage.
      const { code, values } = error instanceof Refusal ? error : new Refusal("truncated");
      return [{ refusal: refusalOf(code, values.detail, facts) }, []];
    }
    const picture = coloured(within(photograph, LARGE));
    const corners = proposedCorners(photograph, facts.radiograph);
    return [{ picture, corners }, [picture.values.buffer]];
  },

  async straighten({ corners }) {
    const { facts } = await detector();
    const png = await straighten(photograph, corners, facts.radiograph);
    return [{ png }, [png.buffer]];
  },

  async judge({ stated, prevalence }) {
    return [{ answers: judged(await detector(), stated, prevalence) }, []];
  },
};

// At no prevalence one answer, else one at each of its ends.
function judged(held, stated, prevalence) {
  if (last === null) throw new Error("no film was examined");
  return (prevalence ?? [null]).map((share) => held.judge(last, stated, share, true));
}

function shown({ pixels, width, height, facts }) {
  const white = 2 ** BITS - 1;
  const values = Uint16Array.from(pixels, (grey) => Math.round(grey * white));
  const [rows, columns] = facts.spacing_mm ?? [];
  return { values, width, height, bits: BITS, mm: rows === columns ? (rows ?? 0) : 0 };
}

// As a canvas takes it: red, green, blue and no transparency.
function coloured({ channels, width, height }) {
  const values = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let part = 0; part < 3; part++) {
    const channel = channels[part] ?? channels[0];
    for (let at = 0; at < channel.length; at++) values[4 * at + part] = channel[at];
  }
  return { values, width, height };
}

function layerOf({ activation, box }, { width, height }, facts) {
  if (!activation) return null;
  const scale = LAYER / Math.max(width, height);
  const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(side * scale)));
  const layer = evidenceLayer(activation, box, rows, columns, facts);
  return { layer, width: columns, height: rows };
}
