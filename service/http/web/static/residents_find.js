// Finding residents by id, citizen number or name: several of one name are told apart by all that is not masked.
import { Failure, ask } from "./answers.js";
import { button, byId, inputById, make } from "./elements.js";
import { limits } from "./limits.js";
import { send } from "./record_api.js";
import { isComposing } from "./record_keys.js";
import { errorWords, sayFailure } from "./refusals.js";
import { groupWords, showResident, statusMark } from "./residents_card.js";
import { draws } from "./shell.js";
import { say, word } from "./words.js";

/** @type {{ items: Resident[], hasMore: boolean, isAsked: boolean, seeking: symbol | null }} */
const found = { items: [], hasMore: false, isAsked: false, seeking: null };

/**
 * What somebody looks for: an id or a number, whatever the width of its digits and the blanks between them, else a name.
 * @param {string} text
 * @returns {{ kind: "id" | "number" | "name", text: string }}
 */
export function soughtIn(text) {
  const plain = text.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  if (new RegExp(limits().resident_id).test(plain)) return { kind: "id", text: plain };
  if (/\d/.test(plain)) return { kind: "number", text: plain };
  return { kind: "name", text: text.trim() };
}

/**
 * @param {string} text
 * @returns {Promise<{ items: Resident[], has_more: boolean }>}
 */
async function seek(text) {
  const sought = soughtIn(text);
  if (sought.kind === "name") return send("/v1/residents/search", { name: sought.text, limit: limits().found_max });
  const one =
    sought.kind === "id"
      ? await ask(`/v1/residents/${sought.text}`)
      : await send("/v1/residents/lookup", { id_number: sought.text });
  return { items: [one], has_more: false };
}

/** @param {Resident} resident */
function choose(resident) {
  inputById("find-who").value = resident.resident_id;
  showResident(resident);
}

/** @param {Resident} resident */
function item(resident) {
  const { resident_id: id, name, id_number: number, settlement, group_id: group, status } = resident;
  const parts = [
    make("b", {}, name ?? ""),
    make("span", { class: "id" }, id),
    make("span", { class: "number" }, number),
  ];
  const more = [settlement ?? "", group ? groupWords(group) : ""].filter(Boolean).map((text) => make("span", {}, text));
  const made = button(`found-${id}`, "", () => choose(resident));
  made.append(...parts, ...more, statusMark(status));
  return make("li", {}, made);
}

function drawFound() {
  const { items, hasMore, isAsked } = found;
  const several = items.length > 1 ? items : [];
  byId("found").replaceChildren(...several.map(item));
  const cut = hasMore ? ` ${word("found.more")}` : "";
  byId("found-count").textContent = isAsked && several.length ? say("found.count", { count: items.length }) + cut : "";
}

/** The list is walked through with the arrows as well. @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = /** @type {HTMLElement[]} */ ([...byId("found").querySelectorAll("button")]);
  const at = all.findIndex((each) => each === document.activeElement);
  const next = all[at + (step ?? 0)];
  if (!step || at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

/** @param {unknown} error */
function sayNotFound(error) {
  const errors = error instanceof Failure ? error.problem?.errors?.map(errorWords) : null;
  const words = errors ?? sayFailure(error).map(({ textContent, lang }) => ({ text: textContent ?? "", lang }));
  const parts = words.map(({ text, lang }) => make("span", { lang: lang || null }, text, " "));
  byId("find-who-error").replaceChildren(...parts);
  byId("find-who").setAttribute("aria-invalid", "true");
  byId("find-who").focus();
  inputById("find-who").select();
}

function forget() {
  byId("find-who-error").replaceChildren();
  byId("find-who").removeAttribute("aria-invalid");
  Object.assign(found, { items: [], hasMore: false, isAsked: false, seeking: null });
  drawFound();
}

export async function find() {
  if (isComposing()) return;
  const field = inputById("find-who");
  const text = field.value.trim();
  forget();
  showResident(null);
  if (!text) {
    field.focus();
    return;
  }
  const mine = (found.seeking = Symbol(text));
  try {
    const { items, has_more: hasMore } = await seek(text);
    if (found.seeking !== mine) return;
    Object.assign(found, { items, hasMore, isAsked: true });
  } catch (error) {
    if (found.seeking === mine) sayNotFound(error);
    return;
  }
  if (!found.items.length) sayNotFound(new Failure(404, { code: "nobody" }));
  else if (found.items.length === 1) choose(found.items[0]);
  else {
    drawFound();
    byId(`found-${found.items[0].resident_id}`).focus();
  }
}

export function beginFinding() {
  draws(drawFound);
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  byId("find-who").addEventListener("input", forget);
  byId("found").addEventListener("keydown", walk);
}
