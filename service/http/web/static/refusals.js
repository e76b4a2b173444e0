// How a refusal of the API is said to a clerk: in the page's language, and beside it what the API says of this case.
import { Failure } from "./answers.js";
import { make } from "./elements.js";
import { marketClock } from "./periods.js";
import { language, word } from "./words.js";

/**
 * A refusal in the page's language, and what the API says of this case where that tells more.
 * @param {unknown} error
 * @returns {HTMLElement[]}
 */
export function sayFailure(error) {
  if (!(error instanceof Failure)) {
    console.error(error);
    return [make("p", {}, word("code.unavailable"))];
  }
  return failureWords(error).map(({ text, lang }) => make("p", lang ? { class: "quiet", lang } : {}, text));
}

/**
 * What is said of a failure. What the API says is English: beside English words it tells more, elsewhere it stands in
 * for words that are missing.
 * @param {{ status: number, problem: Problem | null }} failure
 * @returns {Words[]}
 */
export function failureWords({ status, problem }) {
  const code = status === 0 ? "offline" : (problem?.code ?? "unavailable");
  const said = word(`code.${code}`);
  const isKnown = said !== `code.${code}`;
  const tellsMore = language() === "en" && status === 422 && code !== "validation-failed";
  const detail = !isKnown || tellsMore ? problem?.detail : null;
  /** @type {Words[]} */
  const words = isKnown ? [{ text: said, lang: null }] : [];
  return detail && detail !== said ? [...words, { text: detail, lang: "en" }] : words;
}

/**
 * What is wrong with a field. In English the API says it best; what has no words here stays as the API says it.
 * @param {Pick<FieldError, "code" | "detail">} error
 * @returns {Words}
 */
export function errorWords({ code, detail }) {
  const said = word(`error.${code}`);
  if (code === "in-the-future") return { text: `${said} ${marketClock()}`, lang: null };
  return language() === "en" || said === `error.${code}` ? { text: detail, lang: "en" } : { text: said, lang: null };
}

/**
 * The errors of fields that the page does not show.
 * @param {FieldError[]} errors
 */
export const restWords = (errors) =>
  errors.map((each) => {
    const { text, lang } = errorWords(each);
    return make("p", { lang }, text);
  });

/**
 * Which scope is missing, and what can't be done without it.
 * @param {string} scope
 */
export const scopeNote = (scope) => make("p", { class: "note" }, word(`scope.${scope}`));
