// The receipt of what was posted, and where the ledger has sealed it.
import { ask } from "./answers.js";
import { button, byId, list, make } from "./elements.js";
import { essentials, rowsOf } from "./record_entry.js";
import { sayFailure, scopeNote } from "./refusals.js";
import { draws, may } from "./shell.js";
import { nameOf, word } from "./words.js";

const POLL_MS = 500;
const PATIENCE_MS = 10_000;
const QUIET_ZONE = 4;
const SVG = "http://www.w3.org/2000/svg";
/** In numbers, as CSS has no name for A6. */
const PAPERS = { A6: "size: 105mm 148mm; margin: 6mm", A5: "size: 148mm 210mm; margin: 10mm" };
const place = byId("receipt");
const page = new CSSStyleSheet();

/** @typedef {Awaited<ReturnType<typeof import("./vendor/qrcode.js").default>>} Code */

/**
 * @typedef {object} Shown
 * @property {Entry} entry
 * @property {string | null} name
 * @property {number | null} block
 * @property {Proof | null} proof
 * @property {Code | null} qr
 * @property {unknown} failure
 * @property {boolean} isLate
 */

/** @type {Shown | null} */
let shown = null;
/** @type {(id: string) => void} */
let reverse = () => {};
/** @type {(id: string, block: number) => void} */
let whenSealed = () => {};

/** @returns {keyof typeof PAPERS} */
const paperNow = () => (place.dataset.paper === "A5" ? "A5" : "A6");

/** @param {keyof typeof PAPERS} size */
function setPaper(size) {
  place.dataset.paper = size;
  page.replaceSync(`@page { ${PAPERS[size]} }`);
  document.adoptedStyleSheets = [page];
}

/** @param {Entry} entry */
function tools(entry) {
  const paper = make("select", { id: "paper" }, make("option", {}, "A6"), make("option", {}, "A5"));
  paper.value = paperNow();
  paper.addEventListener("change", () => setPaper(paper.value === "A5" ? "A5" : "A6"));
  const canReverse = entry.kind === "trade" && may("transactions:write");
  return make(
    "p",
    { class: "tools" },
    make("label", { for: "paper" }, word("paper")),
    paper,
    button("print", word("print"), () => print()),
    canReverse ? button("undo", `${word("reverse")}…`, () => reverse(entry.transaction_id)) : "",
  );
}

function draw() {
  if (!shown) return;
  const { entry, name } = shown;
  const title = word(entry.kind === "reversal" ? "receipt.reversal" : "receipt");
  place.replaceChildren(
    make("h2", { id: "receipt-title", tabindex: "-1" }, title),
    make("p", { class: "quiet" }, `${word("receipt.market")} · ${nameOf("trade_point", entry.trade_point)}`),
    document.body.dataset.demo ? make("p", { class: "demo" }, word("demo")) : "",
    list(rowsOf(entry, name)),
    make("div", { id: "sealed", "aria-live": "polite" }),
    tools(entry),
  );
  place.hidden = false;
  drawSeal(shown);
}

// Where it is sealed

/** @param {Shown} mine */
function drawSeal(mine) {
  byId("sealed").replaceChildren(...sealWords(mine));
}

/**
 * @param {Shown} mine
 * @returns {Node[]}
 */
function sealWords(mine) {
  const { block, proof, qr, failure, isLate } = mine;
  const check = () => button("check", word("check"), () => follow(mine));
  if (!may("transactions:read")) return [scopeNote("transactions:read")];
  if (failure) return [...sayFailure(failure), check()];
  if (block === null && !isLate) return [make("p", { class: "quiet" }, word("folding"))];
  if (block === null) return [make("p", {}, word("unfolded")), check()];
  /** @type {[string, string][]} */
  const rows = [[word("block"), String(block)]];
  if (proof && qr) return [list([...rows, [word("block_hash"), proof.block.hash]]), codeOf(qr)];
  return may("ledger:verify") ? [list(rows)] : [list(rows), scopeNote("ledger:verify")];
}

/** @param {Code} qr */
function codeOf(qr) {
  const count = qr.getModuleCount();
  const size = count + 2 * QUIET_ZONE;
  const drawn = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  let dots = "";
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      if (qr.isDark(row, column)) dots += `M${column + QUIET_ZONE} ${row + QUIET_ZONE}h1v1h-1z`;
    }
  }
  path.setAttribute("d", dots);
  const attributes = {
    id: "qr",
    viewBox: `0 0 ${size} ${size}`,
    role: "img",
    "aria-label": word("qr"),
    "shape-rendering": "crispEdges",
  };
  for (const [name, value] of Object.entries(attributes)) drawn.setAttribute(name, value);
  drawn.append(path);
  return drawn;
}

/** @param {Shown} mine */
async function follow(mine) {
  Object.assign(mine, { failure: null, isLate: false });
  if (mine === shown) drawSeal(mine);
  const until = performance.now() + PATIENCE_MS;
  try {
    while (mine === shown && mine.block === null && performance.now() < until) {
      mine.block = (await ask(`/v1/transactions/${mine.entry.transaction_id}`)).block;
      if (mine.block === null) await wait(POLL_MS);
    }
    if (mine.block !== null && mine === shown) whenSealed(mine.entry.transaction_id, mine.block);
    if (mine.block !== null && may("ledger:verify")) await prove(mine);
    mine.isLate = mine.block === null;
  } catch (error) {
    mine.failure = error;
  }
  if (mine === shown) drawSeal(mine);
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
const wait = (milliseconds) =>
  new Promise((go) => {
    setTimeout(go, milliseconds);
  });

/** @param {Shown} mine */
async function prove(mine) {
  const path = `/v1/transactions/${mine.entry.transaction_id}/proof`;
  const [proof, { default: qrcode }] = await Promise.all([ask(path), import("./vendor/qrcode.js")]);
  const qr = qrcode(0, "M");
  qr.addData(essentials(proof), "Byte");
  qr.make();
  Object.assign(mine, { proof, qr });
}

/**
 * @param {Entry} entry
 * @param {string | null} name
 * @param {boolean} [isFocused] whether the clerk goes on there
 */
export function showReceipt(entry, name, isFocused = true) {
  shown = { entry, name, block: null, proof: null, qr: null, failure: null, isLate: false };
  setPaper(paperNow());
  draw();
  document.body.classList.add("receipted");
  if (isFocused) byId("receipt-title").focus();
  if (may("transactions:read")) follow(shown);
}

/**
 * @param {(id: string) => void} startReversal
 * @param {(id: string, block: number) => void} [sealed] is told in which block the entry that is shown was found
 */
export function beginReceipt(startReversal, sealed = () => {}) {
  reverse = startReversal;
  whenSealed = sealed;
  draws(draw);
}
