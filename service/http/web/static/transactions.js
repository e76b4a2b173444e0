// The page of trades: a search in the address, the entries that it finds with their totals, and each of them opened.
import { Failure, ask, isAborted } from "./answers.js";
import catalogue from "./catalogue.js";
import { byId, make } from "./elements.js";
import { learnGroups } from "./groups.js";
import { today } from "./periods.js";
import { actAs } from "./record_api.js";
import { guardKeys, isComposing } from "./record_keys.js";
import { restWords, sayFailure, scopeNote } from "./refusals.js";
import {
  beginShell,
  draws,
  drawShell,
  may,
  sayError,
  sessionNow,
  setSession,
  speakAsAsked,
  toSignIn,
} from "./shell.js";
import { beginEntry, closeEntry, drawEntry, showEntry } from "./transactions_entry.js";
import { drawForm, formFilters, markFields, scopeWords } from "./transactions_form.js";
import { sayNoHandover, showHandover } from "./transactions_handover.js";
import { rowsTable } from "./transactions_rows.js";
import { addressOf, entriesPath, orOfDay, readSearch, totalsPath } from "./transactions_search.js";
import { totalFigures, totalTables } from "./transactions_totals.js";
import { language, say, teach, word } from "./words.js";

/** Where the tables of totals stand open by themselves. */
const ROOMY = "(min-width: 60rem)";

let search = orOfDay(readSearch(location.search), today());
/** @type {Found | null} */
let found = null;
/** @type {symbol | null} What is being waited for; an answer to an earlier question is not shown. */
let waiting = null;

/** @param {Lang} lang */
const addressIn = (lang) => addressOf(search, lang);
const here = () => addressIn(language());
/** @param {string} id */
const entryAddress = (id) => addressOf({ ...search, entry: id }, language());
/** @param {Search} other */
const searchAddress = (other) => addressOf(other, language());

// What is shown

/** Who can be chosen: everybody who recorded what the search finds, whoever of them was asked for. */
async function askClerks() {
  const { recorded_by: _, ...others } = search.filters;
  const totals = /** @type {EntryTotals} */ (await ask(totalsPath(others)));
  return totals.recorded_by.map(({ key }) => key);
}

/** @returns {Promise<Found>} */
async function askFound() {
  const isOfOne = search.filters.recorded_by !== undefined;
  const [page, totals, clerks] = await Promise.all([
    ask(entriesPath(search)),
    ask(totalsPath(search.filters)),
    isOfOne ? askClerks() : null,
  ]);
  return { page, totals, clerks: clerks ?? totals.recorded_by.map((/** @type {{ key: Recorder }} */ { key }) => key) };
}

/** Asks for what the address says, and shows it. */
async function load() {
  const mine = (waiting = Symbol("search"));
  const isWanted = () => waiting === mine;
  sayError();
  byId("refusal").replaceChildren();
  byId("status").textContent = word("loading");
  byId("trades").setAttribute("aria-busy", "true");
  show();
  try {
    if (search.entry) await showEntry(search.entry, isWanted);
    else if (search.view === "handover") await loadHandover(isWanted);
    else await loadList(isWanted);
  } catch (error) {
    if (isWanted() && !isAborted(error)) fail(error);
  }
  if (!isWanted()) return;
  byId("trades").setAttribute("aria-busy", "false");
  if (search.entry) byId("status").textContent = "";
}

/** @param {() => boolean} isWanted */
async function loadList(isWanted) {
  const answer = await askFound();
  if (!isWanted()) return;
  found = answer;
  drawSearch();
  drawFound();
}

/** @param {() => boolean} isWanted */
async function loadHandover(isWanted) {
  const clerks = await askClerks();
  if (!isWanted()) return;
  found = null;
  drawForm(byId("search"), search, clerks);
  await showHandover(search, clerks, isWanted);
  if (isWanted()) byId("status").textContent = "";
}

/** Which of the three views is there: the list, the hand-over list or an opened entry. */
function show() {
  byId("search").hidden = search.entry !== null;
  byId("found").hidden = search.entry !== null || search.view !== "list" || found === null;
  byId("handover").hidden = search.entry !== null || search.view !== "handover";
  document.body.classList.toggle("handing-over", search.entry === null && search.view === "handover");
  if (!search.entry) closeEntry();
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof Failure && error.status === 401) {
    toSignIn();
    return;
  }
  found = null;
  show();
  drawSearch();
  byId("status").textContent = "";
  const rest = markFields((error instanceof Failure && error.problem?.errors) || []);
  if (search.view === "handover") sayNoHandover(error);
  byId("refusal").replaceChildren(...sayFailure(error), ...restWords(rest));
}

function drawSearch() {
  drawForm(byId("search"), search, found?.clerks ?? []);
}

function drawFound() {
  if (!found) return;
  const { page, totals, clerks } = found;
  const counted = say("found.counted", { trades: totals.total.transactions, reversals: totals.reversals });
  byId("found").hidden = false;
  byId("found-title").textContent = counted;
  byId("status").textContent = counted;
  byId("scope").textContent = scopeWords(search.filters, clerks);
  byId("sums").replaceChildren(...totalFigures(totals.total));
  byId("by").replaceChildren(...totalTables(totals, search, searchAddress));
  drawActions();
  const table = rowsTable(page.items, `${word("title")}: ${byId("scope").textContent}`, entryAddress);
  const scroll = make(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "found-title" },
    table,
  );
  byId("rows").replaceChildren(page.items.length ? scroll : make("p", { class: "empty" }, word("found.nothing")));
  drawPages(page.next_cursor);
}

function drawActions() {
  const own = sessionNow();
  const of = search.filters.recorded_by ?? own?.id?.toString();
  /** @type {Record<string, string>} */
  const filters = of === undefined ? search.filters : { ...search.filters, recorded_by: of };
  const handover = addressOf({ filters, cursor: null, entry: null, view: "handover" }, language());
  const file = (/** @type {string} */ format) =>
    make(
      "a",
      { href: entriesPath(search, { format }), download: true, id: format },
      `${word("all.rows")} ${format.toUpperCase()}`,
    );
  byId("actions").replaceChildren(
    make("a", { href: handover, id: "to-handover", "data-turn": "" }, word("handover")),
    file("csv"),
    file("xlsx"),
  );
}

/** @param {string | null} next */
function drawPages(next) {
  const turn = (/** @type {string} */ id, /** @type {string | null} */ cursor) =>
    make("a", { id, href: searchAddress({ ...search, cursor }), "data-turn": "" }, word(`page.${id}`));
  byId("pages").replaceChildren(search.cursor ? turn("first", null) : "", next ? turn("next", next) : "");
}

function drawLeave() {
  const list = searchAddress({ ...search, entry: null });
  byId("leave").replaceChildren(make("a", { href: list, id: "to-list", "data-turn": "" }, word("to.list")));
}

// Where to go

/** @param {Search} next */
function goTo(next) {
  search = next;
  history.pushState(null, "", here());
  drawShell({ addressIn });
  load();
}

/** @param {Event} event */
function asked(event) {
  event.preventDefault();
  if (isComposing()) return;
  goTo({ filters: formFilters(), cursor: null, entry: null, view: search.view });
}

/**
 * A link to this page is followed without loading it anew; a click that opens another tab is the browser's.
 * @param {MouseEvent} event
 */
function followed(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest("main a");
  if (!(link instanceof HTMLAnchorElement) || link.pathname !== location.pathname || link.target) return;
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  goTo(readSearch(link.search));
  scrollTo(0, 0);
}

addEventListener("popstate", () => {
  search = orOfDay(readSearch(location.search), today());
  speakAsAsked();
  drawShell({ addressIn });
  load();
});

/** @returns {Promise<boolean>} whether there is a session that may read entries */
async function begun() {
  try {
    const session = await ask("/session");
    setSession(session);
    actAs(session);
  } catch (error) {
    if (error instanceof Failure && error.status === 401) toSignIn();
    else sayError(...sayFailure(error));
    return false;
  }
  if (!may("transactions:read")) sayError(scopeNote("transactions:read"));
  return may("transactions:read");
}

async function begin() {
  teach(catalogue, "transactions", "record");
  guardKeys();
  beginShell({
    addressIn,
    turnTo: (address) => history.pushState(null, "", address),
    spoken: () => {
      drawSearch();
      load();
    },
    coloured: () => {},
    cameBack: () => location.reload(),
    stayed: (error) => sayError(make("p", {}, word("signout.failed")), ...sayFailure(error)),
    leadsTo: "/signin?next=%2Ftransactions",
  });
  const isAllowed = await begun();
  if (isAllowed) {
    byId("totals", HTMLDetailsElement).open = matchMedia(ROOMY).matches;
    addEventListener("sessionended", toSignIn);
    byId("search").addEventListener("submit", asked);
    byId("trades").addEventListener("click", followed);
    history.replaceState(null, "", here());
    beginEntry(entryAddress, (id) => goTo({ ...search, entry: id }));
    draws(drawLeave);
    draws(drawEntry);
    if (may("residents:read")) await learnGroups();
    drawSearch();
    await load();
  }
  drawShell({ addressIn });
  document.documentElement.dataset.ready = "true";
}

begin();
