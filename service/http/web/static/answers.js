// The reports of the API, all of one question at once, and all exact at the same position of the ledger.
import { limits } from "./limits.js";
import { boundsOf, intervalFor, longestTo, today } from "./periods.js";
import { asked, bucketPeriod } from "./question.js";

const ROUNDS_MAX = 3;

/** What the API refused, or could not answer: status 0 when no answer came. */
export class Failure extends Error {
  /**
   * @param {number} status
   * @param {Problem | null} problem
   */
  constructor(status, problem) {
    super(problem?.detail ?? `HTTP ${status}`);
    // Whoever asked in the background may not look at what became of it; a page must hear of its session's end.
    if (status === 401) dispatchEvent(new Event("sessionended"));
    this.status = status;
    this.problem = problem;
  }
}

/** @type {Map<string, string | null>} What each report was tagged with when it was last answered. */
const tags = new Map();

/** @param {unknown} error */
export const isAborted = (error) => error instanceof Error && error.name === "AbortError";

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @param {Record<string, string>} [headers]
 */
async function get(path, signal, headers = {}) {
  try {
    const request = { signal: signal ?? null, headers: { Accept: "application/json", ...headers } };
    return await fetch(path, { ...request, credentials: "same-origin" });
  } catch (error) {
    throw isAborted(error) ? error : new Failure(0, null);
  }
}

/**
 * The document at an address of the API. Throws Failure.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(path, signal) {
  const response = await get(path, signal);
  const document = await response.json().catch(() => null);
  if (!response.ok || document === null) throw new Failure(response.status, document);
  tags.set(path, response.headers.get("ETag"));
  return document;
}

/**
 * Whether a report may say something else by now; while the ledger has not moved, that costs a 304 without a body.
 * @param {string} path
 */
export async function hasMoved(path) {
  const response = await get(path, undefined, { "If-None-Match": tags.get(path) ?? "" });
  if (!response.ok && response.status !== 304) throw new Failure(response.status, null);
  return response.status !== 304;
}

/**
 * The address of each report of the page; the same ones, with a format, are the files that can be taken away.
 * @param {Question} question
 * @param {string} lang
 * @returns {Paths}
 */
export function addresses(question, lang) {
  /**
   * @param {string} report
   * @param {Record<string, string>} more
   */
  const of = (report, more) => {
    const params = asked(question);
    for (const [name, value] of Object.entries(more)) params.set(name, value);
    return `/v1/reports/${report}?${params.toString().replaceAll("%2C", ",")}`;
  };
  return {
    brief: of("brief", { lang }),
    months: of("trade", { by: intervalFor(question.period) }),
    category: of("trade", { by: "category" }),
    origin: of("trade", { by: "origin" }),
    people: of("residents", { by: "settlement" }),
    processing: of("processing", { by: "enterprise_id,purpose" }),
    purposes: of("processing", { by: "purpose" }),
  };
}

/**
 * The answers to a question. A ledger may grow between two of them; then all are asked for again, and what has not
 * changed costs a 304.
 * @param {Question} question
 * @param {string} lang
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answers>}
 */
export async function askAll(question, lang, signal) {
  const paths = addresses(question, lang);
  for (let round = 1; ; round += 1) {
    const found = await Promise.all(Object.values(paths).map((path) => ask(path, signal)));
    const positions = new Set(found.map(({ position }) => position));
    if (round === ROUNDS_MAX || positions.size === 1) {
      const answers = Object.fromEntries(Object.keys(paths).map((name, place) => [name, found[place]]));
      return /** @type {Answers} */ ({ ...answers, paths, position: [...positions].join(", ") });
    }
  }
}

const lastYears = () => ({ ...longestTo(today(), limits().period_years_max), compare: "none" });

/**
 * @param {Record<string, string> | URLSearchParams} params
 * @param {AbortSignal} [signal]
 * @returns {Promise<Row[]>}
 */
async function rowsOf(params, signal) {
  return (await ask(`/v1/reports/trade?${new URLSearchParams(params)}`, signal)).rows;
}

/**
 * The year to date of the newest day with trade, or of today where there is none.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Period>}
 */
export async function newestPeriod(signal) {
  const month = (await rowsOf({ ...lastYears(), by: "month" }, signal)).at(-1)?.key.month;
  if (!month) return { kind: "ytd", to: today() };
  const days = await rowsOf({ period: month, compare: "none", by: "day" }, signal);
  return { kind: "ytd", to: days.at(-1)?.key.day ?? today() };
}

/**
 * The newest day with trade of what was asked, or null; buckets of days tell it already.
 * @param {Question} question
 * @param {Answers} answers
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | null>}
 */
export async function newestDay(question, { months }, signal) {
  const interval = intervalFor(question.period);
  const newest = months.rows.filter((row) => row.transactions.current > 0).at(-1)?.key[interval];
  if (interval === "day" || !newest) return newest ?? null;
  const params = asked(question);
  for (const name of ["period", "ytd", "base_from", "base_to"]) params.delete(name);
  const [from, to] = boundsOf(bucketPeriod(newest));
  const last = {
    from: from > months.period.from ? from : months.period.from,
    to: to < months.period.to ? to : months.period.to,
  };
  for (const [name, value] of Object.entries({ ...last, compare: "none", by: "day" })) params.set(name, value);
  return (await rowsOf(params, signal)).at(-1)?.key.day ?? null;
}

/**
 * What can be filtered by: the values that trades of the last years bear, and the first of those years.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Choices>}
 */
export async function choices(signal) {
  const [goods, places, groups, years] = await Promise.all(
    ["category,origin", "trade_point,settlement", "group_id", "year"].map((by) =>
      rowsOf({ ...lastYears(), by }, signal),
    ),
  );
  /**
   * @param {Row[]} rows
   * @param {string} name
   */
  const values = (rows, name) => [...new Set(rows.flatMap((row) => row.key[name] || []))];
  return {
    category: values(goods, "category"),
    origin: values(goods, "origin"),
    direction: limits().directions,
    trade_point: values(places, "trade_point"),
    settlement: values(places, "settlement").sort(),
    // The largest come first; a ledger may have hundreds, and an address takes so many of them.
    group_id: values(groups, "group_id").slice(0, limits().filter_values_max).sort(),
    years: values(years, "year"),
  };
}
