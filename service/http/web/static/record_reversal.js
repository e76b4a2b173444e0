// Reversing a trade: look at it, give a reason, confirm, and be told what became of it.
import { Failure, ask } from "./answers.js";
import { button, byId, inputById, list, make } from "./elements.js";
import { limits } from "./limits.js";
import { Attempt } from "./record_api.js";
import { afterReading, withoutEnter } from "./record_ask.js";
import { rowsOf } from "./record_entry.js";
import { isComposing } from "./record_keys.js";
import { limit } from "./record_limits.js";
import { sayFailure, scopeNote } from "./refusals.js";
import { draws, may } from "./shell.js";
import { word } from "./words.js";

const attempt = new Attempt("reversal");

/** @typedef {"none" | "form" | "confirm" | "running" | "done" | "failed"} Step */

/**
 * @typedef {object} State
 * @property {string} id
 * @property {Entry | null} trade
 * @property {string} reason
 * @property {Step} step
 * @property {unknown} failure
 * @property {(reversal: Entry) => void} reversed
 * @property {((trade: Entry) => void) | null} correct reverses a trade and brings its line back, where there is a line
 */

/** @type {State} */
const state = { id: "", trade: null, reason: "", step: "none", failure: null, reversed: () => {}, correct: null };

/**
 * @param {Step} name
 * @param {string} [focus]
 */
function step(name, focus) {
  state.step = name;
  draw();
  if (focus) document.getElementById(focus)?.focus();
}

/**
 * @param {string} text
 * @param {string} [id]
 */
function why(text, id) {
  return make("p", { class: "note", id: "why-not" }, text, id ? make("code", {}, ` ${id}`) : "");
}

/** Where there is no line to bring back, the way to the counter, which has one. */
function correctPart() {
  const { trade, id, correct } = state;
  if (!trade || !may("residents:read")) return "";
  const said = `${word("correct")}…`;
  if (correct) return button("correct-this", said, () => correct(trade));
  return make("a", { id: "correct-there", href: `/record?transaction=${encodeURIComponent(id)}` }, said);
}

function form() {
  const most = limits().lengths_max.reason;
  const reason = make("input", {
    id: "reason",
    maxlength: most,
    autocomplete: "off",
    "aria-required": "true",
    "aria-describedby": "reason-limit reason-error",
  });
  const count = make("p", { class: "limit", id: "reason-limit", "aria-live": "polite" });
  reason.value = state.reason;
  limit(reason, most, count);
  reason.addEventListener("input", () => (state.reason = reason.value));
  const label = make("label", { for: "reason" }, word("why"));
  const made = make(
    "form",
    { novalidate: true },
    make("div", { class: "field" }, label, reason, count, make("p", { class: "wrong", id: "reason-error" })),
    make("button", { type: "submit", id: "reverse" }, `${word("reverse")}…`),
    " ",
    correctPart(),
  );
  made.addEventListener("submit", begin);
  return made;
}

/** @param {Event} event */
function begin(event) {
  event.preventDefault();
  if (isComposing()) return;
  state.reason = inputById("reason").value;
  if (state.reason.trim()) {
    step("confirm", "confirm");
    return;
  }
  byId("reason-error").textContent = word("reverse.reason");
  byId("reason").setAttribute("aria-invalid", "true");
  byId("reason").focus();
}

/** The answer comes a moment after the question, and by another press than the one that asked: never by Enter. */
function confirmation() {
  const yes = afterReading(withoutEnter(button("reverse-yes", word("reverse.yes"), reverse, { class: "main" })));
  return make(
    "div",
    { class: "confirm", role: "group", id: "confirm", tabindex: "-1", "aria-labelledby": "confirm-title" },
    make("p", { id: "confirm-title" }, word("reverse.ask")),
    make("p", {}, `${word("why")}: ${state.reason}`),
    yes,
    " ",
    button("reverse-no", word("back"), () => step("form", "reason")),
  );
}

function failed() {
  const { failure } = state;
  if (attempt.pending) {
    const reasons = failure ? sayFailure(failure) : [];
    const again = button("reverse-retry", word("retry"), () => settle(attempt.go()));
    const about = make("p", {}, word("unsure.detail"));
    return make("div", { role: "alert" }, make("h3", {}, word("unsure")), ...reasons, about, again);
  }
  const { status = 0, problem = null } = failure instanceof Failure ? failure : {};
  const reversal = problem?.reversal_id;
  const named = reversal ? make("p", {}, make("code", {}, reversal)) : "";
  const whose = status === 403 ? make("p", {}, word("reverse.others")) : "";
  return make("div", { role: "alert", id: "not-reversed" }, ...sayFailure(failure), whose, named);
}

/** Why a trade can't be reversed, or what comes next on the way to it. */
function nextPart() {
  const { trade } = state;
  if (trade?.reversed_by) return why(word("reverse.done"), trade.reversed_by);
  if (trade?.kind === "reversal") return why(word("reverse.never"));
  if (state.step === "form") return form();
  return state.step === "confirm" ? confirmation() : "";
}

/** What is to be reversed, by all that is known of it. */
function tradePart() {
  if (state.trade) return list(rowsOf(state.trade));
  return state.step === "none" ? "" : make("p", {}, make("code", {}, state.id));
}

function draw() {
  const canNotSee = state.step !== "none" && !may("transactions:read");
  const parts = [tradePart(), canNotSee ? scopeNote("transactions:read") : "", nextPart()];
  if (state.step === "failed") parts.push(failed());
  if (state.step === "running") parts.push(make("p", { class: "quiet" }, word("posting")));
  byId("reversible").replaceChildren(...parts);
}

/** @param {string} id */
export async function openTrade(id) {
  inputById("transaction").value = id;
  byId("transaction-error").textContent = "";
  Object.assign(state, { id, trade: null, reason: "", failure: null });
  if (attempt.pending) {
    step("failed", "reverse-retry");
    return;
  }
  if (!may("transactions:read")) {
    step("form", "reason");
    return;
  }
  const isAsked = () => state.id === id && inputById("transaction").value.trim() === id;
  try {
    const trade = await ask(`/v1/transactions/${encodeURIComponent(id)}`);
    if (!isAsked()) return;
    state.trade = trade;
    step("form", "reason");
  } catch (error) {
    if (!isAsked()) return;
    const said = sayFailure(error).map((part) => make("span", {}, part.textContent, " "));
    byId("transaction-error").replaceChildren(...said);
    step("none");
  }
}

/** What is shown below belongs to the id in the field: with another id there, nothing is shown that could be reversed. */
function forget() {
  if (attempt.pending || attempt.running || inputById("transaction").value.trim() === state.id) return;
  Object.assign(state, { id: "", trade: null, reason: "", failure: null });
  byId("transaction-error").textContent = "";
  step("none");
}

/** Shows no trade any more: it is being corrected. */
export function closeTrade() {
  inputById("transaction").value = "";
  forget();
}

function reverse() {
  if (inputById("transaction").value.trim() !== state.id) return;
  const path = `/v1/transactions/${encodeURIComponent(state.id)}/reversal`;
  settle(attempt.start(path, { reason: state.reason.trim().normalize("NFC") }));
}

/** @param {Promise<Entry>} going */
async function settle(going) {
  step("running");
  try {
    const reversal = await going;
    if (state.trade) state.trade.reversed_by = reversal.transaction_id;
    step("done");
    state.reversed(reversal);
  } catch (error) {
    state.failure = error;
    const hasEnded = error instanceof Failure && error.status === 401 && !attempt.pending;
    if (hasEnded) step("form");
    else step("failed", "reverse-retry");
  }
}

/**
 * @param {(reversal: Entry) => void} reversed
 * @param {(trade: Entry) => void} [correct]
 */
export function beginReversal(reversed, correct) {
  Object.assign(state, { reversed, correct: correct ?? null });
  byId("trade").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = inputById("transaction").value.trim();
    if (id && !isComposing()) openTrade(id);
  });
  byId("transaction").addEventListener("input", forget);
  const left = attempt.resume();
  if (left) {
    Object.assign(state, { id: left.path.split("/")[3], step: "failed" });
    inputById("transaction").value = state.id;
  }
  draws(draw);
}
