// A reader types as a keyboard does, but no hand is as quick: what it types goes to the number field, wherever the focus is.
import { isComposing, sendsNothing } from "./record_keys.js";
import { identityOf } from "./record_typed.js";

/** Keys of one burst come a few ms apart; the quickest hands need 80. A busy machine may hold a few of them back. */
const USUAL_GAP_MAX_MS = 60;
const GAP_MAX_MS = 1_000;
const LENGTH_LEAST = 8;
/** Some readers end with two Enters. */
const SECOND_ENTER_MS = 60;
const READABLE = /^[0-9A-Za-z-]+$/;
/** Other codes are read into these: the number of a waybill, of a receipt. */
const FREE_TEXTS = ["commodity", "consignment", "vehicle_plate", "seller", "reference", "reason", "undo-reason"];
const OWN_FIELDS = ["transaction", "who-is"];

/**
 * A key, its time, the element that it was typed into, and what takes it out again.
 * @typedef {{ key: string, at: number, place: unknown, undo: () => void }} Pressed
 */

/** The keys since the last pause. */
export class Burst {
  constructor() {
    /** @type {Pressed[]} */
    this.keys = [];
  }

  /** @param {Pressed} pressed */
  press(pressed) {
    if (pressed.at - (this.keys.at(-1)?.at ?? pressed.at) > GAP_MAX_MS) this.clear();
    this.keys.push(pressed);
  }

  clear() {
    this.keys = [];
  }

  /**
   * Where the code begins: a hand may have typed something just before the reader, here or in another field. The page
   * may move the focus in the middle of a code.
   * @param {string} all
   */
  start(all) {
    const { keys } = this;
    const moves = keys.flatMap(({ place }, index) => (index > 0 && place !== keys[index - 1].place ? [index] : []));
    const pauses = keys.flatMap(({ at }, index) =>
      index > 0 && at - keys[index - 1].at > USUAL_GAP_MAX_MS ? [index] : [],
    );
    const letter = Math.max(0, all.toUpperCase().lastIndexOf("R"));
    const [move = 0, pause = 0] = [moves.at(-1), pauses.at(-1)];
    return [0, move, pause, letter].find((index) => identityOf(all.slice(index))) ?? move;
  }

  /**
   * What a reader has typed, when Enter comes at this time; null where hands have typed.
   * @param {number} at
   * @returns {{ text: string, undo: () => void } | null}
   */
  end(at) {
    const { keys } = this;
    const all = keys.map(({ key }) => key).join("");
    const from = this.start(all);
    this.clear();
    const text = all.slice(from);
    const times = [...keys.slice(from).map((each) => each.at), at];
    const gaps = times.slice(1).map((time, index) => time - times[index]);
    gaps.sort((a, b) => a - b);
    const isQuick =
      gaps.length > 0 && gaps[gaps.length >> 1] <= USUAL_GAP_MAX_MS && gaps[gaps.length - 1] <= GAP_MAX_MS;
    if (!isQuick || text.length < LENGTH_LEAST || !READABLE.test(text)) return null;
    const undos = keys
      .slice(from)
      .map(({ undo }) => undo)
      .reverse();
    return { text, undo: () => undos.forEach((undo) => undo()) };
  }
}

/**
 * What to do with a burst that a reader typed into an element: it is of a resident, or it stays where it is without
 * sending anything, or it is none of ours.
 * @param {string} text
 * @param {string} id of the element
 * @returns {"find" | "stay" | "pass"}
 */
export function placeOf(text, id) {
  if (identityOf(text)) return "find";
  if (OWN_FIELDS.includes(id)) return "pass";
  return FREE_TEXTS.includes(id) ? "stay" : "find";
}

/** What stands in the element that has the focus; returns what puts it back. */
function saveField() {
  const field = document.activeElement;
  if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) return () => {};
  const { value } = field;
  return () => {
    if (field.value === value || field.id === "who-is") return;
    field.value = value;
    for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, { bubbles: true }));
  };
}

/** @param {KeyboardEvent} event */
const isOther = (event) =>
  event.ctrlKey || event.altKey || event.metaKey || event.repeat || isComposing() || event.isComposing;

/**
 * Listens for readers on the whole page. `save` remembers what else keys change, and returns what puts that back.
 * @param {(text: string) => void} scanned
 * @param {() => () => void} save
 */
export function beginScan(scanned, save) {
  const burst = new Burst();
  let ended = -Infinity;
  /** @param {KeyboardEvent} event */
  const end = (event) => {
    const isSecond = burst.keys.length === 0 && event.timeStamp - ended < SECOND_ENTER_MS;
    const read = burst.end(event.timeStamp);
    const place = read ? placeOf(read.text, document.activeElement?.id ?? "") : "pass";
    if (place === "pass" && !isSecond) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!read || place !== "find") return;
    ended = event.timeStamp;
    read.undo();
    scanned(read.text);
  };
  addEventListener(
    "keydown",
    (event) => {
      if (isOther(event) || sendsNothing(event)) burst.clear();
      else if (event.key === "Enter") end(event);
      else if (event.key.length === 1) {
        const undos = [saveField(), save()];
        const undo = () => undos.forEach((each) => each());
        burst.press({ key: event.key, at: event.timeStamp, place: document.activeElement, undo });
      } else if (!["Shift", "CapsLock"].includes(event.key)) burst.clear();
    },
    true,
  );
}
