// What forms sent by script share: reading the page or the refusal that came back, and saying what
// went wrong beside what was typed, which stays.

export const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/** The clinic's one error shape, in the page's language; else `otherwise`. */
export function wordsOf(body, otherwise) {
  const language = document.documentElement.lang;
  try {
    const { message, next_step: step } = JSON.parse(body).error;
    return [message, step].filter(Boolean).map((text) => text[language]).join(" ");
  } catch {
    return otherwise;
  }
}

/** Whoever signed in again in another tab has a new form token; this page takes it over. */
export async function renew(form, address) {
  const fresh = parse(await (await fetch(address)).text()).querySelector("[name=csrf_token]")?.value;
  const token = form.elements.csrf_token;
  if (!fresh || fresh === token.value) return false;
  token.value = fresh;
  return true;
}

/** Say in `place` what went wrong; with `signIn`, its words lead to the sign-in page. */
export function show(place, words, signIn = "") {
  const box = document.createElement("div");
  box.className = "notice danger";
  box.setAttribute("role", "alert");
  box.tabIndex = -1;
  box.textContent = `${words} `;
  if (signIn) {
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.target = "_blank";
    link.textContent = signIn;
    box.append(link);
  }
  place.replaceChildren(box);
  box.focus();
}

/** Bring an alert of a page that came back before the reader. */
export function bring(words) {
  words?.focus();
  words?.scrollIntoView({ block: "center" });
}
