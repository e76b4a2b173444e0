// What of a trade has gone on, what is left, and what a part of it is worth: whole grams and fen, as the ledger counts.
import { halfUp, scaled } from "./exact.js";

const KG_DECIMALS = 3;
const CNY_DECIMALS = 2;
const WEIGHT = /^(?:0|[1-9]\d{0,9})(?:\.\d{1,3})?$/;

/** @param {Figure} text */
export const grams = (text) => scaled(text, KG_DECIMALS);

/** @param {Figure} text */
export const fen = (text) => scaled(text, CNY_DECIMALS);

/**
 * The grams of a trade that have not gone on.
 * @param {GoodsTrade} trade
 */
export const leftGrams = (trade) => grams(trade.quantity_kg) - grams(trade.transferred_kg);

/**
 * The fen that so many more grams of a trade are worth: its amount is cut by cumulative rounding, half up, as in a
 * split, and what has gone on already is taken off.
 * @param {GoodsTrade} trade
 * @param {bigint} taken
 */
export function worthOf(trade, taken) {
  const gone = grams(trade.transferred_kg) + taken;
  const worth = halfUp(fen(trade.amount_cny) * gone, grams(trade.quantity_kg)) - fen(trade.transferred_cny);
  return worth < 0n ? 0n : worth;
}

/**
 * A weight as the API takes it: full-width signs as the plain ones, without blanks.
 * @param {string} text
 */
export const spelledWeight = (text) => text.normalize("NFKC").replace(/\s/g, "");

/**
 * What a field says of how much of a trade goes on: its grams, or the word for what is wrong. An empty field and a zero
 * leave the trade out.
 * @param {GoodsTrade} trade
 * @param {string} text
 * @returns {{ taken: bigint, wrong: string | null }}
 */
export function readTaken(trade, text) {
  const typed = spelledWeight(text);
  if (!typed) return { taken: 0n, wrong: null };
  if (!WEIGHT.test(typed)) return { taken: 0n, wrong: "error.not-a-weight" };
  const taken = grams(typed);
  return taken > leftGrams(trade) ? { taken: 0n, wrong: "too.much" } : { taken, wrong: null };
}

/**
 * What is to go on, added up.
 * @param {{ trade: GoodsTrade, taken: bigint }[]} lines
 */
export function sumsOf(lines) {
  const going = lines.filter(({ taken }) => taken > 0n);
  return {
    trades: going.length,
    residents: new Set(going.map(({ trade }) => trade.resident_id)).size,
    grams: going.reduce((sum, { taken }) => sum + taken, 0n),
    fen: going.reduce((sum, { trade, taken }) => sum + worthOf(trade, taken), 0n),
  };
}
