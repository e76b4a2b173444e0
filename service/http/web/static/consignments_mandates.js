// Mandates: who may declare for whom, from which day to which; given by a group at once, withdrawn, printed.
import { ask } from "./answers.js";
import { idsIn, whomIn } from "./consignments_split.js";
import { button, byId, inputById, make } from "./elements.js";
import { limits } from "./limits.js";
import { Attempt, send } from "./record_api.js";
import { sayFailure } from "./refusals.js";
import { bodyOf, marketToday, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const PAGES_MAX = 20;
const given = new Attempt("mandates");
/** @type {{ found: Mandate[], asked: { representative: string, day: string } | null, ending: string }} */
const state = { found: [], asked: null, ending: "" };

/** @param {Mandate} mandate */
function until({ valid_until: last, withdrawn_from: ended }) {
  return ended ? `${last} (${say("withdrawn", { day: ended })})` : last;
}

/** @param {Mandate} mandate */
function row(mandate) {
  const { mandate_id: id, resident_id: resident, valid_from: from, recorded_by: by } = mandate;
  const canEnd = may("residents:write") && !mandate.withdrawn_from;
  const end = canEnd && button(`end-${id}`, `${word("withdraw")}…`, () => asksFor(id));
  const texts = [resident, from, until(mandate), by?.name ?? word("none"), ""];
  const cells = texts.map((text) => make("td", {}, text));
  return make("tr", {}, make("th", { scope: "row" }, id), ...cells, make("td", { class: "tools" }, end));
}

function mandatesTable() {
  const { asked, found } = state;
  const heads = ["mandate", "resident", "valid_from", "valid_until", "recorded_by", "parts.signature"].map(word);
  const caption = say("mandates.of", { id: asked?.representative ?? "", day: asked?.day ?? "" });
  return make(
    "table",
    {},
    make("caption", {}, caption),
    make(
      "thead",
      {},
      make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)), make("td", { class: "tools" })),
    ),
    make("tbody", {}, ...found.map(row)),
  );
}

/** Asks from which day on and why, before a mandate is withdrawn. */
function question() {
  const id = state.ending;
  if (!id) return [];
  const day = make("input", { id: "end-day", type: "date", "aria-describedby": "end-refused" });
  day.value = marketToday();
  const reason = make("input", { id: "end-reason", maxlength: limits().lengths_max.reason, autocomplete: "off" });
  const form = make(
    "form",
    { id: "end", class: "confirm", novalidate: true },
    make("p", {}, say("withdraw.ask", { id })),
    make("div", { class: "field" }, make("label", { for: "end-day" }, word("withdraw.day")), day),
    make("div", { class: "field" }, make("label", { for: "end-reason" }, word("why")), reason),
    make("div", { id: "end-refused", role: "alert" }),
    make("button", { type: "submit", id: "end-send" }, word("withdraw")),
    " ",
    button("end-no", word("back"), () => asksFor("")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    withdraw(id, day.value, reason.value.trim().normalize("NFC"));
  });
  return [form];
}

/** @param {string} id the mandate that is to be withdrawn; none, when it is empty */
function asksFor(id) {
  state.ending = id;
  draw();
  if (id) byId("end-day").focus();
}

/**
 * @param {string} id
 * @param {string} day
 * @param {string} reason
 */
async function withdraw(id, day, reason) {
  try {
    const body = { ...(day ? { effective_on: day } : {}), reason };
    await send(`/v1/mandates/${id}/withdrawal`, body);
    state.ending = "";
    await show();
  } catch (error) {
    byId("end-refused").replaceChildren(...sayFailure(error));
  }
}

function draw() {
  const isAsked = state.asked !== null;
  const none = make("p", { role: "status" }, word("mandates.none"));
  byId("mandates-found").replaceChildren(...(isAsked ? [state.found.length ? mandatesTable() : none] : []));
  byId("mandates-asked").replaceChildren(...question());
  byId("mandates-print").hidden = state.found.length === 0;
}

/** Reads every mandate of the representative that holds on the day. */
async function show() {
  const [representative = ""] = idsIn("mandates-representative_id");
  const day = inputById("mandates-day").value;
  const query = new URLSearchParams({ representative_id: representative, limit: String(limits().page_limit_max) });
  if (day) query.set("day", day);
  /** @type {Mandate[]} */
  const found = [];
  try {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { items, next_cursor: next } = await ask(`/v1/mandates?${query}`);
      found.push(...items);
      if (!next) break;
      query.set("cursor", next);
    }
    Object.assign(state, { found, asked: { representative, day } });
    draw();
  } catch (error) {
    sayRefused("mandates", error);
  }
}

async function give() {
  const stated = bodyOf("give", ["valid_from", "valid_until"]);
  const [representative = ""] = idsIn("give-representative_id");
  const body = { representative_id: representative, ...whomIn("give"), ...stated };
  if (given.pending && JSON.stringify(given.pending.body) !== JSON.stringify(body)) given.forget();
  try {
    const { items } = await given.start("/v1/mandates", /** @type {any} */ (body));
    byId("give-notice").textContent = say("given", { count: items.length, id: representative });
    inputById("mandates-representative_id").value = representative;
    inputById("mandates-day").value = stated.valid_from ?? "";
    await show();
  } catch (error) {
    sayRefused("give", error);
  }
}

export function beginMandates() {
  const today = marketToday();
  inputById("mandates-day").value = today;
  inputById("give-valid_from").value = today;
  inputById("give-valid_until").value = `${today.slice(0, 4)}-12-31`;
  draws(draw);
  whenSent("mandates", show);
  whenSent("give", give);
  byId("mandates-print").addEventListener("click", () => {
    document.body.classList.add("mandated");
    print();
    document.body.classList.remove("mandated");
  });
}
