// What the reader states of a film, from the form: whole, or with what is wrong at each field.

/**
 * Read the form.
 *
 * @param {{age: string, adult: string, sex: string, projection: string, low: string, high: string,
 *   file: File|null}} entered as typed
 * @param {{OLDEST: number}} limits of ages
 * @returns {{wrong: Object<string, string>, stated: object, prevalence: number[]|null}} `wrong` by
 *   field the name of the sentence; `prevalence` as shares, the lower and the upper end
 */
export function readForm(entered, limits) {
  const wrong = {};
  const age = entered.age.trim();
  if (age !== "" && !(/^\d+$/.test(age) && Number(age) <= limits.OLDEST)) wrong.age = "wrong_age";
  if (!entered.file) wrong.film = "wrong_film";
  const ends = [entered.low, entered.high].map((text) => text.trim().replace(",", "."));
  let prevalence = null;
  if (ends.some((text) => text !== "")) {
    // One number alone is both ends.
    const [low, high] = ends.map((text, at) => Number(text || ends[1 - at]) / 100);
    if (low > 0 && high < 1 && low <= high) prevalence = [low, high];
    else wrong.prevalence = "wrong_prevalence";
  }
  const stated = {};
  if (age !== "") stated.age_years = Number(age);
  if (entered.adult) stated.adult = entered.adult === "true";
  if (entered.sex) stated.sex = entered.sex;
  if (entered.projection) stated.projection = entered.projection;
  return { wrong, stated, prevalence };
}
