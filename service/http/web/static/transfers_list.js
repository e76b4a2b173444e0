// The list of transfers, by enterprise, purpose, truck, day, and whether they are reversed.
import { ask } from "./answers.js";
import { byId } from "./elements.js";
import { offerEnterprises, purposeOptions } from "./enterprises_known.js";
import { bodyOf, drawOptions, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { transfersTable } from "./transfers_rows.js";
import { word } from "./words.js";

const SHOWN_AT_ONCE = 20;
const FILTERS = ["enterprise_id", "purpose", "consignment", "reversed", "from", "to"];
/** A link that names a truck chooses its goods, so the filter has another name in the address. */
const IN_ADDRESS = /** @type {Record<string, string>} */ ({ consignment: "of_consignment" });

/** @type {{ items: Transfer[], next: string | null, filters: Record<string, string>, isRead: boolean, opens: (id: string) => void }} */
const state = { items: [], next: null, filters: {}, isRead: false, opens: () => {} };

function draw() {
  const { items, isRead, next } = state;
  byId("list-state").textContent = isRead && !items.length ? word("list.none") : "";
  byId("list-rows").replaceChildren(...(items.length ? [transfersTable(word("list.caption"), items)] : []));
  byId("list-more").hidden = next === null;
}

/** @param {string | null} after */
async function read(after) {
  const query = new URLSearchParams({ ...state.filters, limit: String(SHOWN_AT_ONCE) });
  if (after) query.set("cursor", after);
  try {
    const page = await ask(`/v1/transfers?${query}`);
    state.items = after ? [...state.items, ...page.items] : page.items;
    Object.assign(state, { next: page.next_cursor, isRead: true });
    draw();
  } catch (error) {
    sayRefused("list", error);
  }
}

/** The list again, after something was recorded. */
export async function readListAgain() {
  if (may("transactions:read")) await read(null);
}

function drawChoices() {
  drawOptions("list-purpose", [["", word("any")], ...purposeOptions()]);
  drawOptions("list-reversed", [
    ["", word("any")],
    ["false", word("live")],
    ["true", word("reversed")],
  ]);
}

/** The address says what is searched for, so that a link is a search. */
function tellAddress() {
  const params = new URLSearchParams(location.search);
  for (const name of FILTERS) {
    const value = state.filters[name];
    if (value) params.set(IN_ADDRESS[name] ?? name, value);
    else params.delete(IN_ADDRESS[name] ?? name);
  }
  history.replaceState(null, "", `?${params}`);
}

/** Puts back what the address says. */
function readAddress() {
  const params = new URLSearchParams(location.search);
  for (const name of FILTERS) {
    const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(`list-${name}`));
    field.value = params.get(IN_ADDRESS[name] ?? name) ?? "";
  }
  state.filters = bodyOf("list", FILTERS);
}

/** A click on a row opens it on this page; one that opens another tab is the browser's. @param {MouseEvent} event */
function clicked(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest("a[data-transfer]");
  if (!(link instanceof HTMLElement) || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  state.opens(link.dataset.transfer ?? "");
}

/** @param {(id: string) => void} opens */
export function beginTransferList(opens) {
  state.opens = opens;
  draws(drawChoices);
  draws(draw);
  draws(() => (byId("listing").hidden = !may("transactions:read")));
  drawChoices();
  readAddress();
  byId("list-rows").addEventListener("click", clicked);
  byId("list-more").addEventListener("click", () => read(state.next));
  whenSent("list", async () => {
    state.filters = bodyOf("list", FILTERS);
    if (state.filters.enterprise_id) state.filters.enterprise_id = state.filters.enterprise_id.toUpperCase();
    tellAddress();
    await read(null);
  });
  if (!may("transactions:read")) return;
  read(null);
  offerEnterprises("list-enterprise_id");
}
