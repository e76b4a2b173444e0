// The page of trucks: register one, open it, split it among residents, reverse the split; and mandates to declare.
import catalogue from "./catalogue.js";
import { beginMandates } from "./consignments_mandates.js";
import { beginRegisterTruck } from "./consignments_register.js";
import { beginSplit, showSplitOf } from "./consignments_split.js";
import { beginTruck, openTruck } from "./consignments_truck.js";
import { beginUndo, showUndoOf } from "./consignments_undo.js";
import { byId, inputById } from "./elements.js";
import { knownGroups, learnGroups } from "./groups.js";
import { guardKeys } from "./record_keys.js";
import { beginSession, drawAll, keeps } from "./record_session.js";
import { scopeNote } from "./refusals.js";
import { drawOptions, limitFields } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { teach, word } from "./words.js";

const NEEDED = ["transactions:read", "transactions:write", "residents:read"];

function drawScopes() {
  byId("missing").replaceChildren(...NEEDED.filter((scope) => !may(scope)).map(scopeNote));
  byId("listing").hidden = !may("transactions:read");
  byId("registering").hidden = !may("transactions:write");
  byId("mandating").hidden = !may("residents:read");
  byId("giving").hidden = !may("residents:write");
}

/** The groups that can be chosen, instead of residents by their ids. */
function drawGroups() {
  const named = knownGroups().map(([id, name]) => /** @type {[string, string]} */ ([id, `${name} ${id}`]));
  for (const form of ["split", "give"]) drawOptions(`${form}-group_id`, [["", word("group.none")], ...named]);
}

/** Shows what the truck that is opened asks for: its split, and the way back from it. */
function show(/** @type {Truck | null} */ truck) {
  showSplitOf(truck);
  showUndoOf(truck);
}

async function begin() {
  teach(catalogue, "consignments", "record");
  guardKeys();
  if (!(await beginSession())) return;
  draws(drawScopes);
  draws(drawGroups);
  beginTruck(show);
  beginSplit(openTruck);
  beginUndo(openTruck);
  beginRegisterTruck(openTruck);
  beginMandates();
  const drawLimits = limitFields();
  draws(() => drawLimits.forEach((drawLimit) => drawLimit()));
  keeps(
    () => ({}),
    () => {},
  );
  if (may("residents:read")) await learnGroups();
  drawAll();
  const asked = new URLSearchParams(location.search).get("consignment");
  if (asked && may("transactions:read")) {
    inputById("open-consignment").value = asked;
    await openTruck(asked);
  } else byId(may("transactions:read") ? "open-consignment" : "register-consignment").focus();
  document.documentElement.dataset.ready = "true";
}

begin();
