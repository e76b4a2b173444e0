// The groups of the market: which there are, who is in them, who joins, and a new one.
import { ask } from "./answers.js";
import { button, byId, inputById, make, table } from "./elements.js";
import { learnGroupsAgain } from "./groups.js";
import { limits } from "./limits.js";
import { statusMark } from "./residents_card.js";
import { bodyOf, drawOptions, empty, mark, post, printOnly, sayRefused, whenSent } from "./residents_forms.js";
import { sayFailure } from "./refusals.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const PAGES_MAX = 20;

/**
 * @typedef {object} State
 * @property {Group[]} groups
 * @property {unknown} failure
 * @property {string | null} open the group whose members are shown
 * @property {Resident[]} members
 * @property {string | null} next where the list of members goes on
 * @property {string} notice
 */
/** @type {State} */
const state = { groups: [], failure: null, open: null, members: [], next: null, notice: "" };

/** @param {string} kind */
function kindWords(kind) {
  const said = word(`kind.${kind}`);
  return said === `kind.${kind}` ? kind : said;
}

/** The groups that can be chosen, by id and name. @returns {[string, string][]} */
export const groupOptions = () => state.groups.map(({ group_id: id, name }) => [id, `${name} ${id}`]);

async function readGroups() {
  /** @type {Group[]} */
  const found = [];
  let after = "";
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, next_cursor: next } = await ask(`/v1/groups?limit=${limits().page_limit_max}${after}`);
    found.push(...items);
    if (!next) break;
    after = `&cursor=${encodeURIComponent(next)}`;
  }
  return found;
}

/** Reads the groups again, and the members of the one that is open; draws what shows them. */
export async function groupsChanged() {
  if (!may("residents:read")) return;
  try {
    const [groups] = await Promise.all([readGroups(), learnGroupsAgain()]);
    Object.assign(state, { groups, failure: null });
  } catch (error) {
    state.failure = error;
  }
  redraw();
  if (state.open) await readMembers(state.open);
}

/** @type {() => void} */
let redraw = () => {};

/**
 * @param {string} id
 * @param {string | null} [cursor]
 */
async function readMembers(id, cursor = null) {
  const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  try {
    const page = await ask(`/v1/residents?group_id=${id}&limit=${limits().page_limit_max}${after}`);
    if (state.open !== id) return;
    state.members = cursor ? [...state.members, ...page.items] : page.items;
    state.next = page.next_cursor;
  } catch (error) {
    if (state.open === id) byId("group-notice").replaceChildren(...sayFailure(error));
    return;
  }
  drawGroup();
}

/** @param {string} id */
export async function openGroup(id) {
  Object.assign(state, { open: id, members: [], next: null, notice: "" });
  draw();
  byId("group-title").focus();
  await readMembers(id);
}

const groupNow = () => state.groups.find(({ group_id: id }) => id === state.open) ?? null;

/** @param {Resident} resident */
const rowOf = ({ resident_id: id, name, id_number: number, settlement, status }) => [
  id,
  name ?? "—",
  number ?? "—",
  settlement ?? "—",
  statusMark(status).textContent ?? "",
];

function drawGroup() {
  const group = groupNow();
  byId("group").hidden = group === null;
  if (!group) return;
  byId("group-title").textContent = `${group.name} ${group.group_id} · ${kindWords(group.kind)}`;
  byId("group-notice").textContent = state.notice;
  const head = ["id", "name", "id_number", "dimension.settlement", "status"].map(word);
  const caption = say("members.count", { count: group.members });
  byId("group-members").replaceChildren(table(caption, head, state.members.map(rowOf)));
  byId("group-more").hidden = state.next === null;
  byId("member").hidden = !may("residents:write");
}

/** @param {Group} group */
function item({ group_id: id, name, kind, members }) {
  const parts = [make("b", {}, name), make("span", { class: "id" }, id), make("span", {}, kindWords(kind))];
  const count = make("span", { class: "number" }, say("members.count", { count: members }));
  const made = button(`open-${id}`, "", () => openGroup(id), id === state.open ? { "aria-current": "true" } : {});
  made.append(...parts, count);
  return make("li", {}, made);
}

function draw() {
  byId("grouping").hidden = !may("residents:read");
  byId("making").hidden = !may("residents:write");
  const kinds = limits().group_kinds.map((kind) => /** @type {[string, string]} */ ([kind, kindWords(kind)]));
  drawOptions("make-kind", kinds);
  const failed = state.failure
    ? sayFailure(state.failure)
        .map((each) => each.textContent)
        .join(" ")
    : "";
  byId("groups-state").textContent = failed || (state.groups.length ? "" : word("groups.none"));
  byId("groups").replaceChildren(...state.groups.map(item));
  drawGroup();
}

async function makeGroup() {
  const body = bodyOf("make", ["name", "kind"]);
  const made = await post("make", "/v1/groups", body);
  if (!made) return;
  empty("make", ["name"]);
  byId("making", HTMLDetailsElement).open = false;
  state.open = made.group_id;
  state.members = [];
  await groupsChanged();
  state.notice = say("made", { group: `${made.name} ${made.group_id}` });
  drawGroup();
  byId("group-title").focus();
}

/**
 * The ids in a text that somebody has typed or pasted: each once, whatever stands between them.
 * @param {string} text
 */
export const idsIn = (text) => [
  ...new Set(
    text
      .normalize("NFKC")
      .toUpperCase()
      .split(/[\s,;、]+/)
      .filter(Boolean),
  ),
];

async function addMembers() {
  const group = state.open;
  if (!group) return;
  const { resident_ids: typed = "", ...more } = bodyOf("member", ["resident_ids", "effective_on"]);
  const ids = idsIn(typed);
  const wrong = ids.filter((id) => !new RegExp(limits().resident_id).test(id));
  if (!ids.length || wrong.length || ids.length > limits().members_max) {
    mark("member-resident_ids", ids.length && wrong.length ? word("error.not-a-resident-id") : word("members.wrong"));
    byId("member-resident_ids").focus();
    return;
  }
  const changed = await post("member", `/v1/groups/${group}/members`, { resident_ids: ids, ...more });
  if (!changed) return;
  empty("member", ["resident_ids"]);
  await groupsChanged();
  state.notice = say("members.added", { count: ids.length });
  drawGroup();
}

/** @param {() => void} drawAll */
export function beginGroups(drawAll) {
  redraw = drawAll;
  draws(draw);
  whenSent("make", makeGroup);
  whenSent("member", addMembers);
  byId("group-more").addEventListener("click", () => state.open && readMembers(state.open, state.next));
  byId("group-print").addEventListener("click", () => printOnly("group"));
  inputById("member-resident_ids").autocapitalize = "characters";
  return groupsChanged().catch((error) => sayRefused("make", error));
}
