// A film examined: read once, framed once, run once. What it means is said by the judge.

import { check } from "../radiograph/check.mjs";
import { read } from "../radiograph/read.mjs";
import { Refusal } from "../radiograph/refusal.mjs";
import { resize } from "../radiograph/resize.mjs";
import { drawnOver } from "../radiograph/strokes.mjs";
import { allFinite } from "./arrays.mjs";
import { cut, frame, isCovered, isMirrored, lungsOn, whole } from "./frame.mjs";
import { Gate } from "./gate.mjs";
import { LungModel } from "./lungs.mjs";
import { Network } from "./network.mjs";
import { isVague, mostTelling } from "./reasons.mjs";

/** Runs films through one bundle. */
export class Examiner {
  /** @param {Object<string, Uint8Array>} files the bundle's, checked */
  static async open(files, facts) {
    const gate = new Gate(files, facts);
    const lungs = await LungModel.open(files, facts);
    return new Examiner(await Network.open(files, facts), lungs, gate, facts);
  }

  constructor(network, lungs, gate, facts) {
    Object.assign(this, { network, lungs, gate, facts });
  }

  /**
   * Return what is found in a film. Nothing about the film throws: what cannot be examined is
   * refused, with its reason.
   *
   * @param {Uint8Array} bytes
   * @returns {Promise<{examination: object, film: object|null}>}
   */
  async examine(bytes, name) {
    let film = null;
    let refused = null;
    let found = {};
    try {
      film = await read(bytes, name, this.facts);
      ({ refused, found } = await this.judged(film));
    } catch (error) {
      // Fail closed: whatever went wrong, this film gets no number.
      if (!(error instanceof Refusal)) console.error(error);
      refused = refusalIn(error);
      found = {};
    }
    const examination = {
      name,
      facts: film?.facts ?? null,
      width: film?.width ?? null,
      height: film?.height ?? null,
      logits: [],
      inside: null,
      activation: null,
      box: null,
      refused,
      ...found,
    };
    if (Boolean(examination.logits.length) === (refused !== null)) {
      throw new Error("an examination holds either logits or a refusal");
    }
    return { examination, film };
  }

  async judged(film) {
    let refused = check(film, this.facts) ?? null;
    let found = {};
    if (refused === null) {
      try {
        found = await this.run(film);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refused = error;
      }
    }
    return { refused: await this.mostTelling(film, refused), found };
  }

  // Why a film is refused, in the words that help most; costs refused films alone.
  async mostTelling(film, refused) {
    if (refused === null || !isVague(refused.code, this.facts)) return refused;
    const seen = await whole(film, this.lungs, this.facts);
    const { features } = await this.network.run(seen.prepared);
    const kind = this.gate.name(seen.whole, features);
    const better = mostTelling(refused.code, [kind, seen.code], this.facts);
    return better === null ? refused : new Refusal(better);
  }

  async run(film) {
    const framed = await frame(film, this.lungs, this.facts);
    if (framed.code !== undefined) throw new Refusal(framed.code);
    const values = await this.network.run(framed.prepared);
    const { logits, features, activation, rows, columns } = values;
    if (![logits, features, activation].every(allFinite)) throw new Refusal("no_number");
    const refused = this.gate.refuse(framed.whole, features);
    if (refused !== null) throw new Refusal(refused);
    if (isMirrored(framed, this.facts)) throw new Refusal("unlike_chest_film");
    const { pixels, height, width } = cut(film, framed.box);
    if (drawnOver(pixels, height, width, framed.lungs, this.facts) || isCovered(framed, this.facts)) {
      throw new Refusal("annotated");
    }
    return {
      logits: Array.from(logits),
      ...placed(evidence(activation, logits.length), framed.lungs, rows, columns, this.facts),
      box: framed.box,
    };
  }
}

/** A refusal that was thrown, or the one for a fault of ours. */
export function refusalIn(error) {
  return error instanceof Refusal
    ? error
    : new Refusal("internal_error", error?.name ?? "Error");
}

/**
 * The evidence for each category, on the scale of the strongest evidence either way: what it gains
 * over their mean. In float32 throughout, as Python reckons it.
 */
export function evidence(activation, maps) {
  const cells = activation.length / maps;
  const signed = new Float32Array(activation.length);
  for (let cell = 0; cell < cells; cell++) {
    let sum = 0;
    for (let map = 0; map < maps; map++) sum = Math.fround(sum + activation[map * cells + cell]);
    const mean = Math.fround(sum / maps);
    for (let map = 0; map < maps; map++) {
      signed[map * cells + cell] = activation[map * cells + cell] - mean;
    }
  }
  return Array.from({ length: maps }, (_, map) => {
    const one = signed.subarray(map * cells, (map + 1) * cells);
    const strongest = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return one.map((value) => (strongest > 0 ? Math.max(value, 0) / strongest : 0));
  });
}

/** How much of the evidence lies inside the lungs, and what may be shown of it. */
export function placed(maps, mask, rows, columns, facts) {
  const lungs = lungsOn(mask, rows, columns);
  const within = maps.map((map) => map.map((value, cell) => value * lungs[cell]));
  const { CELLS: side, LUNG: least, TOUCHED: touched } = facts.limits.examine;
  const total = (map) => map.reduce((sum, value) => sum + value, 0);
  const reached = (map) => map.filter((_, cell) => lungs[cell] >= touched);
  const inside = maps.map((map) => (total(map) > 0 ? total(reached(map)) / total(map) : 1));
  // Maps that end where the lungs do, so that no colour lies beside them.
  const shown = lungsOn(mask, side, side);
  const activation = within.map((pixels) => {
    const fine = resize({ pixels, width: columns, height: rows }, [side, side]).pixels;
    const values = fine.map((value, cell) => (shown[cell] >= least ? value : 0));
    return { values, rows: side, columns: side };
  });
  return { inside, activation };
}
