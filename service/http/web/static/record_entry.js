// What is said of an entry of the ledger, on its receipt and before it is reversed.
import { grouped } from "./exact.js";
import { cny } from "./record_fields.js";
import { nameOf, word } from "./words.js";

/** @param {string} text */
const instant = (text) => text.replace("T", " ").replace(/(\.\d+)?([+-]\d\d:\d\d|Z)$/, "");

/**
 * Pairs of a word and a text; what an entry does not have is left out.
 * @param {Entry} entry
 * @param {string | null} [name] of the resident
 */
export function rowsOf(entry, name) {
  /** @type {[string, string | null][]} */
  const rows = [
    [word("transaction_id"), entry.transaction_id],
    [word("reverses"), entry.reverses],
    [word("corrects"), entry.metadata?.corrects ?? null],
    [word("why"), entry.reason],
    [word("resident"), [entry.resident_id, name].filter(Boolean).join(" ")],
    [word("dimension.category"), nameOf("category", entry.category)],
    [word("field.commodity"), entry.commodity],
    [word("field.hs_code"), entry.hs_code],
    [word("dimension.origin"), nameOf("origin", entry.origin)],
    [word("quantity_kg"), `${grouped(entry.quantity_kg)}\u00a0${word("unit.quantity_kg")}`],
    [word("amount"), cny(entry.amount_cny)],
    [word("exempt"), cny(entry.exempt_cny)],
    [word("taxable"), cny(entry.taxable_cny)],
    [word("verdict"), word(`verdict.${entry.verdict}`)],
    [word("rule"), entry.rule_version],
    [word("field.traded_at"), instant(entry.traded_at)],
    [word("recorded_at"), instant(entry.recorded_at)],
    [word("field.recorded_by"), entry.recorded_by?.name ?? null],
    [word("field.consignment"), entry.consignment],
    [word("field.vehicle_plate"), entry.vehicle_plate],
    [word("field.seller"), entry.seller],
    [word("field.reference"), entry.reference],
  ];
  return rows.flatMap(([said, text]) => (text ? [/** @type {[string, string]} */ ([said, text])] : []));
}

/**
 * The essentials of the proof: what to ask for, and what the answer has to be.
 * @param {Proof} proof
 */
export function essentials(proof) {
  const { transaction, leaf_hash: leaf, block } = proof;
  return `hushi-proof:1\ntransaction:${transaction.transaction_id}\nleaf:${leaf}\nblock:${block.no}\nhash:${block.hash}`;
}
