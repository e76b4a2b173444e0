// The page of traces: what goods were made of and where they came from, or what became of them, as a picture and tables.
import { Failure, ask } from "./answers.js";
import catalogue from "./catalogue.js";
import { byId, inputById, list, make } from "./elements.js";
import { grouped, scaled, unscaled } from "./exact.js";
import { beginSession, drawAll } from "./record_session.js";
import { sayFailure, scopeNote } from "./refusals.js";
import { draws, may, speakAsAsked } from "./shell.js";
import { addressOf, askedBy, pathOf } from "./trace_address.js";
import { pictureOf } from "./trace_picture.js";
import { allFlows, flowTable, tradeTable } from "./trace_tables.js";
import { cny, kg } from "./trace_texts.js";
import { language, nameOf, pointsNamed, say, teach, word } from "./words.js";

/** @typedef {{ asked: TraceAsked | null, trace: Trace | null, measure: TraceMeasure, drawnAt: number }} State */

/** @type {State} */
const state = { asked: null, trace: null, measure: "quantity_kg", drawnAt: 0 };
const MEASURES = /** @type {const} */ (["quantity_kg", "amount_cny"]);
const KINDS = /** @type {const} */ (["batch", "consignment", "transaction"]);

const choice = (/** @type {string} */ id) => byId(id, HTMLSelectElement);

/**
 * @param {string} id
 * @param {[value: string, text: string][]} options
 */
function drawChoice(id, options) {
  const { value } = choice(id);
  choice(id).replaceChildren(...options.map(([each, text]) => make("option", { value: each }, text)));
  if (options.some(([each]) => each === value)) choice(id).value = value;
}

/** Only a truck has a name that another trade point may have as well. */
function showPoint() {
  byId("point-field").hidden = choice("of").value !== "consignment";
}

function drawForm() {
  drawChoice(
    "of",
    KINDS.map((kind) => [kind, word(`of.${kind}`)]),
  );
  drawChoice(
    "point",
    pointsNamed().map((point) => [point, nameOf("trade_point", point)]),
  );
  showPoint();
}

/** Writes into the form what the address asks for. */
function fillForm() {
  const { asked } = state;
  if (!asked) return;
  const point = asked.trade_point;
  if (point && !pointsNamed().includes(point)) choice("point").append(make("option", { value: point }, point));
  if (point) choice("point").value = point;
  choice("of").value = asked.of;
  inputById("id").value = asked.id;
  showPoint();
}

/** @param {Trace} trace */
function title({ subject: { id, output } }) {
  const of = /** @type {TraceAsked} */ (state.asked).of;
  if (output !== null) return say("subject.output", { id, output });
  return say(`subject.${of}`, { id });
}

/** @param {TraceTotals} totals */
function sums(totals) {
  const left = unscaled(scaled(totals.quantity_kg, 3) - scaled(totals.transferred_kg, 3), 3);
  const both = (/** @type {string} */ weight, /** @type {string} */ amount) => `${kg(weight)} · ${cny(amount)}`;
  return list([
    [word("sums.traced"), both(totals.quantity_kg, totals.amount_cny)],
    [word("sums.transferred"), both(totals.transferred_kg, totals.transferred_cny)],
    [word("sums.processed"), both(totals.processed_kg, totals.processed_cny)],
    [word("sums.left"), kg(left)],
  ]);
}

/** @param {Trace} trace */
function notes({ subject, nodes, totals }) {
  const { reversed_transfers: transfers, reversed_batches: batches } = totals;
  /** @type {string[]} */
  const said = [];
  if (subject.reversed) said.push(word("is.reversed"));
  else if (nodes.length === 0) said.push(word("is.empty"));
  if (transfers || batches) said.push(say("reversed", { transfers, batches }));
  return said.map((text) => make("p", { class: "note" }, text));
}

function drawTrace() {
  const { trace } = state;
  byId("found").hidden = trace === null;
  if (!trace) return;
  byId("subject").textContent = title(trace);
  byId("sums").replaceChildren(sums(trace.totals));
  byId("notes").replaceChildren(...notes(trace));
  byId("flow").hidden = trace.nodes.length === 0;
  drawMeasures();
  drawPicture();
  drawTrades();
}

function drawMeasures() {
  const made = MEASURES.map((measure) => {
    const pressed = String(state.measure === measure);
    const one = make("button", { type: "button", "aria-pressed": pressed, id: `by-${measure}` }, word(`by.${measure}`));
    one.addEventListener("click", () => {
      state.measure = measure;
      drawMeasures();
      drawPicture();
      byId(`by-${measure}`).focus();
    });
    return one;
  });
  byId("measures").replaceChildren(make("span", { class: "quiet" }, word("by")), ...made);
}

function drawPicture() {
  const { trace, asked, measure } = state;
  if (!trace || !asked || trace.nodes.length === 0) return;
  const width = byId("picture").clientWidth;
  state.drawnAt = width;
  const { picture, shown } = pictureOf(trace, asked, measure, width, tell);
  byId("picture").replaceChildren(picture);
  tell("");
  byId("flows").replaceChildren(flowTable(shown));
  byId("all").hidden = shown.flows.length === trace.links.length;
  byId("all-title").textContent = say("flows.all", { count: trace.links.length });
  byId("all-flows").replaceChildren(allFlows(trace));
}

/** @param {string} words */
function tell(words) {
  byId("readout").textContent = words || word("picture.hint");
}

function drawTrades() {
  const { trace } = state;
  if (!trace) return;
  const { transactions, totals } = trace;
  const counted = say("trades", { count: grouped(totals.transactions), residents: grouped(totals.residents) });
  byId("trades-title").textContent = counted;
  byId("trades").replaceChildren(transactions.items.length ? tradeTable(transactions.items, counted) : "");
  byId("more").hidden = transactions.next_cursor === null;
}

/** @param {unknown} error */
function refuse(error) {
  state.trace = null;
  drawTrace();
  byId("refused").replaceChildren(...sayFailure(error));
  if (!(error instanceof Failure)) throw error;
}

/** Asks for what the address names, and shows it. */
async function load() {
  state.asked = askedBy(location.search);
  state.trace = null;
  byId("refused").replaceChildren();
  fillForm();
  const { asked } = state;
  if (!asked || !may("transactions:read")) {
    drawTrace();
    return;
  }
  byId("found").setAttribute("aria-busy", "true");
  try {
    const trace = await ask(pathOf(asked));
    if (state.asked !== asked) return;
    state.trace = trace;
    drawTrace();
  } catch (error) {
    if (state.asked === asked) refuse(error);
  } finally {
    byId("found").removeAttribute("aria-busy");
  }
}

async function more() {
  const { asked, trace } = state;
  if (!asked || !trace) return;
  const known = trace.transactions;
  const page = await ask(pathOf(asked, known.next_cursor));
  if (state.trace !== trace) return;
  trace.transactions = { ...page.transactions, items: [...known.items, ...page.transactions.items] };
  drawTrades();
}

/** @param {SubmitEvent} event */
function sent(event) {
  event.preventDefault();
  const id = inputById("id").value.trim();
  if (!id) {
    inputById("id").focus();
    return;
  }
  const of = /** @type {TraceAsked["of"]} */ (choice("of").value);
  const point = of === "consignment" ? choice("point").value : null;
  history.pushState(null, "", addressOf({ of, id, output: null, trade_point: point }, language()));
  drawAll();
  load().then(() => state.trace && byId("subject").focus());
}

/** A picture is drawn anew when it has another width: its columns may stand one below the other then. */
function watchWidth() {
  new ResizeObserver(() => {
    const width = byId("picture").clientWidth;
    if (width !== state.drawnAt && width > 0 && !matchMedia("print").matches) drawPicture();
  }).observe(byId("picture"));
}

function drawScopes() {
  byId("missing").replaceChildren(...(may("transactions:read") ? [] : [scopeNote("transactions:read")]));
}

async function begin() {
  teach(catalogue, "trace", "record");
  if (!(await beginSession())) return;
  draws(drawScopes);
  draws(drawForm);
  draws(drawTrace);
  byId("ask").addEventListener("submit", sent);
  choice("of").addEventListener("change", showPoint);
  byId("more").addEventListener("click", () => more().catch(refuse));
  addEventListener("popstate", () => {
    speakAsAsked();
    drawAll();
    load();
  });
  drawAll();
  watchWidth();
  await load();
  document.documentElement.dataset.ready = "true";
}

begin();
