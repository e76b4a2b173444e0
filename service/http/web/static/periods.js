// The days of periods and their neighbours, as the API counts them; only to choose buckets and to step.

const DAY_MS = 86_400_000;
const MARKET_AHEAD_MS = 8 * 3_600_000;
const MONTHS_OF = { year: 12, half: 6, quarter: 3, month: 1 };

/**
 * The day of an instant in UTC, as YYYY-MM-DD.
 * @param {number} instant
 */
export function day(instant) {
  return new Date(instant).toISOString().slice(0, 10);
}

/**
 * The date and the time in Shanghai, as the market's clocks show them, wherever the reader is.
 * @param {number} [instant]
 */
export const marketClock = (instant = Date.now()) =>
  new Date(instant + MARKET_AHEAD_MS).toISOString().slice(0, 19).replace("T", " ");

/** Business days are days in Erenhot. */
export const today = () => marketClock().slice(0, 10);

/**
 * The day some years earlier; 29 February becomes the 28th.
 * @param {string} text
 * @param {number} years
 */
export function yearsBefore(text, years) {
  const year = String(Number(text.slice(0, 4)) - years).padStart(4, "0");
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  return `${year}${text.slice(4) === "-02-29" && !isLeap ? "-02-28" : text.slice(4)}`;
}

/**
 * The longest period that ends on a day and that a report may be asked for.
 * @param {string} to
 * @param {number} years
 */
export function longestTo(to, years) {
  return { from: day(Date.parse(yearsBefore(to, years)) + DAY_MS), to };
}

/**
 * The first and the last day of a period.
 * @param {Period} period
 * @returns {[from: string, to: string]}
 */
export function boundsOf(period) {
  if (period.kind === "free") return [period.from, period.to];
  if (period.kind === "ytd") return [`${period.to.slice(0, 4)}-01-01`, period.to];
  const months = MONTHS_OF[period.kind];
  const first = months * (Math.max(period.part, 1) - 1);
  return [day(Date.UTC(period.year, first, 1)), day(Date.UTC(period.year, first + months, 0))];
}

/**
 * Whether both ends of a period are days; while one is typed, it is not.
 * @param {Period} period
 */
export const isWhole = (period) => boundsOf(period).every((text) => !Number.isNaN(Date.parse(text)));

/**
 * @param {Period} period
 * @returns {Interval}
 */
export function intervalFor(period) {
  const [from, to] = boundsOf(period).map((text) => Date.parse(text));
  const days = (to - from) / DAY_MS + 1;
  if (days <= 62) return "day";
  return days <= 3 * 366 ? "month" : "quarter";
}

/**
 * The keys of the buckets of a period, without gaps.
 * @param {Days} period
 * @param {Interval} interval
 */
export function bucketsOf({ from, to }, interval) {
  /** @type {string[]} */
  const keys = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    const text = day(at);
    const quarter = `${text.slice(0, 4)}-Q${Math.ceil(Number(text.slice(5, 7)) / 3)}`;
    const key = { day: text, month: text.slice(0, 7), quarter }[interval];
    if (keys.at(-1) !== key) keys.push(key);
  }
  return keys;
}

/**
 * The period of another kind that ends where this one does.
 * @param {Period} period
 * @param {PeriodKind} kind
 * @returns {Period}
 */
export function asKind(period, kind) {
  const [from, to] = boundsOf(period);
  const year = Number(to.slice(0, 4));
  const month = Number(to.slice(5, 7));
  if (kind === "ytd") return { kind, to };
  if (kind === "free") return { kind, from, to };
  return { kind, year, part: kind === "year" ? 0 : Math.ceil(month / MONTHS_OF[kind]) };
}

/**
 * The period before or after; what has no neighbour of its kind moves by a year or by its length.
 * @param {Period} period
 * @param {1 | -1} by
 * @returns {Period}
 */
export function step(period, by) {
  if (period.kind === "ytd") return { ...period, to: yearsBefore(period.to, -by) };
  if (period.kind === "free") {
    const [from, to] = [Date.parse(period.from), Date.parse(period.to)];
    const length = to - from + DAY_MS;
    return { ...period, from: day(from + by * length), to: day(to + by * length) };
  }
  const parts = 12 / MONTHS_OF[period.kind];
  const number = period.year * parts + Math.max(period.part, 1) - 1 + by;
  return { kind: period.kind, year: Math.floor(number / parts), part: parts === 1 ? 0 : (number % parts) + 1 };
}
