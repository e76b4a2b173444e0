// The list of a truck that was posted before, to be printed again: its live parts, and the names of those who have them.
import { askAllPages } from "./all_pages.js";
import { ask } from "./answers.js";

/** Residents without a group are asked for one by one; a list that is longer names the others by their ids. */
const NAMES_MAX = 60;

/**
 * The live trades that are parts of the truck, in the order in which they were recorded.
 * @param {Truck} truck
 * @returns {Promise<Entry[]>}
 */
export async function readParts({ consignment, trade_point: point }) {
  const query = { consignment, trade_point: point, kind: "trade", reversed: "false", order: "oldest" };
  const trades = await askAllPages("/v1/transactions", query);
  return trades.filter((trade) => trade.consignment_line !== null);
}

/**
 * The masked names of the residents of these trades: from their groups, and of the others one by one.
 * @param {any[]} trades
 * @returns {Promise<Record<string, string>>}
 */
export async function readNames(trades) {
  const groups = [...new Set(trades.map((trade) => trade.group_id).filter(Boolean))];
  const members = (await Promise.all(groups.map((id) => askAllPages("/v1/residents", { group_id: id })))).flat();
  const named = new Set(members.map((each) => each.resident_id));
  const others = [...new Set(trades.map((trade) => trade.resident_id))].filter((id) => !named.has(id));
  const asked = others.slice(0, NAMES_MAX).map((id) => ask(`/v1/residents/${id}`));
  const all = [...members, ...(await Promise.all(asked))];
  return Object.fromEntries(all.map(({ resident_id: id, name }) => [id, name]));
}
