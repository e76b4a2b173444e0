// What surrounds each page: its language and colours, the links to the others, who is signed in, and its line for errors.
import { Failure, ask } from "./answers.js";
import { keep, kept } from "./browser_memory.js";
import { buttonById, byId, make } from "./elements.js";
import { limits } from "./limits.js";
import { speak, htmlLanguage, language, word } from "./words.js";

/**
 * How a page differs from the others in its shell.
 * @typedef {object} Page
 * @property {(lang: Lang) => string | null} addressIn the address that says the same in a language; null leaves the link
 * @property {(address: string) => void} turnTo makes an address that of the page, without loading it
 * @property {() => void} spoken what follows when another language was chosen
 * @property {() => void} coloured what follows when other colours were chosen
 * @property {() => void} cameBack what follows when the page comes back from the browser's memory
 * @property {(error: unknown) => void} stayed says why signing out failed
 * @property {string} leadsTo where to sign in after signing out
 */

/** @type {("auto" | "light" | "dark")[]} */
const THEMES = ["auto", "light", "dark"];
/** @type {(() => void)[]} */
const drawers = [];
/** @type {Session | null} */
let session = null;

export const signInAddress = () => `/signin?next=${encodeURIComponent(location.pathname + location.search)}`;

/** Goes to signing in, and comes back from there. */
export const toSignIn = () => location.replace(signInAddress());

/**
 * Draws whenever the shell is drawn, in another language or for another session.
 * @param {() => void} drawer
 */
export function draws(drawer) {
  drawers.push(drawer);
}

/**
 * Whether the key of a session has a scope; nobody may do anything without a session.
 * @param {Session | null} of
 * @param {string} scope
 */
export const allows = (of, scope) => Boolean(of?.scopes.some((held) => held === scope || held === "admin"));

/** @param {string} scope */
export const may = (scope) => allows(session, scope);

export const sessionNow = () => session;

/** @param {Session | null} found */
export function setSession(found) {
  session = found;
}

/**
 * The line for errors, above what the page shows.
 * @param {...Node} parts
 */
export const sayError = (...parts) => byId("alert").replaceChildren(...parts);

/** The language that the address asks for, else the one that was chosen before, else what the browser likes best. */
function chosenLanguage() {
  const liked = navigator.languages.map((tag) => tag.slice(0, 2));
  const wished = [new URLSearchParams(location.search).get("lang"), kept("hushi.lang"), ...liked];
  return /** @type {Lang} */ (wished.find((lang) => lang !== null && limits().languages.includes(lang)) ?? "zh");
}

/** Says all that stands in the page in its language. */
function say() {
  document.documentElement.lang = htmlLanguage();
  document.title = `${word("title")} — ${word("product.brand")}`;
  for (const element of elements("[data-word]")) element.textContent = word(element.dataset.word ?? "");
  for (const element of elements("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label ?? ""));
}

/**
 * @param {string} selector
 * @returns {NodeListOf<HTMLElement>}
 */
const elements = (selector) => document.querySelectorAll(selector);

/** @returns {NodeListOf<HTMLAnchorElement>} */
const languageLinks = () => document.querySelectorAll(".languages a");

/** @param {HTMLAnchorElement} link */
const languageOf = (link) => /** @type {Lang} */ (link.dataset.lang);

/** The language of the address again, after it has changed. */
export function speakAsAsked() {
  speak(chosenLanguage());
  say();
}

const themeNow = () => document.documentElement.dataset.theme ?? "auto";

function drawTheme() {
  const about = make("span", { class: "roomy" }, `${word("theme")}: `);
  byId("theme").replaceChildren(about, word(`theme.${themeNow()}`));
}

/** Only the links that the key of the session can do something on. */
function drawPages() {
  for (const link of elements(".pages [data-needs]")) link.hidden = !link.dataset.needs?.split(" ").some(may);
}

/**
 * Draws the shell, and all that draws with it.
 * @param {Pick<Page, "addressIn">} page
 */
export function drawShell({ addressIn }) {
  for (const link of languageLinks()) {
    const address = addressIn(languageOf(link));
    if (address !== null) link.href = address;
    if (languageOf(link) === language()) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  drawTheme();
  byId("who").textContent = session?.name ?? "";
  buttonById("signout").hidden = session === null;
  drawPages();
  for (const drawer of drawers) drawer();
}

function nextTheme() {
  const next = THEMES[(THEMES.findIndex((theme) => theme === themeNow()) + 1) % THEMES.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  keep("hushi.theme", next);
  drawTheme();
}

/**
 * @param {MouseEvent} event
 * @param {Page} page
 */
function chooseLanguage(event, page) {
  const lang = languageOf(/** @type {HTMLAnchorElement} */ (event.currentTarget));
  const address = page.addressIn(lang);
  // A click that opens another tab is the browser's.
  if (event.metaKey || event.ctrlKey || event.shiftKey || address === null) return;
  event.preventDefault();
  keep("hushi.lang", lang);
  speak(lang);
  say();
  page.turnTo(address);
  drawShell(page);
  page.spoken();
}

/** Until the server knows that the session has ended, its cookie would let the next person at this browser in. */
async function signOut() {
  let own;
  try {
    // Asked again: another tab may have begun another session since.
    own = await ask("/session");
  } catch (error) {
    if (error instanceof Failure && error.status === 401) return;
    throw error;
  }
  const headers = { "X-CSRF-Token": own.csrf_token, Accept: "application/json" };
  const answer = await fetch("/signout", { method: "POST", headers }).catch(() => null);
  if (!answer?.ok) throw new Failure(answer?.status ?? 0, (await answer?.json().catch(() => null)) ?? null);
}

/**
 * Begins to say the page in the reader's language, and listens to its head.
 * @param {Page} page
 */
export function beginShell(page) {
  speak(chosenLanguage());
  say();
  for (const link of languageLinks()) link.addEventListener("click", (event) => chooseLanguage(event, page));
  byId("theme").addEventListener("click", () => {
    nextTheme();
    page.coloured();
  });
  byId("signout").addEventListener("click", async () => {
    try {
      await signOut();
      location.replace(page.leadsTo);
    } catch (error) {
      page.stayed(error);
    }
  });
  // A page that comes back from the browser's memory may belong to somebody who has signed out since.
  addEventListener("pageshow", (event) => event.persisted && page.cameBack());
}
