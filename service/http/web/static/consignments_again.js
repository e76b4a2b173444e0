// The list of a truck that was posted before, to be printed again: its live parts, and the names of those who have them.
import { ask } from "./answers.js";
import { limits } from "./limits.js";

const PAGES_MAX = 20;
/** Residents without a group are asked for one by one; a list that is longer names the others by their ids. */
const NAMES_MAX = 60;

/**
 * @param {string} path
 * @param {Record<string, string>} query
 * @returns {Promise<any[]>}
 */
async function readAll(path, query) {
  const asked = new URLSearchParams({ ...query, limit: String(limits().page_limit_max) });
  const found = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, next_cursor: next } = await ask(`${path}?${asked}`);
    found.push(...items);
    if (!next) break;
    asked.set("cursor", next);
  }
  return found;
}

/**
 * The live trades that are parts of the truck, in the order in which they were recorded.
 * @param {Truck} truck
 * @returns {Promise<Entry[]>}
 */
export async function readParts({ consignment, trade_point: point }) {
  const query = { consignment, trade_point: point, kind: "trade", reversed: "false", order: "oldest" };
  const trades = await readAll("/v1/transactions", query);
  return trades.filter((trade) => trade.consignment_line !== null);
}

/**
 * The masked names of the residents of these trades: from their groups, and of the others one by one.
 * @param {any[]} trades
 * @returns {Promise<Record<string, string>>}
 */
export async function readNames(trades) {
  const groups = [...new Set(trades.map((trade) => trade.group_id).filter(Boolean))];
  const members = (await Promise.all(groups.map((id) => readAll("/v1/residents", { group_id: id })))).flat();
  const named = new Set(members.map((each) => each.resident_id));
  const others = [...new Set(trades.map((trade) => trade.resident_id))].filter((id) => !named.has(id));
  const asked = others.slice(0, NAMES_MAX).map((id) => ask(`/v1/residents/${id}`));
  const all = [...members, ...(await Promise.all(asked))];
  return Object.fromEntries(all.map(({ resident_id: id, name }) => [id, name]));
}
