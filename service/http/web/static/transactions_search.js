// What the page of trades searches for, read from its address and written back to it, so that a link is a search.

/**
 * The filters by the names of the API, in the order in which an address has them.
 * @type {readonly string[]}
 */
export const FILTERS = [
  "resident_id",
  "category",
  "commodity",
  "hs_code",
  "origin",
  "direction",
  "verdict",
  "trade_point",
  "group_id",
  "settlement",
  "consignment",
  "vehicle_plate",
  "reference",
  "recorded_by",
  "declarant_id",
  "kind",
  "reversed",
  "from",
  "to",
  "recorded_from",
  "recorded_to",
  "order",
];
const ROWS = 100;
/** What the page itself reads of an address; all else is a filter, and the API refuses what it does not know. */
const OWN = ["lang", "entry", "view", "cursor"];

/** @type {Readonly<Record<string, string>>} What the rows have in common that reports count. */
export const LIVE_TRADES = { kind: "trade", reversed: "false" };

/**
 * @param {string} address the part of an address behind its question mark
 * @returns {Search}
 */
export function readSearch(address) {
  const params = new URLSearchParams(address);
  const names = [...new Set(params.keys())].filter((name) => !OWN.includes(name));
  const filters = Object.fromEntries(names.map((name) => [name, params.getAll(name).join(",")]));
  return {
    filters,
    cursor: params.get("cursor"),
    entry: params.get("entry"),
    view: params.get("view") === "handover" ? "handover" : "list",
  };
}

/**
 * A search that says nothing is for what was recorded on a day.
 * @param {Search} search
 * @param {string} day
 * @returns {Search}
 */
export function orOfDay(search, day) {
  if (Object.keys(search.filters).length) return search;
  return { ...search, filters: { recorded_from: day, recorded_to: day } };
}

/**
 * Filters in one order: the same search is the same address.
 * @param {Record<string, string>} filters
 */
function inOrder(filters) {
  const place = (/** @type {string} */ name) => (FILTERS.includes(name) ? FILTERS.indexOf(name) : FILTERS.length);
  return Object.entries(filters).sort(([one], [other]) => place(one) - place(other));
}

/** @param {URLSearchParams} params */
const spelled = (params) => params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");

/**
 * The address of a search on the page.
 * @param {Search} search
 * @param {string} lang
 */
export function addressOf({ filters, cursor, entry, view }, lang) {
  const params = new URLSearchParams(inOrder(filters));
  if (view !== "list") params.set("view", view);
  if (cursor) params.set("cursor", cursor);
  if (entry) params.set("entry", entry);
  params.set("lang", lang);
  return `/transactions?${spelled(params)}`;
}

/**
 * Where the API answers a search: a page of its entries, or all of them in a format.
 * @param {Search} search
 * @param {Record<string, string>} [how]
 */
export function entriesPath({ filters, cursor }, how = { limit: String(ROWS) }) {
  const params = new URLSearchParams(inOrder(filters));
  for (const [name, value] of Object.entries(how)) params.set(name, value);
  if (cursor && !how.format) params.set("cursor", cursor);
  return `/v1/transactions?${spelled(params)}`;
}

/**
 * Where the API answers with the totals of a search: no order changes them.
 * @param {Record<string, string>} filters
 */
export function totalsPath(filters) {
  const { order: _, ...others } = filters;
  return `/v1/transactions/totals?${spelled(new URLSearchParams(inOrder(others)))}`;
}

/**
 * The search for the live trades of a search that have one more thing in common: a new search, from its first page on.
 * @param {Search} search
 * @param {Record<string, string>} more
 * @returns {Search}
 */
export const narrowedBy = ({ filters }, more) => ({
  filters: { ...filters, ...more, ...LIVE_TRADES },
  cursor: null,
  entry: null,
  view: "list",
});
