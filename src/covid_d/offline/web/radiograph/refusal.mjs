// Why a film gets no answer: Python's code, and what its sentence quotes. Sentences are generated.

/** A film that must not be answered. `code` is one of Python's `RefusalCode`. */
export class Refusal extends Error {
  constructor(code, detail = "") {
    super(detail === "" ? code : `${code}: ${detail}`);
    this.name = "Refusal";
    this.code = code;
    this.values = { detail: String(detail) };
  }
}

/** What is read by Python, but not on this page: refused, with the way to where it is read. */
export function notReadHere(what) {
  return new Refusal("not_read_here", what);
}
