// The report on the page: the brief, four figures, five charts with their tables, each with its base and cut-off.
import { byId, linked, make } from "./elements.js";
import { compact, grouped, signed } from "./exact.js";
import {
  clockWords,
  comparedWords,
  cutOffWords,
  dayWords,
  newestBaseWords,
  newestWords,
  periodWords,
  positionWords,
  ratioWords,
} from "./phrases.js";
import { briefParts } from "./report_brief.js";
import { showProcessing } from "./report_processing.js";
import { showBars, showMonths, showPeople, showTaxed } from "./report_charts.js";
import { rowLinks } from "./report_links.js";
import { drawWaiting } from "./report_sections.js";
import { arrowOf, baseOf, full, unitWords } from "./report_texts.js";
import { language, word } from "./words.js";

/** The longest that a market is closed: Spring Festival with the Sundays beside it. */
const HOLIDAYS_MAX = 9;
const DAY_MS = 86_400_000;

const bulletin = () => byId("bulletin", HTMLAnchorElement);

/**
 * Shows the answers to a question and returns what a screen reader is told about it.
 * @param {Answers} answers
 * @param {Question} question
 * @param {Date | null} [updated] when they came anew
 */
export function showReport(answers, question, updated) {
  const { brief, months } = answers;
  const { period, base_period: base, through: cutOff } = months;
  const compared = comparedWords(period, base, cutOff);
  const context = { answers, question, compared, cutOff, baseWord: word(`base.${question.compare}`) };
  byId("brief").replaceChildren(...briefParts(brief, (key) => rowLinks(months, question, key).current));
  byId("compared").textContent = compared;
  linkBulletin(cutOff.slice(0, 7));
  byId("updated").textContent = updated ? `${word("updated")} ${clockWords(updated)}` : "";
  showPosition(answers);
  showFigures(context);
  showNote(months.total.transactions, period.from > cutOff);
  showMonths(context);
  showBars("category", context);
  showBars("origin", context);
  showPeople(context);
  showTaxed(context);
  showProcessing(context);
  drawWaiting();
  return compared;
}

/** @param {string} month */
function linkBulletin(month) {
  bulletin().href = `/v1/reports/bulletin?month=${month}&format=html&lang=${language()}`;
  bulletin().textContent = `${word("page.bulletin")} ${month}`;
}

/**
 * @param {Measure} transactions
 * @param {boolean} isToCome
 */
function showNote({ current, base }, isToCome) {
  const note = byId("note");
  const hasTrade = Number(current) > 0;
  const why = Number(base) > 0 ? "empty.current" : "empty.both";
  note.hidden = hasTrade;
  note.textContent = hasTrade ? "" : word(isToCome ? "empty.to-come" : why);
  byId("newest").textContent = "";
}

/**
 * Where trade ends before the period does, its base has days that it has not: the reader is told, and of which day on.
 * @param {string} day
 * @param {Answers} answers
 */
export function showNewest(day, { months: { base_period: base, through } }) {
  byId("newest").textContent = `· ${newestWords(day)} ·`;
  linkBulletin(day.slice(0, 7));
  const missing = (Date.parse(through) - Date.parse(day)) / DAY_MS;
  if (missing <= HOLIDAYS_MAX || !base) return;
  byId("note").hidden = false;
  byId("note").textContent = newestBaseWords(day, base);
}

/** @param {Pick<Answers, "position">} answers */
export function showPosition({ position }) {
  const demo = document.body.dataset.demo ? word("demo") : "";
  byId("source").textContent = [positionWords(position), demo].filter(Boolean).join(" ");
}

// The four figures

/** @param {ReportContext} context */
function showFigures(context) {
  const { months, people } = context.answers;
  const { base_period: base } = people;
  const [ofPeriod, ofEnd] = base ? [periodWords(base), dayWords(base.to)] : ["—", "—"];
  const stock = people.total.registered_at_end;
  byId("figures").replaceChildren(
    figure("amount_cny", months.total.amount_cny, context, ofPeriod),
    figure("participations", months.total.participations, context, ofPeriod),
    figure("residents", months.total.residents, context, ofPeriod),
    figure("registered_at_end", stock, context, ofEnd, ...sinceYearBegan(context.answers)),
  );
}

/**
 * The stock at the end of the year before, which the brief compares with, beside the one of a year ago.
 * @param {Answers} answers
 */
function sinceYearBegan({ brief, people }) {
  const claim = brief.claims.find(({ measure }) => measure === "registered_at_end");
  const on = brief.registered_base_on;
  if (!claim || claim.base === null || on === people.base_period?.to) return [];
  const growth = claim.growth_pct === null ? "" : ` · ${signed(claim.growth_pct)}%`;
  const stock = make("b", {}, full(claim.base, "registered_at_end"));
  return [make("dd", { class: "base" }, `${dayWords(on)} `, stock, growth)];
}

/**
 * A figure with its growth, and under it, whole, what both are made of: the cut-off, the base and the base's days. A
 * figure of trade leads to its rows; behind the stock of registered residents there are none.
 * @param {string} name
 * @param {Measure} measure
 * @param {ReportContext} context
 * @param {string} baseDate
 * @param {...Node} more
 */
function figure(name, measure, { answers, question, baseWord, cutOff }, baseDate, ...more) {
  const isOfTrade = name !== "registered_at_end";
  const leads = isOfTrade ? rowLinks(answers.months, question) : { current: null, base: null };
  const isValue = name === "amount_cny";
  const [number, rung] = isValue ? compact(measure.current, language()) : [grouped(measure.current), ""];
  const units = unitWords(name, rung);
  const data = make("data", { value: measure.current }, linked(number, leads.current));
  const baseFigure = make("b", {}, linked(full(baseOf(measure), name), baseOf(measure) === null ? null : leads.base));
  return make(
    "div",
    { id: `figure-${name}` },
    make("dt", {}, word(name)),
    make("dd", { class: "number" }, data, units && make("span", { class: "unit" }, ` ${units}`)),
    make("dd", { class: "growth" }, growthWords(measure)),
    make(
      "dd",
      { class: "exact" },
      cutOffWords(cutOff),
      rung && " · ",
      rung && linked(full(measure.current, name), leads.current),
    ),
    make("dd", { class: "base" }, `${baseWord} `, baseFigure, make("br"), baseDate),
    ...more,
  );
}

/**
 * ▲ +385.84 % and what it is times the base; where no growth can be told, why.
 * @param {Measure} measure
 */
function growthWords({ growth_pct: growth, ratio, reason }) {
  if (growth === null) return reason ? word(`reason.${reason}`) : "—";
  return make(
    "span",
    {},
    make("span", { "aria-hidden": "true" }, `${arrowOf(growth)}\u00a0`),
    make("strong", {}, `${signed(growth)}%`),
    make("span", { class: "ratio" }, ratioWords(ratio ?? "—")),
  );
}
