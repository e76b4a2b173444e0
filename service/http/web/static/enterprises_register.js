// Registering an enterprise: its credit code is checked while it is typed.
import { Failure, ask } from "./answers.js";
import { readCode, spelledCode } from "./credit_code.js";
import { button, byId, inputById } from "./elements.js";
import { showEnterprise } from "./enterprises_card.js";
import { limits } from "./limits.js";
import { Attempt } from "./record_api.js";
import { isComposing } from "./record_keys.js";
import { bodyOf, drawOptions, empty, mark, marketToday, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const TYPED = ["name", "credit_code", "valid_from", "valid_until"];
const FIELDS = [...TYPED, "kinds"];
const OF_ONE = ["name", "credit_code"];
const BETWEEN = ",";
const attempt = new Attempt("enterprise");

const typedCode = () => spelledCode(inputById("register-credit_code").value);

/** Says beside the code how far it is, whether it fits, or what is wrong with it. */
function sayCode() {
  const code = typedCode();
  const { state, foreign } = readCode(code);
  const { credit_code: length } = limits().lengths_max;
  const field = inputById("register-credit_code");
  const isWrong = ["characters", "long", "check"].includes(state);
  byId("credit-read").textContent =
    state === "empty" || isWrong ? "" : say(`credit.${state}`, { count: code.length, length });
  byId("credit-read").classList.toggle("fits", state === "fits");
  // The field shows what is sent, unless an input method is in the middle of a word.
  if (!isComposing() && field.value !== code && document.activeElement !== field) field.value = code;
  mark("register-credit_code", isWrong ? say(`credit.${state}`, { characters: foreign, length }) : "");
  return state;
}

/** Whether the code can be sent; else what is wrong with it is said. */
function isCodeRight() {
  const state = sayCode();
  if (state === "fits") return true;
  const { credit_code: length } = limits().lengths_max;
  if (state === "empty") mark("register-credit_code", word("error.required"));
  if (state === "short") mark("register-credit_code", say("credit.short", { count: typedCode().length, length }));
  byId("register-credit_code").focus();
  return false;
}

/** @param {string} id */
async function open(id) {
  try {
    showEnterprise(await ask(`/v1/enterprises/${id}`));
  } catch (error) {
    sayRefused("register", error);
  }
}

/**
 * The enterprise that has the code already, where the ledger names it.
 * @param {unknown} error
 */
function known(error) {
  const problem = error instanceof Failure ? error.problem : null;
  const id = problem?.code === "enterprise-exists" ? problem.enterprise_id : null;
  return id && may("transactions:read") ? [button("register-known", `${word("show")} ${id}`, () => open(id))] : [];
}

async function register() {
  if (!isCodeRight()) return;
  const { kinds, ...stated } = bodyOf("register", FIELDS);
  const body = { ...stated, credit_code: typedCode(), kinds: kinds ? kinds.split(BETWEEN) : [] };
  try {
    const made = await attempt.startAnew("/v1/enterprises", body);
    empty("register", OF_ONE);
    sayCode();
    showEnterprise(made, say("registered", { id: made.enterprise_id }));
  } catch (error) {
    sayRefused("register", error, ...known(error));
  }
}

/** What is kept over a sign-in. */
export const registering = () => bodyOf("register", TYPED);

/**
 * Puts back what was kept.
 * @param {Record<string, string | null>} kept
 */
export function restoreRegistering(kept) {
  for (const name of TYPED) if (kept[name]) inputById(`register-${name}`).value = kept[name] ?? "";
  sayCode();
}

function drawKinds() {
  const kinds = limits().enterprise_kinds;
  const each = kinds.map((kind) => /** @type {[string, string]} */ ([kind, word(`kind.${kind}`)]));
  drawOptions("register-kinds", [...each, [kinds.join(BETWEEN), word("kind.both")]]);
}

export function beginRegister() {
  draws(drawKinds);
  draws(sayCode);
  inputById("register-valid_from").value = marketToday();
  byId("register-credit_code").addEventListener("blur", sayCode);
  whenSent("register", register);
  // Behind the listener of the form, which takes away what was said of the field.
  for (const event of ["input", "compositionend"]) byId("register").addEventListener(event, sayCode);
}
