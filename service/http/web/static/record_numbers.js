// How the numbers of a line are read, said beside them before anything is posted.
import { button, byId, inputById, make } from "./elements.js";
import { grouped } from "./exact.js";
import { NUMBERS, compute, mark, readingOf } from "./record_fields.js";
import { word } from "./words.js";

/** @param {string} name */
const unit = (name) => word(name === "quantity_kg" ? "unit.quantity_kg" : "unit.amount_cny");

/**
 * The clerk says which number was meant.
 * @param {string} name
 * @param {string} value
 * @param {boolean} isDecimal
 */
function choose(name, value, isDecimal) {
  const field = inputById(name);
  field.value = value;
  if (isDecimal) field.dataset.meant = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

/**
 * @param {string} name
 * @param {[decimal: string, whole: string]} either
 */
function choices(name, either) {
  const made = either.map((value, index) => {
    const text = `${grouped(value)} ${unit(name)}`;
    const act = () => choose(name, value, index === 0);
    return button(`${name}-${index ? "whole" : "decimal"}`, text, act, { "data-value": value });
  });
  return [make("span", {}, `${word("number.either")} `), ...made];
}

/**
 * Asks which number was meant, unless that is asked already: the click on an answer must find its button.
 * @param {string} name
 * @param {[decimal: string, whole: string]} either
 */
function askWhich(name, either) {
  const place = byId(`${name}-read`);
  const asked = place.querySelector("button")?.dataset.value;
  if (asked !== either[0]) place.replaceChildren(...choices(name, either));
}

/**
 * Says beside each number how it was read; returns the first field whose number is not clear.
 * @returns {string | null}
 */
export function sayNumbers() {
  let unclear = null;
  for (const name of NUMBERS) {
    const { value, wrong, either } = readingOf(name);
    const isOther = value !== "" && !wrong && value !== inputById(name).value;
    const same = isOther ? [`= ${grouped(value)} ${unit(name)}`] : [];
    if (either) askWhich(name, either);
    else byId(`${name}-read`).replaceChildren(...same);
    if (wrong) mark(name, word(wrong));
    if (wrong || either) unclear ??= name;
  }
  return unclear;
}

/** Puts each number into its field as it was read; returns the first field whose number is not clear. */
export function settleNumbers() {
  compute();
  for (const name of NUMBERS) {
    const { value, wrong, either } = readingOf(name);
    if (!wrong && !either) inputById(name).value = value;
  }
  return sayNumbers();
}
