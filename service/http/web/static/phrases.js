// How each language says days, periods and comparisons.
import { marketClock } from "./periods.js";
import { language, say } from "./words.js";

/**
 * The numbers of a day, by the names that the messages have for them.
 * @param {string} text
 */
function partsOf(text) {
  const [year, month, day] = text.split("-").map(Number);
  return { year, month, day };
}

/**
 * A day as a bulletin writes it: 2024年6月30日, 30 June 2024, 2024.06.30.
 * @param {string} text
 */
export const dayWords = (text) => say("phrase.day", partsOf(text));

/**
 * The time of day in Shanghai, as the market's clocks show it.
 * @param {Date} instant
 */
export function clockWords(instant) {
  return marketClock(instant.getTime()).slice(11);
}

/**
 * A day beside another one: without the year, or the year and the month, that both have.
 * @param {string} text
 * @param {string} other
 */
function dayBeside(text, other) {
  if (text.slice(0, 4) !== other.slice(0, 4)) return dayWords(text);
  return say(text.slice(0, 7) === other.slice(0, 7) ? "phrase.day_of_month" : "phrase.day_of_year", partsOf(text));
}

/**
 * A period. Chinese shortens its last day and English its first one; Mongolian writes both whole.
 * @param {Days} period
 */
export function periodWords({ from, to }) {
  if (from === to) return dayWords(from);
  const start = language() === "en" ? dayBeside(from, to) : dayWords(from);
  const end = language() === "zh" ? dayBeside(to, from) : dayWords(to);
  return say("phrase.days", { start, end });
}

/**
 * A bucket of a chart: short on its axis, where the year stands once, and whole in tables.
 * @param {string} key
 * @returns {string}
 */
export function bucketWords(key, whole = false) {
  const [year, rest, last] = key.split("-");
  if (rest?.startsWith("Q")) {
    return say(whole ? "phrase.quarter" : "phrase.quarter_of_year", { year, quarter: rest.slice(1) });
  }
  if (last) return whole ? dayWords(key) : say("phrase.day_of_month", partsOf(key));
  return rest ? say(whole ? "phrase.month" : "phrase.month_on_axis", { year, month: Number(rest) }) : year;
}

/**
 * A half, a quarter or a month of a year.
 * @param {string} kind
 * @param {number} part
 */
export function partWords(kind, part) {
  if (kind === "half") return say("phrase.half_of_year", { half: part });
  return kind === "quarter" ? bucketWords(`0-Q${part}`) : say("phrase.month_of_year", { month: part });
}

/**
 * What stands under every chart and table: the period, its base, and the day up to which there are data.
 * @param {Days} period
 * @param {Days | null} base
 * @param {string} cutOff
 */
export function comparedWords(period, base, cutOff) {
  const said = { period: periodWords(period), base: base ? periodWords(base) : "—", day: dayWords(cutOff) };
  return say("phrase.compared", said);
}

/**
 * @param {string} day
 */
export const newestWords = (day) => say("phrase.newest", { day: dayWords(day) });

/**
 * That the newest trade is of this day, while the base goes on behind its counterpart.
 * @param {string} day
 * @param {Days} base
 */
export const newestBaseWords = (day, base) =>
  say("phrase.newest_base", { day: dayWords(day), base: periodWords(base) });

/**
 * @param {string} day
 */
export const cutOffWords = (day) => say("phrase.as_of", { day: dayWords(day) });

/**
 * @param {string} ratio
 */
export const ratioWords = (ratio) => say("phrase.ratio", { ratio });

/**
 * @param {number} shown
 * @param {number} all
 */
export const restWords = (shown, all) => say("phrase.rest", { shown, all });

/**
 * @param {string} position
 */
export const positionWords = (position) => say("phrase.position", { position });
