// Exact decimals: what binary fractions would round otherwise, and what they can't hold.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  compact,
  grouped,
  halfUp,
  scaled,
  shareOf,
  signed,
  tick,
  unscaled,
} from "../../service/http/web/static/exact.js";
import "./words.js";

test("decimal text is scaled to whole units and back", () => {
  assert.equal(scaled("3.50", 2), 350n);
  assert.equal(scaled("-0.05", 2), -5n);
  assert.equal(scaled("7", 3), 7000n);
  assert.equal(scaled("9007199254740993.01", 2), 900719925474099301n);
  assert.equal(unscaled(900719925474099301n, 2), "9007199254740993.01");
  assert.equal(unscaled(-5n, 2), "−0.05");
  assert.equal(unscaled(0n, 2), "0.00");
  assert.equal(unscaled(12n, 0), "12");
});

test("a quotient is rounded half away from zero", () => {
  assert.equal(halfUp(5n, 2n), 3n);
  assert.equal(halfUp(-5n, 2n), -3n);
  assert.equal(halfUp(4n, 3n), 1n);
  assert.equal(halfUp(-1n, 3n), 0n);
});

test("digits are grouped by three, with a real minus", () => {
  assert.equal(grouped("1234567.50"), "1,234,567.50");
  assert.equal(grouped("-1000"), "−1,000");
  assert.equal(grouped("999.999"), "999.999");
  assert.equal(grouped(0), "0");
  assert.equal(grouped("9007199254740993.01"), "9,007,199,254,740,993.01");
});

test("a change bears its sign, and zero none", () => {
  assert.deepEqual(["3.50", "-3.50", "0.00", "0"].map(signed), ["+3.50", "−3.50", "0.00", "0"]);
});

test("large amounts are said in the units of each language", () => {
  assert.deepEqual(compact("306000000.00", "zh"), ["3.06", "亿"]);
  assert.deepEqual(compact("306000000.00", "en"), ["306.00", "million"]);
  assert.deepEqual(compact("306000000.00", "mn"), ["306.00", "сая"]);
  assert.deepEqual(compact("1005000.00", "zh"), ["100.50", "万"]);
  assert.deepEqual(compact("-125000.00", "zh"), ["−12.50", "万"]);
  assert.deepEqual(compact("9999.99", "zh"), ["9,999.99", ""]);
  assert.deepEqual(compact("10000.00", "zh"), ["1.00", "万"]);
  assert.deepEqual(compact("3060000000000.00", "zh"), ["3.06", "万亿"]);
});

test("half a hundredth is rounded up, where binary fractions round down", () => {
  assert.deepEqual(compact("10050.00", "zh"), ["1.01", "万"]);
  assert.equal(unscaled(shareOf("14.50", "10000.00") ?? 0n, 2), "0.15");
});

test("a share is of a whole, and there is none of nothing", () => {
  assert.equal(shareOf("1.00", "3.00"), 3333n);
  assert.equal(shareOf("2.00", "3.00"), 6667n);
  assert.equal(shareOf("3.00", "3.00"), 10000n);
  assert.equal(shareOf("-1.00", "2.00"), -5000n);
  assert.equal(shareOf("0.00", "0.00"), null);
});

test("an axis says its numbers in as few digits as tell them", () => {
  assert.equal(tick(20000000, "zh"), "2,000万");
  assert.equal(tick(20000000, "en"), "20\u00a0million");
  assert.equal(tick(2500, "mn"), "2,500");
  assert.equal(tick(0.30000000000000004, "en"), "0.3");
});
