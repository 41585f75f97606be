// The bundle's network.

import { Session } from "./onnx.mjs";

const OUTPUTS = { logits: 2, features: 2, activation: 4 };

/** The network that answers. */
export class Network {
  static async open(files, facts) {
    const { network, preprocessing } = facts.bundle.spec;
    const { size } = preprocessing;
    return new Network(await Session.open(files[network.file], [3, size, size], OUTPUTS), facts);
  }

  constructor(session, facts) {
    this.session = session;
    this.categories = facts.bundle.spec.classes.length;
  }

  /**
   * Run a prepared film.
   *
   * @param {Float32Array} film 3 x size x size
   * @returns {Promise<{logits, features, activation, rows, columns}>}
   */
  async run(film) {
    const { logits, features, activation } = await this.session.run(film, Object.keys(OUTPUTS));
    const [, maps, rows, columns] = activation.dims;
    if (logits.values.length !== this.categories || maps !== this.categories) {
      throw new Error("the network does not answer for the four categories");
    }
    return {
      logits: logits.values,
      features: features.values,
      activation: activation.values,
      rows,
      columns,
    };
  }
}
