// The texts of a report: figures with their units, growth or why there is none, and the buckets of a chart over time.
import { compact, grouped, shareOf, signed, unscaled } from "./exact.js";
import { bucketsOf, intervalFor } from "./periods.js";
import { bucketWords } from "./phrases.js";
import { language, say, word } from "./words.js";

/** @typedef {{ keys: string[], labels: string[], rows: (Row | undefined)[], interval: Interval }} Buckets */

/** @type {Record<string, number>} */
const DECIMALS = { amount_cny: 2, quantity_kg: 3 };
/** @type {Measure} What is compared with no day. */
const UNCOMPARED = { current: "0", base: null, change: null, growth_pct: null, ratio: null, reason: "no_base_day" };

/**
 * A figure whole, with its unit.
 * @param {Figure | null} value
 * @param {string} unit
 */
export function full(value, unit) {
  const said = word(`unit.${unit}`);
  return value === null ? "—" : `${grouped(value)}${said ? `\u00a0${said}` : ""}`;
}

/**
 * A figure as short as it can be read at the end of a bar.
 * @param {Figure} value
 * @param {string} unit
 */
export function short(value, unit) {
  if (!(unit in DECIMALS)) return grouped(value);
  const [text, rung] = compact(value, language());
  if (rung) return `${text}${language() === "zh" ? "" : "\u00a0"}${rung}`;
  return text.replace(/(\d{3})\.\d+$/, "$1");
}

/**
 * The unit of a figure that was made compact.
 * @param {string} name
 * @param {string} rung
 */
export function unitWords(name, rung) {
  const own = word(`unit.${name}`);
  return language() === "zh" ? `${rung}${own}` : `${rung} ${own}`.trim();
}

/**
 * @param {string} text
 * @param {string} measure
 */
export function withUnit(text, measure) {
  const unit = word(`unit.${measure}`);
  if (!unit) return text;
  return say("report.with_unit", { name: text, unit });
}

/**
 * What a measure is called, as in the bulletin: with the unit of money or weight, while counts have none.
 * @param {string} measure
 */
export function headingOf(measure) {
  const unit = measure.endsWith("_cny") ? "amount_cny" : measure;
  return unit in DECIMALS ? withUnit(word(measure), unit) : word(measure);
}

/**
 * The base of a measure. What is compared with no day has a base of 0 in the answers, which is no figure of any day.
 * @param {Pick<Measure, "base" | "reason">} measure
 */
export const baseOf = ({ base, reason }) => (reason === "no_base_day" ? null : base);

/**
 * Growth in percent with its sign, or why there is none.
 * @param {Pick<Measure, "growth_pct" | "reason">} measure
 */
export const growthCell = ({ growth_pct: growth, reason }) =>
  growth === null ? word(`reason.${reason}`) : signed(growth);

/**
 * Which way a growth goes.
 * @param {string} growth
 */
export function arrowOf(growth) {
  if (growth.startsWith("-")) return "▼";
  return /^[0.]+$/.test(growth) ? "＝" : "▲";
}

/**
 * @param {string} measure
 * @param {{ baseWord: string }} context
 */
export const measureHead = (measure, { baseWord }) => [
  withUnit(word("current"), measure),
  withUnit(baseWord, measure),
  word("change"),
  word("growth_pct"),
  word("ratio"),
];

/**
 * The cells of a row of a table; a bucket without trade has no row in the answer.
 * @param {Measure | undefined} measure
 * @param {string} name
 * @param {unknown} basePeriod whether there is anything to compare with
 */
export function measureCells(measure, name, basePeriod = true) {
  const zero = DECIMALS[name] ? `0.${"0".repeat(DECIMALS[name])}` : "0";
  if (!measure) {
    return basePeriod
      ? [zero, zero, zero, word("reason.both_zero"), "—"]
      : [zero, "—", "—", growthCell(UNCOMPARED), "—"];
  }
  const base = baseOf(measure);
  const compared = base === null ? ["—", "—"] : [grouped(base), measure.change === null ? "—" : signed(measure.change)];
  return [grouped(measure.current), ...compared, growthCell(measure), measure.ratio ?? "—"];
}

/**
 * What is said of the part of a chart that is pointed at.
 * @param {string} name
 * @param {Measure | undefined} measure
 * @param {string} unit
 * @param {string | null} baseWord null where nothing is compared
 */
export function readout(name, measure, unit, baseWord) {
  if (!measure) return `${name} · 0${baseWord ? ` · ${baseWord} 0` : ""}`;
  if (!baseWord) return `${name} · ${full(measure.current, unit)}`;
  const growth = measure.growth_pct === null ? "" : ` · ${signed(measure.growth_pct)}%`;
  return `${name} · ${full(measure.current, unit)} · ${baseWord} ${full(baseOf(measure), unit)}${growth}`;
}

/**
 * What stands at the end of a pair of bars.
 * @param {Measure} measure
 * @param {string} unit
 */
export function endWords({ current, growth_pct: growth, reason }, unit) {
  const shown = short(current, unit);
  if (reason === "base_zero") return `${shown}  ${word("new")}`;
  return growth === null ? shown : `${shown}  ${signed(growth)}%`;
}

/**
 * The buckets of a report over time, without gaps, and the row of each. The first of a year names it, where there are
 * several years.
 * @param {Report} report
 * @param {Period} period
 * @returns {Buckets}
 */
export function bucketRows({ rows, period: { from, to }, through }, period) {
  const interval = intervalFor(period);
  const byKey = new Map(rows.map((row) => [row.key[interval], row]));
  // Of a period that has not begun, the empty buckets are drawn.
  const keys = bucketsOf({ from, to: through < from ? to : through }, interval);
  const years = keys.map((key) => key.slice(0, 4));
  const isOneYear = new Set(years).size < 2;
  const labels = keys.map((key, n) => {
    const isFirst = interval !== "day" && !isOneYear && (n === 0 || years[n - 1] !== years[n]);
    return isFirst ? `${bucketWords(key)}\n${years[n]}` : bucketWords(key);
  });
  return { interval, keys, labels, rows: keys.map((key) => byKey.get(key)) };
}

/**
 * The part of the value that is taxed, in hundredths of a percent; null where there is no value.
 * @param {Record<string, any> | undefined} row
 * @param {"current" | "base"} side
 */
export const taxedShare = (row, side) =>
  row && row.amount_cny[side] !== null ? shareOf(row.taxable_cny[side], row.amount_cny[side]) : null;

/** @param {bigint | null} share */
export const percent = (share) => (share === null ? "—" : unscaled(share, 2));

/**
 * By how many percentage points a share has changed.
 * @param {bigint | null} now
 * @param {bigint | null} then
 */
export function points(now, then) {
  if (now === null || then === null) return "—";
  return signed(unscaled(now - then, 2));
}
