// The forms of the page: their fields by the names that the API gives them, and what it refuses, beside the field.
import { Failure } from "./answers.js";
import { byId, inputById, make } from "./elements.js";
import { limits } from "./limits.js";
import { marketClock } from "./periods.js";
import { send } from "./record_api.js";
import { isComposing } from "./record_keys.js";
import { limit } from "./record_limits.js";
import { errorWords, restWords, sayFailure } from "./refusals.js";
import { word } from "./words.js";

/** Today on the clocks of the market. */
export const marketToday = () => marketClock().slice(0, 10);

/**
 * Says beside a field what is wrong with it; nothing is, where the text is empty.
 * @param {string} id
 * @param {string} text
 * @param {string | null} [lang]
 */
export function mark(id, text, lang = null) {
  const place = byId(`${id}-error`);
  place.textContent = text;
  if (lang) place.lang = lang;
  else place.removeAttribute("lang");
  if (text) byId(id).setAttribute("aria-invalid", "true");
  else byId(id).removeAttribute("aria-invalid");
}

/**
 * The fields of a form.
 * @param {string} form
 * @returns {(HTMLInputElement | HTMLSelectElement)[]}
 */
const fieldsOf = (form) => [...byId(form).querySelectorAll("input, select")].map((each) => /** @type {any} */ (each));

/**
 * The body that a form says, without what is left empty.
 * @param {string} form
 * @param {string[]} names
 * @returns {Record<string, string>}
 */
export function bodyOf(form, names) {
  const said = names.map((name) => [name, /** @type {HTMLInputElement} */ (byId(`${form}-${name}`)).value.trim()]);
  return Object.fromEntries(said.filter(([, value]) => value).map(([name, value]) => [name, value.normalize("NFC")]));
}

/** @param {string} form */
export function clearMarks(form) {
  for (const field of fieldsOf(form)) if (document.getElementById(`${field.id}-error`)) mark(field.id, "");
  byId(`${form}-refused`).replaceChildren();
}

/**
 * The field of a form that an error is about: an error in a list is one of the field with the list.
 * @param {string} form
 * @param {string} pointer
 */
const fieldFor = (form, pointer) => document.getElementById(`${form}-${pointer.split("/")[1]}`);

/**
 * Says what was refused: beside its field what belongs to one, and the rest above the button.
 * @param {string} form
 * @param {unknown} error
 * @param {...Node} more
 */
export function sayRefused(form, error, ...more) {
  const errors = (error instanceof Failure ? error.problem?.errors : null) ?? [];
  const rest = errors.filter((each) => {
    const field = fieldFor(form, each.pointer);
    if (!field) return true;
    const { text, lang } = errorWords(each);
    mark(field.id, text, lang);
    return false;
  });
  const unsure = error instanceof Failure && (error.status === 0 || error.status >= 500);
  byId(`${form}-refused`).replaceChildren(
    make("h3", {}, word(unsure ? "unsure" : "refused")),
    ...sayFailure(error),
    ...(unsure ? [make("p", {}, word("unsure.detail"))] : []),
    ...restWords(rest),
    ...more,
  );
  /** @type {HTMLElement | null} */ (byId(form).querySelector("[aria-invalid]"))?.focus();
}

/**
 * What a form does when it is sent: once at a time, and never while an input method is in the middle of a word.
 * @param {string} form
 * @param {() => Promise<void>} act
 */
export function whenSent(form, act) {
  let isRunning = false;
  byId(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isRunning || isComposing()) return;
    isRunning = true;
    byId(`${form}-send`).setAttribute("aria-disabled", "true");
    clearMarks(form);
    try {
      await act();
    } finally {
      isRunning = false;
      byId(`${form}-send`).removeAttribute("aria-disabled");
    }
  });
  byId(form).addEventListener("input", ({ target }) => {
    const { id } = /** @type {HTMLElement} */ (target);
    if (document.getElementById(`${id}-error`)) mark(id, "");
  });
}

/**
 * Sends a body and returns the answer, or null after it has said what was refused.
 * @param {string} form
 * @param {string} path
 * @param {unknown} body
 * @param {(error: unknown) => Node[]} [more] what else is said of a refusal
 */
export async function post(form, path, body, more = () => []) {
  try {
    return await send(path, body);
  } catch (error) {
    sayRefused(form, error, ...more(error));
    return null;
  }
}

/** The fields of text take as much as the API does; returns what says again how much that is. */
export function limitFields() {
  const places = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[data-limit]"));
  return [...places].map((field) => {
    const most = limits().lengths_max[field.dataset.limit ?? ""];
    field.setAttribute("aria-describedby", `${field.id}-limit ${field.id}-error`);
    return limit(field, most, byId(`${field.id}-limit`));
  });
}

/**
 * What can be chosen in a field; what was chosen stays chosen.
 * @param {string} id
 * @param {[value: string, text: string][]} rows
 */
export function drawOptions(id, rows) {
  const place = byId(id, HTMLSelectElement);
  const chosen = place.value;
  place.replaceChildren(...rows.map(([value, text]) => make("option", { value }, text)));
  if (rows.some(([value]) => value === chosen)) place.value = chosen;
}

/**
 * Empties the fields of a form.
 * @param {string} form
 * @param {string[]} names
 */
export function empty(form, names) {
  for (const name of names) inputById(`${form}-${name}`).value = "";
}

/**
 * Prints one part of the page; what the browser's own menu prints is both.
 * @param {"card" | "group"} part
 */
export function printOnly(part) {
  document.documentElement.dataset.prints = part;
  addEventListener("afterprint", () => delete document.documentElement.dataset.prints, { once: true });
  print();
}
