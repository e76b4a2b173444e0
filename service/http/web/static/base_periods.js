// The days behind a figure: those of a bucket, and those that it is compared with, as the API counts them.
import { day } from "./periods.js";

const DAY_MS = 86_400_000;

/**
 * The last day of a month; month 0 is December of the year before.
 * @param {number} year
 * @param {number} month
 */
const monthEnd = (year, month) => day(Date.UTC(year, month, 0));

/** @param {string} text */
const partsOf = (text) => text.split("-").map(Number);

/**
 * The same day a year earlier; 29 February becomes the 28th.
 * @param {string} text
 */
function yearBefore(text) {
  const [year, month, date] = partsOf(text);
  const last = monthEnd(year - 1, month);
  return date > Number(last.slice(8)) ? last : day(Date.UTC(year - 1, month - 1, date));
}

/**
 * How many months a period has, when it consists of whole months, else null.
 * @param {Days} period
 */
function wholeMonths({ from, to }) {
  const [year, month] = partsOf(from);
  const [endYear, endMonth] = partsOf(to);
  if (!from.endsWith("-01") || to !== monthEnd(endYear, endMonth)) return null;
  return (endYear - year) * 12 + endMonth - month + 1;
}

/**
 * A year earlier at both ends; an end on the last day of its month stays on the last day of that month.
 * @param {Days} period
 * @returns {Days}
 */
function yearEarlier({ from, to }) {
  const [year, month] = partsOf(to);
  const isEnd = to === monthEnd(year, month);
  return { from: yearBefore(from), to: isEnd ? monthEnd(year - 1, month) : yearBefore(to) };
}

/**
 * Just before a period: as many months when it has whole months, as many days otherwise.
 * @param {Days} period
 * @returns {Days}
 */
function justBefore({ from, to }) {
  const start = Date.parse(from);
  const months = wholeMonths({ from, to });
  const eve = day(start - DAY_MS);
  if (months === null) return { from: day(2 * start - Date.parse(to) - DAY_MS), to: eve };
  const [year, month] = partsOf(from);
  return { from: day(Date.UTC(year, month - 1 - months, 1)), to: eve };
}

/**
 * The period that another one is compared with.
 * @param {Days} period
 * @param {Compare} compare
 */
export const basePeriod = (period, compare) => (compare === "yoy" ? yearEarlier(period) : justBefore(period));

/**
 * The days of a bucket that lie inside a period.
 * @param {string} key such as 2024-03-01, 2024-03 or 2024-Q1
 * @param {Days} period
 * @returns {Days}
 */
export function bucketDays(key, { from, to }) {
  const [first, last] = wholeBucket(key);
  return { from: first > from ? first : from, to: last < to ? last : to };
}

/** @param {string} key */
function wholeBucket(key) {
  const [year, rest, date] = key.split("-");
  if (date) return [key, key];
  const isQuarter = rest.startsWith("Q");
  const end = isQuarter ? Number(rest.slice(1)) * 3 : Number(rest);
  return [day(Date.UTC(Number(year), end - (isQuarter ? 3 : 1), 1)), monthEnd(Number(year), end)];
}

/**
 * The days that a bucket is compared with; null for 29 February, which has no such day a year earlier.
 * @param {string} key
 * @param {Days} days those of the bucket
 * @param {Compare} compare
 */
export function bucketBase(key, days, compare) {
  const isDay = key.length === 10;
  return compare === "yoy" && isDay && key.endsWith("-02-29") ? null : basePeriod(days, compare);
}
