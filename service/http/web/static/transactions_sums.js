// What a clerk hands over: the entries of a span counted, and the cash behind them, in whole fen.
import { scaled, unscaled } from "./exact.js";

/** @param {Pick<Entry, "taxable_cny">[]} entries */
const taxableOf = (entries) => entries.reduce((sum, each) => sum + scaled(each.taxable_cny, 2), 0n);

/** @param {bigint} fen */
const money = (fen) => unscaled(fen, 2);

/**
 * The count of trades and reversals, and the taxable value that was recorded, taken back, and is left.
 * @param {Pick<Entry, "kind" | "taxable_cny">[]} entries
 */
export function cashOf(entries) {
  const trades = entries.filter(({ kind }) => kind === "trade");
  const reversals = entries.filter(({ kind }) => kind === "reversal");
  const [recorded, returned] = [taxableOf(trades), taxableOf(reversals)];
  return {
    entries: entries.length,
    trades: trades.length,
    reversals: reversals.length,
    taxed: trades.filter((each) => scaled(each.taxable_cny, 2) > 0n).length,
    recorded: money(recorded),
    returned: money(returned),
    net: money(recorded + returned),
  };
}
