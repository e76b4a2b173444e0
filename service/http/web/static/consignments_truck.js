// The list of trucks, and the one that is opened: its lines, what of them was split and what is left.
import { ask } from "./answers.js";
import { button, byId, inputById, list, make, table } from "./elements.js";
import { grouped } from "./exact.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { transfersTable } from "./transfers_rows.js";
import { language, nameOf, say, word } from "./words.js";

const TRUCKS_AT_ONCE = 20;

/** @type {{ trucks: Truck[], next: string | null, opened: Truck | null, shows: (truck: Truck | null) => void }} */
const state = { trucks: [], next: null, opened: null, shows: () => {} };

/** @param {Figure} text */
export const kg = (text) => `${grouped(text)}\u00a0${word("unit.quantity_kg")}`;

/** @param {string} instant 2024-06-30T09:12:00+08:00 as the market's clocks show it */
export const clock = (instant) => instant.slice(0, 16).replace("T", " ");

/**
 * Whether a truck is split up, in a word: all of it, a part of it, or nothing.
 * @param {Truck} truck
 */
function stateOf({ lines }) {
  if (lines.every((line) => Number(line.left_kg) === 0)) return word("done");
  return word(lines.some((line) => Number(line.split_kg) > 0) ? "open.partly" : "open.still");
}

/** @param {Truck} truck */
function row(truck) {
  /** @type {Record<string, string>} */
  const more = state.opened?.consignment === truck.consignment ? { "aria-current": "true" } : {};
  const parts = [clock(truck.arrived_at), truck.vehicle_plate ?? "", stateOf(truck)];
  const made = button(`truck-${truck.consignment}`, "", () => openTruck(truck.consignment, truck.trade_point), more);
  made.append(make("b", {}, truck.consignment), ...parts.map((part) => make("span", {}, part)));
  return make("li", {}, made);
}

function drawList() {
  byId("trucks").replaceChildren(...state.trucks.map(row));
  byId("trucks-state").textContent = state.trucks.length ? "" : word("list.none");
  byId("trucks-more").hidden = state.next === null;
}

/** @param {Truck} truck */
function aboutRows(truck) {
  /** @type {[string, string | null | undefined][]} */
  const rows = [
    [word("dimension.trade_point"), nameOf("trade_point", truck.trade_point)],
    [word("field.vehicle_plate"), truck.vehicle_plate],
    [word("seller"), truck.seller],
    [word("arrived_at"), clock(truck.arrived_at)],
    [word("recorded_by"), truck.recorded_by?.name],
  ];
  return rows.map(([name, text]) => /** @type {[string, string]} */ ([name, text ?? word("none")]));
}

/** @param {TruckLine} line */
function cells(line) {
  const goods = `${line.line} · ${line.commodity}${line.hs_code ? ` (${line.hs_code})` : ""}`;
  const origin = nameOf("origin", line.origin);
  const figures = [line.quantity_kg, line.amount_cny, line.split_kg, line.split_cny, line.left_kg, line.left_cny];
  return [goods, origin, ...figures.map(grouped)];
}

/** @param {Truck} truck */
function traceLink({ consignment, trade_point }) {
  const params = new URLSearchParams({ consignment, trade_point });
  return make("a", { href: `/trace?${params}`, id: "to-trace" }, word("link.trace"));
}

function drawTruck() {
  const truck = state.opened;
  byId("truck").hidden = truck === null;
  if (!truck) return;
  byId("truck-title").textContent = say("truck", { name: truck.consignment });
  byId("truck-about").replaceChildren(list(aboutRows(truck)), make("p", {}, traceLink(truck)));
  const units = ["quantity_kg", "amount_cny"];
  const figures = ["whole", "split.done", "left"].flatMap((name) =>
    units.map((unit) => `${word(`lines.${name}`)} (${word(`unit.${unit}`)})`),
  );
  const head = [word("lines.goods"), word("dimension.origin"), ...figures];
  byId("truck-lines").replaceChildren(table(word("lines"), head, truck.lines.map(cells)));
  const { transactions, quantity_kg: weight, amount_cny: amount } = truck.other_trades;
  const told = { count: transactions, weight: kg(weight), amount: cny(amount) };
  byId("truck-others").textContent = transactions ? say("others", told) : "";
  drawTransfers(truck);
}

/**
 * What of the truck has gone on to enterprises, and the way to send on what is left.
 * @param {Truck} truck
 */
function drawTransfers({ consignment, trade_point: point, lines, other_trades: others, transfers = [] }) {
  const shown = transfers.map((each) => ({ ...each, consignment }));
  const isAnyTraded = others.transactions > 0 || lines.some((line) => Number(line.split_kg) > 0);
  const query = new URLSearchParams({ consignment, trade_point: point, lang: language() });
  const link = make("a", { href: `/transfers?${query}`, id: "truck-send" }, word("transfers.send.truck"));
  byId("truck-transfers").replaceChildren(
    ...(shown.length ? [transfersTable(word("transfers.of.truck"), shown)] : []),
    ...(isAnyTraded && may("transactions:write") ? [make("p", { class: "tools" }, link)] : []),
  );
}

/** Asks for the newest trucks, or for those behind the ones that are shown. */
async function readList(/** @type {string | null} */ after) {
  const cursor = after ? `&cursor=${encodeURIComponent(after)}` : "";
  try {
    const page = await ask(`/v1/consignments?limit=${TRUCKS_AT_ONCE}${cursor}`);
    state.trucks = after ? [...state.trucks, ...page.items] : page.items;
    state.next = page.next_cursor;
    drawList();
  } catch (error) {
    byId("trucks-state").replaceChildren(...sayFailure(error));
  }
}

/**
 * Opens a truck by its name, and shows what may be done with it.
 * @param {string} name
 * @param {string} [tradePoint]
 */
export async function openTruck(name, tradePoint) {
  const point = tradePoint ?? state.trucks.find((truck) => truck.consignment === name)?.trade_point;
  const query = point ? `?trade_point=${encodeURIComponent(point)}` : "";
  let truck;
  try {
    truck = await ask(`/v1/consignments/${encodeURIComponent(name)}${query}`);
  } catch (error) {
    sayRefused("open", error);
    byId("open-consignment").focus();
    return;
  }
  const isNew = state.opened?.consignment !== truck.consignment;
  state.opened = truck;
  const params = new URLSearchParams(location.search);
  params.set("consignment", truck.consignment);
  history.replaceState(null, "", `?${params}`);
  drawTruck();
  state.shows(truck);
  await readList(null);
  if (isNew) byId("truck-title").focus();
}

/** @param {(truck: Truck | null) => void} shows */
export function beginTruck(shows) {
  state.shows = shows;
  draws(drawList);
  draws(drawTruck);
  whenSent("open", async () => {
    const name = inputById("open-consignment").value.trim();
    if (name) await openTruck(name);
    else byId("open-consignment").focus();
  });
  byId("trucks-more").addEventListener("click", () => readList(state.next));
  readList(null);
}
