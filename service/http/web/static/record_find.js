// Who trades: found by number, by id or by a reader, and shown with what is left of the allowance.
import { Failure, ask } from "./answers.js";
import { byId, inputById, list, make } from "./elements.js";
import { grouped, scaled } from "./exact.js";
import { learnGroups } from "./groups.js";
import { limits } from "./limits.js";
import { dayWords } from "./phrases.js";
import { send } from "./record_api.js";
import { cny } from "./record_fields.js";
import { isComposing } from "./record_keys.js";
import { chooseResident, lineDay } from "./record_line.js";
import { identityOf } from "./record_typed.js";
import { errorWords, sayFailure } from "./refusals.js";
import { draws, may } from "./shell.js";
import { nameOf, word } from "./words.js";

/**
 * @typedef {object} Found
 * @property {Resident | null} resident
 * @property {Allowance | null} allowance
 * @property {symbol | null} seeking
 * @property {Promise<unknown>} settled when the one who is sought is found, or is not
 */

/** @type {Found} */
const found = { resident: null, allowance: null, seeking: null, settled: Promise.resolve() };

/** Until the resident who is sought is found, or is not. */
export const whenFound = () => found.settled;

/**
 * The name of a resident who is shown.
 * @param {string} id
 */
export const nameShown = (id) => (found.resident?.resident_id === id ? (found.resident.name ?? null) : null);

/** @param {Allowance} allowance */
function meter({ remaining_cny: remaining, limit_cny: most, day }) {
  const left = lineDay() ? `${word("left.on")} ${dayWords(day)}` : word("left");
  const fill = make("span", {});
  const share = scaled(most, 2) > 0n ? Number((scaled(remaining, 2) * 1000n) / scaled(most, 2)) / 10 : 0;
  fill.style.width = `${Math.min(100, Math.max(0, share))}%`;
  const of = ` ${word("of")} ${cny(most)}`;
  const attributes = {
    role: "meter",
    class: "meter",
    id: "allowance",
    "aria-label": left,
    "aria-valuemin": "0",
    "aria-valuemax": most,
    "aria-valuenow": remaining,
    "aria-valuetext": `${cny(remaining)}${of}`,
  };
  const text = make("p", { id: "allowance-text" }, make("b", {}, cny(remaining)), of);
  return make("div", { class: "allowance" }, make("p", {}, left), make("div", attributes, fill), text);
}

/**
 * Goods that are free by weight, folded away: few clerks need them.
 * @param {Allowance} allowance
 */
function weights({ quantity_limits: groups }) {
  const named = groups.map((each) => {
    const left = `${grouped(each.remaining_kg)} / ${grouped(each.limit_kg)}\u00a0${word("unit.quantity_kg")}`;
    return /** @type {[string, string]} */ ([nameOf("list_group", each.list_group), left]);
  });
  return groups.length
    ? make("details", { class: "weights" }, make("summary", {}, word("weight_left")), list(named))
    : "";
}

function drawResident() {
  const { resident } = found;
  byId("who-is-label").textContent = word(may("residents:read") ? "who.both" : "who.id");
  if (!resident) byId("resident").replaceChildren();
  else if (may("residents:read")) byId("resident").replaceChildren(...fullWords(resident), ...leftWords(resident));
  else byId("resident").replaceChildren(make("p", { class: "name" }, make("b", {}, resident.resident_id)));
}

/** @param {Resident} resident */
function fullWords(resident) {
  const { resident_id: id, status, settlement } = resident;
  const said = make("span", { class: `status ${status ?? ""}` }, status ? word(`status.${status}`) : "—");
  return [
    make("p", { class: "name" }, make("b", {}, resident.name), ` ${id} `, said),
    list([
      [word("dimension.group_id"), groupOf(resident)],
      [word("dimension.settlement"), settlement ?? word("none")],
    ]),
  ];
}

/**
 * What is left of the allowance. Whoever may not trade today has nothing left of it.
 * @param {Resident} resident
 */
function leftWords({ status }) {
  if (status !== "active" && !lineDay()) return [make("p", { class: "note" }, word("not.active"))];
  return found.allowance ? [meter(found.allowance), weights(found.allowance)] : [];
}

/** @param {Resident} resident */
function groupOf({ group_id: id }) {
  return id ? [...new Set([nameOf("group_id", id), id])].join(" ") : word("none");
}

/** What is left now: after a trade, or on another day. */
export async function readAllowance() {
  const { resident } = found;
  if (!resident || !may("residents:read")) return;
  const day = lineDay();
  const asked = day ? `?day=${day}` : "";
  const allowance = await ask(`/v1/residents/${resident.resident_id}/allowance${asked}`).catch(() => null);
  if (found.resident === resident && lineDay() === day) found.allowance = allowance;
  drawResident();
}

/**
 * @param {string} text
 * @returns {Promise<Resident>}
 */
async function seek(text) {
  if (!may("residents:read")) return { resident_id: text };
  if (new RegExp(limits().resident_id).test(text)) return ask(`/v1/residents/${text}`);
  if (/^\d/.test(text)) return send("/v1/residents/lookup", { id_number: text });
  throw new Failure(422, { errors: [{ code: "who", detail: word("error.who"), pointer: "" }] });
}

/** Whoever was found belongs to the number that was sought: with another number in the field, nobody is found. */
export function forget() {
  byId("who-is-error").replaceChildren();
  byId("who-is").removeAttribute("aria-invalid");
  Object.assign(found, { resident: null, allowance: null, seeking: null });
  drawResident();
  if (may("transactions:write")) chooseResident(null);
}

/** @param {unknown} error */
function sayNotFound(error) {
  const errors = error instanceof Failure ? error.problem?.errors?.map(errorWords) : null;
  const words = errors ?? sayFailure(error).map(({ textContent, lang }) => ({ text: textContent ?? "", lang }));
  byId("who-is-error").replaceChildren(
    ...words.map(({ text, lang }) => make("span", { lang: lang || null }, text, " ")),
  );
  byId("who-is").setAttribute("aria-invalid", "true");
  focusNumber();
}

/** The next number replaces what stands in the field. */
export function focusNumber() {
  const field = inputById("who-is");
  field.focus();
  field.select();
}

/**
 * Seeks the resident of a number. Meanwhile `onward` may go on to the line.
 * @param {string} typed
 * @param {() => void} onward
 */
export function find(typed, onward) {
  if (isComposing()) return;
  const text = identityOf(typed) ?? typed.trim().toUpperCase();
  forget();
  if (!text) {
    focusNumber();
    return;
  }
  const mine = (found.seeking = Symbol("seeking"));
  inputById("who-is").value = text;
  if (identityOf(text)) onward();
  found.settled = finish(text, mine);
}

/**
 * @param {string} text
 * @param {symbol} mine
 */
async function finish(text, mine) {
  let resident;
  try {
    resident = await seek(text);
  } catch (error) {
    if (found.seeking === mine) sayNotFound(error);
    return;
  }
  if (found.seeking !== mine) return;
  Object.assign(found, { resident, seeking: null });
  // The number has done its work; nobody needs to read it over the clerk's shoulder.
  inputById("who-is").value = resident.resident_id;
  if (resident.group_id) learnGroups().then(drawResident);
  if (may("transactions:write")) chooseResident(resident.resident_id);
  drawResident();
  readAllowance();
}

export function beginFind() {
  byId("who-is").addEventListener("input", forget);
  draws(drawResident);
}
