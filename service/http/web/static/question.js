// The question of the page, read from its address and written back to it, so that a link is a report.
import { limits } from "./limits.js";

/** @type {readonly PeriodKind[]} */
export const KINDS = ["year", "half", "quarter", "month", "ytd", "free"];
/** @type {readonly MeasureName[]} What the charts can show; the API has more. */
export const MEASURES = ["amount_cny", "quantity_kg", "transactions", "participations", "residents"];

/** @type {[PartOfYear["kind"], RegExp][]} */
const PATTERNS = [
  ["year", /^(\d{4})$/],
  ["half", /^(\d{4})-H([12])$/],
  ["quarter", /^(\d{4})-Q([1-4])$/],
  ["month", /^(\d{4})-(\d{2})$/],
];

const ONCE = ["period", "ytd", "from", "to", "compare", "base_from", "base_to", "measure", "lang"];
/** @type {readonly Compare[]} */
export const COMPARISONS = ["yoy", "previous", "custom"];
const PERIODS = [["period"], ["ytd"], ["from", "to"]];

/** @returns {Record<string, readonly string[]>} */
const choices = () => ({ compare: limits().comparisons, measure: MEASURES, lang: limits().languages });

/**
 * What is wrong with an address, by parameter, as the API would say it: nothing that was asked is passed over.
 * @param {URLSearchParams} params
 * @returns {WrongParameter[]}
 */
function wrongIn(params) {
  const wrong = [];
  const names = [...new Set(params.keys())];
  const given = PERIODS.map((each) => each.find((name) => params.has(name))).filter((name) => name !== undefined);
  for (const name of names) {
    const known = choices()[name];
    if (!ONCE.includes(name) && !limits().filters.includes(name)) wrong.push({ name, code: "unknown" });
    else if (ONCE.includes(name) && params.getAll(name).length > 1) wrong.push({ name, code: "repeated" });
    else if (known && !known.includes(params.get(name) ?? "")) wrong.push({ name, code: "choice", choices: known });
  }
  if (given.length > 1) wrong.push({ name: given[1], code: "one-period" });
  return wrong;
}

/**
 * @param {string} search
 * @returns {Asked}
 */
export function readQuestion(search) {
  const params = new URLSearchParams(search);
  /** @type {Record<string, string[]>} */
  const filters = {};
  for (const name of limits().filters) {
    const values = params.getAll(name).flatMap((text) => text.split(","));
    const told = values.filter(Boolean);
    if (told.length) filters[name] = [...new Set(told)].sort();
  }
  return {
    period: readPeriod(params),
    compare: COMPARISONS.find((name) => name === params.get("compare")) ?? "yoy",
    base: readBase(params),
    measure: MEASURES.find((name) => name === params.get("measure")) ?? "amount_cny",
    filters,
    wrong: wrongIn(params),
  };
}

/**
 * What an address says of a base period; a half of one, or one that nothing asks for, is left for the API to refuse.
 * @param {URLSearchParams} params
 * @returns {{ from: string, to: string } | null}
 */
function readBase(params) {
  if (!params.has("base_from") && !params.has("base_to")) return null;
  return { from: params.get("base_from") ?? "", to: params.get("base_to") ?? "" };
}

/**
 * @param {URLSearchParams} params
 * @returns {Period | null}
 */
function readPeriod(params) {
  const ytd = params.get("ytd");
  if (ytd !== null) return { kind: "ytd", to: ytd };
  if (params.has("from") || params.has("to")) {
    return { kind: "free", from: params.get("from") ?? "", to: params.get("to") ?? "" };
  }
  const text = params.get("period");
  for (const [kind, pattern] of PATTERNS) {
    const found = pattern.exec(text ?? "");
    if (found) return { kind, year: Number(found[1]), part: Number(found[2] ?? 0) };
  }
  // A day, or what the API will refuse in its own words.
  return text ? { kind: "free", from: text, to: text } : null;
}

/**
 * @param {Period} period
 * @returns {Record<string, string>}
 */
export function periodParams(period) {
  switch (period.kind) {
    case "year":
      return { period: `${period.year}` };
    case "half":
      return { period: `${period.year}-H${period.part}` };
    case "quarter":
      return { period: `${period.year}-Q${period.part}` };
    case "month":
      return { period: `${period.year}-${String(period.part).padStart(2, "0")}` };
    case "ytd":
      return { ytd: period.to };
    default:
      return { from: period.from, to: period.to };
  }
}

/**
 * The parameters that the reports share, in one order: the same question is the same address, here and in caches.
 * @param {Question} question
 */
export function asked(question) {
  const params = new URLSearchParams(periodParams(question.period));
  params.set("compare", question.compare);
  if (question.base?.from) params.set("base_from", question.base.from);
  if (question.base?.to) params.set("base_to", question.base.to);
  for (const name of limits().filters) {
    if (question.filters[name]) params.set(name, question.filters[name].join(","));
  }
  return params;
}

/**
 * @param {Question} question
 * @param {string} lang
 */
export function addressOf(question, lang) {
  const params = asked(question);
  if (question.compare === "yoy") params.delete("compare");
  if (question.measure !== "amount_cny") params.set("measure", question.measure);
  params.set("lang", lang);
  return `/?${params.toString().replaceAll("%2C", ",")}`;
}

/**
 * Whether an address says its period: then the page can write the question back to it.
 * @param {Asked} question
 * @returns {question is Question}
 */
export const hasPeriod = (question) => question.period !== null;

/**
 * A month or a quarter by its key.
 * @param {string} key
 */
export const bucketPeriod = (key) => /** @type {Period} */ (readPeriod(new URLSearchParams({ period: key })));
