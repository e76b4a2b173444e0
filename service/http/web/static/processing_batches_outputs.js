// The goods that come out of a processing batch, as they are typed, and the yield: output weight for input weight.
import { button, byId, make } from "./elements.js";
import { halfUp, scaled, unscaled } from "./exact.js";
import { draws } from "./shell.js";
import { spelledWeight } from "./transfers_sums.js";
import { word } from "./words.js";

const NAMES = ["commodity", "hs_code", "quantity_kg", "amount_cny"];
const OPTIONAL = ["hs_code", "amount_cny"];
const NUMBERS = ["hs_code", "quantity_kg", "amount_cny"];
const WEIGHT = /^\d+(?:\.\d{1,3})?$/;
/** @type {Record<string, string>[]} */
let outputs = [{}];
let changed = () => {};

/** @param {string} name @param {string} text */
const spelled = (name, text) => (NUMBERS.includes(name) ? spelledWeight(text) : text.trim().normalize("NFC"));

/**
 * @param {string} name
 * @param {number} place
 */
function field(name, place) {
  const id = `make-${place}-${name}`;
  const input = make("input", {
    id,
    autocomplete: "off",
    inputmode: NUMBERS.includes(name) ? "decimal" : "text",
    "aria-describedby": `${id}-error`,
    "aria-required": OPTIONAL.includes(name) ? null : "true",
  });
  input.value = outputs[place][name] ?? "";
  input.addEventListener("input", () => {
    outputs[place][name] = input.value;
    changed();
  });
  const label = make("label", { for: id }, word(`output.${name}`));
  if (OPTIONAL.includes(name)) label.append(make("small", {}, ` ${word("optional")}`));
  return make("div", { class: "field" }, label, input, make("p", { class: "wrong", id: `${id}-error` }));
}

/** @param {number} place */
function fields(place) {
  const legend = make("legend", {}, `${word("output")} ${place + 1}`);
  const drop = () => {
    outputs.splice(place, 1);
    draw();
    changed();
    byId("outputs-more").focus();
  };
  const away = outputs.length > 1 && button(`make-${place}-drop`, word("output.drop"), drop);
  return make("fieldset", { class: "entry" }, legend, ...NAMES.map((name) => field(name, place)), away);
}

function draw() {
  byId("outputs").replaceChildren(...outputs.map((_, place) => fields(place)));
}

/** The outputs as the API takes them; what is left empty and may be left out is not sent. */
export const outputBodies = () =>
  outputs.map((output) => {
    const said = NAMES.map((name) => /** @type {[string, string]} */ ([name, spelled(name, output[name] ?? "")]));
    return Object.fromEntries(said.filter(([, value]) => value));
  });

/** The grams that come out, as far as the weights can be read. */
export const outputGrams = () =>
  outputs
    .map((output) => spelledWeight(output.quantity_kg ?? ""))
    .filter((text) => WEIGHT.test(text))
    .reduce((sum, text) => sum + scaled(text, 3), 0n);

/**
 * Output weight for input weight in percent, with two decimals, half up: as the API tells it. Null without an input.
 * @param {bigint} output
 * @param {bigint} input
 */
export const yieldOf = (output, input) => (input > 0n ? unscaled(halfUp(output * 10_000n, input), 2) : null);

export function emptyOutputs() {
  outputs = [{}];
  draw();
}

/** @param {() => void} whenChanged */
export function beginOutputs(whenChanged) {
  changed = whenChanged;
  draws(draw);
  byId("outputs-more").addEventListener("click", () => {
    outputs.push({});
    draw();
    byId(`make-${outputs.length - 1}-commodity`).focus();
  });
}

/**
 * The errors of outputs as errors of their fields: /outputs/0/quantity_kg is about make-0-quantity_kg.
 * @param {any} error
 */
export function aboutOutputs(error) {
  for (const each of error.problem?.errors ?? []) {
    const [, list, place, name] = each.pointer.split("/");
    if (list === "outputs" && name) each.pointer = `/${place}-${name}`;
  }
  return error;
}
