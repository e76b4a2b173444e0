// What changes a resident: a status from a day on, with its reason, and the group that the resident is in.
import { byId, inputById } from "./elements.js";
import { limits } from "./limits.js";
import { residentNow, showResident, whenShown, groupWords } from "./residents_card.js";
import { bodyOf, clearMarks, drawOptions, empty, mark, marketToday, post, whenSent } from "./residents_forms.js";
import { groupOptions, groupsChanged } from "./residents_groups.js";
import { draws, may } from "./shell.js";
import { say, word } from "./words.js";

const FINAL = "cancelled";

const chosenStatus = () => byId("change-status", HTMLSelectElement).value;
const chosenDay = () => inputById("change-effective_on").value;

/** A cancellation is for good: its box has to be ticked, which no Enter does. */
function drawFinal() {
  const resident = residentNow();
  const isFinal = chosenStatus() === FINAL && resident !== null;
  byId("final").hidden = !isFinal;
  if (!isFinal) return;
  const { resident_id: id, name } = resident;
  byId("change-final-text").textContent = say("change.final", { name: name ?? "", id, day: chosenDay() || "—" });
}

/** What was confirmed was another status, day or resident. */
function unconfirm() {
  inputById("change-final").checked = false;
  mark("change-final", "");
  drawFinal();
}

async function change() {
  const resident = residentNow();
  if (!resident) return;
  const status = chosenStatus();
  if (status === FINAL && !inputById("change-final").checked) {
    mark("change-final", word("change.tick"));
    inputById("change-final").focus();
    return;
  }
  const body = bodyOf("change", ["status", "effective_on", "reason"]);
  const changed = await post("change", `/v1/residents/${resident.resident_id}/status`, body);
  if (!changed) return;
  const parts = { status: word(`status.${status}`), day: body.effective_on ?? marketToday() };
  byId("changing", HTMLDetailsElement).open = false;
  showResident(changed, say("changed", parts));
}

async function join() {
  const resident = residentNow();
  const { group_id: group, ...more } = bodyOf("join", ["group_id", "effective_on"]);
  if (!resident) return;
  if (!group) {
    mark("join-group_id", word("error.required"));
    byId("join-group_id").focus();
    return;
  }
  const body = { resident_ids: [resident.resident_id], ...more };
  const joined = await post("join", `/v1/groups/${group}/members`, body);
  if (!joined) return;
  byId("joining", HTMLDetailsElement).open = false;
  groupsChanged();
  // From a later day on, today's group is still the one before.
  const day = more.effective_on;
  const isNow = !day || day <= marketToday();
  const shown = isNow ? { ...resident, group_id: group } : resident;
  showResident(shown, say(day ? "joined.on" : "joined", { group: groupWords(group), day: day ?? "" }));
}

/** The forms belong to the resident who is shown: what was typed for another one goes. */
function begin() {
  for (const form of ["change", "join"]) clearMarks(form);
  empty("change", ["reason"]);
  empty("join", ["effective_on"]);
  inputById("change-effective_on").value = marketToday();
  byId("change-status", HTMLSelectElement).value = "";
  byId("join-group_id", HTMLSelectElement).value = "";
  unconfirm();
}

export function beginChange() {
  draws(() => {
    const named = limits().statuses.map((name) => /** @type {[string, string]} */ ([name, word(`status.${name}`)]));
    drawOptions("change-status", [["", word("choose")], ...named]);
    drawOptions("join-group_id", [["", word("choose")], ...groupOptions()]);
    byId("changing").hidden = byId("joining").hidden = !may("residents:write");
    drawFinal();
  });
  for (const name of ["status", "effective_on"]) byId(`change-${name}`).addEventListener("input", unconfirm);
  whenShown(begin);
  whenSent("change", change);
  whenSent("join", join);
}
