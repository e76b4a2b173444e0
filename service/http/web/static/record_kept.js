// The goods and the truck of the last line stay for the next resident. Pinned, they are put away, and safe from slips.
import { keepInTab, keptInTab } from "./browser_memory.js";
import { buttonById, byId, inputById } from "./elements.js";
import { KEPT, cny, fill, typed } from "./record_fields.js";
import { askSoon } from "./record_line.js";
import { sayNumbers } from "./record_numbers.js";
import { withoutCitizenNumbers } from "./record_session.js";
import { limits } from "./limits.js";
import { draws, sessionNow } from "./shell.js";
import { nameOf, word } from "./words.js";

/** What a line can't be posted without. */
const NEEDED = ["category", "commodity", "origin"];
let isPinned = false;

const place = () => `hushi.line.${sessionNow()?.name}`;

/** Keeps what stands in the fields of goods and truck, for as long as this tab is open. */
export function keepLine() {
  const values = withoutCitizenNumbers(typed(KEPT), limits().citizen_number);
  keepInTab(place(), { isPinned, values });
}

/** The goods and the truck in a few words. */
function summary() {
  const values = typed(KEPT);
  const price = values.price && `${cny(values.price)} / ${word("unit.quantity_kg")}`;
  return [
    nameOf("direction", values.direction),
    nameOf("category", values.category),
    values.commodity,
    values.hs_code,
    nameOf("origin", values.origin),
    price,
    values.consignment,
    values.vehicle_plate,
    values.seller,
    nameOf("trade_point", values.trade_point),
  ].filter(Boolean);
}

function draw() {
  byId("line").classList.toggle("pinned", isPinned);
  byId("pin").textContent = word(isPinned ? "unpin" : "pin");
  byId("pin").setAttribute("aria-pressed", String(isPinned));
  byId("pinned-line").hidden = !isPinned;
  byId("pinned-line").textContent = isPinned ? summary().join(" · ") : "";
}

/** The first field of the goods that a line needs and that is empty or wrong. */
const missing = () =>
  NEEDED.map((name) => /** @type {HTMLInputElement} */ (byId(name))).find((field) => !field.value) ??
  /** @type {HTMLInputElement | null} */ (byId("kept").querySelector("[aria-invalid]"));

/** @param {boolean} wanted */
export function setPinned(wanted) {
  if (isPinned === wanted) return;
  isPinned = wanted;
  draw();
  keepLine();
}

function toggle() {
  const field = isPinned ? null : missing();
  if (field) {
    field.focus();
    return;
  }
  setPinned(!isPinned);
  if (isPinned) focusOnward();
}

/** Goes on to what the clerk has to type next: the weight, when the goods are known. */
export function focusOnward() {
  const field = isPinned ? null : missing();
  const next = field ?? inputById("quantity_kg");
  next.focus();
  if (next instanceof HTMLInputElement) next.select();
}

export function beginKept() {
  const { isPinned: wasPinned = false, values = {} } = keptInTab(place()) ?? {};
  fill(values);
  sayNumbers();
  isPinned = wasPinned;
  buttonById("pin").addEventListener("click", toggle);
  // What is wrong with a field that is put away could not be seen.
  new MutationObserver(() => isPinned && byId("kept").querySelector("[aria-invalid]") && setPinned(false)).observe(
    byId("kept"),
    { subtree: true, attributeFilter: ["aria-invalid"] },
  );
  byId("kept").addEventListener("change", () => isPinned && draw());
  draws(draw);
  askSoon();
}
