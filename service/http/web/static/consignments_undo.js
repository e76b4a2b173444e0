// Taking the trades of a truck back, all or none: a reason, and a question that Enter alone never answers.
import { cny } from "./record_fields.js";
import { kg } from "./consignments_truck.js";
import { button, byId, inputById, make } from "./elements.js";
import { scaled, unscaled } from "./exact.js";
import { Attempt } from "./record_api.js";
import { mark, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

/** As long as a press of a key or the second click of a double click may still be of what was asked before. */
const CONSIDER_MS = 600;
const attempt = new Attempt("undo");
/** @type {{ truck: Truck | null, reason: string, isAsked: boolean, opens: (name: string, point?: string) => Promise<void> }} */
const state = { truck: null, reason: "", isAsked: false, opens: async () => {} };

/**
 * What the live trades of the truck hold, of splits and others.
 * @param {Truck} truck
 */
function held(truck) {
  const { other_trades: others } = truck;
  const grams = truck.lines.reduce((sum, line) => sum + scaled(line.split_kg, 3), scaled(others.quantity_kg, 3));
  const fen = truck.lines.reduce((sum, line) => sum + scaled(line.split_cny, 2), scaled(others.amount_cny, 2));
  return { weight: unscaled(grams, 3), amount: unscaled(fen, 2), isAny: fen > 0n };
}

function question() {
  const { truck, reason } = state;
  if (!truck || !state.isAsked) return [];
  const { weight, amount } = held(truck);
  const asked = say("undo.ask", { name: truck.consignment, weight: kg(weight), amount: cny(amount) });
  const yes = button("undo-yes", word("undo.yes"), reverse, { class: "main", disabled: true });
  // A key that is held down, or an Enter of the question before, confirms nothing.
  yes.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  setTimeout(() => (yes.disabled = false), CONSIDER_MS);
  const no = button("undo-no", word("back"), () => ask(false));
  return [
    make(
      "div",
      { class: "confirm", role: "group", id: "undo-confirm", tabindex: "-1", "aria-labelledby": "undo-confirm-title" },
      make("p", { id: "undo-confirm-title" }, asked),
      make("p", {}, `${word("why")}: ${reason}`),
      yes,
      " ",
      no,
    ),
  ];
}

function draw() {
  const { truck } = state;
  byId("undoing").hidden = !truck || !held(truck).isAny || !may("transactions:write");
  byId("undo").hidden = state.isAsked;
  byId("undo-asked").replaceChildren(...question());
}

/** @param {boolean} isAsked */
function ask(isAsked) {
  state.isAsked = isAsked;
  draw();
  byId(isAsked ? "undo-confirm" : "undo-reason").focus();
}

async function reverse() {
  const { truck, reason } = state;
  if (!truck) return;
  const { consignment, trade_point: point } = truck;
  const body = { reason, consignment, trade_point: point };
  if (attempt.pending && JSON.stringify(attempt.pending.body) !== JSON.stringify(body)) attempt.forget();
  try {
    const { items } = await attempt.start("/v1/transactions/reversals", body);
    state.isAsked = false;
    inputById("undo-reason").value = "";
    byId("undo-notice").textContent = say("undone", { count: items.length });
    await state.opens(consignment, point);
    byId("truck-title").focus();
  } catch (error) {
    ask(false);
    sayRefused("undo", error);
  }
}

/** @param {Truck | null} truck */
export function showUndoOf(truck) {
  if (truck?.consignment !== state.truck?.consignment) {
    state.isAsked = false;
    byId("undo-notice").textContent = "";
  }
  state.truck = truck;
  draw();
}

/** @param {(name: string, point?: string) => Promise<void>} opens */
export function beginUndo(opens) {
  state.opens = opens;
  draws(draw);
  whenSent("undo", async () => {
    state.reason = inputById("undo-reason").value.trim().normalize("NFC");
    if (state.reason) ask(true);
    else {
      mark("undo-reason", word("reverse.reason"));
      byId("undo-reason").focus();
    }
  });
}
