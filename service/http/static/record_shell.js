// What surrounds the form: the language, the colours, the session, and how a refusal is said.
import { Failure, ask } from "./answers.js";
import { actAs } from "./record_api.js";
import { keepDraft, takeDraft } from "./record_draft.js";
import { RECORD_WORDS } from "./record_words.js";
import { mayOf, showPages, signOut } from "./pages.js";
import { make } from "./tables.js";
import { language, speak, teach, word } from "./words.js";

const LANGS = ["zh", "en", "mn"];
const THEMES = ["auto", "light", "dark"];
const byId = (id) => document.getElementById(id);
const drawers = [];
const shell = { isEnded: false, draft: () => ({}), goOn: () => {} };
let session = null;

// Draws now and whenever another language is chosen.
export function draws(drawer) {
  drawers.push(drawer);
}

// The date and the time in Shanghai, as the market's clocks show them.
export const marketClock = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

const signInAddress = () => `/signin?next=${encodeURIComponent(location.pathname + location.search)}`;

// What is kept over a sign-in: `draft` tells it, `goOn` is what follows when the session is there again.
export function keeps(draft, goOn) {
  Object.assign(shell, { draft, goOn });
}

export const restored = () => takeDraft(session.name);

// A session that ends takes nothing away: the line stays where it is, and comes back in case of a sign-in in this tab.
function sessionEnded() {
  if (session === null) return;
  keepDraft(session.name, shell.draft());
  if (shell.isEnded) return;
  shell.isEnded = true;
  drawEnded();
}

function drawEnded() {
  const again = make("a", { href: signInAddress(), id: "sign-in-again" }, word("again"));
  byId("ended").replaceChildren(...(shell.isEnded ? [make("p", {}, word("ended")), make("p", {}, again)] : []));
}

// Signed in again in another tab: another session has another token.
async function lookForSession() {
  if (!shell.isEnded || document.hidden) return;
  const found = await ask("/session").catch(() => null);
  if (!found) return;
  if (found.name !== session.name) return location.reload();
  takeDraft(session.name);
  session = found;
  actAs(session);
  shell.isEnded = false;
  shell.goOn();
  drawAll();
}

export const may = (scope) => mayOf(session)(scope);
export const scopeNote = (scope) => make("p", { class: "note" }, word(`scope.${scope}`));

// A refusal in the page's language, and beside it what the API says of this case.
export function sayFailure(error) {
  if (!(error instanceof Failure)) {
    console.error(error);
    return [make("p", {}, word("code.unavailable"))];
  }
  const code = error.status === 0 ? "offline" : (error.problem?.code ?? "unavailable");
  const said = word(`code.${code}`);
  const isKnown = said !== `code.${code}`;
  // What the API says is English: beside English words it tells more, elsewhere it stands in for words that are missing.
  const tellsMore = language() === "en" && error.status === 422 && code !== "validation-failed";
  const detail = error.problem && (!isKnown || tellsMore) ? error.problem.detail : null;
  return [
    isKnown ? make("p", {}, said) : null,
    detail && detail !== said ? make("p", { class: "quiet", lang: "en" }, detail) : null,
  ].filter(Boolean);
}

// What is wrong with a field. In English the API says it best; what has no words here stays as the API says it.
export function errorWords({ code, detail }) {
  const said = word(`error.${code}`);
  if (code === "in-the-future") return { text: `${said} ${marketClock()}`, lang: null };
  return language() === "en" || said === `error.${code}` ? { text: detail, lang: "en" } : { text: said, lang: null };
}

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

function drawAll() {
  for (const link of document.querySelectorAll(".languages a")) {
    if (link.dataset.lang === language()) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  drawTheme();
  byId("who").textContent = session?.name ?? "";
  byId("signout").hidden = session === null;
  drawEnded();
  showPages(may);
  for (const drawer of drawers) drawer();
}

const themeNow = () => document.documentElement.dataset.theme ?? "auto";

function drawTheme() {
  byId("theme").replaceChildren(make("span", { class: "roomy" }, `${word("theme")}: `), word(`theme.${themeNow()}`));
}

function listen() {
  byId("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(themeNow()) + 1) % THEMES.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    keep("hushi.theme", next);
    drawTheme();
  });
  for (const link of document.querySelectorAll(".languages a")) {
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      keep("hushi.lang", link.dataset.lang);
      history.replaceState(null, "", `?lang=${link.dataset.lang}`);
      speak(link.dataset.lang);
      drawAll();
    });
  }
  byId("signout").addEventListener("click", async () => {
    try {
      await signOut();
      location.replace("/signin?next=%2Frecord");
    } catch (error) {
      byId("ended").replaceChildren(make("p", {}, word("signout.failed")), ...sayFailure(error));
    }
  });
  for (const event of ["input", "change"])
    addEventListener(event, () => shell.isEnded && keepDraft(session.name, shell.draft()));
  addEventListener("sessionended", sessionEnded);
  document.addEventListener("visibilitychange", lookForSession);
  // A page that comes back from the browser's memory may belong to somebody who has signed out since.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// The session, or null when there is none and the page is on its way to signing in.
export async function beginShell(countryNames) {
  teach(RECORD_WORDS);
  speak(chosenLanguage(), countryNames);
  listen();
  try {
    session = await ask("/session");
  } catch (error) {
    if (error.status === 401) return location.replace(signInAddress());
    byId("missing").replaceChildren(make("div", { class: "state" }, ...sayFailure(error)));
    drawAll();
    return null;
  }
  actAs(session);
  return session;
}

export { drawAll };
