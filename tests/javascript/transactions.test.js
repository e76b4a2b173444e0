// The page of trades: an address is a search, a figure leads to its rows, and a shift adds up.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { basePeriod, bucketBase, bucketDays } from "../../service/http/web/static/base_periods.js";
import { keyOf, phrasesOf } from "../../service/http/web/static/report_brief.js";
import { narrowed, rowsAddress } from "../../service/http/web/static/rows_address.js";
import {
  addressOf,
  entriesPath,
  narrowedBy,
  orOfDay,
  readSearch,
  totalsPath,
} from "../../service/http/web/static/transactions_search.js";
import { cashOf } from "../../service/http/web/static/transactions_sums.js";

test("the base of a period is the API's", () => {
  const file = new URL("../cases/base_periods.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, "utf8"));
  assert.ok(cases.length > 5);
  for (const { from, to, yoy, previous } of cases) {
    const asPair = (/** @type {Days} */ days) => [days.from, days.to];
    assert.deepEqual(asPair(basePeriod({ from, to }, "yoy")), yoy, `${from}..${to} yoy`);
    assert.deepEqual(asPair(basePeriod({ from, to }, "previous")), previous, `${from}..${to} previous`);
  }
});

test("a bucket has the days that lie inside the period, and its own base", () => {
  const period = { from: "2024-02-10", to: "2024-05-20" };
  assert.deepEqual(bucketDays("2024-02", period), { from: "2024-02-10", to: "2024-02-29" });
  assert.deepEqual(bucketDays("2024-Q2", period), { from: "2024-04-01", to: "2024-05-20" });
  assert.deepEqual(bucketDays("2024-03-07", period), { from: "2024-03-07", to: "2024-03-07" });
  assert.deepEqual(bucketBase("2024-02", bucketDays("2024-02", period), "yoy"), {
    from: "2023-02-10",
    to: "2023-02-28",
  });
  const leapDay = { from: "2024-02-29", to: "2024-02-29" };
  assert.equal(bucketBase("2024-02-29", leapDay, "yoy"), null);
  assert.deepEqual(bucketBase("2024-02-29", leapDay, "previous"), { from: "2024-02-28", to: "2024-02-28" });
});

test("a figure leads to the live trades of its days and its scope, null included", () => {
  const scope = narrowed({ direction: ["import"], category: ["meat", "wool"] }, { category: "meat", settlement: null });
  assert.equal(
    rowsAddress({ from: "2024-01-01", to: "2024-06-28" }, scope, "en"),
    "/transactions?from=2024-01-01&to=2024-06-28&direction=import&category=meat&settlement=&kind=trade&reversed=false&lang=en",
  );
});

test("an address is a search, and a search is its address", () => {
  const search = readSearch("?reversed=false&category=wool&category=meat&group_id=&entry=E&cursor=C&lang=mn");
  assert.deepEqual(search, {
    filters: { reversed: "false", category: "wool,meat", group_id: "" },
    cursor: "C",
    entry: "E",
    view: "list",
  });
  const address = addressOf(search, "zh");
  assert.equal(address, "/transactions?category=wool,meat&group_id=&reversed=false&cursor=C&entry=E&lang=zh");
  assert.deepEqual(readSearch(address.slice(address.indexOf("?"))), search);
});

test("a search that says nothing is for the day; one that says anything is left as it is", () => {
  assert.deepEqual(orOfDay(readSearch("?lang=en"), "2024-06-28").filters, {
    recorded_from: "2024-06-28",
    recorded_to: "2024-06-28",
  });
  assert.deepEqual(orOfDay(readSearch("?order=newest"), "2024-06-28").filters, { order: "newest" });
});

test("what the page does not know is left for the API to refuse", () => {
  assert.match(entriesPath(readSearch("?categorie=meat")), /[?&]categorie=meat/);
});

test("files have all rows, totals have no order, and neither begins at a cursor", () => {
  const search = readSearch("?category=meat&order=oldest&cursor=C");
  assert.equal(entriesPath(search, { format: "csv" }), "/v1/transactions?category=meat&order=oldest&format=csv");
  assert.equal(totalsPath(search.filters), "/v1/transactions/totals?category=meat");
  assert.match(entriesPath(search), /[?&]cursor=C/);
});

test("a row of totals leads to the live trades that it counts, from the first page on", () => {
  const next = narrowedBy(readSearch("?from=2024-01-01&reversed=true&cursor=C"), { verdict: "taxed" });
  assert.equal(addressOf(next, "en"), "/transactions?verdict=taxed&kind=trade&reversed=false&from=2024-01-01&lang=en");
});

test("the cash of a shift is what was recorded, without what was taken back", () => {
  const entries = /** @type {Entry[]} */ ([
    { kind: "trade", taxable_cny: "1000000000.10" },
    { kind: "trade", taxable_cny: "0.00" },
    { kind: "trade", taxable_cny: "0.20" },
    { kind: "reversal", taxable_cny: "-0.20" },
  ]);
  assert.deepEqual(cashOf(entries), {
    entries: 4,
    trades: 3,
    reversals: 1,
    taxed: 2,
    recorded: "1000000000.30",
    returned: "−0.20",
    net: "1000000000.10",
  });
});

test("the phrases of a brief are told apart, and the text stays what it was", () => {
  const text = "Trade came to 1.19 million, imports 1 million. 40 are registered. 1 enterprise took them; meat is new.";
  const claims = [
    { phrase: "came to 1.19 million", measure: "amount_cny" },
    { phrase: "imports 1 million", measure: "direction:import" },
    { phrase: "40 are registered", measure: "registered_at_end" },
    { phrase: "a phrase of another text", measure: "residents" },
    { phrase: "1 enterprise took them", measure: "processing:enterprises" },
    { phrase: "meat", measure: "category:meat" },
  ];
  const parts = phrasesOf(text, claims);
  assert.equal(parts.map(({ said }) => said).join(""), text);
  const claimed = parts.filter(({ measure }) => measure !== null);
  assert.deepEqual(
    claimed.map(({ measure }) => keyOf(measure ?? "")),
    [{}, { direction: "import" }, null, null, { category: "meat" }],
  );
});
