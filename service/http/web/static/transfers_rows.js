// A list of transfers as a table: of an enterprise, of a truck, or those that were searched for.
import { make } from "./elements.js";
import { grouped } from "./exact.js";
import { language, word } from "./words.js";

const HEAD = ["transfer", "transferred_on", "enterprise", "purpose", "consignment", "quantity", "amount", "state"];

/** @param {string} id */
export const transferAddress = (id) => `/transfers?transfer_id=${id}&lang=${language()}`;

/** @param {string} id */
export const batchAddress = (id) => `/processing-batches?processing_batch_id=${id}&lang=${language()}`;

/**
 * Whether a transfer is reversed, in a processing batch, or neither.
 * @param {ListedTransfer} transfer
 */
export function stateWords({ reversal, reversed, processing_batch_id: batch }) {
  if (reversal || reversed) return make("span", { class: "status cancelled" }, word("transfers.reversed"));
  return batch ? make("a", { href: batchAddress(batch) }, batch) : word("transfers.live");
}

/** @param {ListedTransfer} transfer */
function cells(transfer) {
  const { transferred_on: day, enterprise, purpose, consignment } = transfer;
  const name = typeof enterprise === "string" ? enterprise : enterprise.name;
  const figures = [transfer.quantity_kg, transfer.amount_cny].map(grouped);
  return [day, name, word(`purpose.${purpose}`), consignment ?? "—", ...figures, stateWords(transfer)];
}

/**
 * @param {string} caption
 * @template {ListedTransfer} T
 * @param {T[]} transfers
 * @param {(transfer: T) => Node} [first] what stands in the first cell; the address of the transfer, if left out
 */
export function transfersTable(caption, transfers, first) {
  const link = (/** @type {string} */ id) => make("a", { href: transferAddress(id), "data-transfer": id }, id);
  const heads = HEAD.map((name) => make("th", { scope: "col" }, word(`transfers.head.${name}`)));
  const row = (/** @type {T} */ transfer) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, first ? first(transfer) : link(transfer.transfer_id)),
      ...cells(transfer).map((inside) => make("td", {}, inside)),
    );
  return make(
    "table",
    { class: "transfers" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...transfers.map(row)),
  );
}
