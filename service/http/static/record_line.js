// The line of a trade: its fields, the verdict while it is typed, and posting it once.
import { grouped } from "./exact.js";
import { Attempt, send } from "./record_api.js";
import { isComposing } from "./record_keys.js";
import { limit } from "./record_limits.js";
import { draws, errorWords, keeps, marketClock, restored, sayFailure } from "./record_shell.js";
import { make } from "./tables.js";
import { language, nameOf, word } from "./words.js";

const DEBOUNCE_MS = 250;
const REST_MS = 1_000;
const REQUIRED = ["category", "commodity", "origin", "quantity_kg", "amount_cny", "traded_at"];
const OPTIONAL = ["hs_code", "consignment", "vehicle_plate", "reference"];
const NEIGHBOURS = ["MN", "RU", "KZ", "BY"];
const byId = (id) => document.getElementById(id);
const attempt = new Attempt("trade");
const state = {
  resident: null,
  verdict: null,
  timer: 0,
  asking: null,
  isTimeOwn: false,
  restsUntil: 0,
  posted: () => {},
};
let countries = [];
let categories = [];

export const cny = (text) => `${grouped(text)}\u00a0${word("unit.amount_cny")}`;
const number = (text) => make("b", {}, text);

// Now on the clocks of the market, whatever the clerk's own clock is set to.
export const marketNow = () => marketClock().replace(" ", "T").slice(0, 16);

// The business day of the line, or null while it is today.
export function lineDay() {
  const day = byId("traded_at").value.slice(0, 10);
  return day && day !== marketNow().slice(0, 10) ? day : null;
}

function tellTime() {
  if (!state.isTimeOwn && !attempt.pending) byId("traded_at").value = marketNow();
}

function body() {
  const value = (name) => byId(name).value.trim().normalize("NFC");
  const found = { resident_id: state.resident, over_allowance: value("over_allowance") };
  for (const name of REQUIRED) found[name] = value(name);
  for (const name of OPTIONAL) if (value(name)) found[name] = value(name);
  if (found.traded_at) found.traded_at += found.traded_at.length === 16 ? ":00+08:00" : "+08:00";
  return found;
}

// Fields and their errors

function options(id, rows) {
  const place = byId(id),
    chosen = place.value;
  place.replaceChildren(...rows.map(([value, text]) => make("option", { value }, text)));
  if (rows.some(([value]) => value === chosen)) place.value = chosen;
}

function drawChoices() {
  const nobody = [["", word("choose")]];
  const byName = new Intl.Collator(language()).compare;
  const others = countries.filter((code) => !NEIGHBOURS.includes(code) && code !== "CN");
  const named = (codes) => codes.map((code) => [code, nameOf("origin", code)]);
  options("category", nobody.concat(categories.map((name) => [name, nameOf("category", name)])));
  options(
    "origin",
    nobody.concat(
      named(NEIGHBOURS),
      named(others).sort((a, b) => byName(a[1], b[1])),
    ),
  );
  options(
    "over_allowance",
    ["tax", "refuse"].map((name) => [name, word(`over_allowance.${name}`)]),
  );
}

function mark(name, text, lang = null) {
  const field = byId(name),
    place = byId(`${name}-error`);
  place.textContent = text;
  if (lang) place.lang = lang;
  else place.removeAttribute("lang");
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

function clearMarks() {
  for (const name of [...REQUIRED, ...OPTIONAL, "over_allowance"]) mark(name, "");
}

// Puts each error beside its field; returns those that belong to none.
function markAll(errors = []) {
  clearMarks();
  return errors.filter((error) => {
    const name = error.pointer.slice(1);
    if (!byId("line").elements[name]) return true;
    const { text, lang } = errorWords(error);
    mark(name, text, lang);
    return false;
  });
}

// The verdict while typing

function showVerdict(...parts) {
  byId("verdict").className = "";
  byId("verdict").replaceChildren(...parts);
}

function sayVerdict(quote) {
  const pair = (name, value) => make("span", {}, `${word(name)} `, number(cny(value)));
  showVerdict(
    make("p", { class: "said" }, word(`verdict.${quote.verdict}`)),
    make(
      "p",
      { class: "parts" },
      pair("exempt", quote.exempt_cny),
      " ",
      pair("taxable", quote.taxable_cny),
      " ",
      pair("remaining", quote.remaining_after_cny),
    ),
    make("p", { class: "quiet" }, `${word("rule")} ${quote.rule_version}`),
  );
  byId("verdict").className = quote.verdict;
}

function drawVerdict() {
  if (state.verdict instanceof Error) sayRefusal(state.verdict);
  else if (state.verdict) sayVerdict(state.verdict);
  else showVerdict(make("p", { class: "quiet" }, word(state.resident ? "quote.hint" : "quote.find")));
}

// A rule refuses for good, a field can be corrected, and a service that does not answer may do so soon.
function refusalKind({ status, problem }) {
  if (problem?.code === "validation-failed") return "quote.wrong";
  return status === 422 || status === 409 ? "quote.refused" : "quote.failed";
}

// Errors that belong to no field of the form.
const restWords = (rest) =>
  rest.map((each) => {
    const { text, lang } = errorWords(each);
    return make("p", { lang }, text);
  });

function sayRefusal(error) {
  const rest = markAll(error.problem?.errors);
  const { remaining_cny: remaining, limit_cny: limit } = error.problem ?? {};
  showVerdict(
    make("p", { class: "said" }, word(refusalKind(error))),
    ...sayFailure(error),
    ...restWords(rest),
    remaining ? make("p", {}, `${word("left")} `, number(cny(remaining)), ` / ${cny(limit)}`) : "",
  );
  byId("verdict").className = "refused";
}

export function askSoon() {
  clearTimeout(state.timer);
  state.asking?.abort();
  state.timer = setTimeout(quote, DEBOUNCE_MS);
}

async function quote() {
  if (isComposing()) return;
  tellTime();
  const asked = body();
  const isComplete = state.resident && REQUIRED.every((name) => asked[name]);
  if (!isComplete || attempt.pending) {
    state.verdict = null;
    if (!attempt.pending) drawVerdict();
    return;
  }
  const mine = (state.asking = new AbortController());
  try {
    state.verdict = await send("/v1/transactions/quote", asked, { signal: mine.signal });
    if (state.asking === mine) clearMarks();
  } catch (error) {
    if (error.name === "AbortError") return;
    state.verdict = error;
  }
  if (state.asking === mine) drawVerdict();
}

// Posting

// Only for whom the number field shows: a line must not go to the resident who was found before.
const isFound = () => state.resident !== null && byId("who-is").value.trim().toUpperCase() === state.resident;

function lock(isLocked) {
  byId("fields").disabled = isLocked;
  byId("post").disabled = isLocked || state.resident === null;
  byId("post").textContent = word(attempt.running ? "posting" : "post");
}

function sayUnsure(error) {
  const again = make("button", { type: "button", id: "retry" }, word("retry"));
  again.addEventListener("click", () => settle(attempt.go()));
  const reasons = error ? sayFailure(error) : [];
  const { commodity, amount_cny: amount, resident_id: resident } = attempt.pending.body;
  byId("refusal").replaceChildren(
    make("h3", {}, word("unsure")),
    ...reasons,
    make("p", {}, `${resident} · ${commodity} · ${cny(amount)}`),
    make("p", {}, word("unsure.detail")),
    again,
  );
}

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

function sayNotPosted(error) {
  const rest = markAll(error.problem?.errors);
  byId("refusal").replaceChildren(make("h3", {}, word("refused")), ...sayFailure(error), ...restWords(rest));
  byId("fields").disabled = false;
  byId("line").querySelector("[aria-invalid]")?.focus();
}

// A consignment and its vehicle bring many lines; what belongs to one line only goes.
function clearLine() {
  for (const name of ["commodity", "hs_code", "quantity_kg", "amount_cny", "reference"]) byId(name).value = "";
  clearMarks();
  byId("line")
    .querySelectorAll("[data-limit]")
    .forEach((place) => place.replaceChildren());
  state.isTimeOwn = false;
  state.verdict = null;
  byId("fields").disabled = false;
  tellTime();
  drawVerdict();
}

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
  const line = body();
  for (const name of REQUIRED) if (!line[name]) delete line[name];
  settle(attempt.start("/v1/transactions", line));
}

// What a clerk would have to type again; the resident by id, never by citizen number.
function draft() {
  const names = [...REQUIRED, ...OPTIONAL, "over_allowance"].filter((name) => name !== "traded_at" || state.isTimeOwn);
  const typed = names.map((name) => [name, byId(name).value]);
  return { resident_id: state.resident, ...Object.fromEntries(typed) };
}

// Puts a draft back into its fields; returns the resident that it is of.
export function restoreDraft() {
  const { resident_id: resident, ...typed } = restored() ?? {};
  for (const [name, value] of Object.entries(typed)) if (byId(name)) byId(name).value = value;
  if (typed.traded_at) state.isTimeOwn = true;
  return resident ?? null;
}

export function chooseResident(residentId) {
  state.resident = residentId;
  state.verdict = null;
  if (attempt.pending === null) {
    byId("refusal").replaceChildren();
    drawVerdict();
  }
  lock(attempt.pending !== null);
  askSoon();
}

// The fields of text: how much each of them takes, the template tells from the API's own limits.
function limitFields() {
  const places = [...byId("line").querySelectorAll("[data-limit]")];
  return places.map((place) => limit(byId(place.dataset.limit), Number(place.dataset.max), place));
}

export function beginLine(countryCodes, categoryNames, posted) {
  [countries, categories, state.posted] = [countryCodes, categoryNames, posted];
  const form = byId("line"),
    drawLimits = limitFields();
  form.addEventListener("compositionend", askSoon);
  form.addEventListener("input", ({ target }) => {
    if (target.id === "traded_at") state.isTimeOwn = target.value !== "";
    mark(target.id, "");
    byId("refusal").replaceChildren();
    askSoon();
  });
  form.addEventListener("submit", post);
  draws(() => {
    drawChoices();
    clearMarks();
    for (const drawLimit of drawLimits) drawLimit();
    if (!attempt.pending) drawVerdict();
    else if (!attempt.running) sayUnsure(null);
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
