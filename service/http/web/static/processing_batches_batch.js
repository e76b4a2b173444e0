// The processing batch that the page shows: what went in, what came out, the yield, its trace, and the way to reverse it.
import { ask } from "./answers.js";
import { ConfirmedUndo } from "./confirmed_undo.js";
import { clock, kg } from "./consignments_truck.js";
import { button, byId, list, make, table } from "./elements.js";
import { grouped } from "./exact.js";
import { dayWords } from "./phrases.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { draws, may, sayError } from "./shell.js";
import { transferAddress } from "./transfers_rows.js";
import { language, say, word } from "./words.js";

/** @type {{ batch: ProcessingBatch | null, notice: string, changed: () => void }} */
const state = { batch: null, notice: "", changed: () => {} };

/** @param {ProcessingBatch} batch */
const enterpriseName = ({ enterprise }) => (typeof enterprise === "string" ? enterprise : enterprise.name);

/**
 * @param {ProcessingBatch} batch
 * @returns {[string, string][]}
 */
function aboutRows(batch) {
  const { reversal, recorded_by: by, yield_pct: percent } = batch;
  /** @type {[string, string][]} */
  const rows = [
    [word("processor"), `${enterpriseName(batch)} ${batch.enterprise_id}`],
    [word("processed_on"), dayWords(batch.processed_on)],
    [word("input"), [kg(batch.input_kg), cny(batch.input_cny)].join(word("report.between_values"))],
    [word("output.weight"), kg(batch.output_kg)],
    [word("yield"), `${percent} %`],
    [word("recorded_by"), by?.name ?? word("none")],
    [word("recorded_at"), clock(batch.recorded_at)],
  ];
  if (!reversal) return rows;
  return [
    ...rows,
    [word("reversed"), say("reversed.why", { at: clock(reversal.recorded_at), reason: reversal.reason })],
  ];
}

/** @param {ProcessingBatch} batch */
function inputsTable({ transfer_ids: ids }) {
  const rows = ids.map((id, place) => [String(place + 1), make("a", { href: transferAddress(id) }, id)]);
  return table(word("inputs"), [word("no"), word("transfers.head.transfer")], rows);
}

/** @param {ProcessingBatch} batch */
function outputsTable({ processing_batch_id: id, outputs, output_kg: weight }) {
  const heads = ["no", "output.commodity", "output.hs_code", "output.quantity_kg", "output.amount_cny"].map(word);
  const trace = (/** @type {number} */ output) => `/trace?batch=${id}&output=${output}&lang=${language()}`;
  const rows = outputs.map((each) => [
    String(each.output),
    make("a", { href: trace(each.output) }, each.commodity),
    each.hs_code ?? "—",
    grouped(each.quantity_kg),
    each.amount_cny === null ? "—" : grouped(each.amount_cny),
  ]);
  return table(word("outputs"), heads, rows, [word("total"), "", "", grouped(weight), ""]);
}

/** @param {ProcessingBatch} batch */
const tools = ({ processing_batch_id: id }) => [
  button("batch-print", word("print"), () => print()),
  make("a", { href: `/trace?batch=${id}&lang=${language()}`, id: "batch-trace" }, word("link.trace")),
];

const undo = new ConfirmedUndo("processing-batch-reversal", {
  path: () => `/v1/processing-batches/${state.batch?.processing_batch_id}/reversal`,
  question: () => say("undo.ask", { id: state.batch?.processing_batch_id ?? "" }),
  undone: (batch) => {
    showBatch(batch, say("undone", { id: batch.processing_batch_id }));
    state.changed();
  },
});

function draw() {
  const { batch, notice } = state;
  byId("batch").hidden = batch === null;
  if (!batch) return;
  const mark = batch.reversal && make("span", { class: "status cancelled" }, word("reversed"));
  byId("batch-title").replaceChildren(say("batch", { id: batch.processing_batch_id }), ...(mark ? [" ", mark] : []));
  byId("batch-notice").textContent = notice;
  byId("batch-about").replaceChildren(list(aboutRows(batch)));
  byId("batch-inputs").replaceChildren(inputsTable(batch));
  byId("batch-outputs").replaceChildren(outputsTable(batch));
  byId("batch-tools").replaceChildren(...tools(batch));
  byId("undoing").hidden = Boolean(batch.reversal) || !may("transactions:write");
}

/**
 * Shows a batch and moves the focus there; `notice` says what has just happened.
 * @param {ProcessingBatch} batch
 * @param {string} [notice]
 */
export function showBatch(batch, notice = "") {
  const isAnother = state.batch?.processing_batch_id !== batch.processing_batch_id;
  Object.assign(state, { batch, notice });
  if (isAnother) {
    byId("undoing", HTMLDetailsElement).open = false;
    undo.forget();
  }
  const params = new URLSearchParams(location.search);
  for (const name of ["transfer_id", "enterprise_id"]) params.delete(name);
  params.set("processing_batch_id", batch.processing_batch_id);
  history.replaceState(null, "", `?${params}`);
  draw();
  byId("batch-title").focus();
}

/** @param {string} id */
export async function openBatch(id) {
  sayError();
  try {
    /** @type {ProcessingBatch} */
    const batch = await ask(`/v1/processing-batches/${encodeURIComponent(id)}`);
    showBatch(batch);
    return batch;
  } catch (error) {
    sayError(...sayFailure(error));
    return null;
  }
}

/** @param {() => void} changed is called after a batch was reversed */
export function beginBatch(changed) {
  state.changed = changed;
  draws(draw);
  undo.begin();
}
