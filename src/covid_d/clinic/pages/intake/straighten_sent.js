// A photograph sent ahead is straightened by the server, which examines the film that comes of it.

import { straightenPhotograph } from "./straighten.js";
import { wordsOf } from "./sent_form.js";

/** Open the dialogue; `done` is given the card of the film. */
export function straightenSent(dialog, token, { csrf, done }) {
  const place = `/films/staged/${token}`;
  const lost = dialog.closest("form").dataset.textUnreachable;

  async function asked(name, options, isAnswer) {
    let answer, body;
    try {
      answer = await fetch(`${place}/${name}`, options);
      body = await answer.text();
    } catch {
      throw new Error(lost);
    }
    if (!isAnswer(answer)) throw new Error(wordsOf(body, lost));
    return body;
  }

  async function propose() {
    return JSON.parse(await asked("corners", {}, ({ ok, redirected }) => ok && !redirected));
  }

  function straighten(corners) {
    const headers = {
      "content-type": "application/json",
      "x-csrf-token": csrf(),
      "x-requested-with": "fetch",
    };
    const options = { method: "POST", body: JSON.stringify({ corners }), headers };
    return asked("straightened", options, ({ status }) => status === 201);
  }

  straightenPhotograph(dialog, { picture: `${place}/photograph`, propose, straighten, done });
}
