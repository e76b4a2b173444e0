// A link is a report: what an address asks, what is wrong with it, and the address of a question.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./limits.js";
import { addresses } from "../../service/http/web/static/answers.js";
import { toggled, yearsFor } from "../../service/http/web/static/controls.js";
import { addressOf, asked, bucketPeriod, readQuestion } from "../../service/http/web/static/question.js";

/**
 * @param {string} search
 * @returns {any}
 */
const read = (search) => readQuestion(search);

test("each way to say a period is read", () => {
  assert.deepEqual(read("?period=2024").period, { kind: "year", year: 2024, part: 0 });
  assert.deepEqual(read("?period=2024-H2").period, { kind: "half", year: 2024, part: 2 });
  assert.deepEqual(read("?period=2024-Q4").period, { kind: "quarter", year: 2024, part: 4 });
  assert.deepEqual(read("?period=2024-06").period, { kind: "month", year: 2024, part: 6 });
  assert.deepEqual(read("?period=2024-06-30").period, { kind: "free", from: "2024-06-30", to: "2024-06-30" });
  assert.deepEqual(read("?ytd=2024-04-30").period, { kind: "ytd", to: "2024-04-30" });
  assert.deepEqual(read("?from=2024-01-01&to=2024-02-01").period, {
    kind: "free",
    from: "2024-01-01",
    to: "2024-02-01",
  });
  assert.equal(read("").period, null);
  assert.deepEqual(bucketPeriod("2024-Q3"), { kind: "quarter", year: 2024, part: 3 });
});

test("what the API would refuse is left for it to refuse", () => {
  assert.deepEqual(read("?period=2024-Q5").period, { kind: "free", from: "2024-Q5", to: "2024-Q5" });
});

test("filters are sorted, each value once, however they were sent", () => {
  const { filters } = read("?period=2024&category=wool,meat&category=meat&origin=");
  assert.deepEqual(filters, { category: ["meat", "wool"] });
});

test("an address comes back as the same question", () => {
  for (const search of [
    "?period=2024-Q2&lang=en",
    "?ytd=2024-04-30&compare=previous&category=meat,wool&measure=residents&lang=mn",
    "?period=2024-H1&compare=custom&base_from=2022-01-01&base_to=2022-06-30&lang=en",
    "?from=2024-01-01&to=2024-02-01&settlement=%E9%94%A1%E6%9E%97%E7%A4%BE%E5%8C%BA&lang=zh",
  ]) {
    const question = read(search);
    assert.deepEqual(question.wrong, []);
    assert.equal(addressOf(question, new URLSearchParams(search).get("lang") ?? ""), `/${search}`);
  }
});

test("nothing that was asked is passed over", () => {
  const wrong = (/** @type {string} */ search) =>
    read(search).wrong.map((/** @type {any} */ { name, code }) => `${name} ${code}`);
  assert.deepEqual(wrong("?period=2024&categry=meat"), ["categry unknown"]);
  assert.deepEqual(wrong("?period=2024&period=2023"), ["period repeated"]);
  assert.deepEqual(wrong("?period=2024&compare=none"), ["compare choice"]);
  assert.deepEqual(wrong("?period=2024&measure=exempt_cny&lang=fr"), ["measure choice", "lang choice"]);
  assert.deepEqual(wrong("?period=2024&ytd=2024-04-30"), ["ytd one-period"]);
  assert.deepEqual(wrong("?from=2024-01-01&to=2024-02-01&compare=yoy"), []);
});

test("a base that was named goes to the API as it was written, for it to take or to refuse", () => {
  const told = (/** @type {string} */ search) => String(asked(read(search)));
  assert.deepEqual(read("?period=2024&compare=custom&base_from=2022-01-01").base, { from: "2022-01-01", to: "" });
  assert.equal(told("?period=2024&compare=custom"), "period=2024&compare=custom");
  assert.equal(told("?period=2024&base_to=2022-06-30"), "period=2024&compare=yoy&base_to=2022-06-30");
  assert.equal(read("?period=2024&base_to=2022-06-30&base_to=2023-06-30").wrong[0].code, "repeated");
});

test("the same question is the same address, whatever the order of its filters", () => {
  const one = read("?period=2024&origin=MN&category=meat");
  const other = read("?category=meat&origin=MN&period=2024");
  assert.equal(String(asked(one)), String(asked(other)));
  assert.equal(
    addresses(one, "en").category,
    "/v1/reports/trade?period=2024&compare=yoy&category=meat&origin=MN&by=category",
  );
  assert.match(addresses(one, "mn").brief, /^\/v1\/reports\/brief\?.*lang=mn$/);
  assert.match(addresses(read("?period=2024-06"), "en").months, /by=day$/);
});

test("a value is added to its filter or taken away, and an empty filter goes", () => {
  assert.deepEqual(toggled({}, "category", "wool", true), { category: ["wool"] });
  assert.deepEqual(toggled({ category: ["wool"] }, "category", "meat", true), { category: ["meat", "wool"] });
  assert.deepEqual(toggled({ category: ["wool"], origin: ["MN"] }, "category", "wool", false), { origin: ["MN"] });
});

test("the years to choose from are those with trade, and no more than a report takes", () => {
  const years = (/** @type {number[]} */ known, /** @type {number} */ chosen) =>
    yearsFor(known, chosen, 2026).map(([year]) => year);
  assert.deepEqual(years([2024, 2025], 2024), [2026, 2025, 2024]);
  assert.deepEqual(years([], 2026), [2026, 2025]);
  assert.equal(years([2001], 2026).at(-1), 2016);
  assert.deepEqual(years([], 2031), [2031, 2026, 2025]);
});
