// Making a processing batch: the transfers of one processor that are in none yet, the day, and what comes out.
import { askAllPages } from "./all_pages.js";
import { Failure, ask } from "./answers.js";
import { kg } from "./consignments_truck.js";
import { byId, inputById, list, make } from "./elements.js";
import { enterpriseWords, enterprisesFor } from "./enterprises_known.js";
import { unscaled } from "./exact.js";
import {
  aboutOutputs,
  beginOutputs,
  emptyOutputs,
  outputBodies,
  outputGrams,
  yieldOf,
} from "./processing_batches_outputs.js";
import { Attempt } from "./record_api.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { drawOptions, mark, marketToday, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { transfersTable } from "./transfers_rows.js";
import { fen, grams } from "./transfers_sums.js";
import { say, word } from "./words.js";

const PURPOSE = "processing";
const attempt = new Attempt("processing-batch");

/** @typedef {(batch: ProcessingBatch, notice: string) => void} Made */
/** @type {{ processors: Enterprise[], transfers: Transfer[], chosen: Set<string>, of: string, made: Made }} */
const state = { processors: [], transfers: [], chosen: new Set(), of: "", made: () => {} };

const enterprise = () => byId("make-enterprise_id", HTMLSelectElement);
const chosen = () => state.transfers.filter(({ transfer_id: id }) => state.chosen.has(id));

function drawSums() {
  const inputs = chosen();
  const input = inputs.reduce((sum, each) => sum + grams(each.quantity_kg), 0n);
  const amount = inputs.reduce((sum, each) => sum + fen(each.amount_cny), 0n);
  const output = outputGrams();
  const percent = yieldOf(output, input);
  const rows = /** @type {[string, string][]} */ ([
    [word("sums.transfers"), String(inputs.length)],
    [word("input"), [kg(unscaled(input, 3)), cny(unscaled(amount, 2))].join(word("report.between_values"))],
    [word("output.weight"), kg(unscaled(output, 3))],
    [word("yield"), percent === null ? "—" : `${percent} %`],
  ]);
  const isMore = percent !== null && output > input;
  const more = isMore ? [make("p", { class: "note", id: "yield-more" }, word("yield.more"))] : [];
  byId("make-sums").replaceChildren(list(rows), ...more);
}

/** @param {Transfer} transfer */
function box({ transfer_id: id }) {
  const input = make("input", { type: "checkbox", id: `input-${id}`, checked: state.chosen.has(id) });
  input.addEventListener("change", () => {
    if (input.checked) state.chosen.add(id);
    else state.chosen.delete(id);
    mark("make-transfer_ids", "");
    drawSums();
  });
  return make("label", { for: `input-${id}` }, input, ` ${id}`);
}

function drawInputs() {
  const { transfers, of } = state;
  byId("make-transfer_ids").hidden = !transfers.length;
  byId("inputs-rows").replaceChildren(
    ...(transfers.length ? [transfersTable(word("inputs.open"), transfers, box)] : []),
  );
  byId("inputs-state").textContent = of && !transfers.length ? word("inputs.none") : "";
  drawSums();
}

function drawProcessors() {
  const named = state.processors.map(
    (each) => /** @type {[string, string]} */ ([each.enterprise_id, enterpriseWords(each)]),
  );
  drawOptions("make-enterprise_id", named.length === 1 ? named : [["", word("choose")], ...named]);
}

/** Reads the transfers of the chosen enterprise that no live batch has taken. */
async function readInputs() {
  const id = enterprise().value;
  if (id !== state.of) state.chosen.clear();
  Object.assign(state, { of: id, transfers: [] });
  if (id) {
    const query = { enterprise_id: id, purpose: PURPOSE, reversed: "false" };
    try {
      const all = await askAllPages("/v1/transfers", query);
      if (enterprise().value !== id) return;
      state.transfers = all.filter((/** @type {Transfer} */ each) => !each.processing_batch_id);
    } catch (error) {
      byId("make-refused").replaceChildren(...sayFailure(error));
    }
  }
  for (const each of state.chosen) {
    if (!chosen().some(({ transfer_id: known }) => known === each)) state.chosen.delete(each);
  }
  drawInputs();
}

/** Reads them again after a batch was made or reversed. */
export const inputsChanged = () => readInputs();

/**
 * Chooses the enterprise and the transfer that a link names.
 * @param {string | null} wanted
 * @param {string | null} transfer
 */
export async function chooseInputs(wanted, transfer) {
  try {
    state.processors = may("transactions:read") ? await enterprisesFor(PURPOSE) : [];
    const named = transfer ? await ask(`/v1/transfers/${encodeURIComponent(transfer)}`) : null;
    drawProcessors();
    const id = named?.enterprise_id ?? wanted;
    if (id && state.processors.some(({ enterprise_id: known }) => known === id)) enterprise().value = id;
    state.of = enterprise().value;
    if (named) state.chosen.add(named.transfer_id);
    await readInputs();
  } catch (error) {
    byId("make-refused").replaceChildren(...sayFailure(error));
  }
}

/** @param {Promise<ProcessingBatch>} going */
async function settle(going) {
  try {
    const batch = await going;
    state.chosen.clear();
    emptyOutputs();
    draw();
    state.made(batch, say("made", { id: batch.processing_batch_id }));
  } catch (error) {
    draw();
    if (attempt.pending) {
      byId("waiting-refused").replaceChildren(...sayFailure(error));
      byId("waiting-again").focus();
      return;
    }
    sayRefused("make", aboutOutputs(error));
    // Which transfers are free is shown again, so that the clerk sees why.
    if (error instanceof Failure && error.problem?.code === "transfer-in-batch") await readInputs();
  }
}

async function send() {
  const ids = chosen().map(({ transfer_id: id }) => id);
  if (!enterprise().value || !ids.length) {
    const name = enterprise().value ? "transfer_ids" : "enterprise_id";
    mark(`make-${name}`, word(ids.length || !enterprise().value ? "error.required" : "inputs.choose"));
    byId(`make-${name}`).focus();
    return;
  }
  const day = inputById("make-processed_on").value;
  const body = { enterprise_id: enterprise().value, transfer_ids: ids, processed_on: day, outputs: outputBodies() };
  await settle(attempt.start("/v1/processing-batches", body));
}

/** A batch whose answer is not known is settled first: meanwhile no other one can be made. */
function draw() {
  const { pending } = attempt;
  const isUnsure = pending !== null && (pending.unsure || !attempt.running);
  byId("waiting").hidden = !isUnsure;
  byId("making").hidden = isUnsure || !may("transactions:write");
  if (!isUnsure) return;
  const parts = { enterprise: pending.body.enterprise_id, count: pending.body.transfer_ids.length };
  byId("waiting-title").textContent = word("unsure");
  byId("waiting-about").textContent = `${say("waiting.about", parts)} ${word("unsure.detail")}`;
}

/** @param {Made} made */
export function beginMaking(made) {
  state.made = made;
  inputById("make-processed_on").value = marketToday();
  beginOutputs(drawSums);
  draws(drawProcessors);
  draws(drawInputs);
  draws(draw);
  enterprise().addEventListener("change", readInputs);
  whenSent("make", send);
  byId("waiting-again").addEventListener("click", () => {
    byId("waiting-refused").replaceChildren();
    settle(attempt.go());
  });
  attempt.resume();
}
