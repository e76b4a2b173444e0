// The words of a page in its language. The server's catalogue has them (catalogue.js); here they are only looked up.
import { enterpriseName } from "./enterprise_names.js";
import { groupName } from "./groups.js";

const HTML_LANGS = { zh: "zh-CN", en: "en", mn: "mn" };
// The subjects whose words every page calls by their bare names, as it does those of its own.
const SHARED = ["shell", "measure", "part"];
const NAMED_BY_WORDS = ["direction", "trade_point", "purpose"];

/** @type {Lang} */
let lang = "zh";
/** @type {Record<Lang, Record<string, string>>} */
let words = { zh: {}, en: {}, mn: {} };
/** @type {Catalogue["names"]} */
let names = {};

/**
 * Learns the words of a page: those of its own subject and of the shared ones by their bare names as well. A page that
 * uses scripts of another one borrows its words; where both have a name, it is the page's own.
 * @param {Catalogue} catalogue
 * @param {string} page
 * @param {...string} borrowed
 */
export function teach(catalogue, page, ...borrowed) {
  const bareOf = (/** @type {[key: string, said: string][]} */ entries, /** @type {string} */ subject) =>
    entries
      .filter(([key]) => key.startsWith(`${subject}.`))
      .map(([key, said]) => [key.slice(subject.length + 1), said]);
  const learn = (/** @type {Lang} */ each) => {
    const entries = Object.entries(catalogue.words[each]);
    const bare = [...SHARED, ...borrowed, page].flatMap((subject) => bareOf(entries, subject));
    return Object.fromEntries([...entries, ...bare]);
  };
  words = { zh: learn("zh"), en: learn("en"), mn: learn("mn") };
  names = catalogue.names;
}

/**
 * Says from now on everything in this language.
 * @param {Lang} chosen
 */
export function speak(chosen) {
  lang = chosen;
}

export const htmlLanguage = () => HTML_LANGS[lang];

/**
 * What a word is called in the language of the page; a word that there is not, by its name.
 * @param {string} name
 * @returns {string}
 */
export function word(name) {
  return words[lang][name] ?? name;
}

/**
 * A message with its parts filled in. `{month:2}` has two digits at least, `{month:months}` is the name of that number
 * in the list `phrase.months`, and `{day:endings}` the ending that follows its last digit.
 * @param {string} name
 * @param {Record<string, string | number>} parts
 */
export function say(name, parts) {
  return word(name).replace(/\{(\w+)(?::(\w+))?\}/g, (_, part, how) => shown(String(parts[part]), how));
}

/**
 * @param {string} value
 * @param {string | undefined} how
 */
function shown(value, how) {
  if (how === undefined) return value;
  if (how === "2") return value.padStart(2, "0");
  const list = word(`phrase.${how}`).split(" ");
  return how === "endings" ? list[Number(value.slice(-1))] : list[Number(value) - 1];
}

export function language() {
  return lang;
}

/**
 * The units that shorten large figures in a language, the largest first: 亿 stands for 8 zeros.
 * @param {Lang} of
 * @returns {[zeros: number, unit: string][]}
 */
export function ladder(of) {
  const rungs = [12, 9, 8, 6, 4].map(
    (zeros) => /** @type {[number, string]} */ ([zeros, words[of][`unit.ten_to_${zeros}`]]),
  );
  return rungs.filter(([, unit]) => unit);
}

/**
 * The codes of a dimension that the rules know: categories or countries.
 * @param {string} dimension
 */
export const codesOf = (dimension) => Object.keys(names[dimension]);

/** The trade points that have a name. */
export const pointsNamed = () =>
  Object.keys(words[lang]).flatMap((key) => (key.startsWith("trade_point.") ? key.slice("trade_point.".length) : []));

/**
 * The name of a value of a dimension: a country, a category, a settlement as it is registered.
 * @param {string} dimension
 * @param {string | null} value
 * @returns {string}
 */
export function nameOf(dimension, value) {
  if (value === null || value === "") return word(dimension === "group_id" ? "report.no_group" : "report.unstated");
  if (dimension === "group_id") return groupName(value) ?? value;
  if (dimension === "enterprise_id") return enterpriseName(value) ?? value;
  if (NAMED_BY_WORDS.includes(dimension)) return words[lang][`${dimension}.${value}`] ?? value;
  return names[dimension]?.[value]?.[lang] ?? value;
}
