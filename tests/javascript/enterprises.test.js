// What is typed about enterprises and transfers: credit codes, weights, what a part of a trade is worth, the yield.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./limits.js";
import { checkCharacter, readCode, spelledCode } from "../../service/http/web/static/credit_code.js";
import { yieldOf } from "../../service/http/web/static/processing_batches_outputs.js";
import { leftGrams, readTaken, sumsOf, worthOf } from "../../service/http/web/static/transfers_sums.js";

const TENCENT = "9144030071526726XG";
const EXAMPLE = "91350100M000100Y43";

/** @param {Partial<GoodsTrade>} changes */
const aTrade = (changes = {}) =>
  /** @type {GoodsTrade} */ ({
    transaction_id: "1",
    resident_id: "R00000001",
    quantity_kg: "479.904",
    amount_cny: "8000.00",
    transferred_kg: "0.000",
    transferred_cny: "0.00",
    ...changes,
  });

test("a code of the standard and one of the public register fit", () => {
  for (const code of [TENCENT, EXAMPLE]) {
    assert.equal(checkCharacter(code.slice(0, -1)), code.slice(-1));
    assert.equal(readCode(code).state, "fits");
  }
});

test("one character changed or two exchanged do not fit", () => {
  const known = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  for (let place = 0; place < EXAMPLE.length; place += 1) {
    const others = [...known].filter((character) => character !== EXAMPLE[place]);
    for (const other of others) {
      assert.equal(readCode(EXAMPLE.slice(0, place) + other + EXAMPLE.slice(place + 1)).state, "check");
    }
  }
  assert.equal(readCode("91350100M00010Y043").state, "check");
});

test("a code is told how far it is, and which characters no code has", () => {
  assert.equal(readCode("").state, "empty");
  assert.equal(readCode("9135").state, "short");
  assert.equal(readCode(`${EXAMPLE}1`).state, "long");
  assert.deepEqual(readCode("9135O1S"), { state: "characters", foreign: "O S" });
  assert.equal(spelledCode(" 91350100ｍ000100 Y43 "), EXAMPLE);
});

test("what a part is worth is what the ledger says", () => {
  const whole = aTrade();
  assert.equal(worthOf(whole, 100_000n), 166_700n);
  const rest = aTrade({ transferred_kg: "100.000", transferred_cny: "1667.00" });
  assert.equal(leftGrams(rest), 379_904n);
  assert.equal(worthOf(rest, 379_904n), 633_300n);
  const thirds = ["0.00", "0.33", "0.67"].map((gone, n) =>
    worthOf(
      aTrade({ quantity_kg: "0.003", amount_cny: "1.00", transferred_kg: `0.00${n}`, transferred_cny: gone }),
      1n,
    ),
  );
  assert.deepEqual(thirds, [33n, 34n, 33n]);
  const overpaid = aTrade({
    quantity_kg: "0.003",
    amount_cny: "0.01",
    transferred_kg: "0.001",
    transferred_cny: "0.01",
  });
  assert.equal(worthOf(overpaid, 1n), 0n);
});

test("a weight is at most what is left, and an empty field leaves the trade out", () => {
  const trade = aTrade({ transferred_kg: "379.904", transferred_cny: "6333.00" });
  assert.deepEqual(readTaken(trade, "100"), { taken: 100_000n, wrong: null });
  assert.deepEqual(readTaken(trade, " １００．００ "), { taken: 100_000n, wrong: null });
  assert.deepEqual(readTaken(trade, "100.001"), { taken: 0n, wrong: "too.much" });
  assert.deepEqual(readTaken(trade, ""), { taken: 0n, wrong: null });
  for (const text of ["-1", "1,5", "1.2345", "1e3", "a"]) {
    assert.equal(readTaken(trade, text).wrong, "error.not-a-weight");
  }
});

test("sums count a resident once, and no trade of which nothing goes on", () => {
  const other = aTrade({ transaction_id: "2" });
  const lines = [
    { trade: aTrade(), taken: 479_904n },
    { trade: other, taken: 1_000n },
    { trade: aTrade({ transaction_id: "3", resident_id: "R00000002" }), taken: 0n },
  ];
  assert.deepEqual(sumsOf(lines), { trades: 2, residents: 1, grams: 480_904n, fen: 801_667n });
});

test("the yield has two decimals, half up, and none without an input", () => {
  assert.equal(yieldOf(84_000n, 100_000n), "84.00");
  assert.equal(yieldOf(1n, 3n), "33.33");
  assert.equal(yieldOf(12_345n, 100_000_000n), "0.01");
  assert.equal(yieldOf(2n, 1n), "200.00");
  assert.equal(yieldOf(1n, 0n), null);
});
