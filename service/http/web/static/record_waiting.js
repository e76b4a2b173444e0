// Readers that are quicker than the service: who is scanned while a trade is on its way or asked about waits in a row.
import { button, make } from "./elements.js";
import { draws } from "./shell.js";
import { word } from "./words.js";

/**
 * A scan that waits, with the weight and the Enter that were typed after it.
 * @typedef {{ text: string, typed: string, isEntered: boolean }} Scan
 */

/** Between two keys of a reader there is less: a code that is being read is not cut in two. */
const QUIET_MS = 100;
/** @type {Scan[]} */
let waiting = [];
let pressedAt = 0;
/** @type {() => void} */
let goOn = () => {};

/** @param {string} text */
const shown = (text) => (/^R/i.test(text) ? text.toUpperCase() : `…${text.slice(-4)}`);

/** @param {Scan} scan */
const said = ({ text, typed }) =>
  [shown(text), typed && `${typed} ${word("unit.quantity_kg")}`].filter(Boolean).join(" ");

function draw() {
  const line = waiting.length ? `${word("waiting")} ${waiting.map(said).join(" · ")} ` : "";
  for (const place of document.querySelectorAll("[data-waiting]")) {
    const isAsked = place.closest("dialog") !== null;
    const parts = [make("span", {}, line), isAsked ? "" : button("", word("waiting.next"), goOn), " ", dropButton()];
    place.replaceChildren(...(line ? parts : []));
  }
}

const dropButton = () =>
  button("", word("waiting.drop"), () => {
    waiting = [];
    draw();
  });

/** @param {string} text */
export function wait(text) {
  waiting.push({ text, typed: "", isEntered: false });
  draw();
}

export const isAnyWaiting = () => waiting.length > 0;

/** Until what is typed behind the scan whose turn it is has come to its end. */
export async function whenTyped() {
  const isOpen = () => waiting.length === 1 && !waiting[0].isEntered;
  const left = () => pressedAt + QUIET_MS - performance.now();
  while (isOpen() && left() > 0) {
    const pause = left();
    await new Promise((go) => {
      setTimeout(go, pause);
    });
  }
}

/** The scan whose turn it is. */
export function nextWaiting() {
  const next = waiting.shift() ?? null;
  draw();
  return next;
}

/** Remembers what is typed behind the last scan; returns what puts that back. */
export function saveWaiting() {
  const last = waiting.at(-1);
  const typed = last?.typed ?? "";
  return () => {
    if (last) last.typed = typed;
    draw();
  };
}

/** @param {EventTarget | null} target */
const takesKeys = (target) =>
  (target instanceof HTMLInputElement && !target.readOnly && !target.disabled) || target instanceof HTMLSelectElement;

/**
 * A weight and its Enter, typed after a scan that waits, wait with it.
 * @param {KeyboardEvent} event
 */
function typeAhead(event) {
  const last = waiting.at(-1);
  if (!last || event.ctrlKey || event.altKey || event.metaKey || takesKeys(event.target)) return;
  pressedAt = performance.now();
  if (last.isEntered) return;
  if (/^[\d.,]$/.test(event.key)) last.typed += event.key;
  else if (event.key === "Backspace") last.typed = last.typed.slice(0, -1);
  else if (event.key === "Enter" && last.typed && !(event.target instanceof HTMLButtonElement)) last.isEntered = true;
  else return;
  event.preventDefault();
  draw();
}

/**
 * Who is sought now waits no longer.
 * @param {string} text
 */
export function waitNoLonger(text) {
  waiting = waiting.filter((scan) => scan.text !== text);
  draw();
}

/**
 * @param {() => boolean} isBusy
 * @param {() => void} takeNext goes on to the scan whose turn it is
 */
export function beginWaiting(isBusy, takeNext) {
  goOn = takeNext;
  addEventListener("keydown", (event) => isBusy() && typeAhead(event), true);
  draws(draw);
}
