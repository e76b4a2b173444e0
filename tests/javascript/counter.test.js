// The counter: numbers as people type them, ids as readers spell them, and what a reader's burst is.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./limits.js";
import { Burst, placeOf } from "../../service/http/web/static/record_scan.js";
import { amountOf, identityOf, readNumber, shortest } from "../../service/http/web/static/record_typed.js";
import { questionsOf } from "../../service/http/web/static/record_posting.js";
import { warningWords } from "../../service/http/web/static/record_verdict.js";
import { lineAgain } from "../../service/http/web/static/record_undo.js";
import { speak } from "../../service/http/web/static/words.js";
import { teachPage } from "./words.js";

teachPage("record");

/** @type {(text: string, decimals?: number, meant?: string) => string} */
function told(text, decimals = 3, meant = undefined) {
  const { value, wrong, either } = readNumber(text, decimals, meant);
  return wrong ?? (either ? either.join(" | ") : value);
}

test("full-width digits, blanks and commas between thousands are understood", () => {
  for (const text of [
    "2300",
    "2,300",
    "２３００",
    "２，３００",
    " 2 300 ",
    "2\u00a0300",
    "2\u3000300",
    "2, 300",
    "02300",
  ]) {
    assert.equal(told(text), "2300", text);
  }
  assert.equal(told("1,234,567.5"), "1234567.5");
  assert.equal(told("１２．５"), "12.5");
  assert.equal(told("12。5"), "12.5", "the point of a Chinese keyboard");
  assert.equal(told(".5"), "0.5");
  assert.equal(told("5."), "5");
  assert.equal(told("  "), "");
});

test("what may be two numbers is never guessed", () => {
  assert.equal(told("2.300"), "2.300 | 2300");
  assert.equal(told("2.300", 3, "2.300"), "2.300", "once the clerk has said so");
  assert.equal(told("2.400", 3, "2.300"), "2.400 | 2400", "of that number only");
  assert.equal(told("2.300", 2), "number.unclear");
  assert.equal(told("0.300"), "0.300");
  assert.equal(told("1234.500"), "1234.500");
  assert.equal(told("2.30"), "2.30");
});

test("what is not clear or no number is refused in words", () => {
  for (const text of ["2,3", "2,30", "12,5", "2,3000", "1 5", "1.234.567", "1,234 567", ",300", "1,,000"]) {
    assert.equal(told(text), "number.unclear", text);
  }
  for (const text of ["abc", "-5", "+5", "1e3", "五十", "5kg", "1_000"]) assert.equal(told(text), "number.none", text);
});

test("weight × price is rounded half up to fen, exactly", () => {
  assert.equal(amountOf("0.5", "16.67"), "8.34");
  assert.equal(amountOf("479.904", "16.67"), "8000.00");
  assert.equal(amountOf("471.2", "16.67"), "7854.90");
  assert.equal(amountOf("0.001", "4.9999"), "0.00");
  assert.equal(amountOf("0.001", "5"), "0.01");
  assert.equal(amountOf("9999999999.999", "9999.9999"), "99999998999990.00");
  assert.equal(amountOf("", "16.67"), "");
  assert.equal(amountOf("2.3456", "16.67"), "");
});

test("an id is read in any letters and widths, and a weight is none", () => {
  for (const text of ["R00000021", "r00000021", "00000021", "Ｒ０００００００２１".replace("０", ""), " r0000 0021 "]) {
    assert.equal(identityOf(text), "R00000021", text);
  }
  assert.equal(identityOf("15250119900101123x"), "15250119900101123X");
  for (const text of ["471", "471.2", "R21", "00000000", "152501", "6901234567892"]) {
    assert.equal(identityOf(text), null, text);
  }
});

/** @type {(text: string, gap: number, from?: number) => { text: string, undo: () => void } | null} */
function typed(text, gap, from = 0) {
  const burst = new Burst();
  [...text].forEach((key, n) => burst.press({ key, at: from + n * gap, place: "one", undo: () => {} }));
  return burst.end(from + text.length * gap);
}

test("a reader is quick, and a hand is not", () => {
  assert.equal(typed("R00000021", 3)?.text, "R00000021");
  assert.equal(typed("R00000021", 30)?.text, "R00000021", "over radio");
  assert.equal(typed("R00000021", 80), null);
  assert.equal(typed("471.25", 2), null, "a weight");
  assert.equal(typed("8000.00123", 2), null, "a code has no point");
});

test("a key that a busy machine holds back cuts no code, and a pause of a hand does", () => {
  const burst = new Burst();
  let at = 0;
  [..."R00000021"].forEach((key, n) => burst.press({ key, at: (at += n === 4 ? 300 : 4), place: 0, undo: () => {} }));
  assert.equal(burst.end(at + 4)?.text, "R00000021");
  burst.press({ key: "R", at: 0, place: 0, undo: () => {} });
  [..."0000021"].forEach((key, n) => burst.press({ key, at: 1100 + n, place: 0, undo: () => {} }));
  assert.equal(burst.end(1110), null);
});

test("what a hand typed before the code stays, and each key of the code is taken out, the last one first", () => {
  const burst = new Burst();
  /** @type {string[]} */
  const undone = [];
  [..."47R00000021"].forEach((key, n) => {
    burst.press({ key, at: n * 4, place: n < 7 ? "one" : "other", undo: () => undone.push(key) });
  });
  const read = burst.end(50);
  assert.equal(read?.text, "R00000021");
  read?.undo();
  assert.equal(undone.join(""), "12000000R");
});

test("a code goes to the number field from everywhere; another code stays in a text, and sends nothing", () => {
  assert.equal(placeOf("R00000021", "consignment"), "find");
  assert.equal(placeOf("15250119900101123X", "reference"), "find");
  assert.equal(placeOf("WB-2024-1", "consignment"), "stay");
  assert.equal(placeOf("6901234567892", "quantity_kg"), "find", "to be said that it is nobody");
  assert.equal(placeOf("01a22ae2-f454-7647-aadb-d96c6efd3c75", "transaction"), "pass");
});

test("a tax and three warnings are asked about, the others only said", () => {
  speak("en");
  const quote = { verdict: "taxed", exempt_cny: "0.00", remaining_after_cny: "0.00", rule_version: "1" };
  const codes = ["near-limit", "price-unusual", "weight-not-checked", "back-dated", "looks-doubled"];
  const warnings = codes.map((code) => ({ code, detail: `${code}.` }));
  assert.deepEqual(questionsOf({ ...quote, taxable_cny: "0.00" }), []);
  assert.deepEqual(questionsOf({ ...quote, taxable_cny: "0.01", warnings }), [
    "0.01\u00a0CNY of it is above the allowance and is taxed.",
    "price-unusual.",
    "back-dated.",
    "looks-doubled.",
  ]);
  speak("zh");
  assert.equal(warningWords({ code: "back-dated", detail: "It is old." }), "补录超过 7 天");
  assert.equal(warningWords({ code: "new", detail: "It is new." }), "It is new.");
  speak("en");
});

test("a line comes back as it was posted, with its price where the price still makes its amount", () => {
  const entry = /** @type {Entry} */ ({
    direction: "import", trade_point: "erenhot", category: "meat", commodity: "熟牛肉", hs_code: null, origin: "MN",
    consignment: "C-1", vehicle_plate: null, seller: "某公司", reference: null, over_allowance: "tax",
    quantity_kg: "471.200", amount_cny: "7854.90", traded_at: "2024-04-03T10:00:59+08:00",
  }); // prettier-ignore
  const line = lineAgain(entry, "16.67");
  assert.equal(line.quantity_kg, "471.2", "no number that may be two");
  assert.equal(line.price, "16.67");
  assert.equal(line.traded_at, "2024-04-03T10:00:59");
  assert.equal(lineAgain(entry, "16.7").price, "");
  assert.equal(shortest("100.000"), "100");
  assert.equal(shortest("100"), "100");
});
