// What a person says of a film and its patient, beside what the file says.

const NOTHING = { projection: null, age_years: null, adult: null, sex: null };

/**
 * Return what is stated with `null` for what is not; throw for what nobody can state.
 *
 * @param {{projection?: string, age_years?: number, adult?: boolean, sex?: string}} said
 */
export function statedOf(said, facts) {
  const unknown = Object.keys(said ?? {}).filter((name) => !(name in NOTHING));
  if (unknown.length) throw new RangeError(`nothing is stated by ${unknown.join(", ")}`);
  const stated = { ...NOTHING, ...said };
  for (const name of Object.keys(NOTHING)) stated[name] ??= null;
  oneOf(stated.projection, facts.projections, "projection");
  oneOf(stated.sex, facts.recorded_sexes, "sex");
  oneOf(stated.adult, [true, false], "adult");
  const age = stated.age_years;
  if (age !== null && !(typeof age === "number" && age >= 0 && age < 200)) {
    throw new RangeError(`an age must be 0 or more years, got ${age}`);
  }
  return stated;
}

function oneOf(value, known, name) {
  if (value !== null && !known.includes(value)) {
    throw new RangeError(`${name} must be one of ${known.join(", ")}, got ${value}`);
  }
}
