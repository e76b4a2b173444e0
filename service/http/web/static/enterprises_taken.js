// What an enterprise has taken: the sums of this year by purpose, and its transfers, the newest first.
import { ask } from "./answers.js";
import { byId, list } from "./elements.js";
import { enterpriseNow, whenShown } from "./enterprises_card.js";
import { kg } from "./consignments_truck.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { marketToday } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { transfersTable } from "./transfers_rows.js";
import { say, word } from "./words.js";

const SHOWN_AT_ONCE = 20;
/** @type {{ transfers: Transfer[], next: string | null, sums: Row[], of: string | null }} */
const state = { transfers: [], next: null, sums: [], of: null };

/**
 * The sums of a purpose in a line.
 * @param {Row} row
 * @returns {[string, string]}
 */
const sumsOf = (row) => [
  word(`purpose.${row.key.purpose}`),
  say("taken.sums", {
    weight: kg(row.quantity_kg.current),
    amount: cny(row.amount_cny.current),
    trades: row.transactions.current,
    residents: row.residents.current,
  }),
];

function draw() {
  const { transfers, sums, of } = state;
  byId("taken-state").textContent = of && !transfers.length ? word("taken.none") : "";
  byId("taken-sums").replaceChildren(...(sums.length ? [list(sums.map(sumsOf))] : []));
  byId("taken-rows").replaceChildren(...(transfers.length ? [transfersTable(word("taken.rows"), transfers)] : []));
  byId("taken-more").hidden = state.next === null;
}

/**
 * The sums of what has gone on this year; a key without the scope of reports sees the list alone.
 * @param {string} id
 * @returns {Promise<Row[]>}
 */
async function readSums(id) {
  if (!may("reports:read")) return [];
  const query = { ytd: marketToday(), on: "transferred", by: "purpose", compare: "none", enterprise_id: id };
  const report = await ask(`/v1/reports/processing?${new URLSearchParams(query)}`).catch(() => null);
  return report?.rows ?? [];
}

/** @param {string | null} after */
async function read(after) {
  const id = enterpriseNow()?.enterprise_id;
  if (!id || !may("transactions:read")) return;
  const query = new URLSearchParams({ enterprise_id: id, limit: String(SHOWN_AT_ONCE) });
  if (after) query.set("cursor", after);
  try {
    const [page, sums] = await Promise.all([ask(`/v1/transfers?${query}`), after ? state.sums : readSums(id)]);
    if (enterpriseNow()?.enterprise_id !== id) return;
    const transfers = after ? [...state.transfers, ...page.items] : page.items;
    Object.assign(state, { transfers, next: page.next_cursor, sums, of: id });
    draw();
  } catch (error) {
    byId("taken-state").replaceChildren(...sayFailure(error));
  }
}

export function beginTaken() {
  draws(draw);
  whenShown(() => {
    Object.assign(state, { transfers: [], next: null, sums: [], of: null });
    draw();
    read(null);
  });
  byId("taken-more").addEventListener("click", () => read(state.next));
}
