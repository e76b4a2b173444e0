// The page of processing batches: transfers go in, goods come out; a batch that was made, and all of them.
import catalogue from "./catalogue.js";
import { byId } from "./elements.js";
import { beginBatch, openBatch, showBatch } from "./processing_batches_batch.js";
import { beginBatchList, readBatchesAgain } from "./processing_batches_list.js";
import { beginMaking, chooseInputs, inputsChanged } from "./processing_batches_make.js";
import { guardKeys } from "./record_keys.js";
import { beginSession, drawAll, keeps } from "./record_session.js";
import { scopeNote } from "./refusals.js";
import { limitFields } from "./residents_forms.js";
import { draws, may } from "./shell.js";
import { teach } from "./words.js";

const NEEDED = ["transactions:read", "transactions:write"];

function drawScopes() {
  byId("missing").replaceChildren(...NEEDED.filter((scope) => !may(scope)).map(scopeNote));
}

function changed() {
  readBatchesAgain();
  inputsChanged();
}

async function openAsked() {
  const params = new URLSearchParams(location.search);
  const id = params.get("processing_batch_id");
  const batch = id && may("transactions:read") ? await openBatch(id) : null;
  const enterprise = batch?.enterprise_id ?? params.get("enterprise_id");
  if (may("transactions:write")) await chooseInputs(enterprise, params.get("transfer_id"));
  return batch !== null;
}

async function begin() {
  teach(catalogue, "processing_batches", "record", "residents");
  guardKeys();
  if (!(await beginSession())) return;
  draws(drawScopes);
  beginBatch(changed);
  beginMaking((batch, notice) => {
    showBatch(batch, notice);
    changed();
  });
  beginBatchList(openBatch);
  const drawLimits = limitFields();
  draws(() => drawLimits.forEach((drawLimit) => drawLimit()));
  keeps(
    () => ({}),
    () => {},
  );
  drawAll();
  const isOpened = await openAsked();
  const first = [...document.querySelectorAll("#waiting-again, #make-enterprise_id, #list-enterprise_id")];
  if (!isOpened) /** @type {HTMLElement | undefined} */ (first.find((each) => !each.closest("[hidden]")))?.focus();
  document.documentElement.dataset.ready = "true";
}

begin();
