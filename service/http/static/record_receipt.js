// The receipt of what was posted, and where the ledger has sealed it.
import { ask } from "./answers.js";
import { grouped } from "./exact.js";
import { cny } from "./record_line.js";
import { draws, may, sayFailure, scopeNote } from "./record_shell.js";
import { make } from "./tables.js";
import { nameOf, word } from "./words.js";

const POLL_MS = 500;
const PATIENCE_MS = 10_000;
const QUIET_ZONE = 4;
const SVG = "http://www.w3.org/2000/svg";
// In numbers, as CSS has no name for A6.
const PAPERS = { A6: "size: 105mm 148mm; margin: 6mm", A5: "size: 148mm 210mm; margin: 10mm" };
const place = document.getElementById("receipt");
const page = new CSSStyleSheet();
let shown = null;
let reverse = () => {};

const instant = (text) => text.replace("T", " ").replace(/(\.\d+)?([+-]\d\d:\d\d|Z)$/, "");

// What is said of a transaction, as pairs of a word and a text; what it does not have is left out.
export function rowsOf(entry, name) {
  const kg = `${grouped(entry.quantity_kg)}\u00a0${word("unit.quantity_kg")}`;
  return [
    [word("transaction_id"), entry.transaction_id],
    [word("reverses"), entry.reverses],
    [word("reason"), entry.reason],
    [word("resident"), [entry.resident_id, name].filter(Boolean).join(" ")],
    [word("field.category"), nameOf("category", entry.category)],
    [word("field.commodity"), entry.commodity],
    [word("field.hs_code"), entry.hs_code],
    [word("field.origin"), nameOf("origin", entry.origin)],
    [word("quantity_kg"), kg],
    [word("amount"), cny(entry.amount_cny)],
    [word("exempt"), cny(entry.exempt_cny)],
    [word("taxable"), cny(entry.taxable_cny)],
    [word("verdict"), word(`verdict.${entry.verdict}`)],
    [word("rule"), entry.rule_version],
    [word("field.traded_at"), instant(entry.traded_at)],
    [word("recorded_at"), instant(entry.recorded_at)],
    [word("field.consignment"), entry.consignment],
    [word("field.vehicle_plate"), entry.vehicle_plate],
    [word("field.reference"), entry.reference],
  ].filter(([, text]) => text);
}

export function list(rows) {
  return make("dl", {}, ...rows.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))));
}

function button(id, text, act) {
  const made = make("button", { type: "button", id }, text);
  made.addEventListener("click", act);
  return made;
}

function setPaper(size) {
  place.dataset.paper = size;
  page.replaceSync(`@page { ${PAPERS[size]} }`);
  document.adoptedStyleSheets = [page];
}

function tools(entry) {
  const paper = make("select", { id: "paper" }, make("option", {}, "A6"), make("option", {}, "A5"));
  paper.value = place.dataset.paper ?? "A6";
  paper.addEventListener("change", () => setPaper(paper.value));
  return make(
    "p",
    { class: "tools" },
    make("label", { for: "paper" }, word("paper")),
    paper,
    button("print", word("print"), () => print()),
    entry.kind === "trade" && may("transactions:write")
      ? button("undo", `${word("reverse")}…`, () => reverse(entry.transaction_id))
      : "",
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
  drawSeal();
}

// Where it is sealed

function drawSeal() {
  const { block, proof, failure, isLate } = shown;
  const seal = document.getElementById("sealed");
  if (!may("transactions:read")) return seal.replaceChildren(scopeNote("transactions:read"));
  if (failure)
    return seal.replaceChildren(
      ...sayFailure(failure),
      button("check", word("check"), () => follow(shown)),
    );
  if (block === null && !isLate) return seal.replaceChildren(make("p", { class: "quiet" }, word("folding")));
  if (block === null)
    return seal.replaceChildren(
      make("p", {}, word("unfolded")),
      button("check", word("check"), () => follow(shown)),
    );
  const hash = proof && [word("block_hash"), proof.block.hash];
  seal.replaceChildren(list([[word("block"), String(block)], hash].filter(Boolean)));
  if (proof) seal.append(codeOf(shown.qr));
  else if (!may("ledger:verify")) seal.append(scopeNote("ledger:verify"));
}

// The essentials of the proof: what to ask for, and what the answer has to be.
export function essentials(proof) {
  const { transaction, leaf_hash: leaf, block } = proof;
  return `hushi-proof:1\ntransaction:${transaction.transaction_id}\nleaf:${leaf}\nblock:${block.no}\nhash:${block.hash}`;
}

function codeOf(qr) {
  const count = qr.getModuleCount(),
    size = count + 2 * QUIET_ZONE;
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

async function follow(mine) {
  Object.assign(mine, { failure: null, isLate: false });
  if (mine === shown) drawSeal();
  const until = performance.now() + PATIENCE_MS;
  try {
    while (mine === shown && mine.block === null && performance.now() < until) {
      mine.block = (await ask(`/v1/transactions/${mine.entry.transaction_id}`)).block;
      if (mine.block === null) await new Promise((go) => setTimeout(go, POLL_MS));
    }
    if (mine.block !== null && may("ledger:verify")) await prove(mine);
    mine.isLate = mine.block === null;
  } catch (error) {
    mine.failure = error;
  }
  if (mine === shown) drawSeal();
}

async function prove(mine) {
  const path = `/v1/transactions/${mine.entry.transaction_id}/proof`;
  const [proof, { default: qrcode }] = await Promise.all([ask(path), import("./vendor/qrcode.js")]);
  const qr = qrcode(0, "M");
  qr.addData(essentials(proof), "Byte");
  qr.make();
  Object.assign(mine, { proof, qr });
}

export function showReceipt(entry, name) {
  shown = { entry, name, block: null, proof: null, failure: null, isLate: false };
  setPaper(place.dataset.paper ?? "A6");
  draw();
  document.body.classList.add("receipted");
  document.getElementById("receipt-title").focus();
  if (may("transactions:read")) follow(shown);
}

export function beginReceipt(startReversal) {
  reverse = startReversal;
  draws(draw);
}
