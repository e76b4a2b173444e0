// What went on after the market: the figures of each purpose, a bar for each enterprise, and a table of both.
import { bars } from "./chart_bars.js";
import { byId, make, within } from "./elements.js";
import { grouped, tick } from "./exact.js";
import { chartSection, fillTable, plot, reader } from "./report_sections.js";
import { endWords, full, growthCell, headingOf, measureCells, measureHead, readout } from "./report_texts.js";
import { language, nameOf, word } from "./words.js";
import { restWords } from "./phrases.js";

const BARS_MAX = 12;
const COUNTS = ["transactions", "residents"];
/** The measure of the charts is another one than this where transfers have none such. */
const USUAL = "amount_cny";

/**
 * Shows what went on, or hides the section where nothing did, now or in the base period.
 * @param {ReportContext} context
 */
export function showProcessing(context) {
  const { processing: report, purposes } = context.answers;
  byId("processing").hidden = report.rows.length === 0;
  if (report.rows.length === 0) return;
  const measure = context.question.measure in report.total ? context.question.measure : USUAL;
  const rest = report.rows.length > BARS_MAX ? restWords(BARS_MAX, report.rows.length) : "";
  const section = chartSection("processing", context, { measure, rest });
  within(section, ".purposes").replaceChildren(...purposes.rows.flatMap((row) => purposeFigures(row, context)));
  showPairs(section, report.rows, measure, context);
  fillTable(
    section,
    context.compared,
    head(measure, context),
    report.rows.map((row) => [
      nameOf("enterprise_id", row.key.enterprise_id),
      nameOf("purpose", row.key.purpose),
      ...cells(row, measure),
    ]),
    [word("total"), "", ...cells(report.total, measure)],
  );
}

/**
 * Value, growth, share of the imports and enterprises of one purpose.
 * @param {Row} row
 * @param {ReportContext} context
 */
function purposeFigures(row, { baseWord }) {
  const { amount_cny: amount, share_of_imports_pct: share, enterprises } = row;
  const growth = amount.growth_pct === null ? growthCell(amount) : `${growthCell(amount)}%`;
  return [
    make("dt", {}, nameOf("purpose", row.key.purpose)),
    make(
      "dd",
      {},
      make("b", {}, full(amount.current, USUAL)),
      ` · ${baseWord} ${full(amount.base, USUAL)} · ${growth}`,
    ),
    make("dd", {}, `${word("share_of_imports_pct")} `, make("b", {}, share.current ?? "—")),
    make("dd", {}, `${word("enterprises")} `, make("b", {}, grouped(enterprises.current))),
  ];
}

/**
 * @param {HTMLElement} section
 * @param {Row[]} rows
 * @param {string} measure
 * @param {ReportContext} context
 */
function showPairs(section, rows, measure, { baseWord }) {
  const shown = [...rows].sort((a, b) => Number(b[measure].current) - Number(a[measure].current)).slice(0, BARS_MAX);
  const labels = shown.map(
    ({ key }) => `${nameOf("enterprise_id", key.enterprise_id)} · ${nameOf("purpose", key.purpose)}`,
  );
  const [current, base] = ["current", "base"].map((part) => shown.map((row) => Number(row[measure][part])));
  const onIndex = reader(section, (n) => readout(labels[n], shown[n][measure], measure, baseWord));
  /** @param {number} n */
  const sayEnd = (n) => endWords(shown[n][measure], measure);
  const sayTick = (/** @type {number} */ value) => tick(value, language());
  // The rows of trades can't be narrowed to what has gone on, so that no bar leads to them.
  const leads = shown.map(() => ({ current: null, base: null }));
  plot(section, current, base, bars({ labels, current, base, sayTick, sayEnd, onIndex, leads }));
}

/**
 * @param {string} measure
 * @param {ReportContext} context
 */
const head = (measure, context) => [
  word("dimension.enterprise_id"),
  word("dimension.purpose"),
  ...measureHead(measure, context),
  headingOf("paid_cny"),
  ...COUNTS.map(headingOf),
  word("share_of_imports_pct"),
];

/**
 * @param {Record<string, any>} row
 * @param {string} measure
 */
const cells = (row, measure) => [
  ...measureCells(row[measure], measure),
  ...["paid_cny", ...COUNTS].map((name) => grouped(row[name].current)),
  row.share_of_imports_pct.current ?? "—",
];
