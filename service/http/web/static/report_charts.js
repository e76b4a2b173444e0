// The five charts of a report, each with its table.
import { bars } from "./chart_bars.js";
import { columns, lines } from "./chart_times.js";
import { linked } from "./elements.js";
import { grouped, tick } from "./exact.js";
import { bucketWords, restWords } from "./phrases.js";
import { bucketLinks, linkCells, rowLinks } from "./report_links.js";
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
  const leads = keys.map((key) => bucketLinks(months, context.question, key));
  plot(section, current, base, columns({ labels, strides: STRIDES[interval], current, base, sayTick, onIndex, leads }));
  fillTable(
    section,
    tableCaption(context),
    [word(`dimension.${interval}`), ...measureHead(measure, context)],
    keys.map((key, n) => [
      bucketWords(key, true),
      ...linkCells(measureCells(rows[n]?.[measure], measure, months.base_period), leads[n]),
    ]),
    [word("total"), ...linkCells(measureCells(months.total[measure], measure), rowLinks(months, context.question))],
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
  const leads = keys.map((key) => bucketLinks(months, context.question, key));
  const drawn = { labels, strides: STRIDES[interval], current, base, sayTick: sayPercent, leads };
  plot(section, current, base, lines({ ...drawn, onIndex: reader(section, say) }));
  fillTable(
    section,
    tableCaption(context),
    taxedHead(interval, context),
    keys.map((key, n) => [bucketWords(key, true), ...taxedCells(rows[n], leads[n])]),
    [word("total"), ...taxedCells(months.total, rowLinks(months, context.question))],
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

/**
 * @param {Record<string, any> | undefined} row
 * @param {import("./report_links.js").Links} leads
 */
function taxedCells(row, leads) {
  const [now, then] = [taxedShare(row, "current"), taxedShare(row, "base")];
  const taxable = linked(grouped(row?.taxable_cny.current ?? "0.00"), leads.current);
  return [...linkCells([percent(now), percent(then), points(now, then)], leads), taxable];
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
  const report = context.answers[dimension];
  const { rows: ordered, total } = report;
  const { measure } = context.question;
  // The API's order is that of the value.
  const isValue = measure === "amount_cny";
  const rows = isValue ? ordered : [...ordered].sort((a, b) => Number(b[measure].current) - Number(a[measure].current));
  const section = chartSection(dimension, context, { measure, rest: restOf(rows) });
  showPairs(section, rows, dimension, context);
  /** @type {(share: string | null | undefined, href: string | null) => import("./report_links.js").Cells} */
  const shareCell = (share, href) => (isValue ? [share ? linked(share, href) : "—"] : []);
  /** @type {(key?: Row["key"]) => import("./report_links.js").Links} */
  const leadsOf = (key) => rowLinks(report, context.question, key);
  fillTable(
    section,
    context.compared,
    [word(`dimension.${dimension}`), ...measureHead(measure, context), ...(isValue ? [word("share_pct")] : [])],
    rows.map((row) => [
      nameOf(dimension, row.key[dimension]),
      ...linkCells(measureCells(row[measure], measure), leadsOf(row.key)),
      ...shareCell(row.share_pct, leadsOf(row.key).current),
    ]),
    [
      word("total"),
      ...linkCells(measureCells(total[measure], measure), leadsOf()),
      ...shareCell("100.00", leadsOf().current),
    ],
  );
}

/**
 * The largest rows as pairs of bars: two of the same measure, current and base.
 * @param {HTMLElement} section
 * @param {Row[]} rows
 * @param {string} dimension
 * @param {ReportContext} context
 */
function showPairs(section, rows, dimension, { answers, question, baseWord }) {
  const { measure } = question;
  const shown = rows.slice(0, BARS_MAX);
  const labels = shown.map((row) => nameOf(dimension, row.key[dimension]));
  const current = shown.map((row) => number(row[measure].current));
  const base = shown.map((row) => number(row[measure].base));
  const onIndex = reader(section, (n) => readout(labels[n], shown[n][measure], measure, baseWord));
  /** @param {number} n */
  const sayEnd = (n) => endWords(shown[n][measure], measure);
  const leads = shown.map((row) => rowLinks(answers.category, question, row.key));
  plot(section, current, base, bars({ labels, current, base, sayTick, sayEnd, onIndex, leads }));
}

const STOCK = ["registered_at_end", "participating"];

/**
 * Registered at the end of the period, solid, and taking part in it, an outline: hatched is what has been before.
 * @param {ReportContext} context
 */
export function showPeople(context) {
  const report = context.answers.people;
  const { rows, total } = report;
  /** @type {(key?: Row["key"]) => import("./report_links.js").Links} */
  const leadsOf = (key) => rowLinks(report, context.question, key);
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
  // The first bar of a pair is a stock of residents, behind which there are no trades.
  const leads = shown.map((row) => ({ current: null, base: leadsOf(row.key).current }));
  plot(section, current, base, bars({ labels, current, base, second: "open", sayTick, sayEnd, onIndex, leads }));
  fillTable(
    section,
    context.compared,
    [word("dimension.settlement"), ...STOCK.flatMap((name) => stockHead(name, context))],
    rows.map((row) => [nameOf("settlement", row.key.settlement), ...peopleCells(row, leadsOf(row.key))]),
    [word("total"), ...peopleCells(total, leadsOf())],
  );
}

/**
 * @param {string} name
 * @param {ReportContext} context
 */
const stockHead = (name, { baseWord }) => [word(name), `${word(name)}, ${baseWord}`, word("growth_pct")];

/** @param {Measure} measure */
const stockCells = (measure) => [grouped(measure.current), grouped(baseOf(measure) ?? "—"), growthCell(measure)];

/**
 * Who is registered has no trades behind it; who took part has.
 * @param {Record<string, any>} row
 * @param {import("./report_links.js").Links} leads
 */
const peopleCells = (row, leads) => [
  ...stockCells(row.registered_at_end),
  ...linkCells(stockCells(row.participating), leads),
];
