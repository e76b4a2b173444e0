// Lengths as the API counts them: in characters of the normal form, and not in the UTF-16 units that maxlength goes by.
import { isComposing } from "./record_keys.js";
import { word } from "./words.js";

const SHOWN_FROM = 0.8;

/**
 * How many characters the API counts in a text.
 * @param {string} text
 */
export const characters = (text) => [...text.normalize("NFC")].length;

/**
 * How many units a browser counts more than the API does.
 * @param {string} text
 */
export const surplus = (text) => text.length - characters(text);

/**
 * The text without what is over the limit; one that fits stays as it was typed.
 * @param {string} text
 * @param {number} max
 */
export function cut(text, max) {
  return characters(text) > max ? [...text.normalize("NFC")].slice(0, max).join("") : text;
}

/**
 * How much of a limit is used, once that is worth saying.
 * @param {number} count
 * @param {number} max
 * @param {string} full what is said when nothing more is taken
 */
export function usedOf(count, max, full) {
  if (count < max * SHOWN_FROM) return "";
  return count >= max ? `${count} / ${max} · ${full}` : `${count} / ${max}`;
}

/**
 * Lets a field take as much as the API does, and says beside it when that is nearly reached; returns what says it again.
 * @param {HTMLInputElement} field
 * @param {number} max
 * @param {HTMLElement} place
 */
export function limit(field, max, place) {
  const settle = () => {
    if (isComposing()) return;
    // Only a paste of unusual characters can be too long.
    const kept = cut(field.value, max);
    if (kept !== field.value) field.value = kept;
    field.maxLength = max + surplus(field.value);
    place.textContent = usedOf(characters(field.value), max, word("limit"));
  };
  // Browsers look at maxlength after this event, and before the next one.
  field.addEventListener("beforeinput", ({ data, dataTransfer }) => {
    field.maxLength = max + surplus(field.value) + surplus(data ?? dataTransfer?.getData("text/plain") ?? "");
  });
  for (const event of ["input", "compositionend"]) field.addEventListener(event, settle);
  settle();
  return settle;
}
