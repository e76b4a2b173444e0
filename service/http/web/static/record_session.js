// The session of a clerk: when it ends, the line stays where it is, and is there again after signing in.
import { ask } from "./answers.js";
import { keepInTab, keptInTab } from "./browser_memory.js";
import { byId, make } from "./elements.js";
import { limits } from "./limits.js";
import { actAs } from "./record_api.js";
import { sayFailure } from "./refusals.js";
import { beginShell, draws, drawShell, sayError, sessionNow, setSession, signInAddress, toSignIn } from "./shell.js";
import { word } from "./words.js";

/** @typedef {Record<string, string | null>} Draft */

/** @type {{ isEnded: boolean, draft: () => Draft, goOn: () => void }} */
const state = { isEnded: false, draft: () => ({}), goOn: () => {} };

/**
 * The address of the page in a language, with whatever else it says.
 * @param {Lang} lang
 */
function addressIn(lang) {
  const params = new URLSearchParams(location.search);
  params.set("lang", lang);
  return `?${params}`;
}

export const drawAll = () => drawShell({ addressIn });

const draftPlace = () => `hushi.draft.${sessionNow()?.name}`;

/**
 * A draft without what looks like a citizen number, in whichever field: none may stay in a browser's storage.
 * @param {Draft} draft
 * @param {string} pattern
 */
export function withoutCitizenNumbers(draft, pattern) {
  const citizenNumber = new RegExp(pattern.replace(/^\^|\$$/g, ""));
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value && !citizenNumber.test(value)));
}

/**
 * What is kept over a sign-in: `draft` tells it, `goOn` is what follows when the session is there again.
 * @param {() => Draft} draft
 * @param {() => void} goOn
 */
export function keeps(draft, goOn) {
  Object.assign(state, { draft, goOn });
}

const keepDraft = () => keepInTab(draftPlace(), withoutCitizenNumbers(state.draft(), limits().citizen_number));

/**
 * The draft that was kept, which then is kept no longer.
 * @returns {Draft | null}
 */
export function takeDraft() {
  const draft = keptInTab(draftPlace());
  keepInTab(draftPlace(), null);
  return draft;
}

/** A session that ends takes nothing away: the line comes back in case of a sign-in in this tab. */
function sessionEnded() {
  if (sessionNow() === null) return;
  keepDraft();
  if (state.isEnded) return;
  state.isEnded = true;
  drawEnded();
}

function drawEnded() {
  if (!state.isEnded) return sayError();
  const again = make("a", { href: signInAddress(), id: "sign-in-again" }, word("again"));
  return sayError(make("p", {}, word("ended")), make("p", {}, again));
}

/** Signed in again in another tab: another session has another token. */
async function lookForSession() {
  if (!state.isEnded || document.hidden) return;
  const found = await ask("/session").catch(() => null);
  if (!found) return;
  if (found.name !== sessionNow()?.name) {
    location.reload();
    return;
  }
  takeDraft();
  setSession(found);
  actAs(found);
  state.isEnded = false;
  state.goOn();
  drawAll();
}

/** The session, or null when there is none and the page is on its way to signing in. */
export async function beginSession() {
  beginShell({
    addressIn,
    turnTo: (address) => history.replaceState(null, "", address),
    spoken: () => {},
    coloured: () => {},
    cameBack: () => location.reload(),
    stayed: (error) => sayError(make("p", {}, word("signout.failed")), ...sayFailure(error)),
    leadsTo: `/signin?next=${encodeURIComponent(location.pathname)}`,
  });
  draws(drawEnded);
  for (const event of ["input", "change"]) addEventListener(event, () => state.isEnded && keepDraft());
  addEventListener("sessionended", sessionEnded);
  document.addEventListener("visibilitychange", lookForSession);
  try {
    const found = await ask("/session");
    setSession(found);
    actAs(found);
    return found;
  } catch (error) {
    if (/** @type {{ status?: number }} */ (error).status === 401) {
      toSignIn();
      return null;
    }
    byId("missing").replaceChildren(make("div", { class: "state" }, ...sayFailure(error)));
    drawAll();
    return null;
  }
}
