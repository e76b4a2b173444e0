// The page of enterprises: who they are, what they have taken, a new one, and a change of status.
import { ask } from "./answers.js";
import catalogue from "./catalogue.js";
import { byId } from "./elements.js";
import { beginCard, showEnterprise } from "./enterprises_card.js";
import { beginChange } from "./enterprises_change.js";
import { beginList } from "./enterprises_list.js";
import { beginRegister, registering, restoreRegistering } from "./enterprises_register.js";
import { beginTaken } from "./enterprises_taken.js";
import { guardKeys } from "./record_keys.js";
import { beginSession, drawAll, keeps, takeDraft } from "./record_session.js";
import { sayFailure, scopeNote } from "./refusals.js";
import { limitFields } from "./residents_forms.js";
import { draws, may, sayError } from "./shell.js";
import { teach } from "./words.js";

const NEEDED = ["transactions:read", "transactions:write"];

function drawScopes() {
  byId("missing").replaceChildren(...NEEDED.filter((scope) => !may(scope)).map(scopeNote));
  byId("listing").hidden = !may("transactions:read");
  byId("registering").hidden = !may("transactions:write");
}

/** Opens the enterprise that a link names. */
async function openAsked() {
  const id = new URLSearchParams(location.search).get("enterprise_id");
  if (!id || !may("transactions:read")) return false;
  try {
    showEnterprise(await ask(`/v1/enterprises/${encodeURIComponent(id)}`));
    return true;
  } catch (error) {
    sayError(...sayFailure(error));
    return false;
  }
}

async function begin() {
  teach(catalogue, "enterprises", "record", "residents");
  guardKeys();
  if (!(await beginSession())) return;
  draws(drawScopes);
  beginCard();
  beginChange();
  beginTaken();
  beginList();
  beginRegister();
  const drawLimits = limitFields();
  draws(() => drawLimits.forEach((drawLimit) => drawLimit()));
  keeps(registering, () => {});
  drawAll();
  restoreRegistering(takeDraft() ?? {});
  if (!(await openAsked())) byId(may("transactions:read") ? "list-name" : "register-name").focus();
  document.documentElement.dataset.ready = "true";
}

begin();
