// Correcting the last trade: it is reversed, and its line comes back to be posted in its place.
import { ask } from "./answers.js";
import { keepInTab, keptInTab } from "./browser_memory.js";
import { button, byId, inputById, make } from "./elements.js";
import { Attempt } from "./record_api.js";
import { askFirst, withoutEnter } from "./record_ask.js";
import { cny } from "./record_fields.js";
import { limit } from "./record_limits.js";
import { correctNothing, fillLine } from "./record_line.js";
import { limits } from "./limits.js";
import { amountOf, readNumber, shortest, DECIMALS } from "./record_typed.js";
import { sayFailure } from "./refusals.js";
import { draws, sessionNow } from "./shell.js";
import { word } from "./words.js";

const attempt = new Attempt("undo");

/**
 * What is being corrected: the trade, and whether it is reversed by now.
 * @typedef {{ entry: Entry, isReversed: boolean }} Correction
 */

/**
 * @typedef {object} Hooks
 * @property {(reversal: Entry) => void} reversed
 * @property {(residentId: string) => void} find
 * @property {() => boolean} isBusy
 */

/** @type {{ correction: Correction | null, failure: unknown, hooks: Hooks }} */
const state = {
  correction: null,
  failure: null,
  hooks: { reversed: () => {}, find: () => {}, isBusy: () => false },
};

const place = () => `hushi.correcting.${sessionNow()?.name}`;

/** @param {Correction | null} correction */
function keep(correction) {
  state.correction = correction;
  keepInTab(place(), correction);
  draw();
}

/**
 * The fields of a line as it was posted.
 * @param {Entry} entry
 * @param {string} price that stands in its field now
 * @returns {Record<string, string | null>}
 */
export function lineAgain(entry, price) {
  const weight = shortest(entry.quantity_kg);
  const isPriced = amountOf(weight, readNumber(price, DECIMALS.price, price).value) === entry.amount_cny;
  return {
    direction: entry.direction,
    trade_point: entry.trade_point,
    category: entry.category,
    commodity: entry.commodity,
    hs_code: entry.hs_code,
    origin: entry.origin,
    price: isPriced ? price : "",
    consignment: entry.consignment,
    vehicle_plate: entry.vehicle_plate,
    seller: entry.seller,
    reference: entry.reference,
    over_allowance: entry.over_allowance,
    quantity_kg: weight,
    amount_cny: shortest(entry.amount_cny),
    traded_at: entry.traded_at.slice(0, 19),
  };
}

function draw() {
  byId("correcting").replaceChildren(...words());
  byId("correcting").hidden = state.correction === null && state.failure === null;
}

/** @returns {(Node | string)[]} */
function words() {
  const { correction, failure } = state;
  const said = failure ? sayFailure(failure) : [];
  if (!correction) return said;
  const id = make("code", {}, correction.entry.transaction_id);
  if (attempt.pending) {
    const again = button("undo-retry", word("retry"), () => settle(attempt.go()));
    return [make("p", {}, word("unsure"), " ", id), ...said, make("p", {}, word("unsure.detail")), again];
  }
  if (!correction.isReversed) return said;
  const drop = button("correct-nothing", word("correct.drop"), () => {
    correctNothing();
    keep(null);
  });
  return [make("p", {}, word("correct.now"), " ", id), drop];
}

function reasonField() {
  const most = limits().lengths_max.reason;
  const field = make("input", { id: "undo-reason", maxlength: most, autocomplete: "off", "aria-required": "true" });
  const count = make("p", { class: "limit", "aria-live": "polite" });
  field.value = word("correct.reason");
  limit(field, most, count);
  return make("div", { class: "field" }, make("label", { for: "undo-reason" }, word("why")), field, count);
}

/**
 * Asks, and then reverses a trade to post its line once more; returns whether it does.
 * @param {Entry} entry
 */
export async function correct(entry) {
  if (state.hooks.isBusy() || attempt.pending || attempt.running) return true;
  const about = [entry.resident_id, entry.commodity, cny(entry.amount_cny)].join(" · ");
  const parts = [make("p", {}, about), make("p", {}, word("correct.about")), reasonField()];
  let reason = "";
  const agreed = await askFirst(word("correct.ask"), parts, (close) =>
    withoutEnter(
      button("correct-yes", word("reverse.yes"), () => {
        reason = inputById("undo-reason").value.trim().normalize("NFC");
        if (reason) close(true);
        else byId("undo-reason").focus();
      }, { class: "main" }), // prettier-ignore
    ),
  );
  if (!agreed) return false;
  state.failure = null;
  keep({ entry, isReversed: false });
  settle(attempt.start(`/v1/transactions/${encodeURIComponent(entry.transaction_id)}/reversal`, { reason }));
  return true;
}

/** @param {Promise<Entry>} going */
async function settle(going) {
  try {
    const reversal = await going;
    state.failure = null;
    if (state.correction) keep({ ...state.correction, isReversed: true });
    state.hooks.reversed(reversal);
    const resident = takeUp();
    if (resident) state.hooks.find(resident);
  } catch (error) {
    state.failure = error;
    if (attempt.pending) draw();
    else keep(null);
    byId("correcting").querySelector("button")?.focus();
  }
}

/** The line of the trade that was reversed comes back, for the resident whose it was; returns that one. */
function takeUp() {
  const { correction } = state;
  if (!correction?.isReversed) return null;
  const { entry } = correction;
  fillLine(lineAgain(entry, inputById("price").value), entry.transaction_id);
  return entry.resident_id;
}

/**
 * A trade that was posted in the place of another one ends the correction.
 * @param {Entry} entry
 */
export function endCorrection(entry) {
  state.failure = null;
  if (entry.metadata?.corrects === state.correction?.entry.transaction_id) keep(null);
  else draw();
}

/** Whether a reversal is on its way. */
export const isCorrecting = () => attempt.pending !== null;

/** @param {Hooks} hooks */
export function beginUndo(hooks) {
  state.hooks = hooks;
  state.correction = keptInTab(place());
  attempt.resume();
  draws(draw);
  addEventListener("online", () => attempt.pending && !attempt.running && settle(attempt.go()));
}

/** Goes on with a correction that an earlier visit of this tab has begun; returns whose line came back. */
export async function resumeCorrection() {
  const { correction } = state;
  if (correction && !correction.isReversed && !attempt.pending) {
    // The visit ended just before the answer was noted: the ledger knows.
    const trade = await ask(`/v1/transactions/${correction.entry.transaction_id}`).catch(() => null);
    keep(trade?.reversed_by ? { ...correction, isReversed: true } : null);
  }
  return takeUp();
}
