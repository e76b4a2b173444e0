// Sending goods on: to whom, for what, on which day. One transfer keeps its key until its answer is known, over a reload.
import { Failure } from "./answers.js";
import { kg } from "./consignments_truck.js";
import { keepInTab, keptInTab } from "./browser_memory.js";
import { byId, inputById, make } from "./elements.js";
import { enterpriseWords, enterprisesFor, purposeOptions } from "./enterprises_known.js";
import { Attempt } from "./record_api.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { bodyOf, drawOptions, empty, mark, marketToday, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may, sessionNow } from "./shell.js";
import { forgetGoods, goodsBody, goodsSums, goodsTyped, readGoodsAgain } from "./transfers_goods.js";
import { unscaled } from "./exact.js";
import { say, word } from "./words.js";

const STATED = ["purpose", "enterprise_id", "transferred_on", "paid_cny", "contract", "invoice"];
const OF_ONE = ["paid_cny", "contract", "invoice"];
const attempt = new Attempt("transfer");
/** @type {{ posted: (transfer: Transfer, notice: string) => void, enterprises: Enterprise[], wanted: string | null }} */
const state = { posted: () => {}, enterprises: [], wanted: null };

const keptPlace = () => `hushi.transfer.${sessionNow()?.name}`;
const select = (/** @type {string} */ name) => byId(`send-${name}`, HTMLSelectElement);

function drawEnterprises() {
  const named = state.enterprises.map(
    (each) => /** @type {[string, string]} */ ([each.enterprise_id, enterpriseWords(each)]),
  );
  // The only one is chosen; of several, a clerk chooses, or the one of the last transfer stays.
  drawOptions("send-enterprise_id", named.length === 1 ? named : [["", word("choose.one")], ...named]);
  const { wanted } = state;
  if (wanted && named.some(([id]) => id === wanted)) select("enterprise_id").value = wanted;
}

/** The enterprises that may take goods for the chosen purpose. */
async function learnEnterprises() {
  const purpose = select("purpose").value;
  try {
    const found = await enterprisesFor(purpose);
    if (select("purpose").value !== purpose) return;
    state.enterprises = found;
    mark("send-enterprise_id", found.length ? "" : word("enterprises.none"));
  } catch (error) {
    state.enterprises = [];
    byId("send-refused").replaceChildren(...sayFailure(error));
  }
  drawEnterprises();
}

/** The weight and the amount that were shown beside the button, to compare them with what has been recorded. */
const shownSums = () => {
  const { trades, grams, fen } = goodsSums();
  return { trades, weight: unscaled(grams, 3), amount: unscaled(fen, 2) };
};

/**
 * What is said of a transfer that was just recorded. What a whole truck has left may have changed since it was shown.
 * @param {Transfer} transfer
 * @param {{ trades: number, weight: string, amount: string } | null} shown
 */
function noticeOf(transfer, shown) {
  const isOther = shown && (shown.weight !== transfer.quantity_kg || shown.amount !== transfer.amount_cny);
  const done = say("sent", { id: transfer.transfer_id });
  return isOther ? `${done} ${say("sent.other", { weight: kg(shown.weight), amount: cny(shown.amount) })}` : done;
}

/**
 * @param {Promise<Transfer>} going
 * @param {{ trades: number, weight: string, amount: string } | null} shown
 */
async function settle(going, shown) {
  try {
    const transfer = await going;
    keepInTab(keptPlace(), { purpose: transfer.purpose, enterprise_id: transfer.enterprise_id });
    state.wanted = transfer.enterprise_id;
    empty("send", OF_ONE);
    empty("choose", ["consignment", "transaction_ids"]);
    forgetGoods();
    draw();
    state.posted(transfer, noticeOf(transfer, shown));
  } catch (error) {
    await refused(error);
  }
}

/** The trade of a refusal, with what is left of it. @param {unknown} error */
function aboutTrade(error) {
  const problem = error instanceof Failure ? error.problem : null;
  const { transaction_id: id, left_kg: left } = problem ?? {};
  return id && left !== undefined ? [make("p", {}, say("refused.left", { id, left: kg(left) }))] : [];
}

/** @param {unknown} error */
async function refused(error) {
  draw();
  if (attempt.pending) {
    byId("waiting-refused").replaceChildren(...sayFailure(error));
    byId("waiting-again").focus();
    return;
  }
  sayRefused("send", error, ...aboutTrade(error));
  // What has gone on in the meantime is shown, so that the clerk sees why.
  if (error instanceof Failure && error.problem?.code === "quantity-exceeded") await readGoodsAgain().catch(() => null);
}

async function send() {
  const goods = goodsBody();
  if (!goods) {
    byId("send-refused").replaceChildren(make("p", {}, word("sums.check")));
    return;
  }
  const stated = bodyOf("send", STATED);
  if (!stated.enterprise_id) {
    mark("send-enterprise_id", word("error.required"));
    select("enterprise_id").focus();
    return;
  }
  const shown = shownSums();
  await settle(attempt.start("/v1/transfers", { ...stated, ...goods }), shown);
}

/** A transfer whose answer is not known is settled first: meanwhile nothing else can be sent on. */
function draw() {
  const { pending } = attempt;
  const isUnsure = pending !== null && (pending.unsure || !attempt.running);
  byId("waiting").hidden = !isUnsure;
  byId("choosing").hidden = isUnsure || !may("transactions:read");
  byId("send").hidden = isUnsure || !may("transactions:write");
  if (!isUnsure) return;
  const { consignment, lines, enterprise_id: enterprise, purpose } = pending.body;
  const goods = consignment ?? say("waiting.trades", { count: lines?.length ?? 0 });
  byId("waiting-title").textContent = word("unsure");
  const known = state.enterprises.find(({ enterprise_id: id }) => id === enterprise);
  const parts = { goods, enterprise: known?.name ?? enterprise, purpose: word(`purpose.${purpose}`) };
  byId("waiting-about").textContent = `${say("waiting.about", parts)} ${word("unsure.detail")}`;
}

function drawChoices() {
  drawOptions("send-purpose", purposeOptions());
  drawEnterprises();
}

/** Goes on to what has to be chosen next: the enterprise, or the button. */
export function focusSend() {
  byId(select("enterprise_id").value ? "send-send" : "send-enterprise_id").focus();
}

/**
 * @param {(transfer: Transfer, notice: string) => void} posted
 * @param {string | null} wanted the enterprise that a link names
 */
export async function beginSending(posted, wanted) {
  const kept = keptInTab(keptPlace()) ?? {};
  Object.assign(state, { posted, wanted: wanted ?? kept.enterprise_id ?? null });
  inputById("send-transferred_on").value = marketToday();
  draws(drawChoices);
  draws(draw);
  drawChoices();
  if (kept.purpose) select("purpose").value = kept.purpose;
  select("purpose").addEventListener("change", learnEnterprises);
  select("enterprise_id").addEventListener("change", () => (state.wanted = select("enterprise_id").value));
  whenSent("send", send);
  // Behind the listener of the form, which takes away what was said of the field.
  byId("send").addEventListener("input", goodsTyped);
  byId("waiting-again").addEventListener("click", () => {
    byId("waiting-refused").replaceChildren();
    settle(attempt.go(), null);
  });
  attempt.resume();
  if (may("transactions:read")) await learnEnterprises();
}
