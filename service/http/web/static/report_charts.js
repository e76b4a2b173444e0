// The five charts of a report, each with its table.
import { bars } from "./chart_bars.js";
import { columns, lines } from "./chart_times.js";
import { grouped, tick } from "./exact.js";
import { bucketWords, restWords } from "./phrases.js";
import { chartSection, fillTable, plot, reader } from "./report_sections.js";
import {
  baseOf,
  bucketRows,
  endWords,
  growthCell,
  measureCells,
  measureHead,
  percent,
  points,
  readout,
  taxedShare,
  headingOf,
} from "./report_texts.js";
import { language, nameOf, word } from "./words.js";

const BARS_MAX = 12;
const STRIDES = { day: [1, 2, 5, 7, 14, 31], month: [1, 2, 3, 6, 12, 24, 36], quarter: [1, 2, 4, 8, 20, 40] };

/** @param {Figure | null | undefined} value */
const number = (value) => (value === null || value === undefined ? null : Number(value));

/** @param {number} value */
const sayTick = (value) => tick(value, language());

/**
 * Against the previous period, each month is compared with the month before it: drawn, every column would stand twice.
 * @param {ReportContext} context
 */
const hasBuckets = ({ question }) => question.compare !== "previous";

/** @param {ReportContext} context */
const overTime = (context) => (hasBuckets(context) ? [word("current"), context.baseWord] : [word("current")]);

/** @param {ReportContext} context */
const tableCaption = (context) =>
  hasBuckets(context) ? context.compared : `${context.compared} · ${word("buckets.previous")}`;

/** @param {ReportContext} context */
export function showMonths(context) {
  const { months } = context.answers;
  const { measure, period } = context.question;
  const { interval, keys, labels, rows } = bucketRows(months, period);
  const current = rows.map((row) => number(row?.[measure].current ?? 0));
  const base = rows.map((row) => (hasBuckets(context) ? number(row ? row[measure].base : 0) : null));
  const legend = overTime(context);
  const section = chartSection("months", context, { about: headingOf(measure), legend });
  /** @param {number} n */
  const say = (n) => readout(bucketWords(keys[n], true), rows[n]?.[measure], measure, legend[1] ?? null);
  const onIndex = reader(section, say);
  plot(section, current, base, columns({ labels, strides: STRIDES[interval], current, base, sayTick, onIndex }));
  fillTable(
    section,
    tableCaption(context),
    [word(`dimension.${interval}`), ...measureHead(measure, context)],
    keys.map((key, n) => [bucketWords(key, true), ...measureCells(rows[n]?.[measure], measure, months.base_period)]),
    [word("total"), ...measureCells(months.total[measure], measure)],
  );
}

/** @param {ReportContext} context */
export function showTaxed(context) {
  const { months } = context.answers;
  const { interval, keys, labels, rows } = bucketRows(months, context.question.period);
  const now = rows.map((row) => taxedShare(row, "current"));
  const then = rows.map((row) => (hasBuckets(context) ? taxedShare(row, "base") : null));
  /** @param {(bigint | null)[]} values */
  const floats = (values) => values.map((value) => (value === null ? null : Number(value) / 100));
  const [current, base] = [floats(now), floats(then)];
  const section = chartSection("taxed", context, {
    about: word("taxed.about"),
    legend: overTime(context),
    isLine: true,
  });
  /** @param {number} n */
  const say = (n) => {
    const changed = `${percent(then[n])}% · ${points(now[n], then[n])} ${word("unit.points")}`;
    const against = hasBuckets(context) ? ` · ${context.baseWord} ${changed}` : "";
    return `${bucketWords(keys[n], true)} · ${percent(now[n])}%${against}`;
  };
  const sayPercent = (/** @type {number} */ value) => `${Number(value.toPrecision(3))}%`;
  const drawn = { labels, strides: STRIDES[interval], current, base, sayTick: sayPercent };
  plot(section, current, base, lines({ ...drawn, onIndex: reader(section, say) }));
  fillTable(
    section,
    tableCaption(context),
    taxedHead(interval, context),
    keys.map((key, n) => [bucketWords(key, true), ...taxedCells(rows[n])]),
    [word("total"), ...taxedCells(months.total)],
  );
}

/**
 * @param {Interval} interval
 * @param {ReportContext} context
 */
const taxedHead = (interval, { baseWord }) => [
  word(`dimension.${interval}`),
  `${word("current")} %`,
  `${baseWord} %`,
  `${word("change")}, ${word("unit.points")}`,
  headingOf("taxable_cny"),
];

/** @param {Record<string, any> | undefined} row */
function taxedCells(row) {
  const [now, then] = [taxedShare(row, "current"), taxedShare(row, "base")];
  return [percent(now), percent(then), points(now, then), grouped(row?.taxable_cny.current ?? "0.00")];
}

/**
 * A chart that leaves rows out says so; its table has them all.
 * @param {Row[]} rows
 */
const restOf = (rows) => (rows.length > BARS_MAX ? restWords(BARS_MAX, rows.length) : "");

/**
 * @param {"category" | "origin"} dimension
 * @param {ReportContext} context
 */
export function showBars(dimension, context) {
  const { rows: ordered, total } = context.answers[dimension];
  const { measure } = context.question;
  // The API's order is that of the value.
  const isValue = measure === "amount_cny";
  const rows = isValue ? ordered : [...ordered].sort((a, b) => Number(b[measure].current) - Number(a[measure].current));
  const section = chartSection(dimension, context, { measure, rest: restOf(rows) });
  showPairs(section, rows, dimension, context);
  /** @param {string | null | undefined} share */
  const shareCell = (share) => (isValue ? [share ?? "—"] : []);
  fillTable(
    section,
    context.compared,
    [word(`dimension.${dimension}`), ...measureHead(measure, context), ...(isValue ? [word("share_pct")] : [])],
    rows.map((row) => [
      nameOf(dimension, row.key[dimension]),
      ...measureCells(row[measure], measure),
      ...shareCell(row.share_pct),
    ]),
    [word("total"), ...measureCells(total[measure], measure), ...shareCell("100.00")],
  );
}

/**
 * The largest rows as pairs of bars: two of the same measure, current and base.
 * @param {HTMLElement} section
 * @param {Row[]} rows
 * @param {string} dimension
 * @param {ReportContext} context
 */
function showPairs(section, rows, dimension, { question: { measure }, baseWord }) {
  const shown = rows.slice(0, BARS_MAX);
  const labels = shown.map((row) => nameOf(dimension, row.key[dimension]));
  const current = shown.map((row) => number(row[measure].current));
  const base = shown.map((row) => number(row[measure].base));
  const onIndex = reader(section, (n) => readout(labels[n], shown[n][measure], measure, baseWord));
  /** @param {number} n */
  const sayEnd = (n) => endWords(shown[n][measure], measure);
  plot(section, current, base, bars({ labels, current, base, sayTick, sayEnd, onIndex }));
}

const STOCK = ["registered_at_end", "participating"];

/**
 * Registered at the end of the period, solid, and taking part in it, an outline: hatched is what has been before.
 * @param {ReportContext} context
 */
export function showPeople(context) {
  const { rows, total } = context.answers.people;
  const shown = rows.slice(0, BARS_MAX);
  const labels = shown.map((row) => nameOf("settlement", row.key.settlement));
  const [current, base] = STOCK.map((name) => shown.map((row) => row[name].current));
  const looks = { about: word("people.about"), legend: STOCK.map(word), rest: restOf(rows) };
  const section = chartSection("people", context, { ...looks, second: "open" });
  /** @param {number} n */
  const say = (n) =>
    `${labels[n]} · ${word("registered_at_end")} ${grouped(current[n])} · ${word("participating")} ${grouped(base[n])}`;
  /** @param {number} n */
  const sayEnd = (n) => `${grouped(current[n])} / ${grouped(base[n])}`;
  const onIndex = reader(section, say);
  plot(section, current, base, bars({ labels, current, base, second: "open", sayTick, sayEnd, onIndex }));
  fillTable(
    section,
    context.compared,
    [word("dimension.settlement"), ...STOCK.flatMap((name) => stockHead(name, context))],
    rows.map((row) => [nameOf("settlement", row.key.settlement), ...STOCK.flatMap((name) => stockCells(row[name]))]),
    [word("total"), ...STOCK.flatMap((name) => stockCells(total[name]))],
  );
}

/**
 * @param {string} name
 * @param {ReportContext} context
 */
const stockHead = (name, { baseWord }) => [word(name), `${word(name)}, ${baseWord}`, word("growth_pct")];

/** @param {Measure} measure */
const stockCells = (measure) => [grouped(measure.current), grouped(baseOf(measure) ?? "—"), growthCell(measure)];
