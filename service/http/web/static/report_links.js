// Where the figures of a report lead: to the live trades that they count, of the same days and the same scope.
import { bucketBase, bucketDays } from "./base_periods.js";
import { linked } from "./elements.js";
import { narrowed, rowsAddress } from "./rows_address.js";
import { may } from "./shell.js";
import { language } from "./words.js";

/** @typedef {{ current: string | null, base: string | null }} Links */
/** @typedef {(string | HTMLElement)[]} Cells */

/**
 * The days that the figures of a report include: a period that is not over ends with the day through which it goes.
 * @param {Pick<Report, "period" | "through">} report
 * @returns {Days}
 */
export const spanOf = ({ period: { from, to }, through }) => ({
  from,
  to: through < from || to < through ? to : through,
});

/**
 * The links of one scope: to the rows of the days, and to those of the days that they are compared with. Without the
 * scope for entries a key sees figures alone.
 * @param {Question} question
 * @param {Days} days
 * @param {Days | null} base
 * @param {Record<string, string | null>} [key] the row's
 * @returns {Links}
 */
function links({ filters }, days, base, key = {}) {
  if (!may("transactions:read")) return { current: null, base: null };
  const scope = narrowed(filters, key);
  return {
    current: rowsAddress(days, scope, language()),
    base: base && rowsAddress(base, scope, language()),
  };
}

/**
 * The links of a row of a report, or of its total.
 * @param {Report} report
 * @param {Question} question
 * @param {Record<string, string | null>} [key]
 */
export const rowLinks = (report, question, key) => links(question, spanOf(report), report.base_period, key);

/**
 * The links of a bucket, which has the base of its own days. Which days of a base that was named belong to a bucket,
 * only the API knows: there the total alone leads to the rows of the base.
 * @param {Report} report
 * @param {Question} question
 * @param {string} bucket
 */
export function bucketLinks(report, question, bucket) {
  const days = bucketDays(bucket, spanOf(report));
  const isNamed = question.compare === "custom";
  return links(question, days, isNamed ? null : report.base_period && bucketBase(bucket, days, question.compare));
}

/**
 * The cells of a measure with their links: the first is the current figure, the second its base.
 * @param {string[]} cells
 * @param {Links} leads
 * @returns {Cells}
 */
export function linkCells([current, base, ...others], leads) {
  return [linked(current, leads.current), base === "—" ? base : linked(base, leads.base), ...others];
}
