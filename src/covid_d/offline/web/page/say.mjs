// Sentences of facts.json on the page, in the language that the reader chose.

import { fill } from "../detector/language.mjs";

/** What the page says, in one language at a time. */
export class Speech {
  constructor(facts, language) {
    this.facts = facts;
    this.language = language;
  }

  /** A sentence of the page's own by its name, its fields filled. */
  say(name, values = {}) {
    const message = this.facts.page[name];
    if (message === undefined) throw new Error(`the page has no sentence ${name}`);
    return this.in(fill(message, values));
  }

  /** A sentence of both languages in this one. */
  in(message) {
    return message[this.language];
  }

  /** Put every sentence that an element names into it, in this language. */
  speak(root) {
    for (const element of within(root, "[data-say]")) {
      element.textContent = this.say(element.dataset.say);
    }
    for (const element of within(root, "[data-label]")) {
      element.setAttribute("aria-label", this.say(element.dataset.label));
    }
  }
}

/** The language to begin with: Spanish, unless the address or the browser says English. */
export function firstLanguage(search, preferred) {
  const asked = new URLSearchParams(search).get("lang");
  if (asked === "es" || asked === "en") return asked;
  return preferred.toLowerCase().startsWith("en") ? "en" : "es";
}

function within(root, selector) {
  return [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
}
