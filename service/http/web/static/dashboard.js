// The dashboard: a question in the address, the API's answers to it on the page, and nothing else.
import { Failure, ask, askAll, choices, hasMoved, isAborted, newestDay, newestPeriod } from "./answers.js";
import catalogue from "./catalogue.js";
import { redrawAll } from "./charts.js";
import { drawControls } from "./controls.js";
import { button, byId, make } from "./elements.js";
import { learnEnterprises } from "./enterprise_names.js";
import { learnGroups } from "./groups.js";
import { lookAgain, politely, saysTheSame } from "./live.js";
import { addressOf, hasPeriod, readQuestion } from "./question.js";
import { showNewest, showPosition, showReport } from "./report.js";
import { beginShell, drawShell, may, sayError, sessionNow, setSession, speakAsAsked, toSignIn } from "./shell.js";
import { language, teach, word } from "./words.js";

const [content, state, status] = ["content", "state", "status"].map((id) => byId(id));

let question = readQuestion(location.search);
/** @type {Choices | null} */
let offered = null;
/** @type {Answers | null} */
let answers = null;
/** @type {AbortController | null} */
let running = null;
/** @type {WeakMap<Answers, Promise<string | null>>} */
const newestDays = new WeakMap();

/** A demo opens with the days that it was made to show; whatever is played into it today has no past to stand beside. */
function demoPeriod() {
  const { demo } = document.body.dataset;
  return demo ? readQuestion(demo).period : null;
}

/** @param {Lang} lang */
const addressIn = (lang) => (hasPeriod(question) ? addressOf(question, lang) : null);

// Loading

async function load(begun = performance.now()) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  content.setAttribute("aria-busy", "true");
  sayError();
  status.textContent = word("loading");
  if (question.wrong.length) {
    refuse(question.wrong);
    return;
  }
  try {
    const found = await askWhole(mine.signal);
    if (running === mine) {
      answers = found;
      show();
      noteChange(begun);
    }
  } catch (error) {
    if (running === mine && !isAborted(error)) fail(error);
  }
}

/**
 * The answers to the question; one without a period is first given the newest.
 * @param {AbortSignal} signal
 */
async function askWhole(signal) {
  if (!hasPeriod(question)) {
    const whole = { ...question, period: demoPeriod() ?? (await newestPeriod(signal)) };
    question = whole;
    history.replaceState(null, "", addressOf(whole, language()));
    drawAllControls();
    return askAll(whole, language(), signal);
  }
  return askAll(question, language(), signal);
}

/** What has been posted meanwhile, shown in place: nothing is dimmed, and what has the focus keeps it. */
async function refresh() {
  const before = answers;
  const loading = running;
  if (!before || !hasPeriod(question) || !state.hidden || content.getAttribute("aria-busy") === "true") return;
  try {
    if (!(await hasMoved(before.paths.months))) return;
    const newer = await askAll(question, language());
    if (running !== loading || answers !== before) return;
    answers = newer;
    if (saysTheSame(before, newer)) {
      showPosition(newer);
      return;
    }
    announce(`${word("updated")}: ${showReport(newer, question, new Date())}`);
    nameNewest(newer);
  } catch (error) {
    // What can't be refreshed stays as it was said, with its position; only somebody who may not see it any more leaves.
    if (error instanceof Failure && error.status === 401) toSignIn();
  }
}

const announce = politely((text) => {
  status.textContent = text;
});

/**
 * From the click to the frame in which the figures are on the screen.
 * @param {number} begun
 */
function noteChange(begun) {
  requestAnimationFrame(() => performance.measure("hushi-change", { start: begun, end: performance.now() }));
}

function show() {
  if (!answers || !hasPeriod(question)) return;
  state.hidden = true;
  content.hidden = byId("controls").hidden = false;
  content.classList.remove("loading");
  content.setAttribute("aria-busy", "false");
  status.textContent = showReport(answers, question);
  nameNewest(answers);
}

/**
 * Asked for after all else is there: it says up to where the figures go, and nobody waits for it.
 * @param {Answers} shown
 */
async function nameNewest(shown) {
  if (!hasPeriod(question)) return;
  if (!newestDays.has(shown)) {
    newestDays.set(
      shown,
      newestDay(question, shown).catch(() => null),
    );
  }
  const day = await newestDays.get(shown);
  if (day && answers === shown) showNewest(day, shown);
}

/**
 * An address that says something else than the page understands: showing a part of it would answer another question.
 * @param {WrongParameter[]} wrong
 */
function refuse(wrong) {
  const without = addressIn(language()) ?? `/?lang=${language()}`;
  showState(
    "refused",
    wrong.map(({ name, code, choices: known = [] }) => {
      const named = known.length ? ` ${known.join(", ")}` : "";
      return `${name}: ${word(`wrong.${code}`)}${named}`;
    }),
    make("a", { href: without, id: "without" }, word("wrong.without")),
  );
}

/** @type {Record<number, string>} */
const STATES = { 0: "offline", 403: "forbidden", 422: "refused" };

/**
 * What went wrong, in words. The API says of each parameter what is wrong with it; of the whole it only says that
 * something is.
 * @param {unknown} error
 */
function failureOf(error) {
  if (!(error instanceof Failure)) console.error(error);
  const { status: code, message, problem } = error instanceof Failure ? error : new Failure(500, null);
  const kind = STATES[code] ?? "broken";
  const detail = ["offline", "forbidden"].includes(kind) ? word(`state.${kind}.detail`) : message;
  const details = problem?.errors?.map((each) => `${each.pointer.slice(1)}: ${each.detail}`) ?? [detail];
  return { code, kind, details, id: problem?.request_id };
}

/**
 * Says what went wrong and what can be done about it; figures of another question must not stand beside it.
 * @param {unknown} error
 */
function fail(error) {
  const { code, kind, details, id } = failureOf(error);
  if (code === 401) {
    toSignIn();
    return;
  }
  const named = id ? make("p", { class: "quiet" }, make("code", {}, id)) : "";
  const again = make("a", { href: "/signin" }, word("again"));
  const act = kind === "forbidden" ? again : button("retry", word("retry"), () => load());
  showState(kind, details, named, act);
}

/**
 * Says above the report that signing out failed: the report stays, and so does the session.
 * @param {unknown} error
 */
function sayStayed(error) {
  const { kind, details } = failureOf(error);
  sayError(...[word(`state.${kind}`), ...details].map((text) => make("p", {}, text)));
}

/**
 * @param {string} kind
 * @param {string[]} details
 * @param {...(Node | string)} more
 */
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

/** @param {Partial<Question>} change */
function putQuestion(change) {
  if (!hasPeriod(question)) return;
  const begun = performance.now();
  const onlyDrawing = Object.keys(change).every((name) => name === "measure");
  const next = { ...question, wrong: [], ...change };
  question = next;
  const isAnswered = onlyDrawing && answers && state.hidden;
  // The requests go out first; the controls are drawn while they are on their way.
  if (!isAnswered) load(begun);
  history.pushState(null, "", addressOf(next, language()));
  drawAllControls();
  if (!isAnswered) return;
  show();
  noteChange(begun);
}

function drawAllControls() {
  if (hasPeriod(question)) drawControls(byId("controls"), question, offered, putQuestion);
  drawShell({ addressIn });
}

addEventListener("popstate", () => {
  question = readQuestion(location.search);
  speakAsAsked();
  drawAllControls();
  load();
});

// Colours and paper

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);

// Drawn for the paper before the pages are counted: what grows afterwards falls off the last one.
for (const printing of [true, false]) {
  addEventListener(printing ? "beforeprint" : "afterprint", () => {
    document.documentElement.classList.toggle("printing", printing);
    redrawAll();
  });
}

async function begin() {
  teach(catalogue, "dashboard");
  beginShell({
    addressIn,
    turnTo: (address) => history.pushState(null, "", address),
    spoken: () => {
      drawAllControls();
      load();
    },
    coloured: redrawAll,
    cameBack: () => load(),
    stayed: sayStayed,
    leadsTo: "/signin",
  });
  drawAllControls();
  const about = ask("/session")
    .catch((error) => (error.status === 401 ? toSignIn() : null))
    .then((found) => setSession(found ?? null));
  await load();
  performance.mark("hushi-interactive");
  const wasKnown = sessionNow() !== null;
  await about;
  // Only for a key that may read the rows do figures lead to them, and do enterprises have names.
  if (may("transactions:read")) {
    await learnEnterprises();
    const namesEnterprises = Boolean(answers?.processing.rows.length);
    if ((!wasKnown || namesEnterprises) && state.hidden) show();
  }
  drawAllControls();
  if (may("residents:read")) await learnGroups();
  offered = await choices().catch(() => null);
  drawAllControls();
  lookAgain(refresh);
}

begin();
