// What changes an enterprise: a status from a day on, with its reason.
import { byId, inputById } from "./elements.js";
import { enterpriseNow, showEnterprise, whenShown } from "./enterprises_card.js";
import { limits } from "./limits.js";
import { Attempt } from "./record_api.js";
import { bodyOf, clearMarks, drawOptions, empty, mark, marketToday, sayRefused, whenSent } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const FINAL = "cancelled";
const attempt = new Attempt("enterprise-status");

const chosenStatus = () => byId("change-status", HTMLSelectElement).value;
const chosenDay = () => inputById("change-effective_on").value;

/** A cancellation is for good: its box has to be ticked, which no Enter does. */
function drawFinal() {
  const enterprise = enterpriseNow();
  const isFinal = chosenStatus() === FINAL && enterprise !== null;
  byId("final").hidden = !isFinal;
  if (!isFinal) return;
  const { enterprise_id: id, name } = enterprise;
  byId("change-final-text").textContent = say("change.final", { name, id, day: chosenDay() || "—" });
}

/** What was confirmed was another status, day or enterprise. */
function unconfirm() {
  inputById("change-final").checked = false;
  mark("change-final", "");
  drawFinal();
}

async function change() {
  const enterprise = enterpriseNow();
  if (!enterprise) return;
  const status = chosenStatus();
  if (status === FINAL && !inputById("change-final").checked) {
    mark("change-final", word("change.tick"));
    inputById("change-final").focus();
    return;
  }
  const body = bodyOf("change", ["status", "effective_on", "reason"]);
  try {
    const changed = await attempt.startAnew(`/v1/enterprises/${enterprise.enterprise_id}/status`, body);
    const parts = { status: word(`status.${status}`), day: body.effective_on ?? marketToday() };
    byId("changing", HTMLDetailsElement).open = false;
    showEnterprise(changed, say("changed", parts));
  } catch (error) {
    sayRefused("change", error);
  }
}

/** The form belongs to the enterprise that is shown: what was typed for another one goes. */
function begin() {
  clearMarks("change");
  empty("change", ["reason"]);
  inputById("change-effective_on").value = marketToday();
  byId("change-status", HTMLSelectElement).value = "";
  byId("changing").hidden = !may("transactions:write") || enterpriseNow()?.status === FINAL;
  unconfirm();
}

export function beginChange() {
  draws(() => {
    const named = limits().statuses.map((name) => /** @type {[string, string]} */ ([name, word(`status.${name}`)]));
    drawOptions("change-status", [["", word("choose")], ...named]);
    drawFinal();
  });
  for (const name of ["status", "effective_on"]) byId(`change-${name}`).addEventListener("input", unconfirm);
  whenShown(begin);
  whenSent("change", change);
}
