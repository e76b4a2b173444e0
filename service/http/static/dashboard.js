// The dashboard: a question in the address, the API's answers to it on the page, and nothing else.
import { Failure, ask, askAll, choices, hasMoved, newestDay, newestPeriod } from "./answers.js";
import { redrawAll } from "./charts.js";
import { drawControls } from "./controls.js";
import { lookAgain, politely, saysTheSame } from "./live.js";
import { learnGroups } from "./groups.js";
import { LANGS, addressOf, readQuestion } from "./question.js";
import { mayOf, showPages, signOut } from "./pages.js";
import { showNewest, showPosition, showReport } from "./report.js";
import { make } from "./tables.js";
import { language, speak, word } from "./words.js";

const byId = (id) => document.getElementById(id);
const [content, state, status] = ["content", "state", "status"].map(byId);
const countryNames = JSON.parse(byId("countries").textContent);

let question = null;
let session = null;
let offered = null;
let answers = null;
let running = null;
const newestDays = new WeakMap();

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The choice then lasts as long as the page.
  }
}

function chosenLanguage() {
  const wished = [
    new URLSearchParams(location.search).get("lang"),
    kept("hushi.lang"),
    ...navigator.languages.map((tag) => tag.slice(0, 2)),
  ];
  return wished.find((lang) => LANGS.includes(lang)) ?? "zh";
}

function toSignIn() {
  location.replace(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`);
}

// A demo opens with the days that it was made to show; whatever is played into it today has no past to stand beside.
function demoPeriod() {
  const { demo } = document.body.dataset;
  return demo ? readQuestion(demo).period : null;
}

// Loading

async function load(begun = performance.now()) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  content.setAttribute("aria-busy", "true");
  status.textContent = word("loading");
  if (question.wrong.length) return refuse(question.wrong);
  try {
    if (question.period === null) {
      question.period = demoPeriod() ?? (await newestPeriod(mine.signal));
      history.replaceState(null, "", addressOf(question, language()));
      drawAllControls();
    }
    answers = await askAll(question, language(), mine.signal);
    if (running === mine) {
      show();
      noteChange(begun);
    }
  } catch (error) {
    if (running === mine && error.name !== "AbortError") fail(error);
  }
}

// What has been posted meanwhile, shown in place: nothing is dimmed, and what has the focus keeps it.
async function refresh() {
  const before = answers,
    loading = running;
  if (!before || !state.hidden || content.getAttribute("aria-busy") === "true") return;
  try {
    if (!(await hasMoved(before.paths.months))) return;
    const newer = await askAll(question, language());
    if (running !== loading || answers !== before) return;
    answers = newer;
    if (saysTheSame(before, newer)) return showPosition(newer);
    announce(`${word("updated")}: ${showReport(newer, question, new Date())}`);
    nameNewest(newer);
  } catch (error) {
    // What can't be refreshed stays as it was said, with its position; only somebody who may not see it any more leaves.
    if (error.status === 401) toSignIn();
  }
}

const announce = politely((text) => {
  status.textContent = text;
});

// From the click to the frame in which the figures are on the screen.
function noteChange(begun) {
  requestAnimationFrame(() => performance.measure("hushi-change", { start: begun, end: performance.now() }));
}

function show() {
  state.hidden = true;
  content.hidden = byId("controls").hidden = false;
  content.classList.remove("loading");
  content.setAttribute("aria-busy", "false");
  status.textContent = showReport(answers, question);
  nameNewest(answers);
}

// Asked for after all else is there: it says up to where the figures go, and nobody waits for it.
async function nameNewest(shown) {
  if (!newestDays.has(shown))
    newestDays.set(
      shown,
      newestDay(question, shown).catch(() => null),
    );
  const day = await newestDays.get(shown);
  if (day && answers === shown) showNewest(day, shown);
}

// An address that says something else than the page understands: showing a part of it would answer another question.
function refuse(wrong) {
  const without = question.period ? addressOf(question, language()) : `/?lang=${language()}`;
  showState(
    "refused",
    wrong.map(
      ({ name, code, choices = [] }) =>
        `${name}: ${word(`wrong.${code}`)}${choices.length ? ` ${choices.join(", ")}` : ""}`,
    ),
    make("a", { href: without, id: "without" }, word("wrong.without")),
  );
}

// What went wrong, in words, and what can be done about it; figures of another question must not stand beside it.
function fail(error) {
  if (!(error instanceof Failure)) {
    console.error(error);
    error = new Failure(500, null);
  }
  if (error.status === 401) return toSignIn();
  const kind = { 0: "offline", 403: "forbidden", 422: "refused" }[error.status] ?? "broken";
  const detail = ["offline", "forbidden"].includes(kind) ? word(`state.${kind}.detail`) : error.message;
  // The API says of each parameter what is wrong with it; of the whole it only says that something is.
  const details = error.problem?.errors?.map((each) => `${each.pointer.slice(1)}: ${each.detail}`) ?? [detail];
  const id = error.problem?.request_id;
  const act = make("button", { type: "button", id: "retry" }, word("retry"));
  act.addEventListener("click", () => load());
  const again = make("a", { href: "/signin" }, word("again"));
  const named = id ? make("p", { class: "quiet" }, make("code", {}, id)) : "";
  showState(kind, details, named, kind === "forbidden" ? again : act);
}

function showState(kind, details, ...more) {
  state.replaceChildren(make("h2", {}, word(`state.${kind}`)), ...details.map((text) => make("p", {}, text)), ...more);
  state.className = `state ${kind}`;
  state.setAttribute("role", "alert");
  state.hidden = false;
  content.hidden = true;
  byId("controls").hidden = kind === "forbidden";
  content.setAttribute("aria-busy", "false");
  status.textContent = "";
}

addEventListener("online", () => state.classList.contains("offline") && !state.hidden && load());

// Asking

function putQuestion(change) {
  const begun = performance.now();
  const onlyDrawing = Object.keys(change).every((name) => name === "measure");
  question = { ...question, wrong: [], ...change };
  const isAnswered = onlyDrawing && answers && state.hidden;
  // The requests go out first; the controls are drawn while they are on their way.
  if (!isAnswered) load(begun);
  history.pushState(null, "", addressOf(question, language()));
  drawAllControls();
  if (!isAnswered) return;
  show();
  noteChange(begun);
}

function drawAllControls() {
  if (question.period) drawControls(byId("controls"), question, offered, putQuestion);
  for (const link of document.querySelectorAll(".languages a")) {
    const isCurrent = link.dataset.lang === language();
    if (question.period) link.href = addressOf(question, link.dataset.lang);
    if (isCurrent) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  drawTheme();
  byId("who").textContent = session?.name ?? "";
  byId("signout").hidden = session === null;
}

for (const link of document.querySelectorAll(".languages a")) {
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || !question.period) return;
    event.preventDefault();
    speak(link.dataset.lang);
    keep("hushi.lang", link.dataset.lang);
    history.pushState(null, "", addressOf(question, language()));
    drawAllControls();
    load();
  });
}

addEventListener("popstate", () => {
  question = readQuestion(location.search);
  speak(chosenLanguage());
  drawAllControls();
  load();
});

// Colours

const THEMES = ["auto", "light", "dark"];
const themeNow = () => document.documentElement.dataset.theme ?? "auto";

function drawTheme() {
  byId("theme").replaceChildren(make("span", { class: "roomy" }, `${word("theme")}: `), word(`theme.${themeNow()}`));
}

byId("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(themeNow()) + 1) % THEMES.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  keep("hushi.theme", next);
  drawTheme();
  redrawAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);

// Drawn for the paper before the pages are counted: what grows afterwards falls off the last one.
for (const [event, isPrinting] of [
  ["beforeprint", true],
  ["afterprint", false],
]) {
  addEventListener(event, () => {
    document.documentElement.classList.toggle("printing", isPrinting);
    redrawAll();
  });
}

// The session

byId("signout").addEventListener("click", async () => {
  try {
    await signOut();
    location.replace("/signin");
  } catch (error) {
    fail(error);
  }
});

// A page that comes back from the browser's memory may belong to somebody who has signed out since.
addEventListener("pageshow", (event) => event.persisted && load());

async function begin() {
  question = readQuestion(location.search);
  speak(chosenLanguage(), countryNames);
  drawAllControls();
  const about = ask("/session").catch((error) => (error.status === 401 ? toSignIn() : null));
  await load();
  performance.mark("hushi-interactive");
  session = (await about) ?? null;
  const may = mayOf(session);
  showPages(may);
  if (may("residents:read")) await learnGroups();
  offered = await choices().catch(() => null);
  drawAllControls();
  lookAgain(refresh);
}

begin();
