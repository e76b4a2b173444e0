// A report in words: figures with their units, growth or why there is none, buckets, and the charts' scales.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import "./limits.js";
import "./words.js";
import { cutTo } from "../../service/http/web/static/chart_bars.js";
import { largest, roundTop, strideFor } from "../../service/http/web/static/chart_parts.js";
import { politely, saysTheSame } from "../../service/http/web/static/live.js";
import * as phrases from "../../service/http/web/static/phrases.js";
import * as texts from "../../service/http/web/static/report_texts.js";
import { nameOf, speak } from "../../service/http/web/static/words.js";

/** @type {Measure} */
const GREW = {
  current: "3000.00",
  base: "2000.00",
  change: "1000.00",
  growth_pct: "50.00",
  ratio: "1.50",
  reason: null,
};
/** @type {Measure} */
const NEW = { current: "5.00", base: "0.00", change: "5.00", growth_pct: null, ratio: null, reason: "base_zero" };
/** @type {Measure} */
const NO_DAY = { current: "5.00", base: "0.00", change: "5.00", growth_pct: null, ratio: null, reason: "no_base_day" };

afterEach(() => speak("zh"));

test("a measure has a cell for each figure of its comparison", () => {
  speak("en");
  assert.deepEqual(texts.measureCells(GREW, "amount_cny"), ["3,000.00", "2,000.00", "+1,000.00", "+50.00", "1.50"]);
  assert.deepEqual(texts.measureCells(NEW, "amount_cny"), ["5.00", "0.00", "+5.00", "The base is zero", "—"]);
});

test("what is compared with no day has no base, and not a base of zero", () => {
  speak("en");
  assert.equal(texts.baseOf(NO_DAY), null);
  assert.deepEqual(texts.measureCells(NO_DAY, "amount_cny"), ["5.00", "—", "—", "The base has no such day", "—"]);
});

test("a bucket without trade has zeros, with the decimals of its measure", () => {
  assert.deepEqual(texts.measureCells(undefined, "quantity_kg"), ["0.000", "0.000", "0.000", "本期与基期均为零", "—"]);
  assert.deepEqual(texts.measureCells(undefined, "residents", null), ["0", "—", "—", "基期无对应日", "—"]);
});

test("a figure has its unit, and is short at the end of a bar", () => {
  assert.equal(texts.full("1234.50", "amount_cny"), "1,234.50\u00a0元");
  assert.equal(texts.full(null, "amount_cny"), "—");
  assert.equal(texts.short("306000000.00", "amount_cny"), "3.06亿");
  assert.equal(texts.short("1234.50", "amount_cny"), "1,234");
  assert.equal(texts.short("12.50", "amount_cny"), "12.50");
  assert.equal(texts.short(1234, "transactions"), "1,234");
  assert.equal(texts.withUnit("交易额", "amount_cny"), "交易额（元）");
  assert.equal(texts.unitWords("amount_cny", "亿"), "亿元");
  assert.equal(texts.headingOf("amount_cny"), "交易额（元）");
  assert.equal(texts.headingOf("taxable_cny"), "应税额（元）");
  assert.equal(texts.headingOf("participations"), "人次");
  speak("en");
  assert.equal(texts.full("1234", "transactions"), "1,234");
  assert.equal(texts.withUnit("Value", "amount_cny"), "Value, CNY");
  assert.equal(texts.unitWords("amount_cny", "million"), "million CNY");
});

test("what is pointed at is said with its base, where there is one", () => {
  speak("en");
  assert.equal(
    texts.readout("May", GREW, "transactions", "A year earlier"),
    "May · 3,000.00 · A year earlier 2,000.00 · +50.00%",
  );
  assert.equal(texts.readout("May", GREW, "transactions", null), "May · 3,000.00");
  assert.equal(texts.readout("May", undefined, "transactions", "A year earlier"), "May · 0 · A year earlier 0");
  assert.equal(texts.endWords(NEW, "transactions"), "5.00  new");
  assert.equal(texts.endWords(GREW, "transactions"), "3,000.00  +50.00%");
  assert.deepEqual(["-0.01", "0.00", "12.00"].map(texts.arrowOf), ["▼", "＝", "▲"]);
});

test("every bucket of the period is there, and names its year where there are several", () => {
  speak("en");
  const report = /** @type {Report} */ (
    /** @type {unknown} */ ({
      rows: [{ key: { month: "2024-01" } }],
      period: { from: "2023-11-01", to: "2024-12-31" },
      through: "2024-02-10",
    })
  );
  const found = texts.bucketRows(report, { kind: "free", from: "2023-11-01", to: "2024-12-31" });
  assert.deepEqual(
    found.keys,
    ["2023-11", "2023-12", "2024-01"]
      .concat(Array.from({ length: 11 }, (_, n) => `2024-${String(n + 2).padStart(2, "0")}`))
      .slice(0, found.keys.length),
  );
  assert.equal(found.labels[0], "Nov\n2023");
  assert.equal(found.labels[2], "Jan\n2024");
  assert.equal(found.labels[1], "Dec");
  assert.equal(found.rows[2], report.rows[0]);
  assert.equal(found.rows[1], undefined);
});

test("the taxed share and its change are exact", () => {
  const row = { amount_cny: { current: "3.00", base: "0.00" }, taxable_cny: { current: "1.00", base: "0.00" } };
  assert.equal(texts.taxedShare(row, "current"), 3333n);
  assert.equal(texts.taxedShare(row, "base"), null);
  assert.equal(texts.taxedShare(undefined, "base"), null);
  assert.equal(texts.percent(3333n), "33.33");
  assert.equal(texts.points(3333n, 3400n), "−0.67");
  assert.equal(texts.points(3333n, null), "—");
});

test("days and periods are said as each language says them", () => {
  const said = (/** @type {Lang} */ lang, /** @type {() => string} */ say) => (speak(lang), say());
  const halfYear = { from: "2024-01-01", to: "2024-06-30" };
  assert.equal(
    said("zh", () => phrases.periodWords(halfYear)),
    "2024年1月1日—6月30日",
  );
  assert.equal(
    said("en", () => phrases.periodWords(halfYear)),
    "1 January – 30 June 2024",
  );
  assert.equal(
    said("mn", () => phrases.periodWords(halfYear)),
    "2024.01.01 – 2024.06.30",
  );
  assert.equal(
    said("zh", () => phrases.periodWords({ from: "2023-12-01", to: "2024-01-31" })),
    "2023年12月1日—2024年1月31日",
  );
  assert.equal(
    said("en", () => phrases.bucketWords("2024-Q3", true)),
    "Q3 2024",
  );
  assert.equal(
    said("zh", () => phrases.bucketWords("2024-Q3")),
    "三季度",
  );
  assert.equal(
    said("mn", () => phrases.bucketWords("2024-Q4")),
    "IV улирал",
  );
  assert.equal(
    said("mn", () => phrases.cutOffWords("2024-06-24")),
    "2024.06.24-ний байдлаар",
  );
  assert.equal(
    said("mn", () => phrases.cutOffWords("2024-06-29")),
    "2024.06.29-ний байдлаар",
  );
  assert.equal(
    said("mn", () => phrases.cutOffWords("2024-06-30")),
    "2024.06.30-ны байдлаар",
  );
  assert.equal(
    said("en", () => phrases.partWords("half", 2)),
    "H2",
  );
  assert.equal(phrases.clockWords(new Date(Date.UTC(2024, 0, 1, 16, 30, 0))), "00:30:00");
});

test("a value that has no name is called by its code", () => {
  speak("en");
  assert.equal(nameOf("origin", "MN"), "Mongolia");
  assert.equal(nameOf("origin", "XX"), "XX");
  assert.equal(nameOf("settlement", null), "(not stated)");
  assert.equal(nameOf("group_id", "G000001"), "G000001");
  assert.equal(nameOf("group_id", null), "(no group)");
  assert.equal(nameOf("trade_point", "erenhot"), "Erenhot");
  assert.equal(nameOf("trade_point", "elsewhere"), "elsewhere");
});

test("a scale ends a little above the largest value, at a round number", () => {
  assert.deepEqual([0, 0.7, 98, 99, 100, 1234, 9900].map(roundTop), [1, 0.8, 100, 120, 120, 1500, 12000]);
  assert.equal(largest([null, 3], [7, null]), 7);
  assert.equal(largest([null]), 0);
});

test("names stand as close as they fit, and are cut where they do not", () => {
  assert.equal(strideFor(12, [1, 2, 3], 44 * 12), 1);
  assert.equal(strideFor(12, [1, 2, 3], 44 * 5), 3);
  assert.equal(strideFor(100, [1, 2, 3], 10), 100);
  const widthOf = (/** @type {string} */ text) => text.length;
  assert.equal(cutTo("锡林社区居民委员会", 5, widthOf), "锡林社区…");
  assert.equal(cutTo("锡林", 1, widthOf), "锡林");
});

test("two answers say the same whatever their positions, and a screen reader is told now and then", () => {
  assert.equal(saysTheSame({ position: "1.0", rows: [1] }, { position: "1.1", rows: [1] }), true);
  assert.equal(saysTheSame({ position: "1.0", rows: [1] }, { position: "1.0", rows: [2] }), false);
  /** @type {string[]} */
  const said = [];
  const say = politely((text) => said.push(text));
  say("one");
  say("two");
  assert.deepEqual(said, ["one"]);
});
