// The line of a trade: judged while it is typed, and posted once.
import { Failure, isAborted } from "./answers.js";
import { button, buttonById, byId, inputById, make } from "./elements.js";
import { Attempt, send } from "./record_api.js";
import {
  REQUIRED,
  clearFields,
  clearMarks,
  cny,
  drawChoices,
  fill,
  firstMarked,
  isComplete,
  limitFields,
  lineOf,
  mark,
  markAll,
  marketNow,
  typed,
} from "./record_fields.js";
import { isComposing } from "./record_keys.js";
import { keeps, takeDraft } from "./record_session.js";
import { drawVerdict } from "./record_verdict.js";
import { restWords, sayFailure } from "./refusals.js";
import { draws } from "./shell.js";
import { word } from "./words.js";

const DEBOUNCE_MS = 250;
const REST_MS = 1_000;
const attempt = new Attempt("trade");

/**
 * @typedef {object} State
 * @property {string | null} resident
 * @property {import("./record_verdict.js").Verdict} verdict
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 * @property {AbortController | null} asking
 * @property {boolean} isTimeOwn whether the clerk has set the time
 * @property {number} restsUntil
 * @property {(entry: Entry) => void} posted
 */

/** @type {State} */
const state = {
  resident: null,
  verdict: null,
  timer: undefined,
  asking: null,
  isTimeOwn: false,
  restsUntil: 0,
  posted: () => {},
};

/** The business day of the line, or null while it is today. */
export function lineDay() {
  const day = inputById("traded_at").value.slice(0, 10);
  return day && day !== marketNow().slice(0, 10) ? day : null;
}

function tellTime() {
  if (!state.isTimeOwn && !attempt.pending) inputById("traded_at").value = marketNow();
}

// The verdict while typing

function askSoon() {
  clearTimeout(state.timer);
  state.asking?.abort();
  state.timer = setTimeout(judge, DEBOUNCE_MS);
}

async function judge() {
  if (isComposing()) return;
  tellTime();
  const line = lineOf(state.resident);
  if (!isComplete(line) || attempt.pending) {
    state.verdict = null;
    if (!attempt.pending) drawVerdict(null, state.resident);
    return;
  }
  const mine = (state.asking = new AbortController());
  try {
    state.verdict = await send("/v1/transactions/quote", line, { signal: mine.signal });
    if (state.asking === mine) clearMarks();
  } catch (error) {
    if (isAborted(error)) return;
    state.verdict = /** @type {Error} */ (error);
  }
  if (state.asking === mine) drawVerdict(state.verdict, state.resident);
}

// Posting

/** Only for whom the number field shows: a line must not go to the resident who was found before. */
const isFound = () => state.resident !== null && inputById("who-is").value.trim().toUpperCase() === state.resident;

const fields = () => byId("fields", HTMLFieldSetElement);

/** @param {boolean} isLocked */
function lock(isLocked) {
  fields().disabled = isLocked;
  buttonById("post").disabled = isLocked || state.resident === null;
  buttonById("post").textContent = word(attempt.running ? "posting" : "post");
}

/** @param {unknown} [error] */
function sayUnsure(error) {
  const { commodity, amount_cny: amount, resident_id: resident } = attempt.pending?.body ?? {};
  byId("refusal").replaceChildren(
    make("h3", {}, word("unsure")),
    ...(error ? sayFailure(error) : []),
    make("p", {}, `${resident} · ${commodity} · ${cny(amount ?? "")}`),
    make("p", {}, word("unsure.detail")),
    button("retry", word("retry"), () => settle(attempt.go())),
  );
}

/** @param {Promise<Entry>} going */
async function settle(going) {
  clearTimeout(state.timer);
  state.asking?.abort();
  byId("refusal").replaceChildren();
  lock(true);
  try {
    const posted = await going;
    clearLine();
    state.restsUntil = performance.now() + REST_MS;
    state.posted(posted);
  } catch (error) {
    if (attempt.pending) sayUnsure(error);
    else sayNotPosted(error);
  }
  lock(attempt.pending !== null);
}

/** @param {unknown} error */
function sayNotPosted(error) {
  const rest = markAll(error instanceof Failure ? error.problem?.errors : []);
  byId("refusal").replaceChildren(make("h3", {}, word("refused")), ...sayFailure(error), ...restWords(rest));
  fields().disabled = false;
  firstMarked()?.focus();
}

function clearLine() {
  clearFields();
  state.isTimeOwn = false;
  state.verdict = null;
  fields().disabled = false;
  tellTime();
  drawVerdict(null, state.resident);
}

/** @param {Event} event */
function post(event) {
  event.preventDefault();
  // The second click of a double click may come after the answer: it belongs to the line that is posted.
  if (attempt.running || attempt.pending || performance.now() < state.restsUntil || isComposing()) return;
  if (!isFound()) {
    byId("refusal").replaceChildren(make("p", {}, word("quote.find")));
    byId("who-is").focus();
    return;
  }
  tellTime();
  const line = lineOf(state.resident);
  for (const name of REQUIRED) if (!line[name]) delete line[name];
  settle(attempt.start("/v1/transactions", line));
}

/** What a clerk would have to type again; the resident by id, never by citizen number. */
function draft() {
  const { traded_at: at, ...others } = typed();
  return { resident_id: state.resident, ...others, ...(state.isTimeOwn ? { traded_at: at } : {}) };
}

/** Puts a draft back into its fields; returns the resident that it is of. */
export function restoreDraft() {
  const { resident_id: resident, ...values } = takeDraft() ?? {};
  fill(values);
  if (values.traded_at) state.isTimeOwn = true;
  return resident ?? null;
}

/** @param {string | null} residentId */
export function chooseResident(residentId) {
  state.resident = residentId;
  state.verdict = null;
  if (attempt.pending === null) {
    byId("refusal").replaceChildren();
    drawVerdict(null, residentId);
  }
  lock(attempt.pending !== null);
  askSoon();
}

/** @param {Event} event */
function typedIn(event) {
  const { id, value } = /** @type {HTMLInputElement} */ (event.target);
  if (id === "traded_at") state.isTimeOwn = value !== "";
  mark(id, "");
  byId("refusal").replaceChildren();
  askSoon();
}

/**
 * @param {string[]} countries
 * @param {string[]} categories
 * @param {(entry: Entry) => void} posted
 */
export function beginLine(countries, categories, posted) {
  state.posted = posted;
  const form = byId("line");
  const drawLimits = limitFields();
  form.addEventListener("compositionend", askSoon);
  form.addEventListener("input", typedIn);
  form.addEventListener("submit", post);
  draws(() => {
    drawChoices(countries, categories);
    clearMarks();
    for (const drawLimit of drawLimits) drawLimit();
    if (!attempt.pending) drawVerdict(state.verdict, state.resident);
    else if (!attempt.running) sayUnsure();
    lock(attempt.pending !== null);
  });
  keeps(draft, () => {
    state.verdict = null;
    askSoon();
  });
  addEventListener("online", () => attempt.pending && settle(attempt.go()));
  setInterval(tellTime, 15_000);
  attempt.resume();
  tellTime();
}
