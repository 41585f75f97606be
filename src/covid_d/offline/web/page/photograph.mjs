// A photograph that the reader chose, straightened on this device before it is assessed.

import { straightenPhotograph } from "../clinic/straighten.js";

const PICTURE = /\.(?:jpe?g|png)$/i;
const WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]];
// Sentences that the dialogue says by itself.
const TEXTS = {
  textFound: "corners_found",
  textNotFound: "corners_not_found",
  textCrossed: "corners_crossed",
  textWorking: "straightening",
};

/** Whether a file may be a photograph, by its name or kind. */
export function mayBePhotograph(file) {
  return PICTURE.test(file.name) || ["image/jpeg", "image/png"].includes(file.type);
}

/** What a film made of a photograph is called. */
export function nameOf(name) {
  return `${name.replace(/\.[^.]*$/, "")}.straightened.png`;
}

/** Put the dialogue's own sentences into it. */
export function speakDialogue(dialog, speech) {
  for (const [key, name] of Object.entries(TEXTS)) dialog.dataset[key] = speech.say(name);
}

/**
 * Open the dialogue over a photograph.
 *
 * @param {File} file
 * @param {{dialog: HTMLDialogElement, answering, speech}} page `answering` asks the worker
 * @param {(film: File) => void} done is given the film that came of it
 * @throws {Error} with what is to be said, where the file cannot be straightened
 */
export async function straightenFile(file, { dialog, answering, speech }, done) {
  const bytes = await file.arrayBuffer();
  const { refusal, picture, corners } = await answering.ask("photograph", { bytes }, [bytes]);
  if (refusal) throw new Error(`${speech.in(refusal.message)} ${speech.in(refusal.next_step)}`);
  const address = URL.createObjectURL(await pictureOf(picture));
  dialog.addEventListener("close", () => URL.revokeObjectURL(address), { once: true });
  straightenPhotograph(dialog, {
    picture: address,
    propose: async () => ({ corners: corners ?? WHOLE, found: corners !== null }),
    straighten: async (placed) => (await answering.ask("straighten", { corners: placed })).png,
    done: (png) => done(new File([png], nameOf(file.name), { type: "image/png" })),
  });
}

function pictureOf({ values, width, height }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(values, width, height), 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve));
}
