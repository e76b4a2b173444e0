// The reports of the API, all of one question at once, and all exact at the same position of the ledger.
import { asked, boundsOf, bucketPeriod, day, intervalFor, today } from "./question.js";

const ROUNDS_MAX = 3;

export class Failure extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `HTTP ${status}`);
    // Whoever asked in the background may not look at what became of it; a page must hear of its session's end.
    if (status === 401) dispatchEvent(new Event("sessionended"));
    this.status = status;
    this.problem = problem;
  }
}

// What each report was tagged with when it was last answered.
const tags = new Map();

async function get(path, signal, headers = {}) {
  try {
    return await fetch(path, {
      signal,
      headers: { Accept: "application/json", ...headers },
      credentials: "same-origin",
    });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Failure(0, null);
  }
}

export async function ask(path, signal) {
  const response = await get(path, signal);
  const document = await response.json().catch(() => null);
  if (!response.ok || document === null) throw new Failure(response.status, document);
  tags.set(path, response.headers.get("ETag"));
  return document;
}

// Whether a report may say something else by now; while the ledger has not moved, that costs a 304 without a body.
export async function hasMoved(path) {
  const response = await get(path, undefined, { "If-None-Match": tags.get(path) ?? "" });
  if (!response.ok && response.status !== 304) throw new Failure(response.status, null);
  return response.status !== 304;
}

// The address of each report of the page; the same ones, with a format, are the files that can be taken away.
export function addresses(question, lang) {
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
  };
}

// A ledger may grow between two answers; then all are asked for again, and what has not changed costs a 304.
export async function askAll(question, lang, signal) {
  const paths = addresses(question, lang);
  const names = Object.keys(paths);
  for (let round = 1; ; round += 1) {
    const found = await Promise.all(names.map((name) => ask(paths[name], signal)));
    if (round === ROUNDS_MAX || new Set(found.map((answer) => answer.position)).size === 1) {
      const position = [...new Set(found.map((answer) => answer.position))].join(", ");
      return { ...Object.fromEntries(names.map((name, n) => [name, found[n]])), paths, position };
    }
  }
}

function lastYears() {
  const to = today();
  return { from: day(Date.parse(to) - 3651 * 86_400_000), to, compare: "none" };
}

const GROUPS_MAX = 150;

async function rowsOf(params, signal) {
  return (await ask(`/v1/reports/trade?${new URLSearchParams(params)}`, signal)).rows;
}

// The year to date of the newest day with trade, or of today where there is none.
export async function newestPeriod(signal) {
  const months = await rowsOf({ ...lastYears(), by: "month" }, signal);
  if (!months.length) return { kind: "ytd", to: today() };
  const month = months.at(-1).key.month;
  const days = await rowsOf({ period: month, compare: "none", by: "day" }, signal);
  return { kind: "ytd", to: days.at(-1).key.day };
}

// The newest day with trade of what was asked, or null; buckets of days tell it already.
export async function newestDay(question, { months }, signal) {
  const interval = intervalFor(question.period);
  const traded = months.rows.filter((row) => row.transactions.current > 0).map((row) => row.key[interval]);
  if (interval === "day" || !traded.length) return traded.at(-1) ?? null;
  const params = asked(question);
  for (const name of ["period", "ytd"]) params.delete(name);
  const [from, to] = boundsOf(bucketPeriod(traded.at(-1)));
  const last = {
    from: from > months.period.from ? from : months.period.from,
    to: to < months.period.to ? to : months.period.to,
  };
  for (const [name, value] of Object.entries({ ...last, compare: "none", by: "day" })) params.set(name, value);
  return (await rowsOf(params, signal)).at(-1)?.key.day ?? null;
}

// What can be filtered by: the values that trades of the last ten years bear, and the first of those years.
export async function choices(signal) {
  const [goods, places, groups, years] = await Promise.all([
    rowsOf({ ...lastYears(), by: "category,origin" }, signal),
    rowsOf({ ...lastYears(), by: "trade_point,settlement" }, signal),
    rowsOf({ ...lastYears(), by: "group_id" }, signal),
    rowsOf({ ...lastYears(), by: "year" }, signal),
  ]);
  const values = (rows, name) => [...new Set(rows.map((row) => row.key[name]).filter(Boolean))];
  return {
    category: values(goods, "category"),
    origin: values(goods, "origin"),
    direction: ["import", "export"],
    trade_point: values(places, "trade_point"),
    settlement: values(places, "settlement").sort(),
    // The largest come first; a ledger may have hundreds, and the address takes every one of them.
    group_id: values(groups, "group_id").slice(0, GROUPS_MAX).sort(),
    years: years.map((row) => Number(row.key.year)),
  };
}
