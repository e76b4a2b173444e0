// How the page of traces names boxes and says figures.
import { grouped, scaled, unscaled } from "./exact.js";
import { addressOf } from "./trace_address.js";
import { language, nameOf, say, word } from "./words.js";

/** @type {TraceKind[]} */
export const KINDS = ["origin", "consignment", "transactions", "transfer", "enterprise", "processing_batch", "output"];
const WITHOUT_CONSIGNMENT = "transactions:without-consignment";
export const OTHER_GOODS = "transactions:other-goods";

/** @param {Figure} text */
export const kg = (text) => `${grouped(text)}\u00a0${word("unit.quantity_kg")}`;

/** @param {Figure | null} text */
export const cny = (text) =>
  text === null ? word("flows.unstated") : `${grouped(text)}\u00a0${word("unit.amount_cny")}`;

/**
 * In which column a node stands: trades without a truck beside the trucks, other goods beside what they go into.
 * @param {TraceNode} node
 */
export function columnOf({ id, kind }) {
  if (id === WITHOUT_CONSIGNMENT) return KINDS.indexOf("consignment");
  if (id === OTHER_GOODS) return KINDS.indexOf("enterprise");
  return KINDS.indexOf(kind);
}

/** @param {TraceNode} node */
export function nodeName({ id, kind, label, vehicle_plate: plate, merged }) {
  if (id === WITHOUT_CONSIGNMENT) return word("node.without_consignment");
  if (id === OTHER_GOODS) return word("node.other_goods");
  if (kind === "transactions") return word("node.this_trade");
  if (merged > 1) return say("node.others", { count: merged });
  if (label === null) return word("node.several_points");
  if (kind === "origin") return nameOf("origin", label);
  return plate ? `${label} · ${plate}` : label;
}

/**
 * Where a box leads: to the trace of what it stands for, or to its page.
 * @param {TraceNode} node
 * @param {TraceAsked} asked
 */
export function leadsTo({ id, kind, label, trade_point: point }, asked) {
  const lang = language();
  if (label === null) return null;
  const none = { output: null, trade_point: null };
  if (kind === "consignment" && !(asked.of === "consignment" && asked.id === label)) {
    return addressOf({ ...none, of: "consignment", id: label, trade_point: point }, lang);
  }
  if (kind === "processing_batch" && !(asked.of === "batch" && asked.id === label && !asked.output)) {
    return addressOf({ ...none, of: "batch", id: label }, lang);
  }
  if (kind === "output") {
    const [, batch, output] = id.split(":");
    return addressOf({ ...none, of: "batch", id: batch, output }, lang);
  }
  if (kind === "transfer") return `/transfers?transfer_id=${label}&lang=${lang}`;
  if (kind === "enterprise") return `/enterprises?enterprise_id=${id.split(":")[1]}&lang=${lang}`;
  return null;
}

/**
 * A box in one sentence: what it is, its figures, and what of it stays.
 * @param {TraceBox} box
 */
export function boxWords({ kind, name, quantity_kg: weight, amount_cny: amount, stays_kg: stays, whole_kg: whole }) {
  const parts = [say("says", { kind: word(`kind.${kind}`), name, weight: kg(weight), amount: cny(amount) })];
  if (stays !== null && scaled(stays, 3) > 0n) parts.push(say("says.left", { weight: kg(stays) }));
  if (whole !== null && whole !== weight) parts.push(say("says.whole", { weight: kg(whole) }));
  return parts.join(word("says.between"));
}

/**
 * The sum of figures; null where one of them is not known.
 * @param {(string | null)[]} figures
 * @param {number} decimals
 */
export function sumOf(figures, decimals) {
  let sum = 0n;
  for (const figure of figures) {
    if (figure === null) return null;
    sum += scaled(figure, decimals);
  }
  return unscaled(sum, decimals);
}
