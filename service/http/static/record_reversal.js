// Reversing a trade: look at it, give a reason, confirm, and be told what became of it.
import { ask } from "./answers.js";
import { Attempt } from "./record_api.js";
import { isComposing } from "./record_keys.js";
import { limit } from "./record_limits.js";
import { list, rowsOf } from "./record_receipt.js";
import { draws, may, sayFailure, scopeNote } from "./record_shell.js";
import { make } from "./tables.js";
import { word } from "./words.js";

// As long as a press of a key or the second click of a double click may still be of what was asked before.
const CONSIDER_MS = 600;
const byId = (id) => document.getElementById(id);
const reasonMax = Number(byId("reversing").dataset.reasonMax);
const attempt = new Attempt("reversal");
const state = { id: "", trade: null, reason: "", step: "none", failure: null, reversed: () => {} };
const place = byId("reversible");

function button(id, text, act, more = {}) {
  const made = make("button", { type: "button", id, ...more }, text);
  made.addEventListener("click", act);
  return made;
}

function step(name, focus) {
  state.step = name;
  draw();
  if (focus) byId(focus)?.focus();
}

function why(text, id) {
  return make("p", { class: "note", id: "why-not" }, text, id ? make("code", {}, ` ${id}`) : "");
}

function form() {
  const reason = make("input", {
    id: "reason",
    maxlength: String(reasonMax),
    autocomplete: "off",
    "aria-required": "true",
    "aria-describedby": "reason-limit reason-error",
  });
  const count = make("p", { class: "limit", id: "reason-limit", "aria-live": "polite" });
  reason.value = state.reason;
  limit(reason, reasonMax, count);
  reason.addEventListener("input", () => (state.reason = reason.value));
  const made = make(
    "form",
    { novalidate: true },
    make(
      "div",
      { class: "field" },
      make("label", { for: "reason" }, word("reason")),
      reason,
      count,
      make("p", { class: "wrong", id: "reason-error" }),
    ),
    make("button", { type: "submit", id: "reverse" }, `${word("reverse")}…`),
  );
  made.addEventListener("submit", begin);
  return [made];
}

function begin(event) {
  event.preventDefault();
  if (isComposing()) return;
  state.reason = byId("reason").value;
  if (state.reason.trim()) return step("confirm", "confirm");
  byId("reason-error").textContent = word("reverse.reason");
  byId("reason").setAttribute("aria-invalid", "true");
  byId("reason").focus();
}

// The answer comes a moment after the question, and by a press of its own: the one that asked is not it.
function confirmation() {
  const yes = button("reverse-yes", word("reverse.yes"), reverse, { class: "main", disabled: true });
  const place = make(
    "div",
    { class: "confirm", role: "group", id: "confirm", tabindex: "-1", "aria-labelledby": "confirm-title" },
    make("p", { id: "confirm-title" }, word("reverse.ask")),
    make("p", {}, `${word("reason")}: ${state.reason}`),
    yes,
    " ",
    button("reverse-no", word("back"), () => step("form", "reason")),
  );
  setTimeout(() => {
    yes.disabled = false;
    if (document.activeElement === place) yes.focus();
  }, CONSIDER_MS);
  return place;
}

function failed() {
  const { failure } = state;
  const reversal = failure?.problem?.reversal_id;
  if (attempt.pending) {
    const again = button("reverse-retry", word("retry"), () => settle(attempt.go()));
    return make(
      "div",
      { role: "alert" },
      make("h3", {}, word("unsure")),
      ...(failure ? sayFailure(failure) : []),
      make("p", {}, word("unsure.detail")),
      again,
    );
  }
  return make(
    "div",
    { role: "alert", id: "not-reversed" },
    ...sayFailure(failure),
    reversal ? make("p", {}, make("code", {}, reversal)) : "",
  );
}

function draw() {
  const { trade } = state;
  const parts = [trade ? list(rowsOf(trade)) : state.step === "none" ? "" : make("p", {}, make("code", {}, state.id))];
  if (state.step !== "none" && !may("transactions:read")) parts.push(scopeNote("transactions:read"));
  if (trade?.reversed_by) parts.push(why(word("reverse.done"), trade.reversed_by));
  else if (trade?.kind === "reversal") parts.push(why(word("reverse.never")));
  else if (state.step === "form") parts.push(...form());
  else if (state.step === "confirm") parts.push(confirmation());
  if (state.step === "failed") parts.push(failed());
  if (state.step === "running") parts.push(make("p", { class: "quiet" }, word("posting")));
  place.replaceChildren(...parts);
}

export async function openTrade(id) {
  byId("transaction").value = id;
  byId("transaction-error").textContent = "";
  Object.assign(state, { id, trade: null, reason: "", failure: null });
  if (attempt.pending) return step("failed", "reverse-retry");
  if (!may("transactions:read")) return step("form", "reason");
  const isAsked = () => state.id === id && byId("transaction").value.trim() === id;
  try {
    const trade = await ask(`/v1/transactions/${encodeURIComponent(id)}`);
    if (!isAsked()) return;
    state.trade = trade;
    step("form", "reason");
  } catch (error) {
    if (!isAsked()) return;
    byId("transaction-error").replaceChildren(
      ...sayFailure(error).map((part) => make("span", {}, part.textContent, " ")),
    );
    step("none");
  }
}

// What is shown below belongs to the id in the field: with another id there, nothing is shown that could be reversed.
function forget() {
  if (attempt.pending || attempt.running || byId("transaction").value.trim() === state.id) return;
  Object.assign(state, { id: "", trade: null, reason: "", failure: null });
  byId("transaction-error").textContent = "";
  step("none");
}

function reverse() {
  if (byId("transaction").value.trim() !== state.id) return;
  settle(
    attempt.start(`/v1/transactions/${encodeURIComponent(state.id)}/reversal`, {
      reason: state.reason.trim().normalize("NFC"),
    }),
  );
}

async function settle(going) {
  step("running");
  try {
    const reversal = await going;
    if (state.trade) state.trade.reversed_by = reversal.transaction_id;
    step("done");
    state.reversed(reversal);
  } catch (error) {
    state.failure = error;
    if (error.status === 401 && !attempt.pending) return step("form");
    step("failed", "reverse-retry");
  }
}

export function beginReversal(reversed) {
  state.reversed = reversed;
  byId("trade").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = byId("transaction").value.trim();
    if (id && !isComposing()) openTrade(id);
  });
  byId("transaction").addEventListener("input", forget);
  const left = attempt.resume();
  if (left) {
    Object.assign(state, { id: left.path.split("/")[3], step: "failed" });
    byId("transaction").value = state.id;
  }
  draws(draw);
}
