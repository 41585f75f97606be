// The input gate: whether a picture is a frontal chest film, upright, not inverted, sharp, whole.

import { resize } from "../radiograph/resize.mjs";
import { allFinite, argmax } from "./arrays.mjs";
import { readNpz } from "./npz.mjs";

const FRONTAL = "frontal";
const ANNOTATED = "annotated";
const LEAST = 2.2250738585072014e-308; // the smallest normal float64

/** What the gate computes from a look: C numbers of one film. */
export class Heads {
  /** @param {Uint8Array} content an `.npz` file that Python's `Heads.to_bytes` wrote */
  constructor(content) {
    const { weights, bias, centre, scale, components } = readNpz(content);
    const [kinds, channels] = weights.shape;
    const agree =
      sameShape(bias, [kinds]) &&
      sameShape(centre, [channels]) &&
      sameShape(scale, [channels]) &&
      components.shape.length === 2 &&
      components.shape[1] === channels;
    if (!agree) throw new Error("the shapes of a gate's arrays do not agree");
    const arrays = [weights, bias, centre, scale, components];
    if (!arrays.every(({ values }) => allFinite(values))) {
      throw new Error("a gate holds a value that is not a number");
    }
    Object.assign(this, { kinds, channels, parts: components.shape[0] });
    this.weights = weights.values;
    this.bias = bias.values;
    this.centre = centre.values;
    this.scale = scale.values;
    this.components = components.values;
  }

  /** The probability of each kind, for one look. */
  probabilities(look) {
    const scores = Array.from(this.bias, (bias, kind) => dot(look, this.weights, kind) + bias);
    const highest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - highest));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  }

  /** The distance to the frontal films: per channel, about 1 among them. */
  distance(look) {
    const offset = Float64Array.from(look, (value, at) => (value - this.centre[at]) / this.scale[at]);
    const whole = offset.reduce((sum, value) => sum + value * value, 0);
    let along = 0;
    for (let part = 0; part < this.parts; part++) along += dot(offset, this.components, part) ** 2;
    return (whole - along) / this.channels;
  }
}

/** The gate, ready to judge. */
export class Gate {
  constructor(files, facts) {
    const spec = facts.bundle.spec.gate;
    this.heads = new Heads(files[spec.file]);
    this.reasons = spec.reasons === null ? null : new Heads(files[spec.reasons]);
    this.kinds = spec.kinds;
    this.spec = spec;
    this.codes = facts.kinds;
    for (const heads of [this.heads, this.reasons ?? this.heads]) {
      if (this.kinds[0] !== FRONTAL || this.kinds.length !== heads.kinds) {
        throw new Error("the gate's heads are not of its kinds");
      }
      if (heads.channels !== this.heads.channels) throw new Error("heads of two networks");
    }
    if (!this.kinds.every((kind) => kind in this.codes)) throw new Error("an unknown kind");
  }

  /**
   * Why a film must not be answered: a refusal's code, or `null`.
   *
   * @param {{pixels: Float32Array, side: number}} whole the film as the lung model saw it
   * @param {Float32Array} features the network's pooled features of it
   */
  refuse(whole, features) {
    const kind = this.judge(this.look(whole, features));
    return kind === null ? null : this.codes[kind];
  }

  /** What a film is that is refused anyway, as a code; `null` where nothing is wrong with it. */
  name(whole, features) {
    const seen = this.look(whole, features);
    const kind =
      this.reasons === null
        ? this.judge(seen)
        : this.kinds[argmax(this.reasons.probabilities(seen))];
    return kind === null || kind === FRONTAL ? null : this.codes[kind];
  }

  /** Which kind one look is refused as; `null` where it is let through. NaN refuses. */
  judge(look) {
    const shares = this.heads.probabilities(look);
    const near = this.heads.distance(look) <= this.spec.distance;
    const apart = this.spec.marks !== null;
    const [frontal, marked] = splitMarks(shares, this.kinds, apart);
    const clean = !apart || marked <= this.spec.marks;
    if (!(frontal >= this.spec.threshold)) {
      const others = [...shares];
      others[0] = -Infinity;
      if (clean && apart && this.kinds.includes(ANNOTATED)) {
        others[this.kinds.indexOf(ANNOTATED)] = -Infinity;
      }
      return this.kinds[argmax(others)];
    }
    if (!clean) return ANNOTATED;
    return near ? null : FRONTAL;
  }

  /** What a gate judges of one film: the features, then the mean grey of each cell. */
  look({ pixels, side }, features) {
    const grid = this.spec.grid;
    const whole = { pixels, width: side, height: side };
    const coarse = grid ? resize(whole, [grid, grid], { filter: "box" }).pixels : [];
    const seen = Float64Array.from([...features, ...coarse]);
    if (seen.length !== this.heads.channels) {
      throw new Error(`the gate judges ${this.heads.channels} numbers, not ${seen.length}`);
    }
    return seen;
  }
}

/** What two tests of a gate compare with their limits: frontal, and marked. */
export function splitMarks(shares, kinds, apart) {
  const frontal = shares[0];
  if (!apart || !kinds.includes(ANNOTATED)) return [frontal, 0];
  const annotated = shares[kinds.indexOf(ANNOTATED)];
  return [
    frontal / Math.max(1 - annotated, LEAST),
    annotated / Math.max(frontal + annotated, LEAST),
  ];
}

function dot(vector, rows, row) {
  let sum = 0;
  const start = row * vector.length;
  for (let at = 0; at < vector.length; at++) sum += vector[at] * rows[start + at];
  return sum;
}

function sameShape(array, shape) {
  return array.shape.length === shape.length && array.shape.every((side, at) => side === shape[at]);
}
