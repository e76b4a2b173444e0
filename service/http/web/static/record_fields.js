// The fields of a line: what can be chosen, what was typed, and what is wrong, beside the field that it is about.
import { byId, inputById, make } from "./elements.js";
import { grouped } from "./exact.js";
import { limits } from "./limits.js";
import { marketClock } from "./periods.js";
import { limit } from "./record_limits.js";
import { errorWords } from "./refusals.js";
import { language, nameOf, word } from "./words.js";

export const REQUIRED = ["category", "commodity", "origin", "quantity_kg", "amount_cny", "traded_at"];
export const OPTIONAL = ["hs_code", "consignment", "vehicle_plate", "reference"];
const ALL = [...REQUIRED, ...OPTIONAL, "over_allowance"];
const NEIGHBOURS = ["MN", "RU", "KZ", "BY"];

/** @param {Figure} text */
export const cny = (text) => `${grouped(text)}\u00a0${word("unit.amount_cny")}`;

/** Now on the clocks of the market, whatever the clerk's own clock is set to. */
export const marketNow = () => marketClock().replace(" ", "T").slice(0, 16);

const form = () => byId("line", HTMLFormElement);

/**
 * What stands in a field of the line.
 * @param {string} name
 */
const valueOf = (name) => /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(name)).value;

/**
 * The line as the API takes it, from what stands in the fields: the time of the market, and no empty field that may be
 * left out.
 * @param {string | null} resident
 * @param {(name: string) => string} read
 * @returns {Line}
 */
export function lineOf(resident, read = valueOf) {
  /** @param {string} name */
  const value = (name) => read(name).trim().normalize("NFC");
  /** @type {Line} */
  const found = { resident_id: resident, over_allowance: value("over_allowance") };
  for (const name of REQUIRED) found[name] = value(name);
  for (const name of OPTIONAL) if (value(name)) found[name] = value(name);
  const at = value("traded_at");
  if (at) found.traded_at = `${at}${at.length === 16 ? ":00" : ""}+08:00`;
  return found;
}

/**
 * Whether a line can be judged: all that it needs is there.
 * @param {Line} line
 */
export const isComplete = (line) => Boolean(line.resident_id && REQUIRED.every((name) => line[name]));

/** All that a clerk has typed or chosen, by field. */
export const typed = () => Object.fromEntries(ALL.map((name) => [name, valueOf(name)]));

/**
 * Puts back what was typed.
 * @param {Record<string, string | null>} values
 */
export function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    if (ALL.includes(name)) /** @type {HTMLInputElement} */ (byId(name)).value = value ?? "";
  }
}

/**
 * @param {string} id
 * @param {[value: string, text: string][]} rows
 */
function options(id, rows) {
  const place = byId(id, HTMLSelectElement);
  const chosen = place.value;
  place.replaceChildren(...rows.map(([value, text]) => make("option", { value }, text)));
  if (rows.some(([value]) => value === chosen)) place.value = chosen;
}

/**
 * What can be chosen, in the language of the page; the neighbours of the market stand before other countries.
 * @param {string[]} countries
 * @param {string[]} categories
 */
export function drawChoices(countries, categories) {
  /** @type {[string, string][]} */
  const nobody = [["", word("choose")]];
  const byName = new Intl.Collator(language()).compare;
  const others = countries.filter((code) => !NEIGHBOURS.includes(code) && code !== "CN");
  /** @type {(dimension: string, codes: string[]) => [string, string][]} */
  const named = (dimension, codes) => codes.map((code) => [code, nameOf(dimension, code)]);
  const sorted = named("origin", others).sort((a, b) => byName(a[1], b[1]));
  options("category", nobody.concat(named("category", categories)));
  options("origin", nobody.concat(named("origin", NEIGHBOURS), sorted));
  options(
    "over_allowance",
    limits().over_allowance.map((name) => [name, word(`over_allowance.${name}`)]),
  );
}

/**
 * Says beside a field what is wrong with it; nothing is, where the text is empty.
 * @param {string} name
 * @param {string} text
 * @param {string | null} [lang]
 */
export function mark(name, text, lang = null) {
  const place = byId(`${name}-error`);
  place.textContent = text;
  if (lang) place.lang = lang;
  else place.removeAttribute("lang");
  if (text) byId(name).setAttribute("aria-invalid", "true");
  else byId(name).removeAttribute("aria-invalid");
}

export function clearMarks() {
  for (const name of ALL) mark(name, "");
}

/**
 * Puts each error beside its field; returns those that belong to none.
 * @param {FieldError[]} [errors]
 */
export function markAll(errors = []) {
  clearMarks();
  return errors.filter((error) => {
    const name = error.pointer.slice(1);
    if (!ALL.includes(name)) return true;
    const { text, lang } = errorWords(error);
    mark(name, text, lang);
    return false;
  });
}

/** The first field with something wrong. */
export const firstMarked = () => /** @type {HTMLElement | null} */ (form().querySelector("[aria-invalid]"));

/** @returns {NodeListOf<HTMLElement>} */
const limitPlaces = () => form().querySelectorAll("[data-limit]");

/** Takes away what belongs to one line only: a consignment and its vehicle bring many. */
export function clearFields() {
  for (const name of ["commodity", "hs_code", "quantity_kg", "amount_cny", "reference"]) inputById(name).value = "";
  clearMarks();
  limitPlaces().forEach((place) => place.replaceChildren());
}

/** The fields of text take as much as the API does; returns what says again how much that is. */
export function limitFields() {
  return [...limitPlaces()].map((place) => {
    const name = place.dataset.limit ?? "";
    return limit(inputById(name), limits().lengths_max[name], place);
  });
}
