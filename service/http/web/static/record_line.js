// The line of a trade, and the verdict on it while it is typed.
import { isAborted } from "./answers.js";
import { byId, inputById } from "./elements.js";
import { Attempt, send } from "./record_api.js";
import {
  NUMBERS,
  clearFields,
  clearMarks,
  compute,
  drawChoices,
  fill,
  isComplete,
  limitFields,
  lineOf,
  mark,
  marketNow,
  readingOf,
  typed,
} from "./record_fields.js";
import { isComposing } from "./record_keys.js";
import { sayNumbers, settleNumbers } from "./record_numbers.js";
import { keeps, takeDraft } from "./record_session.js";
import { identityOf } from "./record_typed.js";
import { drawVerdict } from "./record_verdict.js";
import { draws, sessionNow } from "./shell.js";
import { codesOf, pointsNamed } from "./words.js";

const DEBOUNCE_MS = 250;
/** Stands for the resident who is being sought. */
const SOUGHT = "?";
/** The trade that is being posted. */
export const attempt = new Attempt("trade");

/**
 * @typedef {object} State
 * @property {string | null} resident
 * @property {import("./record_verdict.js").Verdict} verdict
 * @property {Line | null} judged the line that the verdict is on
 * @property {string | null} corrects the reversed trade in whose place the line is posted
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 * @property {AbortController | null} asking
 * @property {boolean} isTimeOwn whether the clerk has set the time
 * @property {string | null} weighed the resident for whom a weight was typed
 */

/** @type {State} */
const state = {
  resident: null,
  verdict: null,
  judged: null,
  corrects: null,
  timer: undefined,
  asking: null,
  isTimeOwn: false,
  weighed: null,
};

/** The business day of the line, or null while it is today. */
export function lineDay() {
  const day = inputById("traded_at").value.slice(0, 10);
  return day && day !== marketNow().slice(0, 10) ? day : null;
}

export function tellTime() {
  if (!state.isTimeOwn && !attempt.pending) inputById("traded_at").value = marketNow();
}

/** The line as it would be posted now. */
export function lineNow() {
  tellTime();
  const line = lineOf(state.resident);
  return state.corrects ? { ...line, metadata: { corrects: state.corrects } } : line;
}

/** Only for whom the number field shows: a line must not go to the resident who was found before. */
export const isFound = () =>
  state.resident !== null && inputById("who-is").value.trim().toUpperCase() === state.resident;

export const residentNow = () => state.resident;

/**
 * The verdict that is shown, when it is on this very line; a time that the clerk has not set goes on.
 * @param {Line} line
 */
export function verdictOn(line) {
  /** @param {Line | null} of */
  const told = (of) => JSON.stringify(state.isTimeOwn ? of : { ...of, traded_at: null });
  return !(state.verdict instanceof Error) && told(state.judged) === told(line) ? state.verdict : null;
}

/**
 * A weight that was typed for another resident and is not posted; it is taken out.
 * @param {string | null} resident
 */
export function takeUnposted(resident) {
  const { weighed } = state;
  const weight = inputById("quantity_kg").value;
  if (!weighed || weighed === resident || !weight) return null;
  state.weighed = null;
  inputById("quantity_kg").value = "";
  delete byId("quantity_kg").dataset.meant;
  compute();
  sayNumbers();
  return { resident: weighed, weight };
}

// The verdict while typing

export function askSoon() {
  stopAsking();
  state.timer = setTimeout(judge, DEBOUNCE_MS);
}

export function stopAsking() {
  clearTimeout(state.timer);
  state.asking?.abort();
}

async function judge() {
  if (isComposing() || attempt.pending) return;
  const line = lineNow();
  if (!isComplete(line) || NUMBERS.some((name) => readingOf(name).either)) {
    sayNumbers();
    Object.assign(state, { verdict: null, judged: null });
    drawVerdict(null, state.resident);
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
  state.judged = line;
  if (state.asking === mine) showVerdict();
}

function showVerdict() {
  drawVerdict(state.verdict, state.resident);
  sayNumbers();
}

/** What belongs to the line that is posted goes; the goods and the truck stay for the next resident. */
export function clearLine() {
  clearFields();
  Object.assign(state, { isTimeOwn: false, verdict: null, judged: null, corrects: null, weighed: null });
  tellTime();
  showVerdict();
}

/**
 * Fills the line with an earlier one, to be posted in its place.
 * @param {Record<string, string | null>} values
 * @param {string | null} corrects
 */
export function fillLine(values, corrects) {
  fill(values);
  Object.assign(state, { corrects, isTimeOwn: Boolean(values.traded_at), weighed: null });
  settleNumbers();
  askSoon();
}

/** The line is posted for itself again, and not in the place of another. */
export function correctNothing() {
  state.corrects = null;
  askSoon();
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
  sayNumbers();
  return resident ?? null;
}

/** @type {(residentId: string | null) => void} */
let chosen = () => {};

/** @param {string | null} residentId */
export function chooseResident(residentId) {
  Object.assign(state, { resident: residentId, verdict: null, judged: null });
  if (residentId && state.weighed === SOUGHT) state.weighed = residentId;
  if (attempt.pending === null) drawVerdict(null, residentId);
  chosen(residentId);
  askSoon();
}

/** @param {Event} event */
function typedIn(event) {
  const { id, value } = /** @type {HTMLInputElement} */ (event.target);
  if (id === "traded_at") state.isTimeOwn = value !== "";
  if (id === "quantity_kg") state.weighed = state.resident ?? (identityOf(inputById("who-is").value) && SOUGHT);
  if (id === "direction") drawAllChoices();
  if (!isComposing()) compute();
  mark(id, "");
  document.getElementById(`${id}-read`)?.replaceChildren();
  askSoon();
}

/** The trade points that have a name, and the one that the key is bound to. */
function points() {
  const own = sessionNow()?.trade_point;
  return own ? [own] : pointsNamed();
}

const drawAllChoices = () => drawChoices(codesOf("origin"), codesOf("category"), points());

/** @param {(residentId: string | null) => void} whenChosen */
export function beginLine(whenChosen) {
  chosen = whenChosen;
  const form = byId("line");
  // What was chosen before is filled in next: it must be there to be chosen.
  drawAllChoices();
  const drawLimits = limitFields();
  form.addEventListener("compositionend", () => {
    compute();
    askSoon();
  });
  form.addEventListener("input", typedIn);
  form.addEventListener("change", () => !isComposing() && settleNumbers());
  draws(() => {
    drawAllChoices();
    clearMarks();
    for (const drawLimit of drawLimits) drawLimit();
    if (!attempt.pending) showVerdict();
  });
  keeps(draft, () => {
    Object.assign(state, { verdict: null, judged: null });
    askSoon();
  });
  setInterval(tellTime, 15_000);
  attempt.resume();
  tellTime();
}
