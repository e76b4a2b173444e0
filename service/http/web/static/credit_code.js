// The unified social credit code (GB 32100-2015) while it is typed: what is wrong with it is said before it is sent.
import { limits } from "./limits.js";

const WEIGHT = 3;

/** @typedef {"empty" | "characters" | "short" | "long" | "check" | "fits"} CodeState */

/**
 * A code as the API takes it: full-width signs as the plain ones, in capital letters, without blanks.
 * @param {string} text
 */
export const spelledCode = (text) => text.normalize("NFKC").replace(/\s/g, "").toUpperCase();

/**
 * The last character that a code must have: (31 − Σ mod 31) mod 31, where the weight of the i-th character is 3^i mod 31.
 * @param {string} code its characters before the last one
 */
export function checkCharacter(code) {
  const { credit_code_characters: known } = limits();
  let weight = 1;
  let sum = 0;
  for (const character of code) {
    sum += known.indexOf(character) * weight;
    weight = (weight * WEIGHT) % known.length;
  }
  return known[(known.length - (sum % known.length)) % known.length];
}

/**
 * What can be said of a code that is being typed, and the characters that no code has.
 * @param {string} code as `spelledCode` has it
 * @returns {{ state: CodeState, foreign: string }}
 */
export function readCode(code) {
  const { credit_code_characters: known, lengths_max: lengths } = limits();
  const foreign = [...new Set(code)].filter((character) => !known.includes(character)).join(" ");
  if (foreign) return { state: "characters", foreign };
  if (code.length !== lengths.credit_code) {
    return { state: !code ? "empty" : code.length < lengths.credit_code ? "short" : "long", foreign };
  }
  return { state: checkCharacter(code.slice(0, -1)) === code.slice(-1) ? "fits" : "check", foreign };
}
