// Forms that lose nothing: sent by script, so that an ended session or a lost network leaves the
// page, with all that was typed, as it is. Without this script they are sent as any form is.

import { bring, parse, renew, show, wordsOf } from "./sent_form.js";

const place = (form) => form.querySelector("[data-kept-failure]");

function start(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("button.primary");
    if (button.disabled) return; // a second click
    button.disabled = true;
    send(form).finally(() => {
      button.disabled = false;
    });
  });
}

async function send(form, renewed = false) {
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "x-requested-with": "fetch" },
    });
    const body = await answer.text();
    if (answer.status === 201) return window.location.assign(JSON.parse(body).location);
    const again = parse(body).querySelector("form[data-kept]");
    if (again) return replace(form, again);
    if (answer.status === 403 && !renewed && (await renew(form, "/account"))) return send(form, true);
    const words = wordsOf(body, form.dataset.textUnreachable);
    return show(place(form), words, answer.status === 401 ? form.dataset.textSignIn : "");
  } catch {
    return show(place(form), form.dataset.textUnreachable);
  }
}

function replace(form, again) {
  const section = again.closest("section");
  form.closest("section").replaceWith(section);
  start(again);
  bring(section.querySelector("[role=alert]"));
}

document.querySelectorAll("form[data-kept]").forEach(start);
