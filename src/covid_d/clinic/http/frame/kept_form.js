// Forms that lose nothing: sent by script, so that an ended session or a lost network leaves the
// page, with all that was typed, as it is. Without this script they are sent as any form is.

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

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
    if (answer.status === 403 && !renewed && (await renew(form))) return send(form, true);
    return show(form, wordsOf(form, body), answer.status === 401);
  } catch {
    return show(form, form.dataset.textUnreachable);
  }
}

// Whoever signed in again in another tab has a new form token; this page takes it over.
async function renew(form) {
  const page = parse(await (await fetch("/account")).text());
  const fresh = page.querySelector("[name=csrf_token]")?.value;
  const token = form.elements.csrf_token;
  if (!fresh || fresh === token.value) return false;
  token.value = fresh;
  return true;
}

function replace(form, again) {
  const section = again.closest("section");
  form.closest("section").replaceWith(section);
  start(again);
  const words = section.querySelector("[role=alert]");
  words?.focus();
  words?.scrollIntoView({ block: "center" });
}

function show(form, words, signInAgain = false) {
  const box = document.createElement("div");
  box.className = "notice danger";
  box.setAttribute("role", "alert");
  box.tabIndex = -1;
  box.textContent = `${words} `;
  if (signInAgain) {
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.target = "_blank";
    link.textContent = form.dataset.textSignIn;
    box.append(link);
  }
  form.querySelector("[data-kept-failure]").replaceChildren(box);
  box.focus();
}

// The clinic's one error shape, in the reader's language.
function wordsOf(form, body) {
  const language = document.documentElement.lang;
  try {
    const { message, next_step: step } = JSON.parse(body).error;
    return [message, step].filter(Boolean).map((text) => text[language]).join(" ");
  } catch {
    return form.dataset.textUnreachable;
  }
}

document.querySelectorAll("form[data-kept]").forEach(start);
