// The entries that a search found, a row each; the first cell of a row opens its entry.
import { make } from "./elements.js";
import { grouped } from "./exact.js";
import { toLookAt } from "./record_verdict.js";
import { nameOf, word } from "./words.js";

/**
 * An instant on the clocks of the market, to the second.
 * @param {string} text
 */
export const clock = (text) => text.replace("T", " ").slice(0, 19);

/** @param {Recorder | null | undefined} recorder */
export const clerkWords = (recorder) => (recorder ? (recorder.name ?? String(recorder.id)) : word("unknown.clerk"));

/**
 * What is special about an entry: that it is a reversal, that it was reversed, or how many warnings to look at it bears.
 * @param {ListedEntry} entry
 */
export function noteOf({ kind, reversed_by: by, warnings = [] }) {
  const notes = [];
  if (kind === "reversal") notes.push(word("state.reversal"));
  if (by) notes.push(word("state.reversed"));
  const count = toLookAt(warnings).length;
  if (count) notes.push(`${word("warnings")}: ${count}`);
  return notes.join(", ");
}

/**
 * @typedef {object} Column
 * @property {() => string} head
 * @property {(entry: ListedEntry) => string} cell
 * @property {string} [look]
 */

/** @type {Column[]} The columns behind the first one. On a phone those that are roomy are left to the opened entry. */
const COLUMNS = [
  { head: () => word("resident"), cell: ({ resident_id: id }) => id, look: "id" },
  {
    head: () => word("goods"),
    cell: ({ category, commodity }) => `${nameOf("category", category)} · ${commodity}`,
    look: "words",
  },
  { head: () => word("dimension.origin"), cell: ({ origin }) => nameOf("origin", origin), look: "words spare" },
  { head: () => word("field.quantity_kg"), cell: ({ quantity_kg: weight }) => grouped(weight), look: "spare" },
  { head: () => word("field.amount_cny"), cell: ({ amount_cny: amount }) => grouped(amount) },
  { head: () => word("taxable"), cell: ({ taxable_cny: taxable }) => grouped(taxable), look: "spare" },
  { head: () => word("verdict"), cell: ({ verdict }) => word(`verdict.${verdict}`), look: "words judged" },
  { head: () => word("recorded_by"), cell: ({ recorded_by: by }) => clerkWords(by), look: "words spare" },
  { head: () => word("note"), cell: noteOf, look: "words note-cell" },
];

/**
 * @param {ListedEntry} entry
 * @param {(id: string) => string} addressOf
 */
function row(entry, addressOf) {
  const { transaction_id: id, recorded_at: at, reversed_by: by, kind } = entry;
  const link = make("a", { href: addressOf(id), "data-entry": id }, clock(at));
  const look = by || kind === "reversal" ? "undone" : null;
  const cells = COLUMNS.map(({ cell, look: kindOf }) => make("td", { class: kindOf }, cell(entry)));
  return make("tr", { class: look }, make("th", { scope: "row" }, link), ...cells);
}

/**
 * The table of entries.
 * @param {ListedEntry[]} entries
 * @param {string} caption
 * @param {(id: string) => string} addressOf where an entry is opened
 */
export function rowsTable(entries, caption, addressOf) {
  const heads = COLUMNS.map(({ head, look }) => make("th", { scope: "col", class: look }, head()));
  return make(
    "table",
    { class: "entries" },
    make("caption", { class: "hidden" }, caption),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, word("recorded_at")), ...heads)),
    make("tbody", {}, ...entries.map((entry) => row(entry, addressOf))),
  );
}
