// The report on the page: the brief, four figures, five charts with their tables, each with its base and cut-off.
import { bars, columns, draw, erase, lines } from "./charts.js";
import { compact, grouped, shareOf, signed, tick, unscaled } from "./exact.js";
import { bucketsOf, intervalFor } from "./question.js";
import { make, table } from "./tables.js";
import {
  bucketWords,
  clockWords,
  comparedWords,
  cutOffWords,
  dayWords,
  language,
  nameOf,
  newestWords,
  periodWords,
  positionWords,
  ratioWords,
  restWords,
  word,
} from "./words.js";

const BARS_MAX = 12;
// The longest that a market is closed: Spring Festival with the Sundays beside it.
const HOLIDAYS_MAX = 9;
const STRIDES = { day: [1, 2, 5, 7, 14, 31], month: [1, 2, 3, 6, 12, 24, 36], quarter: [1, 2, 4, 8, 20, 40] };
const DECIMALS = { amount_cny: 2, quantity_kg: 3 };
const waiting = [];
const byId = (id) => document.getElementById(id);

// Shows the answers to a question and returns what a screen reader is told about it; `updated` is when they came anew.
export function showReport(answers, question, updated = null) {
  const { brief, months, people } = answers;
  const { period, base_period: base, through: cutOff } = months;
  const compared = comparedWords(period, base, cutOff);
  const context = { answers, question, compared, cutOff, baseWord: word(`base.${question.compare}`) };
  byId("brief").textContent = brief.text;
  byId("compared").textContent = compared;
  linkBulletin(cutOff.slice(0, 7));
  byId("updated").textContent = updated ? `${word("updated")} ${clockWords(updated)}` : "";
  showPosition(answers);
  showFigures(months, people, context);
  showNote(months.total.transactions, period.from > cutOff);
  showMonths(context);
  showBars("category", context);
  showBars("origin", context);
  showPeople(context);
  showTaxed(context);
  draw(waiting.splice(0));
  return compared;
}

function linkBulletin(month) {
  byId("bulletin").href = `/v1/reports/bulletin?month=${month}&format=html&lang=${language()}`;
  byId("bulletin").textContent = `${word("bulletin")} ${month}`;
}

function showNote({ current, base }, isToCome) {
  const note = byId("note");
  note.hidden = current > 0;
  const why = isToCome ? "empty.to-come" : base > 0 ? "empty.current" : "empty.both";
  note.textContent = current > 0 ? "" : word(why);
  byId("newest").textContent = "";
}

// Where trade ends before the period does, its base has days that it has not: the reader is told, and of which day on.
export function showNewest(day, { months: { base_period: base, through } }) {
  byId("newest").textContent = `· ${newestWords(day)} ·`;
  linkBulletin(day.slice(0, 7));
  const missing = (Date.parse(through) - Date.parse(day)) / 86_400_000;
  if (missing <= HOLIDAYS_MAX || !base) return;
  byId("note").hidden = false;
  byId("note").textContent =
    `${newestWords(day)}${word("newest.base")} ${periodWords(base)}${language() === "zh" ? "。" : "."}`;
}

export function showPosition({ position }) {
  byId("source").textContent = [positionWords(position), demoWords()].filter(Boolean).join(" ");
}

const demoWords = () => (document.body.dataset.demo ? word("demo") : "");

// The four figures

function showFigures(months, people, context) {
  const stock = people.total.registered_at_end,
    { base_period: base } = people;
  const dates = base ? [periodWords(base), dayWords(base.to)] : ["—", "—"];
  byId("figures").replaceChildren(
    figure("amount_cny", months.total.amount_cny, context, dates[0]),
    figure("participations", months.total.participations, context, dates[0]),
    figure("residents", months.total.residents, context, dates[0]),
    figure("registered_at_end", stock, context, dates[1], sinceYearBegan(context)),
  );
}

// The stock at the end of the year before, which the brief compares with, beside the one of a year ago.
function sinceYearBegan({ answers: { brief, people } }) {
  const claim = brief.claims.find(({ measure }) => measure === "registered_at_end");
  if (!claim || claim.base === null || brief.registered_base_on === people.base_period?.to) return [];
  const growth = claim.growth_pct === null ? "" : ` · ${signed(claim.growth_pct)}%`;
  return [
    make(
      "dd",
      { class: "base" },
      `${dayWords(brief.registered_base_on)} `,
      make("b", {}, full(claim.base, "registered_at_end")),
      growth,
    ),
  ];
}

// A figure with its growth, and under it, whole, what both are made of: the cut-off, the base and the base's days.
function figure(name, measure, { baseWord, cutOff }, baseDate, more = []) {
  const [number, unit] = name === "amount_cny" ? compact(measure.current, language()) : [grouped(measure.current), ""];
  const units = unitWords(name, unit);
  return make(
    "div",
    { id: `figure-${name}` },
    make("dt", {}, word(name)),
    make(
      "dd",
      { class: "number" },
      make("data", { value: measure.current }, number),
      units && make("span", { class: "unit" }, ` ${units}`),
    ),
    make("dd", { class: "growth" }, growthWords(measure)),
    make("dd", { class: "exact" }, cutOffWords(cutOff), unit ? ` · ${full(measure.current, name)}` : ""),
    make("dd", { class: "base" }, `${baseWord} `, make("b", {}, full(baseOf(measure), name)), make("br"), baseDate),
    ...more,
  );
}

function unitWords(name, unit) {
  const own = word(`unit.${name}`);
  return language() === "zh" ? `${unit}${own}` : `${unit} ${own}`.trim();
}

// What is compared with no day has a base of 0 in the answers, which is no figure of any day.
const baseOf = ({ base, reason }) => (reason === "no_base_day" ? null : base);
const UNCOMPARED = { growth_pct: null, ratio: null, reason: "no_base_day" };

const spaced = (unit) => (unit ? `\u00a0${unit}` : "");

// ▲ +385.84 % and what it is times the base; where no growth can be told, why.
function growthWords({ growth_pct: growth, ratio, reason }) {
  if (growth === null) return reason ? word(`reason.${reason}`) : "—";
  const arrow = /^-/.test(growth) ? "▼" : /^[0.]+$/.test(growth) ? "＝" : "▲";
  return make(
    "span",
    {},
    make("span", { "aria-hidden": "true" }, `${arrow}\u00a0`),
    make("strong", {}, `${signed(growth)}%`),
    make("span", { class: "ratio" }, ratioWords(ratio)),
  );
}

// Charts over time

function bucketRows({ answers, question }) {
  const interval = intervalFor(question.period);
  const rows = new Map(answers.months.rows.map((row) => [row.key[interval], row]));
  const {
    period: { from, to },
    through,
  } = answers.months;
  // Of a period that has not begun, the empty buckets are drawn.
  const keys = bucketsOf({ from, to: through < from ? to : through }, interval);
  const firsts = keys.map((key, n) =>
    interval === "day" || (n > 0 && keys[n - 1].slice(0, 4) === key.slice(0, 4)) ? "" : key.slice(0, 4),
  );
  const isOneYear = keys.length > 0 && keys[0].slice(0, 4) === keys.at(-1).slice(0, 4);
  return {
    interval,
    keys,
    strides: STRIDES[interval],
    rows: keys.map((key) => rows.get(key)),
    labels: keys.map((key, n) => (firsts[n] && !isOneYear ? `${bucketWords(key)}\n${firsts[n]}` : bucketWords(key))),
  };
}

const number = (value) => (value === null || value === undefined ? null : Number(value));

function showMonths(context) {
  const {
    question: { measure },
  } = context;
  const { interval, keys, labels, strides, rows } = bucketRows(context);
  const current = rows.map((row) => number(row?.[measure].current ?? 0));
  const base = rows.map((row) => (!hasBuckets(context) ? null : row ? number(row[measure].base) : 0));
  const section = chartSection("months", context, {
    about: withUnit(word(measure), measure),
    legend: overTime(context),
  });
  const say = (n) => readout(bucketWords(keys[n], true), rows[n]?.[measure], measure, overTime(context)[1] ?? null);
  plot(
    section,
    current,
    base,
    columns({ labels, strides, current, base, sayTick: (v) => tick(v, language()), onIndex: reader(section, say) }),
  );
  fillTable(
    section,
    tableCaption(context),
    [word(interval), ...measureHead(measure, context)],
    keys.map((key, n) => [
      bucketWords(key, true),
      ...measureCells(rows[n]?.[measure], measure, context.answers.months.base_period),
    ]),
    [word("total"), ...measureCells(context.answers.months.total[measure], measure)],
  );
}

function showTaxed(context) {
  const {
    answers: { months },
  } = context;
  const { interval, keys, labels, strides, rows } = bucketRows(context);
  const share = (row, side) =>
    row && row.amount_cny[side] !== null ? shareOf(row.taxable_cny[side], row.amount_cny[side]) : null;
  const shares = (side) => rows.map((row) => (side === "base" && !hasBuckets(context) ? null : share(row, side)));
  const [current, base] = ["current", "base"].map(shares);
  const text = (value) => (value === null ? "—" : unscaled(value, 2));
  const points = (now, then) => (now === null || then === null ? "—" : signed(unscaled(now - then, 2)));
  const floats = (values) => values.map((value) => (value === null ? null : Number(value) / 100));
  const section = chartSection("taxed", context, {
    about: word("taxed.about"),
    legend: overTime(context),
    isLine: true,
  });
  const against = (n) =>
    hasBuckets(context)
      ? ` · ${context.baseWord} ${text(base[n])}% · ${points(current[n], base[n])} ${word("points")}`
      : "";
  const say = (n) => `${bucketWords(keys[n], true)} · ${text(current[n])}%${against(n)}`;
  plot(
    section,
    floats(current),
    floats(base),
    lines({
      labels,
      strides,
      current: floats(current),
      base: floats(base),
      sayTick: (v) => `${Number(v.toPrecision(3))}%`,
      onIndex: reader(section, say),
    }),
  );
  const cells = (row) => [
    text(share(row, "current")),
    text(share(row, "base")),
    points(share(row, "current"), share(row, "base")),
    grouped(row?.taxable_cny.current ?? "0.00"),
  ];
  fillTable(
    section,
    tableCaption(context),
    [
      word(interval),
      `${word("current")} %`,
      `${context.baseWord} %`,
      `${word("change")}, ${word("points")}`,
      withUnit(word("taxable"), "amount_cny"),
    ],
    keys.map((key, n) => [bucketWords(key, true), ...cells(rows[n])]),
    [word("total"), ...cells(months.total)],
  );
}

// Against the previous period, each month is compared with the month before it: drawn, every column would stand twice.
const hasBuckets = ({ question }) => question.compare !== "previous";
const overTime = (context) => (hasBuckets(context) ? [word("current"), context.baseWord] : [word("current")]);
const tableCaption = (context) =>
  hasBuckets(context) ? context.compared : `${context.compared} · ${word("buckets.previous")}`;

// Charts by name

function showBars(dimension, context) {
  const {
    answers,
    question: { measure },
    compared,
  } = context;
  const byCurrent = (a, b) => Number(b[measure].current) - Number(a[measure].current);
  const rows = measure === "amount_cny" ? answers[dimension].rows : [...answers[dimension].rows].sort(byCurrent);
  const section = chartSection(dimension, context, { measure, rest: restOf(rows) });
  showPairs(section, rows, dimension, measure, measure, context);
  fillTable(
    section,
    compared,
    [
      word(dimension === "category" ? "filter.category" : "filter.origin"),
      ...measureHead(measure, context),
      ...(measure === "amount_cny" ? [word("share")] : []),
    ],
    rows.map((row) => [
      nameOf(dimension, row.key[dimension]),
      ...measureCells(row[measure], measure),
      ...(measure === "amount_cny" ? [row.share_pct ?? "—"] : []),
    ]),
    [
      word("total"),
      ...measureCells(answers[dimension].total[measure], measure),
      ...(measure === "amount_cny" ? ["100.00"] : []),
    ],
  );
}

// The largest rows as pairs of bars: two of the same measure, current and base.
function showPairs(section, rows, dimension, measure, unit, context) {
  const shown = rows.slice(0, BARS_MAX);
  const names = shown.map((row) => nameOf(dimension, row.key[dimension]));
  const current = shown.map((row) => number(row[measure].current)),
    base = shown.map((row) => number(row[measure].base));
  const say = (n) => readout(names[n], shown[n][measure], unit, context.baseWord);
  const end = (n) => {
    const { current: now, growth_pct: growth, reason } = shown[n][measure];
    if (reason === "base_zero") return `${short(now, unit)}  ${word("new")}`;
    return growth === null ? short(now, unit) : `${short(now, unit)}  ${signed(growth)}%`;
  };
  plot(
    section,
    current,
    base,
    bars({
      labels: names,
      current,
      base,
      sayTick: (v) => tick(v, language()),
      sayEnd: end,
      onIndex: reader(section, say),
    }),
  );
}

// Registered at the end of the period, solid, and taking part in it, an outline: hatched is what has been before.
function showPeople(context) {
  const {
    answers: { people },
    compared,
  } = context;
  const rows = people.rows.length ? people.rows : [];
  const shown = rows.slice(0, BARS_MAX);
  const names = shown.map((row) => nameOf("settlement", row.key.settlement));
  const pick = (name) => shown.map((row) => row[name].current);
  const [registered, participating] = ["registered_at_end", "participating"].map(pick);
  const section = chartSection("people", context, {
    about: word("people.about"),
    legend: [word("registered_at_end"), word("participating")],
    second: "open",
    rest: restOf(rows),
  });
  const say = (n) =>
    `${names[n]} · ${word("registered_at_end")} ${grouped(registered[n])} · ${word("participating")} ${grouped(participating[n])}`;
  plot(
    section,
    registered,
    participating,
    bars({
      labels: names,
      current: registered,
      base: participating,
      second: "open",
      sayTick: (v) => tick(v, language()),
      sayEnd: (n) => `${grouped(registered[n])} / ${grouped(participating[n])}`,
      onIndex: reader(section, say),
    }),
  );
  const cells = (row) =>
    ["registered_at_end", "participating"].flatMap((name) => [
      grouped(row[name].current),
      grouped(baseOf(row[name]) ?? "—"),
      growthCell(row[name]),
    ]);
  const head = ["registered_at_end", "participating"].flatMap((name) => [
    word(name),
    `${word(name)}, ${context.baseWord}`,
    word("growth"),
  ]);
  fillTable(
    section,
    compared,
    [word("filter.settlement"), ...head],
    rows.map((row) => [nameOf("settlement", row.key.settlement), ...cells(row)]),
    [word("total"), ...cells(people.total)],
  );
}

// What charts share

// A chart that leaves rows out says so; its table has them all.
const restOf = (rows) => (rows.length > BARS_MAX ? restWords(BARS_MAX, rows.length) : "");

function chartSection(
  name,
  { answers, baseWord, compared },
  { measure, about, legend, isLine, second = "hatched", rest = "" },
) {
  const section = byId(name);
  const said = about ?? withUnit(word(measure), measure);
  const [solid, other] = legend ?? [word("current"), baseWord];
  const key = (kind, text) =>
    make(
      "span",
      { class: "key" },
      make("i", { class: `${kind}${isLine ? " line" : ""}`, "aria-hidden": "true" }),
      text,
    );
  section
    .querySelector(".about")
    .replaceChildren(
      make("span", {}, said),
      key("solid", solid),
      other ? key(second, other) : "",
      rest ? make("span", { class: "rest" }, rest) : "",
    );
  section.querySelector(".readout").textContent = compared;
  section
    .querySelector(".plot")
    .setAttribute("aria-label", `${word(name)}: ${said}. ${[solid, other].filter(Boolean).join(" / ")}. ${compared}`);
  const path = answers.paths[name === "taxed" ? "months" : name];
  for (const kind of ["csv", "xlsx"]) {
    const link = section.querySelector(`.${kind}`);
    link.href = `${path}&format=${kind}`;
    link.setAttribute("aria-label", `${word(name)}, ${kind.toUpperCase()}`);
  }
  return section;
}

function plot(section, current, base, maker) {
  const hasFigures = [...current, ...base].some((value) => value);
  const empty = section.querySelector(".empty"),
    canvas = section.querySelector(".plot");
  empty.hidden = hasFigures;
  empty.textContent = hasFigures ? "" : word("empty.chart");
  canvas.hidden = !hasFigures;
  if (hasFigures) waiting.push([canvas, maker]);
  else erase(canvas);
}

// Tables are only made when somebody opens them: a change of the question then costs nothing for the closed ones.
function fillTable(section, caption, head, rows, total) {
  const details = section.querySelector("details"),
    place = section.querySelector(".scroll");
  const fill = () => place.replaceChildren(table(`${word(section.id)} — ${caption}`, head, rows, total));
  place.replaceChildren();
  details.ontoggle = () => {
    if (details.open) fill();
    dispatchEvent(new Event("resize"));
  };
  if (details.open) fill();
}

function reader(section, say) {
  const place = section.querySelector(".readout"),
    still = place.textContent;
  return (n) => {
    place.textContent = n === null ? still : say(n);
  };
}

function readout(name, measure, unit, baseWord) {
  if (!measure) return `${name} · 0${baseWord ? ` · ${baseWord} 0` : ""}`;
  if (!baseWord) return `${name} · ${full(measure.current, unit)}`;
  const growth = measure.growth_pct === null ? "" : ` · ${signed(measure.growth_pct)}%`;
  return `${name} · ${full(measure.current, unit)} · ${baseWord} ${full(baseOf(measure), unit)}${growth}`;
}

const full = (value, unit) => (value === null ? "—" : `${grouped(value)}${spaced(word(`unit.${unit}`))}`);

function short(value, unit) {
  if (!(unit in DECIMALS)) return grouped(value);
  const [text, rung] = compact(value, language());
  if (rung) return `${text}${language() === "zh" ? "" : "\u00a0"}${rung}`;
  return text.replace(/(\d{3})\.\d+$/, "$1");
}

function withUnit(text, measure) {
  const unit = word(`unit.${measure}`);
  if (!unit) return text;
  return language() === "zh" ? `${text}（${unit}）` : `${text}, ${unit}`;
}

const measureHead = (measure, { baseWord }) => [
  withUnit(word("current"), measure),
  withUnit(baseWord, measure),
  word("change"),
  word("growth"),
  word("ratio"),
];

function measureCells(measure, name, basePeriod = true) {
  const zero = DECIMALS[name] ? `0.${"0".repeat(DECIMALS[name])}` : "0";
  if (!measure)
    return basePeriod
      ? [zero, zero, zero, word("reason.both_zero"), "—"]
      : [zero, "—", "—", growthCell(UNCOMPARED), "—"];
  const isCompared = baseOf(measure) !== null;
  return [measure.current, baseOf(measure), isCompared ? measure.change : null]
    .map((value, n) => (value === null ? "—" : n === 2 ? signed(value) : grouped(value)))
    .concat([growthCell(measure), measure.ratio ?? "—"]);
}

function growthCell({ growth_pct: growth, reason }) {
  return growth === null ? word(`reason.${reason}`) : signed(growth);
}
