// Registering a truck: what it is called, and its lines of goods with the weight and the amount of the whole line.
import { button, byId, inputById, make } from "./elements.js";
import { Attempt } from "./record_api.js";
import { marketNow } from "./record_fields.js";
import { bodyOf, empty, sayRefused, whenSent } from "./residents_forms.js";
import { draws } from "./shell.js";
import { codesOf, language, nameOf, word } from "./words.js";

const NAMES = ["consignment", "vehicle_plate", "seller"];
const LINE_TEXTS = ["commodity", "hs_code", "quantity_kg", "amount_cny"];
const LINE_CHOICES = ["category", "origin"];
const OPTIONAL = ["hs_code"];
const NEIGHBOURS = ["MN", "RU", "KZ", "BY"];
const attempt = new Attempt("truck");
/** @type {Record<string, string>[]} */
let lines = [{ origin: "MN" }];

/**
 * @param {string} name
 * @param {Node} input
 * @param {string} id
 */
function labelled(name, input, id) {
  const small = OPTIONAL.includes(name) ? make("small", {}, ` ${word("optional")}`) : "";
  const label = make("label", { for: id }, word(LINE_CHOICES.includes(name) ? `dimension.${name}` : `field.${name}`));
  label.append(small);
  return make("div", { class: "field" }, label, input, make("p", { class: "wrong", id: `${id}-error` }));
}

/** @param {string} dimension */
function codes(dimension) {
  const all = codesOf(dimension);
  if (dimension !== "origin") return all;
  const byName = new Intl.Collator(language()).compare;
  const others = all.filter((code) => !NEIGHBOURS.includes(code) && code !== "CN");
  return [...NEIGHBOURS, ...others.sort((one, other) => byName(nameOf("origin", one), nameOf("origin", other)))];
}

/**
 * @param {string} name
 * @param {number} place
 */
function lineField(name, place) {
  const id = `register-${place}-${name}`;
  const about = { id, "aria-describedby": `${id}-error` };
  const typing = { autocomplete: "off", inputmode: name === "commodity" ? "text" : "decimal" };
  const input = LINE_CHOICES.includes(name)
    ? make("select", about, ...codes(name).map((code) => make("option", { value: code }, nameOf(name, code))))
    : make("input", { ...about, ...typing });
  const chosen = lines[place][name];
  if (chosen !== undefined) input.value = chosen;
  const keepValue = () => (lines[place][name] = input.value);
  input.addEventListener("input", keepValue);
  input.addEventListener("change", keepValue);
  return labelled(name, input, id);
}

/** @param {number} place */
function lineFields(place) {
  const names = ["category", "commodity", "origin", "hs_code", "quantity_kg", "amount_cny"];
  const legend = make("legend", {}, `${word("line.one")} ${place + 1}`);
  const drop = () => {
    lines.splice(place, 1);
    drawLines();
    byId("register-more").focus();
  };
  const away = lines.length > 1 && button(`register-${place}-drop`, word("line.drop"), drop);
  return make("fieldset", { class: "entry" }, legend, ...names.map((name) => lineField(name, place)), away);
}

function drawLines() {
  byId("register-lines").replaceChildren(...lines.map((_, place) => lineFields(place)));
}

/**
 * The body of a line: what is left empty and may be left out is not sent.
 * @param {number} place
 */
function lineBody(place) {
  const said = [...LINE_CHOICES, ...LINE_TEXTS].map((name) => {
    const field = /** @type {HTMLInputElement} */ (byId(`register-${place}-${name}`));
    return /** @type {[string, string]} */ ([name, field.value.trim().normalize("NFC")]);
  });
  return Object.fromEntries(said.filter(([, value]) => value));
}

/** The errors of lines as errors of their fields: /lines/0/quantity_kg is about register-0-quantity_kg. */
function aboutLines(/** @type {any} */ error) {
  for (const each of error.problem?.errors ?? []) {
    const [, list, place, name] = each.pointer.split("/");
    if (list === "lines" && name) each.pointer = `/${place}-${name}`;
  }
  return error;
}

/** @param {(name: string) => Promise<void>} opens */
async function register(opens) {
  const at = inputById("register-arrived_at").value;
  const body = {
    ...bodyOf("register", NAMES),
    arrived_at: at && `${at}:00+08:00`,
    lines: lines.map((_, n) => lineBody(n)),
  };
  if (attempt.pending && JSON.stringify(attempt.pending.body) !== JSON.stringify(body)) attempt.forget();
  try {
    const truck = await attempt.start("/v1/consignments", /** @type {any} */ (body));
    empty("register", NAMES);
    lines = [{ origin: "MN" }];
    drawLines();
    await opens(truck.consignment);
  } catch (error) {
    sayRefused("register", aboutLines(error));
  }
}

/** @param {(name: string) => Promise<void>} opens */
export function beginRegisterTruck(opens) {
  inputById("register-arrived_at").value = marketNow();
  draws(drawLines);
  byId("register-more").addEventListener("click", () => {
    lines.push({ ...lines[lines.length - 1], commodity: "", hs_code: "", quantity_kg: "", amount_cny: "" });
    drawLines();
    byId(`register-${lines.length - 1}-commodity`).focus();
  });
  whenSent("register", () => register(opens));
}
