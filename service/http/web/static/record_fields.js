// The fields of a line: what can be chosen, what was typed, and what is wrong, beside the field that it is about.
import { byId, inputById, make } from "./elements.js";
import { grouped } from "./exact.js";
import { limits } from "./limits.js";
import { marketClock } from "./periods.js";
import { limit } from "./record_limits.js";
import { DECIMALS, amountOf, readNumber } from "./record_typed.js";
import { errorWords } from "./refusals.js";
import { language, nameOf, word } from "./words.js";

export const REQUIRED = ["category", "commodity", "origin", "quantity_kg", "amount_cny", "traded_at"];
export const OPTIONAL = ["hs_code", "consignment", "vehicle_plate", "seller", "reference"];
const CHOSEN = ["direction", "trade_point", "over_allowance"];
export const NUMBERS = /** @type {(keyof typeof DECIMALS)[]} */ (Object.keys(DECIMALS));
/** What is kept from line to line: a truck brings the same goods for many residents. */
export const KEPT = [
  "direction",
  "trade_point",
  "category",
  "commodity",
  "hs_code",
  "origin",
  "price",
  "consignment",
  "vehicle_plate",
  "seller",
  "over_allowance",
];
const ALL = [...REQUIRED, ...OPTIONAL, ...CHOSEN, "price"];
const NEIGHBOURS = ["MN", "RU", "KZ", "BY"];
const HOME = "CN";
const IMPORT = "import";

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

/** @param {string} name */
const isNumber = (name) => NUMBERS.some((each) => each === name);

/**
 * How what stands in a field is read as a number.
 * @param {string} name
 * @param {(name: string) => string} [read]
 */
export function readingOf(name, read = valueOf) {
  const meant = typeof document === "undefined" ? undefined : byId(name).dataset.meant;
  return readNumber(read(name), DECIMALS[/** @type {keyof typeof DECIMALS} */ (name)], meant);
}

/**
 * The line as the API takes it, from what stands in the fields: the time of the market, numbers without commas, and no
 * empty field that may be left out.
 * @param {string | null} resident
 * @param {(name: string) => string} read
 * @returns {Line}
 */
export function lineOf(resident, read = valueOf) {
  /** @param {string} name */
  const value = (name) => {
    if (isNumber(name)) return readingOf(name, read).value;
    return read(name)
      .trim()
      .normalize(name === "hs_code" ? "NFKC" : "NFC");
  };
  /** @type {Line} */
  const found = { resident_id: resident };
  for (const name of CHOSEN) found[name] = value(name);
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

/**
 * What a clerk has typed or chosen, by field.
 * @param {string[]} names
 */
export const typed = (names = ALL) => Object.fromEntries(names.map((name) => [name, valueOf(name)]));

/**
 * Puts back what was typed.
 * @param {Record<string, string | null>} values
 */
export function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    if (!ALL.includes(name)) continue;
    if (name === "origin") drawOrigins(values.direction ?? valueOf("direction"));
    const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(name));
    field.value = value ?? "";
    if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.selectedIndex = 0;
  }
  compute();
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

/** @type {string[]} */
let countries = [];

/** @type {(dimension: string, codes: string[]) => [string, string][]} */
const named = (dimension, codes) => codes.map((code) => [code, nameOf(dimension, code)]);

/** @returns {[string, string][]} */
const nobody = () => [["", word("choose")]];

/**
 * The neighbours of the market stand before other countries; what is imported does not come from home.
 * @param {string} direction
 */
function drawOrigins(direction) {
  const byName = new Intl.Collator(language()).compare;
  const first = direction === IMPORT ? NEIGHBOURS : [HOME, ...NEIGHBOURS];
  const others = countries.filter((code) => !first.includes(code) && code !== HOME);
  const sorted = named("origin", others).sort((a, b) => byName(a[1], b[1]));
  options("origin", nobody().concat(named("origin", first), sorted));
}

/**
 * What can be chosen, in the language of the page.
 * @param {string[]} origins
 * @param {string[]} categories
 * @param {string[]} points
 */
export function drawChoices(origins, categories, points) {
  countries = origins;
  options("category", nobody().concat(named("category", categories)));
  options("direction", named("direction", limits().directions));
  options("trade_point", named("trade_point", points));
  byId("trade_point", HTMLSelectElement).disabled = points.length < 2;
  drawOrigins(valueOf("direction"));
  options(
    "over_allowance",
    limits().over_allowance.map((name) => [name, word(`over_allowance.${name}`)]),
  );
}

/** With a price the amount is weight × price, and nobody types it. */
export function compute() {
  const price = readingOf("price");
  const amount = inputById("amount_cny");
  if (amount.readOnly || price.value) {
    const weight = readingOf("quantity_kg");
    const isClear = !weight.either && !weight.wrong && !price.either && !price.wrong;
    amount.value = isClear ? amountOf(weight.value, price.value) : "";
  }
  amount.readOnly = price.value !== "";
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

/** Takes away what belongs to one resident only: a consignment and its vehicle bring many. */
export function clearFields() {
  for (const name of ["quantity_kg", "amount_cny", "reference"]) {
    inputById(name).value = "";
    delete byId(name).dataset.meant;
  }
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
