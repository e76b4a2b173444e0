// The question of the page, read from its address and written back to it, so that a link is a report.

export const FILTERS = ["category", "origin", "direction", "trade_point", "settlement", "group_id"];
export const KINDS = ["year", "half", "quarter", "month", "ytd", "free"];
export const MEASURES = ["amount_cny", "quantity_kg", "transactions", "participations", "residents"];
export const LANGS = ["zh", "en", "mn"];

const PATTERNS = [
  ["year", /^(\d{4})$/],
  ["half", /^(\d{4})-H([12])$/],
  ["quarter", /^(\d{4})-Q([1-4])$/],
  ["month", /^(\d{4})-(\d{2})$/],
];

const ONCE = ["period", "ytd", "from", "to", "compare", "measure", "lang"];
const CHOICES = { compare: ["yoy", "previous"], measure: MEASURES, lang: LANGS };
const PERIODS = [["period"], ["ytd"], ["from", "to"]];

// What is wrong with an address, by parameter, as the API would say it: nothing that was asked is passed over.
function wrongIn(params) {
  const wrong = [];
  const names = [...new Set(params.keys())];
  const told = PERIODS.map((each) => each.find((name) => params.has(name))).filter(Boolean);
  for (const name of names) {
    if (!ONCE.includes(name) && !FILTERS.includes(name)) wrong.push({ name, code: "unknown" });
    else if (ONCE.includes(name) && params.getAll(name).length > 1) wrong.push({ name, code: "repeated" });
    else if (CHOICES[name] && !CHOICES[name].includes(params.get(name)))
      wrong.push({ name, code: "choice", choices: CHOICES[name] });
  }
  if (told.length > 1) wrong.push({ name: told[1], code: "one-period" });
  return wrong;
}

export function readQuestion(search) {
  const params = new URLSearchParams(search);
  const filters = {};
  for (const name of FILTERS) {
    const values = params
      .getAll(name)
      .flatMap((text) => text.split(","))
      .filter(Boolean);
    if (values.length) filters[name] = [...new Set(values)].sort();
  }
  const measure = params.get("measure");
  return {
    period: readPeriod(params),
    compare: params.get("compare") === "previous" ? "previous" : "yoy",
    measure: MEASURES.includes(measure) ? measure : "amount_cny",
    filters,
    wrong: wrongIn(params),
  };
}

function readPeriod(params) {
  if (params.has("ytd")) return { kind: "ytd", to: params.get("ytd") };
  if (params.has("from") || params.has("to")) {
    return { kind: "free", from: params.get("from") ?? "", to: params.get("to") ?? "" };
  }
  const text = params.get("period");
  for (const [kind, pattern] of PATTERNS) {
    const found = pattern.exec(text ?? "");
    if (found) return { kind, year: Number(found[1]), part: Number(found[2] ?? 0) };
  }
  // A day, or what the API will refuse in its own words.
  return text ? { kind: "free", from: text, to: text } : null;
}

export function periodParams(period) {
  switch (period.kind) {
    case "year":
      return { period: `${period.year}` };
    case "half":
      return { period: `${period.year}-H${period.part}` };
    case "quarter":
      return { period: `${period.year}-Q${period.part}` };
    case "month":
      return { period: `${period.year}-${String(period.part).padStart(2, "0")}` };
    case "ytd":
      return { ytd: period.to };
    default:
      return { from: period.from, to: period.to };
  }
}

// The parameters that the reports share, in one order: the same question is the same address, here and in caches.
export function asked(question) {
  const params = new URLSearchParams(periodParams(question.period));
  params.set("compare", question.compare);
  for (const name of FILTERS) if (question.filters[name]) params.set(name, question.filters[name].join(","));
  return params;
}

export function addressOf(question, lang) {
  const params = asked(question);
  if (question.compare === "yoy") params.delete("compare");
  if (question.measure !== "amount_cny") params.set("measure", question.measure);
  params.set("lang", lang);
  return `/?${params.toString().replaceAll("%2C", ",")}`;
}

const MONTHS_OF = { year: 12, half: 6, quarter: 3, month: 1 };

// The first and the last day of a period, as the API counts them; only to choose buckets and to step.
export function boundsOf(period) {
  if (period.kind === "free") return [period.from, period.to];
  if (period.kind === "ytd") return [`${period.to.slice(0, 4)}-01-01`, period.to];
  const months = MONTHS_OF[period.kind];
  const first = months * (Math.max(period.part, 1) - 1);
  return [day(Date.UTC(period.year, first, 1)), day(Date.UTC(period.year, first + months, 0))];
}

export function intervalFor(period) {
  const [from, to] = boundsOf(period).map((text) => Date.parse(text));
  const days = (to - from) / 86_400_000 + 1;
  if (days <= 62) return "day";
  return days <= 3 * 366 ? "month" : "quarter";
}

// The keys of the buckets of a period, without gaps.
export function bucketsOf({ from, to }, interval) {
  const keys = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
    const text = day(at);
    const quarter = `${text.slice(0, 4)}-Q${Math.ceil(Number(text.slice(5, 7)) / 3)}`;
    const key = { day: text, month: text.slice(0, 7), quarter }[interval];
    if (keys.at(-1) !== key) keys.push(key);
  }
  return keys;
}

// A month or a quarter by its key.
export const bucketPeriod = (key) => readPeriod(new URLSearchParams({ period: key }));

// The period of another kind that ends where this one does.
export function asKind(period, kind) {
  const [from, to] = boundsOf(period);
  const year = Number(to.slice(0, 4)),
    month = Number(to.slice(5, 7));
  if (kind === "ytd") return { kind, to };
  if (kind === "free") return { kind, from, to };
  return { kind, year, part: kind === "year" ? 0 : Math.ceil(month / MONTHS_OF[kind]) };
}

// The period before or after; what has no neighbour of its kind moves by a year or by its length.
export function step(period, by) {
  if (period.kind === "ytd") return { ...period, to: sameDay(period.to, by) };
  if (period.kind === "free") {
    const [from, to] = [Date.parse(period.from), Date.parse(period.to)];
    const length = to - from + 86_400_000;
    return { ...period, from: day(from + by * length), to: day(to + by * length) };
  }
  const parts = 12 / MONTHS_OF[period.kind];
  const number = period.year * parts + Math.max(period.part, 1) - 1 + by;
  return { kind: period.kind, year: Math.floor(number / parts), part: parts === 1 ? 0 : (number % parts) + 1 };
}

function sameDay(text, by) {
  const year = Number(text.slice(0, 4)) + by;
  return `${year}${text.slice(4) === "-02-29" ? "-02-28" : text.slice(4)}`;
}

export function day(instant) {
  return new Date(instant).toISOString().slice(0, 10);
}

// Business days are days in Erenhot, wherever the reader is.
export function today() {
  return day(Date.now() + 8 * 3_600_000);
}
