// The totals of a search: what the report of the same scope says, and the same by clerk, category and verdict.
import { make } from "./elements.js";
import { grouped } from "./exact.js";
import { full } from "./report_texts.js";
import { narrowedBy } from "./transactions_search.js";
import { clerkWords } from "./transactions_rows.js";
import { nameOf, word } from "./words.js";

/** @typedef {(search: Search) => string} Address */

/** @type {(keyof Sums)[]} */
const FIGURES = [
  "transactions",
  "amount_cny",
  "exempt_cny",
  "taxable_cny",
  "quantity_kg",
  "participations",
  "residents",
];
/** @type {(keyof Sums)[]} */
const COLUMNS = ["transactions", "amount_cny", "exempt_cny", "taxable_cny", "quantity_kg"];

/** @param {keyof Sums} name */
const unitOf = (name) => (name.endsWith("_cny") ? "amount_cny" : name);

/**
 * The figures of all that was found.
 * @param {Sums} total
 */
export const totalFigures = (total) =>
  FIGURES.map((name) => {
    const data = make("data", { value: total[name], id: `sum-${name}` }, full(total[name], unitOf(name)));
    return make("div", {}, make("dt", {}, word(name)), make("dd", {}, data));
  });

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {Sums} sums
 * @property {string | null} href the rows behind it
 */

/**
 * @param {string} id
 * @param {string} title
 * @param {Part[]} parts
 */
function partTable(id, title, parts) {
  const head = [title, ...COLUMNS.map((name) => word(name))];
  const line = (/** @type {Part} */ { name, sums, href }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, href ? make("a", { href }, name) : name),
      ...COLUMNS.map((column) => make("td", {}, grouped(sums[column]))),
    );
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": title },
    make(
      "table",
      { id },
      make("caption", { class: "hidden" }, title),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...parts.map(line)),
    ),
  );
}

/**
 * The tables of totals; each name leads to the rows behind its figures.
 * @param {EntryTotals} totals
 * @param {Search} search
 * @param {Address} addressOf
 */
export function totalTables(totals, search, addressOf) {
  const href = (/** @type {Record<string, string>} */ more) => addressOf(narrowedBy(search, more));
  const byClerk = totals.recorded_by.map(({ key, ...sums }) => ({
    name: clerkWords(key),
    sums,
    href: href({ recorded_by: key ? String(key.id) : "" }),
  }));
  const byCategory = totals.category.map(({ key, ...sums }) => ({
    name: nameOf("category", key),
    sums,
    href: href({ category: key }),
  }));
  const byVerdict = totals.verdict.map(({ key, ...sums }) => ({
    name: word(`verdict.${key}`),
    sums,
    href: href({ verdict: key }),
  }));
  return [
    partTable("by-recorded_by", word("recorded_by"), byClerk),
    partTable("by-category", word("dimension.category"), byCategory),
    partTable("by-verdict", word("verdict"), byVerdict),
  ];
}
