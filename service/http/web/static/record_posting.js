// A line is judged once more, asked about where that is due, and posted once.
import { Failure, isAborted } from "./answers.js";
import { button, buttonById, byId, inputById, make } from "./elements.js";
import { scaled } from "./exact.js";
import { send } from "./record_api.js";
import { askFirst } from "./record_ask.js";
import { REQUIRED, cny, firstMarked, markAll } from "./record_fields.js";
import { isComposing } from "./record_keys.js";
import { attempt, clearLine, isFound, lineNow, residentNow, stopAsking, verdictOn } from "./record_line.js";
import { sayNumbers, settleNumbers } from "./record_numbers.js";
import { warningWords } from "./record_verdict.js";
import { restWords, sayFailure } from "./refusals.js";
import { draws } from "./shell.js";
import { say, word } from "./words.js";

const REST_MS = 1_000;
const PATIENCE_MS = 5_000;
/** The warnings that are asked about; the others are only said. */
const ASKED_ABOUT = ["price-unusual", "back-dated", "looks-doubled"];

/**
 * @typedef {object} Hooks
 * @property {() => Promise<unknown>} whenFound
 * @property {() => void} focusNumber
 * @property {(entry: Entry) => void} posted
 */

/** @type {{ isBusy: boolean, restsUntil: number, hooks: Hooks }} */
const state = {
  isBusy: false,
  restsUntil: 0,
  hooks: { whenFound: async () => {}, focusNumber: () => {}, posted: () => {} },
};

/** Whether a trade is asked about, on its way, or not known to have come. */
export const isBusy = () => state.isBusy || attempt.pending !== null;

/** Draws what may be done now: nothing but an answer, while a trade is asked about or on its way. */
export function lock() {
  byId("fields", HTMLFieldSetElement).disabled = isBusy();
  inputById("who-is").readOnly = isBusy();
  buttonById("post").disabled = isBusy() || residentNow() === null;
  buttonById("post").textContent = word(attempt.running ? "posting" : "post");
}

/** @param {...Node} parts */
const sayRefusal = (...parts) => byId("refusal").replaceChildren(...parts);

/** What was refused before belongs to another line. */
export function sayNothing() {
  if (!isBusy()) sayRefusal();
}

/** The second click of a double click comes after the answer; what is typed after it begins the next line. */
export function goOn() {
  state.restsUntil = 0;
}

/** @param {unknown} [error] */
function sayUnsure(error) {
  const { commodity, amount_cny: amount, resident_id: resident } = attempt.pending?.body ?? {};
  sayRefusal(
    make("h3", {}, word("unsure")),
    ...(error ? sayFailure(error) : []),
    make("p", {}, `${resident} · ${commodity} · ${cny(amount ?? "")}`),
    make("p", {}, word("unsure.detail")),
    button("retry", word("retry"), () => settle(attempt.go())),
  );
}

/** @param {unknown} error */
function sayNotPosted(error) {
  const rest = markAll(error instanceof Failure ? error.problem?.errors : []);
  sayNumbers();
  sayRefusal(make("h3", {}, word("refused")), ...sayFailure(error), ...restWords(rest));
}

/** Where the clerk goes on with a line that is not posted. */
function focusLine() {
  const field = firstMarked() ?? byId("quantity_kg");
  field.focus();
}

/**
 * The verdict on a line, by the code of the write; null when the line would be refused, or when there is none.
 * @param {Line} line
 * @returns {Promise<Quote | null>}
 */
async function judged(line) {
  try {
    return await send("/v1/transactions/quote", line, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    if (isAborted(error)) throw error;
    const isUnreached = error instanceof Failure && error.status === 0;
    const shown = isUnreached ? verdictOn(line) : null;
    if (!shown) sayNotPosted(error);
    return shown;
  }
}

/**
 * What is asked about a line before it is posted, in words.
 * @param {Quote} quote
 */
export function questionsOf({ taxable_cny: taxable, warnings = [] }) {
  const taxed = scaled(taxable, 2) > 0n ? [say("ask.taxed", { amount: cny(taxable) })] : [];
  const asked = warnings.filter(({ code }) => ASKED_ABOUT.includes(code));
  return [...taxed, ...asked.map(warningWords)];
}

/**
 * @param {Quote} quote
 * @param {Line} line
 */
async function agrees(quote, line) {
  const questions = questionsOf(quote);
  if (!questions.length) return true;
  const { resident_id: resident, commodity, quantity_kg: weight, amount_cny: amount } = line;
  const about = `${resident} · ${commodity} · ${weight} ${word("unit.quantity_kg")} · ${cny(amount)}`;
  const parts = [make("p", {}, about), ...questions.map((text) => make("p", { class: "asked" }, text))];
  return askFirst(word("ask.post"), parts, (close) =>
    button("ask-yes", word("ask.yes"), () => close(true), { class: "main" }),
  );
}

/** The line to post, when it is clear, somebody's, and agreed to; otherwise the page says what is missing. */
async function prepare() {
  await state.hooks.whenFound();
  if (!isFound()) {
    sayRefusal(make("p", {}, word("quote.find")));
    return null;
  }
  const unclear = settleNumbers();
  if (unclear) {
    sayRefusal(make("p", {}, word("number.first")));
    byId(unclear).setAttribute("aria-invalid", "true");
    return null;
  }
  const line = lineNow();
  for (const name of REQUIRED) if (!line[name]) delete line[name];
  const quote = await judged(line);
  return quote && (await agrees(quote, line)) && isFound() ? line : null;
}

/** Posts the line, if nothing is on its way. */
export async function submit() {
  // The second click of a double click may come after the answer: it belongs to the line that is posted.
  if (isBusy() || performance.now() < state.restsUntil || isComposing()) return;
  stopAsking();
  sayRefusal();
  state.isBusy = true;
  lock();
  const line = await prepare().finally(() => (state.isBusy = false));
  if (line) {
    await settle(attempt.start("/v1/transactions", line));
    return;
  }
  lock();
  if (isFound()) focusLine();
  else state.hooks.focusNumber();
}

/** @param {Promise<Entry>} going */
async function settle(going) {
  stopAsking();
  sayRefusal();
  lock();
  try {
    const posted = await going;
    clearLine();
    state.restsUntil = performance.now() + REST_MS;
    lock();
    state.hooks.posted(posted);
  } catch (error) {
    lock();
    if (attempt.pending) sayUnsure(error);
    else {
      sayNotPosted(error);
      focusLine();
    }
  }
}

/** @param {Hooks} hooks */
export function beginPosting(hooks) {
  state.hooks = hooks;
  byId("line").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  // A form whose button is disabled has no Enter of its own; the resident may be found in a moment.
  byId("line").addEventListener("keydown", (event) => {
    const isEnter = event.key === "Enter" && !event.defaultPrevented && event.target instanceof HTMLInputElement;
    if (!isEnter || !buttonById("post").disabled) return;
    // Without this, the rest of the press would send what has the focus by then.
    event.preventDefault();
    submit();
  });
  byId("line").addEventListener("input", () => {
    goOn();
    sayNothing();
  });
  draws(() => {
    if (attempt.pending && !attempt.running) sayUnsure();
    lock();
  });
  addEventListener("online", () => attempt.pending && !attempt.running && settle(attempt.go()));
}
