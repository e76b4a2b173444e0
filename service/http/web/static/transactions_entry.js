// An entry that was opened: its receipt to print again, all other fields, its proof, and the way to reverse it.
import { ask } from "./answers.js";
import { kg } from "./consignments_truck.js";
import { byId, make } from "./elements.js";
import { cny } from "./record_fields.js";
import { beginReceipt, showReceipt } from "./record_receipt.js";
import { beginReversal, openTrade } from "./record_reversal.js";
import { sayFailure } from "./refusals.js";
import { may } from "./shell.js";
import { labelOf } from "./transactions_form.js";
import { clerkWords } from "./transactions_rows.js";
import { language, nameOf, word } from "./words.js";

/** @type {{ entry: ListedEntry | null, entryAddress: (id: string) => string }} */
const state = { entry: null, entryAddress: () => "" };

/** @param {string} id */
const entryLink = (id) => make("a", { href: state.entryAddress(id), "data-entry": id }, id);

/**
 * @param {string} name
 * @param {string | null} value
 */
const named = (name, value) => (value === null ? "—" : nameOf(name, value));

/** @param {boolean | null | undefined} isVerified */
const verifiedWords = (isVerified) => (typeof isVerified === "boolean" ? word(`verified.${isVerified}`) : "—");

/**
 * What of the goods has gone on to enterprises.
 * @param {ListedEntry} entry
 */
function goneWords({ transferred_kg: weight = "0", transferred_cny: amount = "0" }) {
  return Number(weight) > 0 ? [kg(weight), cny(amount)].join(word("report.between_values")) : null;
}

/**
 * The way to send on what is left of the goods of a live import.
 * @param {ListedEntry} entry
 */
function sendLink({
  transaction_id: id,
  kind,
  direction,
  reversed_by: reversal,
  quantity_kg: weight,
  transferred_kg: gone = "0",
}) {
  const isLeft = kind === "trade" && direction === "import" && !reversal && Number(gone) < Number(weight);
  if (!isLeft || !may("transactions:write")) return "";
  const href = `/transfers?${new URLSearchParams({ transaction_id: id, lang: language() })}`;
  return make("p", {}, make("a", { href, id: "send-on" }, word("transfers.send.trade")));
}

/**
 * The fields that stand on no receipt, each with what it is called.
 * @param {ListedEntry} entry
 * @returns {[string, Node | string | null | undefined][]}
 */
const otherFields = (entry) => [
  [word("recorded_by"), clerkWords(entry.recorded_by)],
  [word("reversed_by"), entry.reversed_by ? entryLink(entry.reversed_by) : null],
  [word("reverses"), entry.reverses ? entryLink(entry.reverses) : null],
  [word("transfers.gone"), goneWords(entry)],
  [word("kind"), word(`kind.${entry.kind}`)],
  [word("business_day"), entry.day],
  [labelOf("direction"), nameOf("direction", entry.direction)],
  [labelOf("trade_point"), nameOf("trade_point", entry.trade_point)],
  [labelOf("group_id"), named("group_id", entry.group_id)],
  [labelOf("settlement"), named("settlement", entry.settlement)],
  [labelOf("declarant_id"), entry.declarant_id],
  [word("seller"), entry.seller],
  [word("field.over_allowance"), word(`over_allowance.${entry.over_allowance}`)],
  [word("rule_verified"), verifiedWords(entry.rule_verified)],
  [word("consignment_line"), entry.consignment_line ? String(entry.consignment_line) : null],
  ...Object.entries(entry.metadata).map(([name, value]) => /** @type {[string, string]} */ ([name, value])),
];

/**
 * What a warning is called; one without words here, by its code.
 * @param {string} code
 */
function warningWords(code) {
  const name = `warning.${code}`;
  const said = word(name);
  return said === name ? code : said;
}

/** @param {ListedEntry} entry */
function warningList({ warnings = [] }) {
  if (!warnings.length) return "";
  const lines = warnings.map(({ code, detail }) =>
    make("li", {}, `${warningWords(code)} `, make("span", { class: "quiet", lang: "en" }, detail)),
  );
  return make("div", { class: "note" }, make("h3", {}, word("warnings")), make("ul", {}, ...lines));
}

/** @param {ListedEntry} entry */
function proofLink({ transaction_id: id, block }) {
  if (block === null || block === undefined || !may("ledger:verify")) return "";
  return make("p", {}, make("a", { href: `/v1/transactions/${id}/proof`, target: "_blank" }, word("proof")));
}

/** @param {ListedEntry} entry */
function traceLink({ transaction_id: id, kind, direction }) {
  if (kind !== "trade" || direction !== "import") return "";
  return make("p", {}, make("a", { href: `/trace?transaction=${id}`, id: "to-trace" }, word("link.trace")));
}

export function drawEntry() {
  const { entry } = state;
  if (!entry) return;
  const rows = otherFields(entry).filter(([, value]) => value);
  const pairs = rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value ?? "")));
  byId("more").replaceChildren(
    make("h2", { id: "more-title" }, word("all.fields")),
    make("dl", {}, ...pairs),
    warningList(entry),
    traceLink(entry),
    sendLink(entry),
    proofLink(entry),
  );
}

/**
 * The masked name of a resident, where the key may read it.
 * @param {string} id
 * @returns {Promise<string | null>}
 */
async function nameOfResident(id) {
  if (!may("residents:read")) return null;
  return ask(`/v1/residents/${id}`).then(
    ({ name }) => name,
    () => null,
  );
}

/**
 * Opens an entry.
 * @param {string} id
 * @param {() => boolean} isWanted whether the answer is still waited for
 */
export async function showEntry(id, isWanted) {
  byId("reversing").hidden = true;
  try {
    const entry = /** @type {ListedEntry} */ (await ask(`/v1/transactions/${encodeURIComponent(id)}`));
    const name = await nameOfResident(entry.resident_id);
    if (!isWanted()) return;
    state.entry = entry;
    byId("opened").hidden = false;
    drawEntry();
    showReceipt(entry, name);
  } catch (error) {
    if (!isWanted()) return;
    closeEntry();
    byId("refusal").replaceChildren(...sayFailure(error));
  }
}

export function closeEntry() {
  state.entry = null;
  byId("opened").hidden = byId("receipt").hidden = true;
  document.body.classList.remove("receipted");
  document.adoptedStyleSheets = [];
}

/**
 * An entry that was opened before a block held it has a proof from now on.
 * @param {string} id
 * @param {number} block
 */
function sealed(id, block) {
  if (state.entry?.transaction_id !== id || state.entry.block !== null) return;
  state.entry.block = block;
  drawEntry();
}

/**
 * @param {(id: string) => string} entryAddress where an entry is opened
 * @param {(id: string) => void} open opens another entry
 */
export function beginEntry(entryAddress, open) {
  state.entryAddress = entryAddress;
  beginReceipt((id) => {
    byId("reversing").hidden = false;
    openTrade(id);
    byId("reversing").scrollIntoView();
    byId("reversing-title").focus();
  }, sealed);
  if (may("transactions:write")) beginReversal((reversal) => open(reversal.transaction_id));
}
