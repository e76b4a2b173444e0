// The resident that the page shows: masked, with what is left of today's allowance.
import { ask } from "./answers.js";
import { byId, list, make } from "./elements.js";
import { grouped, scaled } from "./exact.js";
import { cny } from "./record_fields.js";
import { printOnly } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { nameOf, word } from "./words.js";

/** @type {{ resident: Resident | null, allowance: Allowance | null, notice: string, changed: (() => void)[] }} */
const state = { resident: null, allowance: null, notice: "", changed: [] };

export const residentNow = () => state.resident;

/**
 * Calls a function whenever another resident is shown, or the same one after a change.
 * @param {() => void} act
 */
export function whenShown(act) {
  state.changed.push(act);
}

/**
 * The name of a group and its id; the id alone where the name is not known.
 * @param {string | null | undefined} id
 */
export const groupWords = (id) => (id ? [...new Set([nameOf("group_id", id), id])].join(" ") : word("none"));

/** @param {string | undefined} status */
export const statusMark = (status) =>
  make("span", { class: `status ${status ?? ""}` }, status ? word(`status.${status}`) : "—");

/**
 * All that tells a resident from others: two may have the same masked name.
 * @param {Resident} resident
 * @returns {[string, string][]}
 */
export function rowsOf(resident) {
  return [
    [word("id_number"), resident.id_number ?? "—"],
    [word("dimension.settlement"), resident.settlement ?? word("none")],
    [word("dimension.group_id"), groupWords(resident.group_id)],
    [word("registered_on"), resident.registered_on ?? "—"],
    [word("valid_until"), resident.valid_until ?? word("valid.always")],
    [word("recorded_by"), resident.recorded_by ? (resident.recorded_by.name ?? `${resident.recorded_by.id}`) : "—"],
  ];
}

/** @param {Allowance} allowance */
function meter({ remaining_cny: remaining, limit_cny: most }) {
  const fill = make("span", {});
  const share = scaled(most, 2) > 0n ? Number((scaled(remaining, 2) * 1000n) / scaled(most, 2)) / 10 : 0;
  fill.style.width = `${Math.min(100, Math.max(0, share))}%`;
  const of = ` ${word("of")} ${cny(most)}`;
  const bar = make(
    "div",
    {
      role: "meter",
      class: "meter",
      "aria-label": word("left"),
      "aria-valuemin": "0",
      "aria-valuemax": most,
      "aria-valuenow": remaining,
      "aria-valuetext": `${cny(remaining)}${of}`,
    },
    fill,
  );
  const text = make("p", { id: "allowance-text" }, make("b", {}, cny(remaining)), of);
  return make("div", { class: "allowance" }, make("p", {}, word("left")), bar, text);
}

/** @param {Allowance} allowance */
function weights({ quantity_limits: groups }) {
  /** @type {[string, string][]} */
  const named = groups.map((each) => [
    nameOf("list_group", each.list_group),
    `${grouped(each.remaining_kg)} / ${grouped(each.limit_kg)}\u00a0${word("unit.quantity_kg")}`,
  ]);
  return groups.length ? make("details", {}, make("summary", {}, word("weight_left")), list(named)) : "";
}

function drawAllowance() {
  const { resident, allowance } = state;
  if (!resident) return byId("card-allowance").replaceChildren();
  const isActive = resident.status === "active";
  const parts = isActive && allowance ? [meter(allowance), weights(allowance)] : [];
  if (!isActive) parts.push(make("p", { class: "note" }, word("not.active")));
  return byId("card-allowance").replaceChildren(...parts);
}

function draw() {
  const { resident } = state;
  byId("card").hidden = resident === null;
  if (!resident) return;
  const { resident_id: id, name, status } = resident;
  byId("card-title").replaceChildren(make("b", {}, name ?? ""), ` ${id} `, statusMark(status));
  byId("card-notice").textContent = state.notice;
  byId("card-about").replaceChildren(list(rowsOf(resident)));
  drawAllowance();
}

async function readAllowance() {
  const { resident } = state;
  if (!resident || !may("residents:read")) return;
  const allowance = await ask(`/v1/residents/${resident.resident_id}/allowance`).catch(() => null);
  if (state.resident !== resident) return;
  state.allowance = allowance;
  drawAllowance();
}

/**
 * Shows a resident and moves the focus there; `notice` says what has just happened.
 * @param {Resident | null} resident
 * @param {string} [notice]
 */
export function showResident(resident, notice = "") {
  Object.assign(state, { resident, allowance: null, notice });
  for (const act of state.changed) act();
  draw();
  if (resident) byId("card-title").focus();
  return readAllowance();
}

export function beginCard() {
  draws(draw);
  byId("card-print").addEventListener("click", () => printOnly("card"));
}
