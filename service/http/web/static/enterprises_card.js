// The enterprise that the page shows.
import { byId, list, make } from "./elements.js";
import { kindWords } from "./enterprises_known.js";
import { draws, may } from "./shell.js";
import { language, word } from "./words.js";

const ACTIVE = "active";

/** @type {{ enterprise: Enterprise | null, notice: string, changed: (() => void)[] }} */
const state = { enterprise: null, notice: "", changed: [] };

export const enterpriseNow = () => state.enterprise;

/**
 * Calls a function whenever another enterprise is shown, or the same one after a change.
 * @param {() => void} act
 */
export function whenShown(act) {
  state.changed.push(act);
}

/** @param {string} status */
export const statusMark = (status) => make("span", { class: `status ${status}` }, word(`status.${status}`));

/**
 * @param {Enterprise} enterprise
 * @returns {[string, string][]}
 */
const rowsOf = (enterprise) => [
  [word("credit_code"), enterprise.credit_code],
  [word("kinds"), kindWords(enterprise.kinds)],
  [word("valid_from"), enterprise.valid_from],
  [word("valid_until"), enterprise.valid_until ?? word("valid.always")],
  [word("recorded_by"), enterprise.recorded_by ? (enterprise.recorded_by.name ?? `${enterprise.recorded_by.id}`) : "—"],
];

/**
 * What may be done with an enterprise on the other pages.
 * @param {Enterprise} enterprise
 */
function links({ enterprise_id: id, kinds, status }) {
  const more = `enterprise_id=${id}&lang=${language()}`;
  const canTake = status === ACTIVE && may("transactions:write");
  return [
    canTake && make("a", { href: `/transfers?${more}` }, word("send.on")),
    kinds.includes("processor") && make("a", { href: `/processing-batches?${more}` }, word("batches")),
  ].filter((link) => link !== false);
}

function draw() {
  const { enterprise } = state;
  byId("card").hidden = enterprise === null;
  if (!enterprise) return;
  const { enterprise_id: id, name, status } = enterprise;
  byId("card-title").replaceChildren(make("b", {}, name), ` ${id} `, statusMark(status));
  byId("card-notice").textContent = state.notice;
  byId("card-about").replaceChildren(list(rowsOf(enterprise)));
  byId("card-tools").replaceChildren(...links(enterprise));
}

/**
 * Shows an enterprise and moves the focus there; `notice` says what has just happened.
 * @param {Enterprise} enterprise
 * @param {string} [notice]
 */
export function showEnterprise(enterprise, notice = "") {
  Object.assign(state, { enterprise, notice });
  const params = new URLSearchParams(location.search);
  params.set("enterprise_id", enterprise.enterprise_id);
  history.replaceState(null, "", `?${params}`);
  draw();
  for (const act of state.changed) act();
  byId("card-title").focus();
}

export function beginCard() {
  draws(draw);
}
