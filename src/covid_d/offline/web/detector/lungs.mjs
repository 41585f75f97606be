// Where the lungs are: the bundle's lung segmentation model.

import { standardise } from "../radiograph/prepare.mjs";
import { findLungs } from "./lung_field.mjs";
import { Session } from "./onnx.mjs";

/** The lung model, ready to run. */
export class LungModel {
  static async open(files, facts) {
    const spec = facts.bundle.spec.lungs;
    const { size, fit, crop_border: border } = spec.preprocessing;
    if (fit !== "squash" || border) throw new Error("the lung model must see the whole film");
    return new LungModel(await Session.open(files[spec.file], [1, size, size], { lungs: 3 }), facts);
  }

  constructor(session, facts) {
    this.session = session;
    this.spec = facts.bundle.spec.lungs;
    this.limits = facts.limits.lung_field;
    this.stride = facts.limits.lungs.STRIDE;
  }

  /**
   * Return where the lungs are, and the box around both or why there is none.
   *
   * @returns {Promise<{film: Float32Array, mask: Uint8Array, side: number, window?: object,
   *   code?: string}>} the film as the model saw it, in [0, 1], and the mask over it
   */
  async find(film) {
    return this.findIn(standardise(film, this.spec.preprocessing));
  }

  /** The same for a film that was standardised: uint8, side x side. */
  async findIn(grey) {
    const side = this.spec.preprocessing.size;
    const film = Float32Array.from(grey, (level) => level / 255);
    const { lungs } = await this.session.run(film, ["lungs"]);
    const threshold = Math.fround(this.spec.threshold);
    const mask = Uint8Array.from(lungs.values, (share) => +(share >= threshold));
    const [thin, height, width] = thinned(mask, side, this.stride);
    return { film, mask, side, ...findLungs(thin, height, width, this.limits) };
  }
}

// Every so many cells of a map: whether there are two lungs needs few.
function thinned(mask, side, stride) {
  const cells = Math.ceil(side / stride);
  const thin = new Uint8Array(cells * cells);
  for (let y = 0; y < cells; y++) {
    for (let x = 0; x < cells; x++) thin[y * cells + x] = mask[y * stride * side + x * stride];
  }
  return [thin, cells, cells];
}
