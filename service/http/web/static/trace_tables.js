// The tables of the page of traces: the flows as the picture shows them, all of them, and the trades behind them.
import { make, table } from "./elements.js";
import { grouped, scaled } from "./exact.js";
import { columnOf, cny, nodeName } from "./trace_texts.js";
import { language, nameOf, say, word } from "./words.js";

const heads = () => [
  word("flows.from"),
  word("flows.to"),
  `${word("measure.quantity_kg")} (${word("unit.quantity_kg")})`,
  `${word("measure.amount_cny")} (${word("unit.amount_cny")})`,
];

/** @param {string | null} amount */
const amountCell = (amount) => (amount === null ? cny(null) : grouped(amount));

/** @param {TraceBox} box */
const called = ({ kind, name }) => `${word(`kind.${kind}`)} ${name}`;

/**
 * The same boxes and figures as the picture has, one flow a row, and what stays where.
 * @param {import("./trace_flow.js").Shown} shown
 */
export function flowTable({ boxes, flows }) {
  /** @type {[column: number, cells: string[]][]} */
  const rows = flows.map(({ source, target, quantity_kg: weight, amount_cny: amount }) => [
    source.box.column,
    [called(source), called(target), grouped(weight), amountCell(amount)],
  ]);
  for (const box of boxes) {
    if (box.stays_kg === null || scaled(box.stays_kg, 3) === 0n) continue;
    rows.push([box.box.column, [called(box), word("flows.stays"), grouped(box.stays_kg), amountCell(box.stays_cny)]]);
  }
  rows.sort(([one], [other]) => one - other);
  return table(
    word("flows"),
    heads(),
    rows.map(([, cells]) => cells),
  );
}

/**
 * All flows of a trace, where the picture shows small ones as one.
 * @param {Trace} trace
 */
export function allFlows({ nodes, links }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const inOrder = [...links].sort((one, other) => placeOf(one) - placeOf(other));
  /** @param {TraceLink} link */
  function placeOf({ source }) {
    const node = byId.get(source);
    return node ? columnOf(node) : 0;
  }
  /** @param {string} id */
  const name = (id) => {
    const node = byId.get(id);
    return node ? `${word(`kind.${node.kind}`)} ${nodeName(node)}` : id;
  };
  const rows = inOrder.map(({ source, target, quantity_kg: weight, amount_cny: amount }) => [
    name(source),
    name(target),
    grouped(weight),
    amountCell(amount),
  ]);
  return table(say("flows.all", { count: links.length }), heads(), rows);
}

/**
 * The trades behind a trace; each leads to its entry.
 * @param {TracedTrade[]} trades
 * @param {string} caption
 */
export function tradeTable(trades, caption) {
  const head = [
    word("trades.day"),
    word("trades.resident"),
    word("trades.name"),
    word("trades.goods"),
    word("dimension.origin"),
    word("field.consignment"),
    word("field.quantity_kg"),
    word("trades.traced"),
    word("field.amount_cny"),
  ];
  const rows = trades.map((trade) => [
    make("a", { href: `/transactions?entry=${trade.transaction_id}&lang=${language()}` }, trade.day),
    trade.resident_id,
    trade.name,
    `${nameOf("category", trade.category)} · ${trade.commodity}`,
    nameOf("origin", trade.origin),
    trade.consignment ?? "",
    grouped(trade.quantity_kg),
    grouped(trade.traced_kg),
    grouped(trade.amount_cny),
  ]);
  return table(caption, head, rows);
}
