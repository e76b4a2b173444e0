// The page of transfers: goods of the market are chosen and go on to an enterprise; the delivery note; the list; reversing.
import catalogue from "./catalogue.js";
import { byId } from "./elements.js";
import { guardKeys } from "./record_keys.js";
import { beginSession, drawAll, keeps } from "./record_session.js";
import { scopeNote } from "./refusals.js";
import { limitFields } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { beginChoosing, chooseAsked } from "./transfers_choose.js";
import { beginGoods } from "./transfers_goods.js";
import { beginTransferList, readListAgain } from "./transfers_list.js";
import { beginNote, openTransfer, showNote } from "./transfers_note.js";
import { beginSending, focusSend } from "./transfers_send.js";
import { teach } from "./words.js";

const NEEDED = ["transactions:read", "transactions:write"];

function drawScopes() {
  byId("missing").replaceChildren(...NEEDED.filter((scope) => !may(scope)).map(scopeNote));
}

/** Opens what the address names: a transfer, or a truck or a trade to be sent on. */
async function openAsked() {
  const params = new URLSearchParams(location.search);
  const id = params.get("transfer_id");
  if (id && may("transactions:read")) return openTransfer(id);
  if (!byId("waiting").hidden || !may("transactions:read")) return false;
  return chooseAsked(params, focusSend);
}

async function begin() {
  teach(catalogue, "transfers", "record", "residents");
  guardKeys();
  if (!(await beginSession())) return;
  draws(drawScopes);
  beginGoods();
  beginChoosing(focusSend);
  beginNote(readListAgain);
  beginTransferList(openTransfer);
  const drawLimits = limitFields();
  draws(() => drawLimits.forEach((drawLimit) => drawLimit()));
  keeps(
    () => ({}),
    () => {},
  );
  drawAll();
  const wanted = new URLSearchParams(location.search).get("enterprise_id");
  const posted = (/** @type {Transfer} */ transfer, /** @type {string} */ notice) => {
    showNote(transfer, notice);
    readListAgain();
  };
  await beginSending(posted, wanted);
  drawAll();
  const isOpened = await openAsked();
  if (!isOpened) byId(byId("waiting").hidden ? "choose-consignment" : "waiting-again").focus();
  document.documentElement.dataset.ready = "true";
}

begin();
