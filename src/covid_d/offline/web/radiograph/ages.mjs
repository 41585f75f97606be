// Ages and dates of birth as people write them. What is not understood throws a RangeError.
import { pattern, spaced, spread } from "./words.mjs";

/** Read an age: `{years, child}`, or null where the text states none. */
export function parseAge(text, tables) {
  const rules = tables.ages;
  let plain = plainOf(text, tables);
  if (rules.UNSTATED.includes(plain)) return null;
  if (Array.from(plain).length <= rules.LONGEST) {
    plain = plain.replace(pattern(rules.BEFORE, false, "g"), "");
    plain = plain.replace(pattern(rules.BEHIND, false, "g"), "");
    if (pattern(rules.CHILD, true).test(plain)) return { years: null, child: true };
    if (pattern(rules.ADULT, true).test(plain)) return { years: null, child: false };
    const [years, atMost] = yearsOf(plain, rules);
    if (years !== null && years >= 0 && years <= rules.OLDEST) {
      if (!atMost) return { years, child: years < rules.ADULT_YEARS };
      if (years <= rules.ADULT_YEARS) return { years: null, child: true };
    }
  }
  throw new RangeError("not an age");
}

/** The years, and whether they are but an upper bound. */
function yearsOf(plain, rules) {
  const below = plain.match(pattern(rules.BELOW, true));
  if (below) return [sumOf(below[1], rules), true];
  const above = plain.match(pattern(rules.ABOVE, true));
  if (above) return [sumOf(above[1] || above[2], rules), false];
  const between = plain.match(pattern(rules.BETWEEN, true));
  if (between) {
    const [low, high] = [1, 2].map((part) => sumOf(between[part] + between[3], rules));
    return [low !== null && high !== null && low <= high ? low : null, false];
  }
  return [sumOf(plain, rules), false];
}

/** The years of numbers with units, the largest unit first: `5Y 6M`. */
function sumOf(plain, rules) {
  const part = pattern(rules.PART, false, "y");
  const units = [];
  let total = 0;
  for (let at = 0; at < plain.length; ) {
    part.lastIndex = at;
    const found = part.exec(plain);
    if (found === null || (found[2] && !Object.hasOwn(rules.UNITS, found[2]))) return null;
    units.push(found[2] ? rules.UNITS[found[2]] : rules.YEAR);
    total += Number(found[1].replace(",", ".")) * units.at(-1);
    at = part.lastIndex;
  }
  const falling = units.every((unit, at) => at === 0 || units[at - 1] > unit);
  return units.length && falling ? total : null;
}

function plainOf(text, tables) {
  const letters = text.replace(pattern(tables.ages.LOST, false, "g"), "año$1");
  return spaced(spread(letters, tables));
}

/** Read a date: `[year, month, day]`, or null where none is stated or it stands for an unknown one. */
export function parseDate(text, tables) {
  const rules = tables.ages;
  const plain = plainOf(text, tables);
  if (rules.UNSTATED.includes(plain) || !plain.replace(/[0\-./ ]/g, "")) return null;
  const [whole, turned] = [plain.match(pattern(rules.DATE, true)), plain.match(pattern(rules.DAY_FIRST, true))];
  let stated = null;
  if (whole) {
    stated = latest(Number(whole[1]), Number(whole[3] ?? 0), Number(whole[4] ?? 0));
  } else if (turned) {
    const [first, second, year] = turned.slice(1, 4).map(Number);
    const possible = [
      dayOf(year, second, first),
      dayOf(year, first, second),
    ].filter(Boolean);
    stated = possible.sort(compared).at(-1) ?? null;
  }
  if (stated === null) throw new RangeError("not a date");
  return stated[0] > rules.PLACEHOLDER ? stated : null;
}

function latest(year, month, day) {
  if (month && day) return dayOf(year, month, day);
  if (!(year >= 1 && year <= 9998) || day || month > 12) return null;
  return month ? [year, month, lastOf(year, month)] : [year, 12, 31];
}

function lastOf(year, month) {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

function dayOf(year, month, day) {
  const known = year >= 1 && year <= 9999 && month >= 1 && month <= 12;
  return known && day >= 1 && day <= lastOf(year, month) ? [year, month, day] : null;
}

function compared(one, other) {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

/** The age in whole years on a day; both are `[year, month, day]`. */
export function ageOn(day, born) {
  const before = day[1] < born[1] || (day[1] === born[1] && day[2] < born[2]);
  return day[0] - born[0] - (before ? 1 : 0);
}

/** This day, by the device's clock. */
export function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()];
}
