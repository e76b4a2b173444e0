// The words that the tests work with: read from the catalogue's own files, as the server reads them.
import { readFileSync } from "node:fs";

import { teach } from "../../service/http/web/static/words.js";

/**
 * @param {Lang} lang
 * @returns {Record<string, string>}
 */
function wordsIn(lang) {
  const file = new URL(`../../service/rendering/words/${lang}.json`, import.meta.url);
  const subjects = /** @type {Record<string, Record<string, string>>} */ (JSON.parse(readFileSync(file, "utf8")));
  const entries = Object.entries(subjects).flatMap(([subject, words]) =>
    Object.entries(words).map(([name, said]) => [`${subject}.${name}`, said]),
  );
  return Object.fromEntries(entries);
}

/**
 * @param {string} file
 * @param {string} list
 * @param {string} field
 */
function namesIn(file, list, field) {
  const text = readFileSync(new URL(`../../service/rules/${file}.json`, import.meta.url), "utf8");
  const rows = /** @type {Record<string, string>[]} */ (JSON.parse(text)[list]);
  return Object.fromEntries(rows.map((row) => [row[field], { zh: row.zh, en: row.en, mn: row.mn }]));
}

/** @type {Catalogue} */
const catalogue = {
  words: { zh: wordsIn("zh"), en: wordsIn("en"), mn: wordsIn("mn") },
  names: { origin: namesIn("countries", "countries", "code"), category: namesIn("categories", "rows", "name") },
};

/**
 * @param {string} page
 * @param {...string} borrowed
 */
export const teachPage = (page, ...borrowed) => teach(catalogue, page, ...borrowed);

teachPage("dashboard");
