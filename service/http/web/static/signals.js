// The page of signals: a period in the address, and what in its live trades is a reason to look. Each question is read
// once, because the audit has each reading: another language or other colours ask for nothing.
import { Failure, ask, isAborted } from "./answers.js";
import catalogue from "./catalogue.js";
import { periodControls, select } from "./controls.js";
import { byId, make } from "./elements.js";
import { limits } from "./limits.js";
import { today } from "./periods.js";
import { periodParams, readQuestion } from "./question.js";
import { restWords, sayFailure, scopeNote } from "./refusals.js";
import { beginShell, drawShell, may, sayError, sessionNow, setSession, speakAsAsked, toSignIn } from "./shell.js";
import { ruleSection } from "./signals_shown.js";
import { language, nameOf, pointsNamed, teach, word } from "./words.js";

const SCOPE = "signals:read";

/** @typedef {{ period: Period, point: string, rule: string }} Wanted an empty point or rule is all of them */

let wanted = read();
/** @type {SignalsReport | null} */
let report = null;
/** @type {symbol | null} What is being waited for; an answer to an earlier question is not shown. */
let waiting = null;

/** @returns {Wanted} */
function read() {
  const address = new URLSearchParams(location.search);
  const [year, month] = today().split("-").map(Number);
  const { period } = readQuestion(location.search);
  return {
    period: period ?? { kind: "month", year, part: month },
    point: address.get("trade_point") ?? "",
    rule: address.get("rule") ?? "",
  };
}

/** The parameters of the question, for the API and for the address of the page. */
function params() {
  const found = new URLSearchParams(periodParams(wanted.period));
  if (wanted.point) found.set("trade_point", wanted.point);
  if (wanted.rule) found.set("rule", wanted.rule);
  return found;
}

/** @param {string} lang */
function addressIn(lang) {
  const found = params();
  found.set("lang", lang);
  return `/signals?${found}`;
}

const here = () => addressIn(language());

async function load() {
  const mine = (waiting = Symbol("question"));
  sayError();
  byId("refusal").replaceChildren();
  byId("status").textContent = word("loading");
  byId("found").setAttribute("aria-busy", "true");
  try {
    const answer = await ask(`/v1/reports/signals?${params()}`);
    if (waiting === mine) report = answer;
  } catch (error) {
    if (waiting === mine && !isAborted(error)) fail(error);
  }
  if (waiting !== mine) return;
  byId("found").setAttribute("aria-busy", "false");
  byId("status").textContent = "";
  drawFound();
}

/** @param {unknown} error */
function fail(error) {
  report = null;
  if (error instanceof Failure && error.status === 401) return toSignIn();
  const errors = (error instanceof Failure && error.problem?.errors) || [];
  byId("refusal").replaceChildren(...sayFailure(error), ...restWords(errors));
}

function drawFound() {
  if (!report) return byId("found").replaceChildren();
  const { rules, signals } = report;
  const file = make("a", { href: `/v1/reports/signals?${params()}&format=csv`, download: true }, word("csv"));
  const sections = rules.map((found) =>
    ruleSection(
      found,
      signals.filter(({ rule }) => rule === found.rule),
    ),
  );
  byId("found").replaceChildren(make("p", { class: "files" }, file), ...sections);
}

/** @param {Partial<Wanted>} change */
function turn(change) {
  wanted = { ...wanted, ...change };
  history.pushState(null, "", here());
  drawShell({ addressIn });
  drawControls();
  load();
}

function drawControls() {
  const form = byId("controls");
  const focused = form.contains(document.activeElement) ? document.activeElement?.id : null;
  const own = sessionNow()?.trade_point;
  const points = [...new Set([...pointsNamed(), ...(wanted.point ? [wanted.point] : [])])].sort();
  /** @type {[string, string][]} */
  const places = [
    ["", word("any")],
    .../** @type {[string, string][]} */ (points.map((name) => [name, nameOf("trade_point", name)])),
  ];
  /** @type {[string, string][]} */
  const rules = [
    ["", word("any")],
    .../** @type {[string, string][]} */ (limits().signal_rules.map((rule) => [rule, word(rule)])),
  ];
  form.replaceChildren(
    make(
      "div",
      { class: "row" },
      ...periodControls(wanted.period, [], ({ period }) => period && turn({ period })),
      !own && select("point", word("dimension.trade_point"), places, wanted.point, (point) => turn({ point })),
      select("rule", word("rule"), rules, wanted.rule, (rule) => turn({ rule })),
    ),
  );
  if (focused) document.getElementById(focused)?.focus();
}

addEventListener("popstate", () => {
  wanted = read();
  speakAsAsked();
  drawShell({ addressIn });
  drawControls();
  load();
});

/** @returns {Promise<boolean>} whether there is a session that may read signals */
async function begun() {
  try {
    setSession(await ask("/session"));
  } catch (error) {
    if (error instanceof Failure && error.status === 401) toSignIn();
    else sayError(...sayFailure(error));
    return false;
  }
  if (!may(SCOPE)) sayError(scopeNote(SCOPE));
  return may(SCOPE);
}

function draw() {
  drawControls();
  drawFound();
}

async function begin() {
  teach(catalogue, "signals", "dashboard", "record");
  beginShell({
    addressIn,
    turnTo: (address) => history.pushState(null, "", address),
    spoken: draw,
    coloured: () => {},
    cameBack: () => location.reload(),
    stayed: (error) => sayError(make("p", {}, word("signout.failed")), ...sayFailure(error)),
    leadsTo: "/signin?next=%2Fsignals",
  });
  if (await begun()) {
    addEventListener("sessionended", toSignIn);
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    history.replaceState(null, "", here());
    drawControls();
    await load();
  }
  drawShell({ addressIn });
  document.documentElement.dataset.ready = "true";
}

begin();
