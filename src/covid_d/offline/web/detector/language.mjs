// Sentences of facts.json in both languages, `{es, en}`, and how their fields are filled.

/** What a sentence's fields cannot be filled with is a fault of ours, never an answer. */
export class MissingWords extends Error {}

/**
 * Fill the fields of a sentence in both languages: `{name}`, or `{name.es}` and `{name.en}`.
 *
 * @param {{es: string, en: string}} message
 * @param {Object<string, string|number|{es: string, en: string}>} values
 */
export function fill(message, values = {}) {
  return { es: filled(message.es, values), en: filled(message.en, values) };
}

function filled(text, values) {
  return text.replace(/\{(\w+)(?:\.(es|en))?\}/g, (field, name, language) => {
    let value = values[name];
    if (language !== undefined) value = value?.[language];
    if (value === undefined || value === null || typeof value === "object") {
      throw new MissingWords(`nothing to put for ${field} in "${text}"`);
    }
    return String(value);
  });
}

/** An age in whole years, in words. */
export function years(number, facts) {
  return number === 1 ? { ...facts.years.one } : fill(facts.years.many, { n: number });
}

/** A number written with a decimal point as a language writes it: Spanish, a comma. */
export function localised(number, language) {
  return language === "es" ? number.replaceAll(".", ",") : number;
}
