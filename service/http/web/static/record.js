// The clerk's page: scan the resident, type the weight, post it once; correct or reverse what was posted.
import catalogue from "./catalogue.js";
import { byId, inputById, make } from "./elements.js";
import { beginDesk, setLast } from "./record_desk.js";
import { beginFind, find, focusNumber, nameShown, readAllowance, whenFound } from "./record_find.js";
import { guardKeys, isComposing } from "./record_keys.js";
import { beginKept, focusOnward, keepLine, setPinned } from "./record_kept.js";
import { beginLine, restoreDraft, takeUnposted } from "./record_line.js";
import { beginPosting, goOn, isBusy, lock, sayNothing, submit } from "./record_posting.js";
import { beginReceipt, showReceipt } from "./record_receipt.js";
import { beginReversal, closeTrade, openTrade } from "./record_reversal.js";
import { beginScan } from "./record_scan.js";
import { beginSession, drawAll } from "./record_session.js";
import { identityOf } from "./record_typed.js";
import { beginUndo, correct, endCorrection, isCorrecting, resumeCorrection } from "./record_undo.js";
import {
  beginWaiting,
  isAnyWaiting,
  nextWaiting,
  saveWaiting,
  wait,
  waitNoLonger,
  whenTyped,
} from "./record_waiting.js";
import { scopeNote } from "./refusals.js";
import { draws, may } from "./shell.js";
import { say, teach } from "./words.js";

let isTaking = false;

/** While a trade is on its way or a question is open, who is scanned waits. */
const waits = () => isTaking || isBusy() || isCorrecting() || byId("asking", HTMLDialogElement).open;

/** @param {...(Node | string)} parts */
const notice = (...parts) => byId("notice").replaceChildren(...parts);

/**
 * Goes on to the resident of a number.
 * @param {string} text
 */
function seek(text) {
  notice();
  sayNothing();
  goOn();
  find(text, may("transactions:write") ? focusOnward : focusNumber);
}

/**
 * Goes on to the resident whom a reader has read. A weight that was typed for the one before, and not posted, stays
 * behind, and the page says so.
 * @param {string} text
 */
function next(text) {
  const unposted = takeUnposted(identityOf(text));
  seek(text);
  if (unposted) notice(make("p", {}, say("unposted", unposted)));
}

/** @param {string} text what a reader has read */
function scanned(text) {
  if (waits()) wait(text);
  else {
    waitNoLonger(text);
    next(text);
  }
}

/** Takes the scan that has waited longest, with what was typed after it; without one, the next one is to come. */
async function goOnWaiting() {
  if (waits()) return;
  if (!isAnyWaiting()) {
    focusNumber();
    return;
  }
  isTaking = true;
  await whenTyped();
  isTaking = false;
  const scan = nextWaiting();
  if (!scan) return;
  next(scan.text);
  if (scan.typed) {
    const weight = inputById("quantity_kg");
    weight.value = scan.typed;
    weight.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (scan.isEntered) submit();
}

/** @param {Entry} entry */
function show(entry) {
  showReceipt(entry, nameShown(entry.resident_id), false);
  setLast(entry);
  readAllowance();
}

/** @param {Entry} entry */
function posted(entry) {
  keepLine();
  endCorrection(entry);
  notice();
  show(entry);
  goOnWaiting();
}

/** @param {Entry} reversal */
function reversed(reversal) {
  show(reversal);
  focusNumber();
}

function drawScopes() {
  const needed = ["transactions:write", "residents:read"].filter((scope) => !may(scope));
  byId("missing").replaceChildren(...needed.map(scopeNote));
  byId("finding").hidden = needed.length === 2;
  byId("entering").hidden = byId("reversing").hidden = !may("transactions:write");
}

function beginWriting() {
  beginLine((resident) => {
    if (resident) sayNothing();
    lock();
  });
  beginKept();
  byId("traded_at").addEventListener("change", readAllowance);
  beginPosting({ whenFound, focusNumber, posted });
  beginReceipt((id) => {
    openTrade(id);
    byId("reversing").scrollIntoView();
  });
  const corrects = async (/** @type {Entry} */ entry) => {
    if (!(await correct(entry))) goOnWaiting();
  };
  beginReversal(reversed, corrects);
  beginUndo({
    reversed: (reversal) => {
      setPinned(false);
      closeTrade();
      show(reversal);
    },
    find: seek,
    isBusy,
  });
  beginDesk(corrects);
}

/** Goes on where the clerk was when the session ended, or when the page was closed in the middle of a correction. */
async function takeUp() {
  const corrected = may("transactions:write") ? await resumeCorrection() : null;
  const resident = (may("transactions:write") ? restoreDraft() : null) ?? corrected;
  if (resident) seek(resident);
  else focusNumber();
  await openAsked();
}

/** Opens the trade that a link of the list of trades names, to be corrected or reversed here. */
async function openAsked() {
  const address = new URL(location.href);
  const id = address.searchParams.get("transaction");
  if (!id || !may("transactions:write")) return;
  address.searchParams.delete("transaction");
  history.replaceState(null, "", address);
  await openTrade(id);
  byId("reversing").scrollIntoView();
}

async function begin() {
  teach(catalogue, "record");
  guardKeys();
  if (!(await beginSession())) return;
  beginScan(scanned, saveWaiting);
  beginWaiting(waits, goOnWaiting);
  beginFind();
  draws(drawScopes);
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!waits() && !isComposing()) seek(inputById("who-is").value);
  });
  if (may("transactions:write")) beginWriting();
  drawAll();
  await takeUp();
  document.documentElement.dataset.ready = "true";
}

begin();
