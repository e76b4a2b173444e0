// Periods: their days, their buckets, the ones beside them. The API counts them too, and must agree.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  asKind,
  boundsOf,
  bucketsOf,
  day,
  intervalFor,
  isWhole,
  longestTo,
  marketClock,
  step,
  yearsBefore,
} from "../../service/http/web/static/periods.js";

/** @type {(kind: PartOfYear["kind"], year: number, part?: number) => Period} */
const part = (kind, year, number = 0) => ({ kind, year, part: number });

test("each part of a year has its first and last day", () => {
  assert.deepEqual(boundsOf(part("year", 2024)), ["2024-01-01", "2024-12-31"]);
  assert.deepEqual(boundsOf(part("half", 2024, 2)), ["2024-07-01", "2024-12-31"]);
  assert.deepEqual(boundsOf(part("quarter", 2023, 1)), ["2023-01-01", "2023-03-31"]);
  assert.deepEqual(boundsOf(part("month", 2024, 2)), ["2024-02-01", "2024-02-29"]);
  assert.deepEqual(boundsOf(part("month", 2023, 2)), ["2023-02-01", "2023-02-28"]);
  assert.deepEqual(boundsOf({ kind: "ytd", to: "2024-04-30" }), ["2024-01-01", "2024-04-30"]);
});

test("the period before or after is of the same kind, over the end of a year", () => {
  assert.deepEqual(step(part("month", 2024, 1), -1), part("month", 2023, 12));
  assert.deepEqual(step(part("quarter", 2023, 4), 1), part("quarter", 2024, 1));
  assert.deepEqual(step(part("half", 2024, 1), -1), part("half", 2023, 2));
  assert.deepEqual(step(part("year", 2024), 1), part("year", 2025));
});

test("a year to date moves by a year, a free period by its length", () => {
  assert.deepEqual(step({ kind: "ytd", to: "2024-02-29" }, -1), { kind: "ytd", to: "2023-02-28" });
  assert.deepEqual(step({ kind: "ytd", to: "2024-02-29" }, 1), { kind: "ytd", to: "2025-02-28" });
  const week = { kind: /** @type {const} */ ("free"), from: "2024-02-26", to: "2024-03-03" };
  assert.deepEqual(step(week, 1), { kind: "free", from: "2024-03-04", to: "2024-03-10" });
  assert.deepEqual(step(week, -1), { kind: "free", from: "2024-02-19", to: "2024-02-25" });
});

test("another kind of period ends where the one before did", () => {
  const toApril = /** @type {Period} */ ({ kind: "ytd", to: "2024-04-30" });
  assert.deepEqual(asKind(toApril, "quarter"), part("quarter", 2024, 2));
  assert.deepEqual(asKind(toApril, "half"), part("half", 2024, 1));
  assert.deepEqual(asKind(toApril, "month"), part("month", 2024, 4));
  assert.deepEqual(asKind(toApril, "year"), part("year", 2024, 0));
  assert.deepEqual(asKind(toApril, "free"), { kind: "free", from: "2024-01-01", to: "2024-04-30" });
  assert.deepEqual(asKind(part("quarter", 2024, 1), "ytd"), { kind: "ytd", to: "2024-03-31" });
});

test("buckets have no gap, and a clipped one keeps its key", () => {
  const winter = { from: "2023-12-30", to: "2024-03-01" };
  assert.deepEqual(bucketsOf(winter, "month"), ["2023-12", "2024-01", "2024-02", "2024-03"]);
  assert.deepEqual(bucketsOf(winter, "quarter"), ["2023-Q4", "2024-Q1"]);
  assert.equal(bucketsOf(winter, "day").length, 63);
  assert.equal(bucketsOf(winter, "day")[61], "2024-02-29");
});

test("days, months or quarters: as many buckets as can be told apart", () => {
  assert.equal(intervalFor({ kind: "free", from: "2024-01-01", to: "2024-03-02" }), "day");
  assert.equal(intervalFor({ kind: "free", from: "2024-01-01", to: "2024-03-03" }), "month");
  assert.equal(intervalFor({ kind: "free", from: "2021-01-01", to: "2024-01-03" }), "month");
  assert.equal(intervalFor({ kind: "free", from: "2021-01-01", to: "2024-01-04" }), "quarter");
});

test("a day that is being typed is no day yet", () => {
  assert.equal(isWhole({ kind: "free", from: "2024-13-01", to: "2024-01-01" }), false);
  assert.equal(isWhole({ kind: "ytd", to: "" }), false);
  assert.equal(isWhole({ kind: "ytd", to: "2024-04-30" }), true);
});

test("the longest period is as long as the API takes, over leap days too", () => {
  assert.deepEqual(longestTo("2024-02-29", 10), { from: "2014-03-01", to: "2024-02-29" });
  assert.deepEqual(longestTo("2024-06-30", 10), { from: "2014-07-01", to: "2024-06-30" });
  assert.equal(yearsBefore("2024-02-29", 4), "2020-02-29");
  assert.equal(yearsBefore("2104-02-29", 4), "2100-02-28");
});

test("the market's clocks are eight hours ahead of UTC, over midnight", () => {
  assert.equal(marketClock(Date.UTC(2024, 11, 31, 16, 0, 5)), "2025-01-01 00:00:05");
  assert.equal(day(Date.UTC(2024, 1, 29, 23, 59)), "2024-02-29");
});
