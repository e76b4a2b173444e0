// The clerk's page: find the resident, enter the line, post it once, print the receipt; or reverse what was posted.
import { Failure, ask } from "./answers.js";
import { send } from "./record_api.js";
import { guardKeys, isComposing } from "./record_keys.js";
import { beginLine, chooseResident, cny, lineDay, restoreDraft } from "./record_line.js";
import { beginReceipt, list, showReceipt } from "./record_receipt.js";
import { beginReversal, openTrade } from "./record_reversal.js";
import { beginShell, draws, drawAll, errorWords, may, sayFailure, scopeNote } from "./record_shell.js";
import { grouped, scaled } from "./exact.js";
import { learnGroups } from "./groups.js";
import { make } from "./tables.js";
import { dayWords, nameOf, word } from "./words.js";

const RESIDENT_ID = /^R[0-9]{8}$/;
const byId = (id) => document.getElementById(id);
const told = (id) => JSON.parse(byId(id).textContent);
const found = { resident: null, allowance: null, seeking: null };

// The resident

function meter({ remaining_cny: remaining, limit_cny: limit, day }) {
  const left = lineDay() ? `${word("left.on")} ${dayWords(day)}` : word("left");
  const fill = make("span", {});
  const share = scaled(limit, 2) > 0n ? Number((scaled(remaining, 2) * 1000n) / scaled(limit, 2)) / 10 : 0;
  fill.style.width = `${Math.min(100, Math.max(0, share))}%`;
  const text = `${cny(remaining)} ${word("of")} ${cny(limit)}`;
  const bar = make(
    "div",
    {
      role: "meter",
      class: "meter",
      id: "allowance",
      "aria-label": left,
      "aria-valuemin": "0",
      "aria-valuemax": limit,
      "aria-valuenow": remaining,
      "aria-valuetext": text,
    },
    fill,
  );
  return make(
    "div",
    { class: "allowance" },
    make("p", {}, left),
    bar,
    make("p", { id: "allowance-text" }, make("b", {}, cny(remaining)), ` ${word("of")} ${cny(limit)}`),
  );
}

// Goods that are free by weight, folded away: few clerks need them.
function weights({ quantity_limits: limits }) {
  const name = (group) => (word(`list.${group}`) === `list.${group}` ? group : word(`list.${group}`));
  const row = (each) => [
    name(each.list_group),
    `${grouped(each.remaining_kg)} / ${grouped(each.limit_kg)}\u00a0${word("unit.quantity_kg")}`,
  ];
  return limits.length
    ? make("details", { class: "weights" }, make("summary", {}, word("weight_left")), list(limits.map(row)))
    : "";
}

function drawResident() {
  const { resident, allowance } = found;
  const isFull = may("residents:read");
  byId("who-is-label").textContent = word(isFull ? "who.both" : "who.id");
  if (!resident) return byId("resident").replaceChildren();
  const status = make(
    "span",
    { class: `status ${resident.status ?? ""}` },
    resident.status ? word(`status.${resident.status}`) : "—",
  );
  const about = isFull
    ? make("p", { class: "name" }, make("b", {}, resident.name), ` ${resident.resident_id} `, status)
    : make("p", { class: "name" }, make("b", {}, resident.resident_id));
  const more =
    isFull &&
    list([
      [word("group"), groupOf(resident)],
      [word("filter.settlement"), resident.settlement ?? word("none")],
    ]);
  // Whoever may not trade has nothing left of an allowance.
  const left =
    isFull && resident.status !== "active" && !lineDay()
      ? [make("p", { class: "note" }, word("not.active"))]
      : allowance
        ? [meter(allowance), weights(allowance)]
        : [];
  byId("resident").replaceChildren(about, more || "", ...left);
}

function groupOf({ group_id: id }) {
  return id ? [nameOf("group_id", id), id].filter((text, n, all) => all.indexOf(text) === n).join(" ") : word("none");
}

async function readAllowance() {
  const { resident } = found;
  if (!resident || !may("residents:read")) return;
  const day = lineDay();
  const allowance = await ask(`/v1/residents/${resident.resident_id}/allowance${day ? `?day=${day}` : ""}`).catch(
    () => null,
  );
  if (found.resident === resident && lineDay() === day) found.allowance = allowance;
  drawResident();
}

function seek(text) {
  if (!may("residents:read")) return { resident_id: text };
  if (RESIDENT_ID.test(text)) return ask(`/v1/residents/${text}`);
  if (!/^\d/.test(text)) throw new Failure(422, { errors: [{ code: "who", detail: word("error.who") }] });
  return send("/v1/residents/lookup", { id_number: text });
}

// Whoever was found belongs to the number that was sought: with another number in the field, nobody is found.
function forget() {
  byId("who-is-error").replaceChildren();
  byId("who-is").removeAttribute("aria-invalid");
  Object.assign(found, { resident: null, allowance: null, seeking: null });
  drawResident();
  if (may("transactions:write")) chooseResident(null);
}

async function find(event) {
  event?.preventDefault();
  if (isComposing()) return;
  const field = byId("who-is"),
    text = field.value.trim().toUpperCase();
  forget();
  if (!text) return field.focus();
  const mine = (found.seeking = Symbol(text));
  try {
    const resident = await seek(text);
    if (found.seeking !== mine) return;
    found.resident = resident;
  } catch (error) {
    if (found.seeking !== mine) return;
    const details = error.problem?.errors?.map(errorWords).map(({ text, lang }) => make("span", { lang }, text));
    byId("who-is-error").replaceChildren(
      ...(details ?? sayFailure(error)).map((part) => make("span", { lang: part.lang || null }, part.textContent, " ")),
    );
    field.setAttribute("aria-invalid", "true");
    return field.focus();
  }
  // The number has done its work; nobody needs to read it over the clerk's shoulder.
  field.value = found.resident.resident_id;
  if (found.resident.group_id) learnGroups().then(drawResident);
  if (may("transactions:write")) chooseResident(found.resident.resident_id);
  await readAllowance();
}

function showPosted(entry) {
  const name = found.resident?.resident_id === entry.resident_id ? found.resident.name : null;
  showReceipt(entry, name);
  readAllowance();
}

function drawScopes() {
  const needed = ["transactions:write", "residents:read"].filter((scope) => !may(scope));
  byId("missing").replaceChildren(...needed.map(scopeNote));
  byId("finding").hidden = needed.length === 2;
  byId("entering").hidden = byId("reversing").hidden = !may("transactions:write");
}

// Goes on where the clerk was when the session ended.
function takeUp() {
  const resident = may("transactions:write") ? restoreDraft() : null;
  if (!resident) return;
  byId("who-is").value = resident;
  find();
}

async function begin() {
  guardKeys();
  const countries = told("countries");
  if (!(await beginShell(countries))) return;
  draws(drawScopes);
  draws(drawResident);
  byId("find").addEventListener("submit", find);
  byId("who-is").addEventListener("input", forget);
  if (may("transactions:write")) {
    beginLine(Object.keys(countries), told("categories"), showPosted);
    byId("traded_at").addEventListener("change", readAllowance);
    beginReceipt((id) => {
      openTrade(id);
      byId("reversing").scrollIntoView();
    });
    beginReversal(showPosted);
  }
  drawAll();
  takeUp();
  document.documentElement.dataset.ready = "true";
}

begin();
