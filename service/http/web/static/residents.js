// The page of residents: find one by id, citizen number or name; register, change and group them.
import catalogue from "./catalogue.js";
import { byId, inputById } from "./elements.js";
import { guardKeys } from "./record_keys.js";
import { beginSession, drawAll, keeps, takeDraft } from "./record_session.js";
import { scopeNote } from "./refusals.js";
import { beginCard, residentNow } from "./residents_card.js";
import { beginChange } from "./residents_change.js";
import { beginFinding, find } from "./residents_find.js";
import { limitFields } from "./residents_forms.js";
import { beginGroups, openGroup } from "./residents_groups.js";
import { beginRegister, registering, restoreRegistering } from "./residents_register.js";
import { draws, may } from "./shell.js";
import { teach } from "./words.js";

function drawScopes() {
  const needed = ["residents:read", "residents:write"].filter((scope) => !may(scope));
  byId("missing").replaceChildren(...needed.map(scopeNote));
  byId("finding").hidden = !may("residents:read");
}

/** Opens what the address names, or what stood here when the session ended. */
function takeUp() {
  const { resident_id: before, ...kept } = takeDraft() ?? {};
  restoreRegistering(kept);
  const params = new URLSearchParams(location.search);
  const id = params.get("resident_id") ?? before;
  const group = params.get("group_id");
  if (id && may("residents:read")) {
    inputById("find-who").value = id;
    find();
  } else if (group && may("residents:read")) openGroup(group);
  else (may("residents:read") ? byId("find-who") : byId("register-name")).focus();
}

async function begin() {
  teach(catalogue, "residents", "record");
  guardKeys();
  if (!(await beginSession())) return;
  draws(drawScopes);
  beginFinding();
  beginCard();
  beginRegister();
  beginChange();
  const drawLimits = limitFields();
  draws(() => drawLimits.forEach((drawLimit) => drawLimit()));
  keeps(
    () => ({ resident_id: residentNow()?.resident_id ?? null, ...registering() }),
    () => {},
  );
  await beginGroups(drawAll);
  drawAll();
  takeUp();
  document.documentElement.dataset.ready = "true";
}

begin();
