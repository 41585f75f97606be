// The one place that opens ONNX networks: ONNX Runtime as WebAssembly, one thread.

import { env, InferenceSession, Tensor } from "../vendor/onnxruntime-web/ort.wasm.min.mjs";

env.wasm.numThreads = 1;
env.logLevel = "error";

/**
 * Give the runtime its WebAssembly, which was fetched and checked with everything else.
 *
 * @param {Uint8Array} content
 */
export function useRuntime(content) {
  env.wasm.wasmBinary = content;
}

/** A network that is ready to run. */
export class Session {
  /**
   * Open a network, and hold it to its contract.
   *
   * @param {Uint8Array} model
   * @param {number[]} film the input's shape, without its first side
   * @param {Object<string, number>} outputs their names and dimensions
   */
  static async open(model, film, outputs) {
    const session = await InferenceSession.create(model, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
    });
    const [input] = session.inputMetadata;
    const takes = session.inputNames.join() === "film" && input.type === "float32";
    if (!takes || !fits(input.shape.slice(1), film)) {
      throw new Error(`a network that takes ${session.inputNames} ${input?.shape}`);
    }
    for (const [name, dimensions] of Object.entries(outputs)) {
      const found = session.outputMetadata.find((output) => output.name === name);
      if (found?.shape?.length !== dimensions) throw new Error(`a network without ${name}`);
    }
    return new Session(session, film);
  }

  constructor(session, film) {
    this.session = session;
    this.film = film;
  }

  /**
   * Run one film.
   *
   * @param {Float32Array} film
   * @param {string[]} outputs
   * @returns {Promise<Object<string, {values: Float32Array, dims: number[]}>>} copies
   */
  async run(film, outputs) {
    const tensor = new Tensor("float32", film, [1, ...this.film]);
    const found = await this.session.run({ film: tensor }, outputs);
    return Object.fromEntries(
      outputs.map((name) => {
        const values = Float32Array.from(found[name].data);
        const dims = [...found[name].dims];
        found[name].dispose();
        return [name, { values, dims }];
      }),
    );
  }
}

// Free sides are given by name; only fixed ones can contradict.
function fits(shape, expected) {
  return (
    shape.length === expected.length &&
    shape.every((side, at) => typeof side !== "number" || side === expected[at])
  );
}
