// Splitting a truck among residents: who gets what, who has no room, what is left; posted as it was proposed, and printed.
import { Failure } from "./answers.js";
import { readNames, readParts } from "./consignments_again.js";
import { clock, kg } from "./consignments_truck.js";
import { button, byId, inputById, list, make, table } from "./elements.js";
import { grouped, scaled, unscaled } from "./exact.js";
import { dayWords } from "./phrases.js";
import { Attempt, send } from "./record_api.js";
import { cny } from "./record_fields.js";
import { sayFailure } from "./refusals.js";
import { clearMarks, drawOptions, mark, marketToday, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const attempt = new Attempt("split");
const BETWEEN_IDS = /[\s,;，；、]+/;

/** @typedef {{ truck: Truck | null, proposal: SplitProposal | null, posted: Entry[] | null, names: Record<string, string> }} State */
/** @type {State & { opens: (name: string, point?: string) => Promise<void> }} */
const state = { truck: null, proposal: null, posted: null, names: {}, opens: async () => {} };

/**
 * The ids in a text, with blanks or commas of any kind between them; full-width signs are read as the plain ones.
 * @param {string} text
 */
export const idsOf = (text) => text.normalize("NFKC").toUpperCase().split(BETWEEN_IDS).filter(Boolean);

/** @param {string} id */
export const idsIn = (id) => idsOf(inputById(id).value);

/**
 * Either the chosen group or the residents that are named; both or none is refused by the API, which says so.
 * @param {string} form
 */
export function whomIn(form) {
  const group = byId(`${form}-group_id`, HTMLSelectElement).value;
  const ids = idsIn(`${form}-resident_ids`);
  return { ...(group ? { group_id: group } : {}), ...(ids.length ? { resident_ids: ids } : {}) };
}

/** How the truck is to be split, as the form says it. */
function terms() {
  /** @param {string} name */
  const value = (name) => /** @type {HTMLInputElement} */ (byId(`split-${name}`)).value.trim();
  const remainder = value("remainder") === "to" ? value("remainder_to").toUpperCase() : value("remainder");
  const optional = { unit_kg: value("unit_kg"), declarant_id: value("declarant_id").toUpperCase(), remainder };
  const stated = Object.entries(optional).filter(([, text]) => text);
  return { day: value("day"), ...whomIn("split"), policy: value("policy"), ...Object.fromEntries(stated) };
}

/** @param {Truck} truck */
const pathOf = (truck) => `/v1/consignments/${encodeURIComponent(truck.consignment)}/split`;

/** @param {Truck} truck */
const pointOf = (truck) => `?trade_point=${encodeURIComponent(truck.trade_point)}`;

async function propose() {
  const { truck } = state;
  if (!truck) return;
  if (byId("split-remainder", HTMLSelectElement).value === "to" && !inputById("split-remainder_to").value.trim()) {
    mark("split-remainder_to", word("remainder.who"));
    byId("split-remainder_to").focus();
    return;
  }
  try {
    const proposal = await send(`${pathOf(truck)}/proposal${pointOf(truck)}`, terms());
    Object.assign(state, { proposal, posted: null });
    for (const part of proposal.parts) state.names[part.resident_id] = part.name;
    draw();
    byId("proposal-title").focus();
  } catch (error) {
    sayRefused("split", error);
  }
}

// What is shown

/**
 * The sum of a figure of the parts, in its smallest units.
 * @param {SplitPart[]} parts
 * @param {"quantity_kg" | "amount_cny" | "taxable_cny"} name
 * @param {number} decimals
 */
const sum = (parts, name, decimals) =>
  grouped(
    unscaled(
      parts.reduce((total, part) => total + scaled(part[name], decimals), 0n),
      decimals,
    ),
  );

/** @param {SplitPart} part */
const goodsOf = (part) => state.truck?.lines.find((line) => line.line === part.line)?.commodity ?? String(part.line);

/** @param {SplitPart[]} parts */
function partsTable(parts) {
  const isPosted = state.posted !== null;
  const head = ["no", "resident", "name", "goods", "weight", "amount", "taxable"].map((name) => word(`parts.${name}`));
  const rows = parts.map((part, place) => [
    String(place + 1),
    part.resident_id,
    part.name ?? state.names[part.resident_id] ?? "",
    goodsOf(part),
    grouped(part.quantity_kg),
    grouped(part.amount_cny),
    grouped(part.taxable_cny),
    ...(isPosted ? [""] : []),
  ]);
  const sums = [sum(parts, "quantity_kg", 3), sum(parts, "amount_cny", 2), sum(parts, "taxable_cny", 2)];
  const total = [word("parts.total"), "", "", "", ...sums, ...(isPosted ? [""] : [])];
  return table(word("parts"), isPosted ? [...head, word("parts.signature")] : head, rows, total);
}

/** @param {SplitProposal} proposal */
function restWords({ left, no_room: nobody }) {
  const lines = left.filter((each) => Number(each.quantity_kg) > 0);
  const leftWords = lines.map((each) =>
    say("left.line", { line: each.line, weight: kg(each.quantity_kg), amount: cny(each.amount_cny) }),
  );
  const whyNot = nobody.map((each) => `${each.name} ${each.resident_id}: ${word(`no_room.${each.why}`)}`);
  return [
    lines.length > 0 && make("h3", {}, word("left.title")),
    lines.length > 0 && make("ul", {}, ...leftWords.map((text) => make("li", {}, text))),
    nobody.length > 0 &&
      make(
        "details",
        {},
        make("summary", {}, say("no_room", { count: nobody.length })),
        make("ul", {}, ...whyNot.map((text) => make("li", {}, text))),
      ),
  ].filter((part) => part !== false);
}

/** @returns {SplitPart[]} */
function partsShown() {
  if (!state.posted) return state.proposal?.parts ?? [];
  return state.posted.map(
    (entry) => /** @type {any} */ ({ ...entry, line: /** @type {any} */ (entry).consignment_line }),
  );
}

/** @type {(row: [string, string | null | undefined]) => [string, string]} */
const orNone = ([name, text]) => [name, text || word("none")];

/**
 * What the trades of a list say of something, each different answer once.
 * @param {any[]} trades
 * @param {(trade: any) => string | null | undefined} said
 */
const once = (trades, said) => [...new Set(trades.map(said).filter(Boolean))].join(", ");

/**
 * Who recorded a posted split, when, and who declared it.
 * @param {any[]} trades
 * @returns {[string, string][]}
 */
const recordedRows = (trades) => [
  [word("recorded_by"), once(trades, (trade) => trade.recorded_by?.name)],
  [word("recorded_at"), once(trades, (trade) => clock(trade.recorded_at))],
  [word("declarant"), once(trades, (trade) => (trade.declarant_id === trade.resident_id ? null : trade.declarant_id))],
];

function aboutRows() {
  const { truck, proposal, posted } = state;
  const days = once(posted ?? [proposal ?? {}], ({ day }) => day && dayWords(day));
  const people = new Set(partsShown().map((part) => part.resident_id)).size;
  /** @type {[string, string | null | undefined][]} */
  const rows = [
    [word("name"), truck?.consignment],
    [word("field.vehicle_plate"), truck?.vehicle_plate],
    [word("day"), days],
    [word("parts.people"), String(people)],
  ];
  return [...rows, ...(posted ? recordedRows(posted) : [])].map(orNone);
}

function tools() {
  if (state.posted) return [button("print", word("print"), () => print())];
  if (attempt.pending) return [button("split-again", word("retry"), () => settle(attempt.go()))];
  const isNothing = state.proposal?.parts.length === 0;
  return [button("split-post", word("split.post"), post, { class: "main", disabled: isNothing })];
}

function draw() {
  const { proposal, posted } = state;
  byId("proposal").hidden = !proposal && !posted && !attempt.pending;
  if (byId("proposal").hidden) return;
  document.body.classList.toggle("listed", posted !== null);
  byId("proposal-title").textContent = word(posted ? "posted" : "proposed");
  byId("proposal-about").replaceChildren(list(aboutRows()));
  byId("proposal-parts").replaceChildren(partsTable(partsShown()));
  byId("proposal-rest").replaceChildren(...(proposal ? restWords(proposal) : []));
  byId("proposal-tools").replaceChildren(...tools());
}

/** Who buys what is left is asked only where one resident is to buy it. */
function drawWho() {
  const isAsked = byId("split-remainder", HTMLSelectElement).value === "to";
  /** @type {HTMLElement} */ (byId("split-remainder_to").parentElement).hidden = !isAsked;
}

function drawChoices() {
  drawOptions("split-policy", [
    ["fill", word("policy.fill")],
    ["even", word("policy.even")],
  ]);
  drawOptions("split-remainder", [
    ["", word("remainder.none")],
    ["leave", word("remainder.leave")],
    ["to", word("remainder.to_one")],
  ]);
  drawWho();
}

// Posting

function post() {
  const { truck, proposal } = state;
  if (!truck || !proposal) return;
  settle(attempt.start(pathOf(truck), /** @type {any} */ ({ proposal: proposal.proposal })));
}

/** @param {Promise<{ consignment: string, items: Entry[] }>} going */
async function settle(going) {
  byId("proposal-refused").replaceChildren();
  byId("proposal-tools").replaceChildren(make("span", { class: "quiet", role: "status" }, word("posting")));
  try {
    state.posted = (await going).items;
    const { truck } = state;
    draw();
    if (truck) await state.opens(truck.consignment, truck.trade_point);
    byId("proposal-title").focus();
  } catch (error) {
    const isOutdated = error instanceof Failure && error.problem?.code === "split-outdated";
    draw();
    const unsure = attempt.pending ? [make("h3", {}, word("unsure")), make("p", {}, word("unsure.detail"))] : [];
    byId("proposal-refused").replaceChildren(...unsure, ...sayFailure(error));
    if (isOutdated) byId("split-send").focus();
  }
}

/** Shows the list of what is split by now, to be printed again. */
async function showList() {
  const { truck } = state;
  if (!truck || attempt.pending || attempt.running) return;
  byId("list-refused").replaceChildren();
  try {
    const posted = await readParts(truck);
    Object.assign(state.names, await readNames(posted));
    if (state.truck?.consignment !== truck.consignment) return;
    Object.assign(state, { posted, proposal: null });
    draw();
    byId("proposal-title").focus();
  } catch (error) {
    byId("list-refused").replaceChildren(...sayFailure(error));
  }
}

/** @param {Truck | null} truck */
export function showSplitOf(truck) {
  const isAnother = truck?.consignment !== state.truck?.consignment;
  state.truck = truck;
  const isLeft = truck?.lines.some((line) => Number(line.left_kg) > 0) ?? false;
  byId("splitting").hidden = !isLeft || !may("transactions:write") || !may("residents:read");
  const isAnySplit = truck?.lines.some((line) => Number(line.split_kg) > 0) ?? false;
  byId("list-show").hidden = !isAnySplit || !may("residents:read");
  if (isAnother) {
    Object.assign(state, { proposal: null, posted: null });
    clearMarks("split");
    byId("proposal-refused").replaceChildren();
    document.body.classList.remove("listed");
  }
  draw();
}

/** @param {(name: string, point?: string) => Promise<void>} opens */
export function beginSplit(opens) {
  state.opens = opens;
  inputById("split-day").value = marketToday();
  draws(drawChoices);
  draws(draw);
  whenSent("split", propose);
  byId("list-show").addEventListener("click", showList);
  byId("split-remainder").addEventListener("change", drawWho);
  byId("split").addEventListener("input", () => {
    if (!state.posted && !attempt.pending) Object.assign(state, { proposal: null });
    draw();
  });
  if (attempt.resume()) byId("proposal").hidden = false;
}
