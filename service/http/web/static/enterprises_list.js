// The list of enterprises, by a part of their name, their kind and their status.
import { ask } from "./answers.js";
import { button, byId, make } from "./elements.js";
import { enterpriseNow, showEnterprise, statusMark, whenShown } from "./enterprises_card.js";
import { kindWords } from "./enterprises_known.js";
import { limits } from "./limits.js";
import { bodyOf, drawOptions, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { word } from "./words.js";

const SHOWN_AT_ONCE = 20;
const FILTERS = ["name", "kind", "status"];
const EXPIRED = "expired";
/** @type {{ items: Enterprise[], next: string | null, filters: Record<string, string>, isRead: boolean }} */
const state = { items: [], next: null, filters: {}, isRead: false };

/** @param {Enterprise} enterprise */
function row(enterprise) {
  const { enterprise_id: id, name, credit_code: code, kinds, status } = enterprise;
  /** @type {Record<string, string>} */
  const more = enterpriseNow()?.enterprise_id === id ? { "aria-current": "true" } : {};
  const made = button(`enterprise-${id}`, "", () => showEnterprise(enterprise), more);
  const parts = [id, code, kindWords(kinds)].map((text) => make("span", { class: "id" }, text));
  made.append(make("b", {}, name), ...parts, statusMark(status));
  return make("li", {}, made);
}

function draw() {
  byId("found").replaceChildren(...state.items.map(row));
  byId("list-state").textContent = state.isRead && !state.items.length ? word("list.none") : "";
  byId("list-more").hidden = state.next === null;
}

/** Asks for the first enterprises that the filters let through, or for those behind the ones that are shown. */
async function read(/** @type {string | null} */ after) {
  const query = new URLSearchParams({ ...state.filters, limit: String(SHOWN_AT_ONCE) });
  if (after) query.set("cursor", after);
  try {
    const page = await ask(`/v1/enterprises?${query}`);
    state.items = after ? [...state.items, ...page.items] : page.items;
    Object.assign(state, { next: page.next_cursor, isRead: true });
    draw();
  } catch (error) {
    sayRefused("list", error);
  }
}

function drawChoices() {
  const { enterprise_kinds: kinds, statuses } = limits();
  const kind = kinds.map((name) => /** @type {[string, string]} */ ([name, word(`kind.${name}`)]));
  const status = [...statuses, EXPIRED].map((name) => /** @type {[string, string]} */ ([name, word(`status.${name}`)]));
  drawOptions("list-kind", [["", word("any")], ...kind]);
  drawOptions("list-status", [["", word("any")], ...status]);
}

export function beginList() {
  draws(drawChoices);
  draws(draw);
  // What was registered or changed stands in the list as well.
  whenShown(() => (may("transactions:read") ? read(null) : draw()));
  whenSent("list", async () => {
    state.filters = bodyOf("list", FILTERS);
    await read(null);
  });
  if (may("transactions:read")) read(null);
}
