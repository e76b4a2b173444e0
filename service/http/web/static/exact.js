// Figures come as decimal text and stay exact: whole numbers of the smallest unit, never binary fractions.
import { ladder } from "./words.js";

/**
 * Decimal text as a whole number of its smallest unit: "3.50" with 2 decimals is 350n.
 * @param {Figure} text
 * @param {number} decimals
 */
export function scaled(text, decimals) {
  const [whole, fraction = ""] = String(text).replace("-", "").split(".");
  const value = BigInt(whole + fraction.padEnd(decimals, "0").slice(0, decimals));
  return String(text).startsWith("-") ? -value : value;
}

/**
 * A whole number of smallest units as decimal text, with a real minus.
 * @param {bigint} value
 * @param {number} decimals
 */
export function unscaled(value, decimals) {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const text = decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
  return (value < 0n ? "−" : "") + text;
}

/**
 * 1234567.50 as 1,234,567.50, with a real minus.
 * @param {Figure} text
 */
export function grouped(text) {
  const [whole, fraction] = String(text).replace("-", "−").split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/**
 * The quotient, rounded half away from zero; the denominator is above zero.
 * @param {bigint} numerator
 * @param {bigint} denominator
 */
export function halfUp(numerator, denominator) {
  const sign = numerator < 0n ? -1n : 1n;
  return (sign * (2n * sign * numerator + denominator)) / (2n * denominator);
}

/**
 * 306000000.00 as ["3.06", "亿"]; what is below the lowest rung stays whole.
 * @param {Figure} text
 * @param {Lang} lang
 * @returns {[number: string, unit: string]}
 */
export function compact(text, lang, decimals = 2) {
  const value = scaled(text, 2);
  const size = value < 0n ? -value : value;
  for (const [zeros, unit] of ladder(lang)) {
    const rung = 10n ** BigInt(zeros);
    if (size >= rung * 100n) {
      return [grouped(unscaled(halfUp(value, rung * 10n ** BigInt(2 - decimals)), decimals)), unit];
    }
  }
  return [grouped(text), ""];
}

/**
 * A number on an axis: 20000000 as 2,000万, 20 million, 20 сая, in as few digits as tell it.
 * @param {number} value
 * @param {Lang} lang
 */
export function tick(value, lang) {
  for (const [zeros, unit] of ladder(lang)) {
    if (Math.abs(value) >= 10 ** zeros) {
      const shown = Number((value / 10 ** zeros).toPrecision(4));
      return `${grouped(shown)}${lang === "zh" ? "" : "\u00a0"}${unit}`;
    }
  }
  return grouped(Number(value.toPrecision(4)));
}

/**
 * part of whole in hundredths of a percent, or null where there is no whole.
 * @param {Figure} part
 * @param {Figure} whole
 */
export function shareOf(part, whole) {
  const all = scaled(whole, 2);
  return all === 0n ? null : halfUp(scaled(part, 2) * 10000n, all);
}

/**
 * A change with its sign, whichever it is.
 * @param {Figure} text
 */
export function signed(text) {
  const shown = grouped(text);
  return shown.startsWith("−") || /^[0.]+$/.test(shown) ? shown : `+${shown}`;
}
