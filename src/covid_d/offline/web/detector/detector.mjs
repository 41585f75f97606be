// The detector: one film in, one assessment out.

import { checkPrevalence } from "./calibrate.mjs";
import { CannotAnswer, loadBundle } from "./bundle.mjs";
import { Examiner } from "./examine.mjs";
import { judge } from "./judge.mjs";
import { LikelihoodTable } from "./likelihood.mjs";
import { useRuntime } from "./onnx.mjs";
import { statedOf } from "./stated.mjs";

const FORMAT = 1;
const RUNTIME = "vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm";

/** Answers films with the bundle that the page was built with, one film at a time. */
export class Detector {
  /**
   * Fetch and check all that is needed.
   *
   * @param {(path: string) => Promise<Uint8Array>} load a file of the page by its path
   * @throws {CannotAnswer} if anything is missing or is not what was built
   */
  static async open(load) {
    const facts = JSON.parse(new TextDecoder().decode(await load("facts.json")));
    if (facts.format !== FORMAT) throw new CannotAnswer(`facts of format ${facts.format}`);
    const files = await loadBundle(load, facts);
    useRuntime(await load(RUNTIME));
    return new Detector(await Examiner.open(files, facts), facts);
  }

  constructor(examiner, facts) {
    this.examiner = examiner;
    this.facts = facts;
    this.ratios = new LikelihoodTable(facts);
    this.last = Promise.resolve();
  }

  /**
   * Say what the bundle makes of one film; films wait for each other.
   *
   * @param {Uint8Array} bytes
   * @param {{name?: string, stated?: object, prevalence?: number, activation?: boolean}} asked
   * @returns {Promise<object>} as Python's `Assessment.to_dict`
   * @throws {RangeError} if `prevalence` does not lie in (0, 1) or `stated` says what nobody can
   */
  async assess(bytes, asked = {}) {
    return (await this.assessKeepingFilm(bytes, asked)).assessment;
  }

  /** What `assess` does, with the film itself, where it could be read, and its examination. */
  async assessKeepingFilm(bytes, { name = "", stated = {}, prevalence = null, activation = false }) {
    const said = statedOf(stated, this.facts);
    if (prevalence !== null) checkPrevalence(prevalence); // before any work is done
    const before = this.last;
    const work = (async () => {
      await before;
      return this.examiner.examine(bytes, name);
    })();
    this.last = work.catch(() => undefined);
    const { examination, film } = await work;
    return { examination, film, assessment: this.judge(examination, said, prevalence, activation) };
  }

  /** Judge what was examined before, with something else stated of it, or at another prevalence. */
  judge(examination, stated, prevalence, activation = false) {
    const said = statedOf(stated, this.facts);
    return judge(examination, said, prevalence, this.ratios, this.facts, activation);
  }
}
