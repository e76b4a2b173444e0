// Choosing what is to go on: a truck by its name, or trades by their ids.
import { Failure, ask } from "./answers.js";
import { idsOf } from "./consignments_split.js";
import { byId, inputById, make } from "./elements.js";
import { mark, drawOptions, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may, sessionNow } from "./shell.js";
import { chooseTrades, chooseTruck, isAnyChosen } from "./transfers_goods.js";
import { nameOf, pointsNamed, word } from "./words.js";

const TRUCKS_AT_ONCE = 20;
/** Named trades are asked for one by one: more of them come by a truck, or by a file. */
const NAMED_MAX = 100;

/** The newest trucks, whose names the field offers; without an answer they are typed. */
async function offerTrucks() {
  const page = await ask(`/v1/consignments?limit=${TRUCKS_AT_ONCE}`).catch(() => ({ items: [] }));
  const options = page.items.map((/** @type {Truck} */ { consignment, vehicle_plate: plate }) =>
    make("option", { value: consignment }, plate ?? ""),
  );
  byId("trucks").replaceChildren(...options);
}

function drawPoints() {
  const own = sessionNow()?.trade_point;
  const points = own ? [own] : pointsNamed();
  drawOptions(
    "choose-trade_point",
    points.map((point) => [point, nameOf("trade_point", point)]),
  );
  /** @type {HTMLElement} */ (byId("choose-trade_point").parentElement).hidden = points.length < 2;
}

/** What the form names: a truck, or trades; with both or neither it says so. */
function named() {
  const consignment = inputById("choose-consignment").value.trim().normalize("NFC");
  const ids = idsOf(inputById("choose-transaction_ids").value).map((id) => id.toLowerCase());
  if (Boolean(consignment) === ids.length > 0) {
    mark("choose-consignment", word(consignment ? "choose.either" : "choose.none"));
    return null;
  }
  if (ids.length > NAMED_MAX) {
    mark("choose-transaction_ids", word("choose.many"));
    return null;
  }
  return { consignment, ids, point: byId("choose-trade_point", HTMLSelectElement).value };
}

/** @param {() => void} chosen */
async function choose(chosen) {
  const asked = named();
  if (!asked) {
    byId("choose-consignment").focus();
    return;
  }
  const { consignment, ids, point } = asked;
  try {
    await (consignment ? chooseTruck({ consignment, trade_point: point }) : chooseTrades(ids));
    if (!isAnyChosen()) throw new Failure(404, { code: "no-trades" });
    chosen();
  } catch (error) {
    sayRefused("choose", error);
    byId(consignment ? "choose-consignment" : "choose-transaction_ids").focus();
  }
}

/**
 * Chooses what a link names.
 * @param {URLSearchParams} params
 * @param {() => void} chosen
 */
export async function chooseAsked(params, chosen) {
  const consignment = params.get("consignment");
  const trade = params.get("transaction_id");
  if (!consignment && !trade) return false;
  inputById("choose-consignment").value = consignment ?? "";
  inputById("choose-transaction_ids").value = trade ?? "";
  const point = params.get("trade_point");
  if (point) byId("choose-trade_point", HTMLSelectElement).value = point;
  await choose(chosen);
  return isAnyChosen();
}

/** @param {() => void} chosen is called when there is something to send on */
export function beginChoosing(chosen) {
  draws(drawPoints);
  draws(() => (byId("choosing").hidden = !may("transactions:read")));
  inputById("choose-consignment").setAttribute("list", "trucks");
  whenSent("choose", () => choose(chosen));
  if (may("transactions:read")) offerTrucks();
}
