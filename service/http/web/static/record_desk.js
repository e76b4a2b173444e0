// The desk's day: what was recorded under this key today, and the last trade.
import { ask } from "./answers.js";
import { keepInTab, keptInTab } from "./browser_memory.js";
import { button, byId, make } from "./elements.js";
import { grouped } from "./exact.js";
import { today } from "./periods.js";
import { cny } from "./record_fields.js";
import { draws, may, sessionNow } from "./shell.js";
import { say, word } from "./words.js";

/**
 * @typedef {object} Desk
 * @property {DayTotals | null} totals
 * @property {Entry | null} last
 * @property {(entry: Entry) => void} correct
 */

/** @type {Desk} */
const desk = { totals: null, last: null, correct: () => {} };

const place = () => `hushi.last.${sessionNow()?.name}`;

function totalWords() {
  const { totals } = desk;
  if (!totals) return [];
  const { transactions, residents, quantity_kg: weight, amount_cny: amount, taxable_cny: taxable } = totals;
  const counts = say("desk.counts", { transactions: grouped(transactions), residents: grouped(residents) });
  return [
    make("b", {}, word("desk.today")),
    make("span", { id: "desk-counts" }, counts),
    make("span", {}, `${grouped(weight)}\u00a0${word("unit.quantity_kg")}`),
    make("span", { id: "desk-amount" }, cny(amount)),
    make("span", {}, `${word("taxable")} ${cny(taxable)}`),
  ];
}

function lastWords() {
  const { last } = desk;
  if (!last) return [];
  const said = [
    last.resident_id,
    last.commodity,
    `${grouped(last.quantity_kg)}\u00a0${word("unit.quantity_kg")}`,
    cny(last.amount_cny),
    word(`verdict.${last.verdict}`),
  ];
  return [
    make("span", { role: "status", id: "posted" }, make("b", {}, word("desk.last")), ` ${said.join(" · ")}`),
    button("correct", `${word("correct")}…`, () => desk.correct(last)),
  ];
}

function draw() {
  byId("desk-day").replaceChildren(...totalWords());
  byId("desk-last").replaceChildren(...lastWords());
  byId("desk").hidden = !desk.totals && !desk.last;
}

/** Reads the totals of this key's entries of today; a key that may not read trades is shown none. */
export async function readTotals() {
  const key = sessionNow()?.id;
  if (key === undefined || !may("transactions:read")) return;
  const asked = new URLSearchParams({ recorded_by: String(key), recorded_from: today(), recorded_to: today() });
  const answer = await ask(`/v1/transactions/totals?${asked}`).catch(() => null);
  desk.totals = answer?.total ?? null;
  draw();
}

/**
 * Shows an entry as the last one of this desk; after a reversal there is none to be corrected.
 * @param {Entry} entry
 */
export function setLast(entry) {
  desk.last = entry.kind === "trade" ? entry : null;
  keepInTab(place(), desk.last);
  draw();
  readTotals();
}

/** @param {(entry: Entry) => void} correct */
export function beginDesk(correct) {
  desk.correct = correct;
  desk.last = keptInTab(place());
  draws(draw);
  document.addEventListener("visibilitychange", () => !document.hidden && readTotals());
  readTotals();
}
