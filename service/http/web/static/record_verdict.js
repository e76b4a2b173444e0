// The verdict on a line while it is typed: what it would be exempt from, or why it would be refused.
import { Failure } from "./answers.js";
import { byId, make } from "./elements.js";
import { cny, markAll } from "./record_fields.js";
import { restWords, sayFailure } from "./refusals.js";
import { language, word } from "./words.js";

/** @typedef {Quote | Error | null} Verdict */

/** The warnings that have words here. */
const WARNINGS = [
  "weight-not-checked",
  "rule-not-verified",
  "price-unusual",
  "back-dated",
  "looks-doubled",
  "hs-code-unknown",
  "near-limit",
];

/**
 * The warnings that a person should look at. That the rules of a day are not verified holds for every trade of it.
 * @param {Warning[]} [warnings]
 */
export const toLookAt = (warnings = []) => warnings.filter(({ code }) => code !== "rule-not-verified");

/** @param {string} text */
const number = (text) => make("b", {}, text);

/**
 * @param {string} look
 * @param {...(Node | string)} parts
 */
function show(look, ...parts) {
  byId("verdict").className = look;
  byId("verdict").replaceChildren(...parts);
}

/**
 * A warning in the page's language; in English the API says it best, as it knows the figures.
 * @param {Warning} warning
 */
export function warningWords({ code, detail }) {
  const tellsMore = language() === "en" || !WARNINGS.includes(code);
  return tellsMore && detail ? detail : word(`warning.${code}`);
}

/** @param {Quote} quote */
function sayVerdict(quote) {
  /**
   * @param {string} name
   * @param {string} value
   */
  const pair = (name, value) => make("span", {}, `${word(name)} `, number(cny(value)));
  const parts = [
    pair("exempt", quote.exempt_cny),
    pair("taxable", quote.taxable_cny),
    pair("remaining", quote.remaining_after_cny),
  ];
  const warnings = quote.warnings ?? [];
  const unverified = warnings.filter((each) => !toLookAt(warnings).includes(each)).map(warningWords);
  show(
    quote.verdict,
    make("p", { class: "said" }, word(`verdict.${quote.verdict}`)),
    make("p", { class: "parts" }, parts[0], " ", parts[1], " ", parts[2]),
    ...toLookAt(warnings).map((warning) => make("p", { class: "warning" }, warningWords(warning))),
    make("p", { class: "quiet" }, [`${word("rule")} ${quote.rule_version}`, ...unverified].join(" · ")),
  );
}

/**
 * The word for a refusal: a rule refuses for good, a field can be corrected, and a service that does not answer may do
 * so soon.
 * @param {{ status?: number, problem?: Problem | null }} failure
 */
export function refusalKind({ status, problem }) {
  if (problem?.code === "validation-failed") return "quote.wrong";
  return status === 422 || status === 409 ? "quote.refused" : "quote.failed";
}

/** @param {Error} error */
function sayRefusal(error) {
  const problem = error instanceof Failure ? error.problem : null;
  const rest = markAll(problem?.errors);
  const { remaining_cny: remaining, limit_cny: most } = problem ?? {};
  show(
    "refused",
    make("p", { class: "said" }, word(refusalKind(error instanceof Failure ? error : {}))),
    ...sayFailure(error),
    ...restWords(rest),
    remaining && most ? make("p", {}, `${word("left")} `, number(cny(remaining)), ` / ${cny(most)}`) : "",
  );
}

/**
 * @param {Verdict} verdict
 * @param {string | null} resident
 */
export function drawVerdict(verdict, resident) {
  if (verdict instanceof Error) sayRefusal(verdict);
  else if (verdict) sayVerdict(verdict);
  else show("", make("p", { class: "quiet" }, word(resident ? "quote.hint" : "quote.find")));
}
