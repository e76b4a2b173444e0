// What people and readers type, as the API takes it: numbers with blanks and commas, ids in any letters and widths.
import { halfUp, scaled, unscaled } from "./exact.js";
import { limits } from "./limits.js";

/** Decimals of a weight in kg, of an amount in CNY, and of a price in CNY for a kg. */
export const DECIMALS = { quantity_kg: 3, amount_cny: 2, price: 4 };
const PLAIN = /^(?:\d+\.?\d*|\.\d+)$/;
const GROUPED = /^\d{1,3}([, ])\d{3}(?:\1\d{3})*(?:\.\d*)?$/;
/** 2.300 is 2.3 where a point is for decimals, and 2,300 where it is for thousands. */
const EITHER = /^[1-9]\d{0,2}\.\d{3}$/;

/**
 * How a number was read: the value that the API takes, or the word for what is wrong, or two values that it may be.
 * @typedef {{ value: string, wrong: string | null, either: [decimal: string, whole: string] | null }} Reading
 */

/**
 * The digits without zeros in front; there is a digit before a point.
 * @param {string} text
 */
const plain = (text) =>
  text
    .replace(/\.$/, "")
    .replace(/^\./, "0.")
    .replace(/^0+(?=\d)/, "");

/**
 * Reads what was typed as a number. Full-width digits and points, blanks and commas between thousands are understood;
 * what may be two numbers is not guessed.
 * @param {string} text
 * @param {number} decimals
 * @param {string} [meant] a text of which the clerk has said that its point is for decimals
 * @returns {Reading}
 */
export function readNumber(text, decimals, meant) {
  const points = text.normalize("NFKC").replaceAll("。", ".").trim();
  const typed = points.replace(/\s*([,.])\s*/g, "$1").replace(/\s+/g, " ");
  const isGrouped = GROUPED.test(typed);
  if (!typed) return { value: "", wrong: null, either: null };
  if (!isGrouped && !PLAIN.test(typed)) {
    const wrong = /^[\d., ]+$/.test(typed) ? "number.unclear" : "number.none";
    return { value: typed, wrong, either: null };
  }
  const value = plain(typed.replace(/[, ]/g, ""));
  if (isGrouped || !EITHER.test(value) || value === meant) return { value, wrong: null, either: null };
  if (decimals < 3) return { value, wrong: "number.unclear", either: null };
  return { value, wrong: null, either: [value, value.replace(".", "")] };
}

/**
 * A weight or an amount of the ledger as a clerk would type it: 471.200 is 471.2.
 * @param {string} text
 */
export const shortest = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/**
 * @param {string} text
 * @param {number} decimals
 */
const hasDecimals = (text, decimals) => new RegExp(`^\\d+(?:\\.\\d{1,${decimals}})?$`).test(text);

/**
 * Weight × price in CNY, rounded half up to fen; nothing where either is missing or no number.
 * @param {string} weight
 * @param {string} price
 */
export function amountOf(weight, price) {
  if (!hasDecimals(weight, DECIMALS.quantity_kg) || !hasDecimals(price, DECIMALS.price)) return "";
  const exact = scaled(weight, DECIMALS.quantity_kg) * scaled(price, DECIMALS.price);
  return unscaled(halfUp(exact, 10n ** BigInt(DECIMALS.quantity_kg + DECIMALS.price - DECIMALS.amount_cny)), 2);
}

/**
 * The resident id or the citizen number that a text spells, or null. An id may be typed in small letters, or as its
 * digits alone: all of them, because fewer digits may be a weight.
 * @param {string} text
 */
export function identityOf(text) {
  const typed = text.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  const residentId = new RegExp(limits().resident_id);
  const found = [typed, `R${typed}`].find((each) => residentId.test(each));
  return found ?? (new RegExp(limits().citizen_number).test(typed) ? typed : null);
}
