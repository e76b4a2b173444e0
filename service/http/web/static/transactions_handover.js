// The hand-over list (交接班): every entry that a clerk recorded in a span, its totals, its cash, and who signs for it.
import { ask } from "./answers.js";
import { button, byId, list, make } from "./elements.js";
import { grouped } from "./exact.js";
import { limits } from "./limits.js";
import { marketClock } from "./periods.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { scopeWords } from "./transactions_form.js";
import { clerkWords, clock, noteOf } from "./transactions_rows.js";
import { entriesPath, totalsPath } from "./transactions_search.js";
import { cashOf } from "./transactions_sums.js";
import { nameOf, say, word } from "./words.js";

const PAGES_MAX = 20;
const ROUNDS_MAX = 3;
const place = byId("handover");

/** @typedef {{ entries: ListedEntry[], totals: EntryTotals, isWhole: boolean }} Shift */

/**
 * All entries of a search, oldest first, as many as a list can have.
 * @param {Search} search
 */
async function readAll({ filters }) {
  /** @type {ListedEntry[]} */
  const entries = [];
  /** @type {string | null} */
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const asked = {
      filters: { ...filters, order: "oldest" },
      cursor,
      entry: null,
      view: /** @type {const} */ ("list"),
    };
    const answer = /** @type {EntryPage} */ (await ask(entriesPath(asked, { limit: String(limits().page_limit_max) })));
    entries.push(...answer.items);
    cursor = answer.next_cursor;
    if (cursor === null) return { entries, isWhole: true };
  }
  return { entries, isWhole: false };
}

/**
 * The entries and their totals. Where the ledger has grown between the two, both are asked for again.
 * @param {Search} search
 * @returns {Promise<Shift>}
 */
async function readShift(search) {
  for (let round = 1; ; round += 1) {
    const { entries, isWhole } = await readAll(search);
    const totals = /** @type {EntryTotals} */ (await ask(totalsPath(search.filters)));
    const live = entries.filter(({ kind, reversed_by: by }) => kind === "trade" && !by).length;
    if (round === ROUNDS_MAX || live === totals.total.transactions) return { entries, totals, isWhole };
  }
}

/** @param {ListedEntry[]} entries */
function lines(entries) {
  const head = ["number", "recorded_at", "resident", "goods", "field.quantity_kg", "field.amount_cny", "taxable"];
  const cells = (/** @type {ListedEntry} */ entry, /** @type {number} */ n) => [
    String(n + 1),
    clock(entry.recorded_at),
    entry.resident_id,
    `${nameOf("category", entry.category)} · ${entry.commodity}`,
    grouped(entry.quantity_kg),
    grouped(entry.amount_cny),
    grouped(entry.taxable_cny),
    word(`verdict.${entry.verdict}`),
    noteOf(entry),
  ];
  const look = (/** @type {number} */ n) => (n === 3 || n > 6 ? { class: "words" } : {});
  const titles = [...head.map((name) => word(name)), word("verdict"), word("note")];
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "handover-title" },
    make(
      "table",
      { id: "handover-rows" },
      make("thead", {}, make("tr", {}, ...titles.map((said, n) => make("th", { scope: "col", ...look(n) }, said)))),
      make(
        "tbody",
        {},
        ...entries.map((entry, n) => make("tr", {}, ...cells(entry, n).map((said, c) => make("td", look(c), said)))),
      ),
    ),
  );
}

/**
 * Count, value and taxable value of each part.
 * @param {string} id
 * @param {string} title
 * @param {(Sums & { name: string })[]} parts
 * @param {Sums} total
 */
function partsTable(id, title, parts, total) {
  const cells = (/** @type {Sums} */ { transactions, quantity_kg: weight, amount_cny: amount, taxable_cny: tax }) =>
    [transactions, weight, amount, tax].map((figure) => make("td", {}, grouped(figure)));
  const heads = [title, word("transactions"), word("field.quantity_kg"), word("field.amount_cny"), word("taxable")];
  const line = (/** @type {Sums & { name: string }} */ part) =>
    make("tr", {}, make("th", { scope: "row" }, part.name), ...cells(part));
  const table = make(
    "table",
    { id },
    make("thead", {}, make("tr", {}, ...heads.map((said) => make("th", { scope: "col" }, said)))),
    make("tbody", {}, ...parts.map(line)),
    make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, word("total")), ...cells(total))),
  );
  return make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, table);
}

/** @param {ListedEntry[]} entries */
function cashList(entries) {
  const cash = cashOf(entries);
  const edge = (/** @type {ListedEntry | undefined} */ entry) =>
    entry ? `${clock(entry.recorded_at)} · ${entry.transaction_id}` : "—";
  return list([
    [word("handover.entries"), say("handover.counted", cash)],
    [word("handover.first"), edge(entries[0])],
    [word("handover.last"), edge(entries.at(-1))],
    [word("handover.taxed"), String(cash.taxed)],
    [word("handover.recorded"), cny(cash.recorded)],
    [word("handover.returned"), cny(cash.returned)],
    [word("handover.net"), cny(cash.net)],
  ]);
}

/** @param {string} name of the clerk who hands over */
const signatures = (name) =>
  make(
    "div",
    { class: "signatures" },
    ...[
      ["handover.giver", name],
      ["handover.taker", ""],
    ].map(([said, who]) =>
      make(
        "div",
        {},
        make("p", {}, `${word(said)} `, make("b", {}, who)),
        make("p", { class: "line" }, word("handover.signature")),
        make("p", { class: "line" }, word("handover.when")),
      ),
    ),
  );

/**
 * @param {Search} search
 * @param {Shift} shift
 * @param {(Recorder | null)[]} clerks
 */
function draw({ filters }, { entries, totals, isWhole }, clerks) {
  const own = clerks.find((each) => String(each?.id) === filters.recorded_by) ?? null;
  place.replaceChildren(
    make("h2", { id: "handover-title", tabindex: "-1" }, word("handover")),
    document.body.dataset.demo ? make("p", { class: "demo" }, word("demo")) : "",
    make("p", { class: "scope" }, scopeWords(filters, clerks)),
    make("p", { class: "quiet" }, say("handover.made", { at: marketClock(), position: totals.position })),
    make(
      "p",
      { class: "actions" },
      button("print-handover", word("print"), () => print()),
    ),
    isWhole ? "" : make("p", { class: "note", role: "alert" }, word("handover.too_long")),
    cashList(entries),
    partsTable(
      "handover-category",
      word("dimension.category"),
      totals.category.map((part) => ({ ...part, name: nameOf("category", part.key) })),
      totals.total,
    ),
    partsTable(
      "handover-verdict",
      word("verdict"),
      totals.verdict.map((part) => ({ ...part, name: word(`verdict.${part.key}`) })),
      totals.total,
    ),
    make("p", { class: "quiet" }, word("about")),
    lines(entries),
    signatures(own ? clerkWords(own) : ""),
  );
}

/**
 * Shows the hand-over list of a search; throws what the API refuses.
 * @param {Search} search
 * @param {(Recorder | null)[]} clerks
 * @param {() => boolean} isWanted whether the answer is still waited for
 */
export async function showHandover(search, clerks, isWanted) {
  const shift = await readShift(search);
  if (isWanted()) draw(search, shift, clerks);
}

/** @param {unknown} error */
export const sayNoHandover = (error) => place.replaceChildren(...sayFailure(error));
