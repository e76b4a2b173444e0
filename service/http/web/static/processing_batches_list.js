// The list of processing batches, by enterprise and day.
import { ask } from "./answers.js";
import { byId, make } from "./elements.js";
import { offerEnterprises } from "./enterprises_known.js";
import { grouped } from "./exact.js";
import { bodyOf, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { batchAddress } from "./transfers_rows.js";
import { word } from "./words.js";

const SHOWN_AT_ONCE = 20;
const FILTERS = ["enterprise_id", "from", "to"];
const HEAD = ["batch.no", "processed_on", "processor", "outputs", "input.kg", "output.kg", "yield.pct", "state"];

/** @type {{ items: ProcessingBatch[], next: string | null, filters: Record<string, string>, isRead: boolean, opens: (id: string) => void }} */
const state = { items: [], next: null, filters: {}, isRead: false, opens: () => {} };

/** @param {ProcessingBatch} batch */
function row(batch) {
  const { processing_batch_id: id, enterprise, outputs, reversal } = batch;
  const name = typeof enterprise === "string" ? enterprise : enterprise.name;
  const goods = outputs.map(({ commodity }) => commodity).join(word("report.between_values"));
  const mark = reversal ? make("span", { class: "status cancelled" }, word("reversed")) : word("live");
  const figures = [batch.input_kg, batch.output_kg, batch.yield_pct].map(grouped);
  const cells = [batch.processed_on, name, goods, ...figures, mark].map((inside) => make("td", {}, inside));
  const link = make("a", { href: batchAddress(id), "data-batch": id }, id);
  return make("tr", {}, make("th", { scope: "row" }, link), ...cells);
}

function batchesTable() {
  const heads = HEAD.map((name) => make("th", { scope: "col" }, word(`head.${name}`)));
  return make(
    "table",
    { class: "batches" },
    make("caption", {}, word("list.caption")),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...state.items.map(row)),
  );
}

function draw() {
  const { items, isRead, next } = state;
  byId("list-state").textContent = isRead && !items.length ? word("list.none") : "";
  byId("list-rows").replaceChildren(...(items.length ? [batchesTable()] : []));
  byId("list-more").hidden = next === null;
}

/** @param {string | null} after */
async function read(after) {
  const query = new URLSearchParams({ ...state.filters, limit: String(SHOWN_AT_ONCE) });
  if (after) query.set("cursor", after);
  try {
    const page = await ask(`/v1/processing-batches?${query}`);
    state.items = after ? [...state.items, ...page.items] : page.items;
    Object.assign(state, { next: page.next_cursor, isRead: true });
    draw();
  } catch (error) {
    sayRefused("list", error);
  }
}

/** The list again, after something was recorded. */
export async function readBatchesAgain() {
  if (may("transactions:read")) await read(null);
}

/** A click on a row opens it on this page; one that opens another tab is the browser's. @param {MouseEvent} event */
function clicked(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest("a[data-batch]");
  if (!(link instanceof HTMLElement) || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  state.opens(link.dataset.batch ?? "");
}

/** @param {(id: string) => void} opens */
export function beginBatchList(opens) {
  state.opens = opens;
  draws(draw);
  draws(() => (byId("listing").hidden = !may("transactions:read")));
  byId("list-rows").addEventListener("click", clicked);
  byId("list-more").addEventListener("click", () => read(state.next));
  whenSent("list", async () => {
    state.filters = bodyOf("list", FILTERS);
    if (state.filters.enterprise_id) state.filters.enterprise_id = state.filters.enterprise_id.toUpperCase();
    await read(null);
  });
  if (!may("transactions:read")) return;
  read(null);
  offerEnterprises("list-enterprise_id");
}
