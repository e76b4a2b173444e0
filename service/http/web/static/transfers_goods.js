// The goods that are to go on: the live imports of a truck or named trades, what of each has gone on, and what is left.
import { askAllPages } from "./all_pages.js";
import { ask } from "./answers.js";
import { kg } from "./consignments_truck.js";
import { byId, list, make } from "./elements.js";
import { grouped, unscaled } from "./exact.js";
import { cny } from "./record_fields.js";
import { shortest } from "./record_typed.js";
import { mark } from "./residents_forms.js";
import { draws } from "./shell.js";
import { fen, grams, leftGrams, readTaken, sumsOf, worthOf } from "./transfers_sums.js";
import { language, say, word } from "./words.js";

/** Of more trades than these nobody types a weight for each: they go on whole, or by a file. */
const ROWS_MAX = 300;
const NOTHING = /** @type {GoodsTrade[]} */ ([]);

/** @type {{ trades: GoodsTrade[], truck: { consignment: string, trade_point: string } | null, typed: Record<string, string> }} */
const state = { trades: NOTHING, truck: null, typed: {} };

export const truckChosen = () => state.truck;
export const isAnyChosen = () => state.trades.length > 0;

/** What is left of a trade, as a clerk would type it. @param {GoodsTrade} trade */
const leftText = (trade) => shortest(unscaled(leftGrams(trade), 3));

/** @param {GoodsTrade} trade */
const typedFor = (trade) => state.typed[trade.transaction_id] ?? leftText(trade);

const lines = () =>
  state.trades.map((trade) => ({ trade, text: typedFor(trade), ...readTaken(trade, typedFor(trade)) }));

/** @param {string} transactionId */
const fieldId = (transactionId) => `goods-${transactionId}`;

/**
 * The live imports that bear the name of a truck, in the order in which they were recorded. Throws Failure.
 * @param {{ consignment: string, trade_point: string }} truck
 */
export async function chooseTruck(truck) {
  const live = { kind: "trade", reversed: "false", direction: "import", order: "oldest" };
  choose(await askAllPages("/v1/transactions", { ...truck, ...live }), truck);
}

/**
 * The trades of these ids. Throws Failure.
 * @param {string[]} ids
 */
export async function chooseTrades(ids) {
  const each = [...new Set(ids)];
  choose(await Promise.all(each.map((id) => ask(`/v1/transactions/${encodeURIComponent(id)}`))), null);
}

/**
 * @param {GoodsTrade[]} trades
 * @param {{ consignment: string, trade_point: string } | null} truck
 */
function choose(trades, truck) {
  Object.assign(state, { trades, truck, typed: {} });
  draw();
}

export function forgetGoods() {
  choose(NOTHING, null);
}

/** Reads the chosen goods again: another desk has sent some of them on. What was typed stays. */
export async function readGoodsAgain() {
  const { truck, trades, typed } = state;
  if (truck) await chooseTruck(truck);
  else await chooseTrades(trades.map(({ transaction_id: id }) => id));
  state.typed = typed;
  draw();
}

/**
 * The goods as the API takes them: the whole truck where all that is left of it goes on, else each trade with its weight.
 * Null, with the field marked, where a weight is wrong or nothing goes on.
 * @returns {Record<string, unknown> | null}
 */
export function goodsBody() {
  const all = lines();
  const wrong = all.find((line) => line.wrong);
  const going = all.filter(({ taken }) => taken > 0n);
  if (wrong || !going.length) {
    drawMarks();
    if (wrong) byId(fieldId(wrong.trade.transaction_id)).focus();
    return null;
  }
  const isWhole = all.every(({ trade, taken }) => taken === leftGrams(trade));
  if (state.truck && isWhole) return state.truck;
  return {
    lines: going.map(({ trade, taken }) => ({ transaction_id: trade.transaction_id, quantity_kg: unscaled(taken, 3) })),
  };
}

export const goodsSums = () => sumsOf(lines());

// What is shown

function drawMarks() {
  for (const { trade, wrong } of lines()) {
    const id = fieldId(trade.transaction_id);
    if (!document.getElementById(id)) continue;
    mark(id, wrong ? say(wrong, { left: leftText(trade) }) : "");
  }
}

function drawSums() {
  const { trades, residents, grams: going, fen: worth } = goodsSums();
  const isAnyLeft = state.trades.some((trade) => leftGrams(trade) > 0n);
  const none = make("p", { class: "note" }, word(isAnyLeft ? "sums.none" : "left.none"));
  const rows = /** @type {[string, string][]} */ ([
    [word("sums.trades"), say("sums.of", { count: trades, all: state.trades.length })],
    [word("sums.residents"), String(residents)],
    [word("sums.weight"), kg(unscaled(going, 3))],
    [word("sums.amount"), cny(unscaled(worth, 2))],
  ]);
  byId("goods-sums").replaceChildren(trades ? list(rows) : none);
}

/** @param {GoodsTrade} trade */
function field(trade) {
  if (leftGrams(trade) === 0n) return make("span", { class: "quiet" }, word("left.gone"));
  const id = fieldId(trade.transaction_id);
  const input = make("input", {
    id,
    inputmode: "decimal",
    autocomplete: "off",
    "aria-label": say("rows.take.of", { goods: trade.commodity, resident: trade.resident_id }),
    "aria-describedby": `${id}-error`,
  });
  input.value = typedFor(trade);
  input.addEventListener("input", () => (state.typed[trade.transaction_id] = input.value));
  return make("div", { class: "field" }, input, make("p", { class: "wrong", id: `${id}-error` }));
}

/** @param {GoodsTrade} trade */
const tradeAddress = ({ transaction_id: id }) => `/transactions?entry=${id}&lang=${language()}`;

/** @param {GoodsTrade} trade @param {number} place */
function row(trade, place) {
  const { resident_id: resident, commodity, hs_code: code, day } = trade;
  const left = leftGrams(trade);
  const worth = unscaled(left > 0n ? worthOf(trade, left) : 0n, 2);
  const link = make("a", { href: tradeAddress(trade), target: "_blank" }, day);
  const goods = code ? `${commodity} (${code})` : commodity;
  const figures = [trade.quantity_kg, trade.transferred_kg, unscaled(left, 3), worth].map(grouped);
  const cells = [link, resident, goods, ...figures, field(trade)].map((inside) => make("td", {}, inside));
  return make("tr", {}, make("th", { scope: "row" }, String(place + 1)), ...cells);
}

function rowsTable() {
  const names = ["no", "day", "resident", "goods", "whole", "gone", "left", "left.amount", "take"];
  const heads = names.map((name) => make("th", { scope: "col" }, word(`rows.${name}`)));
  return make(
    "table",
    { class: "goods" },
    make("caption", {}, word("rows")),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...state.trades.map(row)),
  );
}

/** What of the goods has gone on already, in a line. */
function earlierWords() {
  const gone = state.trades.filter((trade) => grams(trade.transferred_kg) > 0n);
  const weight = gone.reduce((sum, trade) => sum + grams(trade.transferred_kg), 0n);
  const amount = gone.reduce((sum, trade) => sum + fen(trade.transferred_cny), 0n);
  const parts = { count: gone.length, weight: kg(unscaled(weight, 3)), amount: cny(unscaled(amount, 2)) };
  return gone.length ? say("earlier", parts) : word("earlier.none");
}

function draw() {
  const { trades, truck } = state;
  byId("goods").hidden = !trades.length;
  if (!trades.length) return;
  byId("goods-title").textContent = truck ? say("goods.truck", { name: truck.consignment }) : word("goods.trades");
  byId("goods-earlier").textContent = earlierWords();
  const isShown = trades.length <= ROWS_MAX;
  byId("goods-rows").hidden = !isShown;
  byId("goods-rows").replaceChildren(...(isShown ? [rowsTable()] : []));
  byId("goods-hint").textContent = isShown ? word("rows.hint") : say("rows.many", { count: trades.length });
  drawMarks();
  drawSums();
}

/** Says again what is wrong and what goes on, after a weight was typed. */
export function goodsTyped() {
  drawMarks();
  drawSums();
}

export function beginGoods() {
  draws(draw);
}
