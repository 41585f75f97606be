// The clinic's viewer over a film that was read on this device.

import { Film } from "../clinic/film.js";
import { Viewer } from "../clinic/viewer.js";
import { Tools } from "../clinic/viewer_tools.js";

let tools = null;

/**
 * Show a film in a card.
 *
 * @param {HTMLElement} card
 * @param {{values: Uint16Array, width, height, bits, mm}} film
 * @param {{layer: Uint8ClampedArray, width, height}|null} evidence
 * @param {string} weighed what the evidence weighs for, in words
 */
export async function showFilm(card, film, evidence, weighed, speech) {
  if (tools === null) {
    card.append(document.getElementById("viewer").content.cloneNode(true));
    tools = new Tools(card.querySelector(".viewer"));
  }
  const { root } = tools;
  speakViewer(root, speech);
  const stages = root.querySelector(".viewer-stages");
  stages.replaceChildren(document.getElementById("viewer-stage").content.cloneNode(true));
  const stage = stages.querySelector("[data-film]");
  stage.querySelector("[data-stage]").setAttribute("aria-label", speech.say("film"));
  for (const part of root.querySelectorAll("[data-of-evidence]")) part.hidden = evidence === null;
  root.querySelector("[data-weight]").textContent = speech.say("weight", { what: weighed });
  root.querySelector("[data-message]").hidden = true;
  const picture = evidence && (await pictureOf(evidence));
  await tools.start((_, options) => {
    const viewer = new Viewer(stage, new Film(film.values, film), options);
    viewer.evidence = picture;
    return viewer;
  });
}

/** Say the viewer's words in the reader's language. */
export function speakViewer(root, speech) {
  speech.speak(root);
  const words = speech.facts.page;
  // Their fields are the viewer's own to fill.
  root.dataset.textStatus = speech.in(words.viewer_status);
  root.dataset.textLength = speech.in(words.viewer_length);
  root.dataset.textFailed = speech.say("viewer_failed");
  root.dataset.textEnded = "";
}

function pictureOf({ layer, width, height }) {
  return createImageBitmap(new ImageData(layer, width, height));
}
