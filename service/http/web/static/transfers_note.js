// The delivery note of a transfer: to whom, which goods, from which truck, with places for signatures and a stamp.
import { ask } from "./answers.js";
import { ConfirmedUndo } from "./confirmed_undo.js";
import { clock, kg } from "./consignments_truck.js";
import { button, byId, list, make, table } from "./elements.js";
import { grouped } from "./exact.js";
import { dayWords } from "./phrases.js";
import { sayFailure } from "./refusals.js";
import { draws, may, sayError } from "./shell.js";
import { batchAddress } from "./transfers_rows.js";
import { language, nameOf, say, word } from "./words.js";

/** @type {{ transfer: Transfer | null, enterprise: Enterprise | null, notice: string, changed: () => void }} */
const state = { transfer: null, enterprise: null, notice: "", changed: () => {} };

/** @type {(row: [string, string | null | undefined]) => [string, string]} */
const orNone = ([name, text]) => [name, text || word("none")];

/** @param {Transfer} transfer */
function truckWords({ trucks = [], consignment }) {
  const named = trucks.map(({ consignment: name, vehicle_plate: plate }) => [name, plate].filter(Boolean).join(" · "));
  return named.length ? named.join(word("report.between_values")) : consignment;
}

/** @param {Transfer} transfer */
function aboutRows(transfer) {
  const { reversal, paid_cny: paid, recorded_by: by, trade_point: point } = transfer;
  /** @type {[string, string | null | undefined][]} */
  const rows = [
    [word("note.to"), transfer.enterprise.name],
    [word("note.credit_code"), state.enterprise?.credit_code],
    [word("purpose"), word(`purpose.${transfer.purpose}`)],
    [word("transferred_on"), dayWords(transfer.transferred_on)],
    [word("note.trucks"), truckWords(transfer)],
    [word("dimension.trade_point"), point ? nameOf("trade_point", point) : word("note.several_points")],
    [word("note.trades"), say("note.counted", { trades: transfer.transactions, residents: transfer.residents })],
    [word("pays"), paid === null ? null : grouped(paid)],
    [word("contract"), transfer.contract],
    [word("invoice"), transfer.invoice],
    [word("recorded_by"), by?.name],
    [word("recorded_at"), clock(transfer.recorded_at)],
  ];
  if (!reversal) return rows.map(orNone);
  const reversed = say("note.reversed", { at: clock(reversal.recorded_at), reason: reversal.reason });
  return [...rows, /** @type {[string, string]} */ ([word("reversed"), reversed])].map(orNone);
}

/** @param {Transfer} transfer */
function goodsTable({ goods = [], transactions, quantity_kg: weight, amount_cny: amount }) {
  const heads = ["dimension.category", "field.commodity", "field.hs_code", "dimension.origin", "note.head.trades"];
  const rows = goods.map((each) => [
    nameOf("category", each.category),
    each.commodity,
    each.hs_code ?? "—",
    nameOf("origin", each.origin),
    String(each.transactions),
    grouped(each.quantity_kg),
    grouped(each.amount_cny),
  ]);
  const total = [word("total"), "", "", "", String(transactions), grouped(weight), grouped(amount)];
  return table(word("note.goods"), [...heads, "field.quantity_kg", "field.amount_cny"].map(word), rows, total);
}

/** Who hands over, who takes over with the stamp of the enterprise, and when. */
function signatures() {
  const names = ["note.giver", "note.taker", "note.stamp", "note.date"];
  return names.map((name) => make("div", { class: "signature" }, make("span", {}, word(name))));
}

/** @param {Transfer} transfer */
function tools({
  transfer_id: id,
  reversal,
  purpose,
  processing_batch_id: batch,
  enterprise_id: enterprise,
  trucks = [],
}) {
  const link = (/** @type {string} */ href, /** @type {string} */ text) => make("a", { href }, text);
  const canProcess = !reversal && !batch && purpose === "processing" && may("transactions:write");
  const [truck] = trucks.filter(({ consignment }) => consignment);
  const asked = `?transfer_id=${id}&lang=${language()}`;
  return [
    button("note-print", word("print"), printNote),
    canProcess && link(`/processing-batches${asked}`, word("note.process")),
    batch && link(batchAddress(batch), say("note.batch", { id: batch })),
    truck?.consignment && link(`/trace?${new URLSearchParams(traceOf(truck.consignment))}`, word("link.trace")),
    link(`/enterprises?enterprise_id=${enterprise}&lang=${language()}`, word("page.enterprises")),
  ].filter((part) => part);
}

/** @param {string} consignment @returns {Record<string, string>} */
function traceOf(consignment) {
  const point = state.transfer?.trade_point;
  return { consignment, ...(point ? { trade_point: point } : {}), lang: language() };
}

function printNote() {
  document.body.classList.add("noted");
  addEventListener("afterprint", () => document.body.classList.remove("noted"), { once: true });
  print();
}

/** The trades of the transfer one by one: for the desk, never on the paper. @param {Transfer} transfer */
function linesTable({ lines = [] }) {
  const address = (/** @type {string} */ id) => `/transactions?entry=${id}&lang=${language()}`;
  const heads = ["rows.no", "note.transaction", "field.quantity_kg", "field.amount_cny", "pays"].map(word);
  const rows = lines.map((line) => [
    String(line.line),
    make("a", { href: address(line.transaction_id) }, line.transaction_id),
    grouped(line.quantity_kg),
    grouped(line.amount_cny),
    line.paid_cny === null ? "—" : grouped(line.paid_cny),
  ]);
  return table(word("note.lines"), heads, rows);
}

const undo = new ConfirmedUndo("transfer-reversal", {
  path: () => `/v1/transfers/${state.transfer?.transfer_id}/reversal`,
  question: () => {
    const { transfer_id: id, quantity_kg: weight, enterprise } = /** @type {Transfer} */ (state.transfer);
    return say("undo.ask", { id, weight: kg(weight), enterprise: enterprise.name });
  },
  undone: (transfer) => {
    showNote(transfer, say("undone", { id: transfer.transfer_id }));
    state.changed();
  },
});

function draw() {
  const { transfer, notice } = state;
  byId("note").hidden = transfer === null;
  if (!transfer) return;
  byId("note-title").textContent = word("note");
  byId("note-number").replaceChildren(
    say("note.number", { id: transfer.transfer_id }),
    ...(transfer.reversal ? [" ", make("span", { class: "status cancelled" }, word("reversed"))] : []),
    ...(document.body.dataset.demo ? [" ", make("span", { class: "demo" }, word("demo"))] : []),
  );
  byId("note-notice").textContent = notice;
  byId("note-about").replaceChildren(list(aboutRows(transfer)));
  byId("note-goods").replaceChildren(goodsTable(transfer));
  byId("note-signatures").replaceChildren(...signatures());
  byId("note-tools").replaceChildren(.../** @type {Node[]} */ (tools(transfer)));
  drawLines(transfer);
  const isLive = !transfer.reversal && !transfer.processing_batch_id;
  byId("undoing").hidden = !isLive || !may("transactions:write");
}

/** Many rows are made only where somebody opens them. @param {Transfer} transfer */
function drawLines(transfer) {
  const place = byId("note-lines", HTMLDetailsElement);
  place.hidden = !transfer.lines?.length;
  byId("note-lines-title").textContent = say("note.lines.count", { count: transfer.lines?.length ?? 0 });
  byId("note-lines-rows").replaceChildren(...(place.open ? [linesTable(transfer)] : []));
}

/**
 * Shows the delivery note of a transfer and moves the focus there; `notice` says what has just happened.
 * @param {Transfer} transfer
 * @param {string} [notice]
 */
export async function showNote(transfer, notice = "") {
  const isAnother = state.transfer?.transfer_id !== transfer.transfer_id;
  Object.assign(state, { transfer, notice });
  if (isAnother) {
    state.enterprise = null;
    byId("undoing", HTMLDetailsElement).open = byId("note-lines", HTMLDetailsElement).open = false;
    undo.forget();
  }
  const params = new URLSearchParams(location.search);
  for (const name of ["consignment", "transaction_id", "trade_point"]) params.delete(name);
  params.set("transfer_id", transfer.transfer_id);
  history.replaceState(null, "", `?${params}`);
  draw();
  byId("note-title").focus();
  const enterprise = state.enterprise ?? (await ask(`/v1/enterprises/${transfer.enterprise_id}`).catch(() => null));
  if (state.transfer !== transfer) return;
  state.enterprise = enterprise;
  draw();
}

/** @param {string} id */
export async function openTransfer(id) {
  sayError();
  try {
    await showNote(await ask(`/v1/transfers/${encodeURIComponent(id)}`));
    return true;
  } catch (error) {
    sayError(...sayFailure(error));
    return false;
  }
}

/** @param {() => void} changed is called after a transfer was reversed */
export function beginNote(changed) {
  state.changed = changed;
  draws(draw);
  undo.begin();
  byId("note-lines").addEventListener("toggle", () => state.transfer && drawLines(state.transfer));
}
