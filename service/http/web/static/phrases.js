// How each language says days, periods and comparisons.
import { marketClock } from "./periods.js";
import { language } from "./words.js";

// prettier-ignore
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/**
 * @param {string} text
 */
const parts = (text) => text.split("-").map(Number);

/**
 * A day as a bulletin writes it: 2024年6月30日, 30 June 2024, 2024.06.30.
 * @param {string} text
 * @returns {string}
 */
export function dayWords(text) {
  const [y, m, d] = parts(text);
  return { zh: `${y}年${m}月${d}日`, en: `${d} ${MONTHS[m - 1]} ${y}`, mn: text.replaceAll("-", ".") }[language()];
}

/**
 * The time of day in Shanghai, as the market's clocks show it.
 * @param {Date} instant
 */
export function clockWords(instant) {
  return marketClock(instant.getTime()).slice(11);
}

/**
 * @param {Days} period
 */
export function periodWords({ from, to }) {
  const [fy, fm, fd] = parts(from),
    [ty, tm, td] = parts(to);
  if (from === to) return dayWords(from);
  if (language() === "zh") {
    const end = fy === ty ? (fm === tm ? `${td}日` : `${tm}月${td}日`) : dayWords(to);
    return `${dayWords(from)}—${end}`;
  }
  if (language() === "en") {
    const start = fy === ty ? (fm === tm ? `${fd}` : `${fd} ${MONTHS[fm - 1]}`) : dayWords(from);
    return `${start} – ${dayWords(to)}`;
  }
  return `${dayWords(from)} – ${dayWords(to)}`;
}

/**
 * A bucket of a chart: short on its axis, where the year stands once, and whole in tables.
 * @param {string} key
 * @returns {string}
 */
export function bucketWords(key, whole = false) {
  const [year, rest, last] = key.split("-");
  const month = Number(rest),
    quarter = rest?.startsWith("Q") ? rest.slice(1) : null;
  if (quarter) {
    const short = {
      zh: `${"一二三四"[Number(quarter) - 1]}季度`,
      en: `Q${quarter}`,
      mn: `${"I II III IV".split(" ")[Number(quarter) - 1]} улирал`,
    }[language()];
    return whole ? { zh: `${year}年${short}`, en: `${short} ${year}`, mn: `${year} оны ${short}` }[language()] : short;
  }
  if (last) {
    return whole
      ? dayWords(key)
      : { zh: `${Number(last)}日`, en: `${Number(last)}`, mn: `${Number(last)}` }[language()];
  }
  if (!rest) return year;
  const short = { zh: `${month}月`, en: MONTHS[month - 1]?.slice(0, 3), mn: `${month}-р сар` }[language()];
  return whole
    ? { zh: `${year}年${month}月`, en: `${MONTHS[month - 1]} ${year}`, mn: `${year} оны ${month}-р сар` }[language()]
    : short;
}

/**
 * A half, a quarter or a month of a year.
 * @param {string} kind
 * @param {number} part
 */
export function partWords(kind, part) {
  if (kind === "half") {
    return { zh: `${"上下"[part - 1]}半年`, en: `H${part}`, mn: ["Эхний хагас", "Сүүлийн хагас"][part - 1] }[
      language()
    ];
  }
  if (kind === "quarter") return bucketWords(`0-Q${part}`);
  return language() === "en" ? MONTHS[part - 1] : bucketWords(`0-${part}`);
}

/**
 * The ending of a Mongolian day follows the vowels of its last number: 1, 4 and 9 have front ones.
 * @param {string} text
 */
const asOf = (text) => `${dayWords(text)}-${"149".includes(text.slice(-1)) ? "ний" : "ны"} байдлаар`;

/**
 * What stands under every chart and table: the period, its base, and the day up to which there are data.
 * @param {Days} period
 * @param {Days | null} base
 * @param {string} cutOff
 */
export function comparedWords(period, base, cutOff) {
  const shown = periodWords(period),
    against = base ? periodWords(base) : "—";
  return {
    zh: `${shown}，对比 ${against}；截至 ${dayWords(cutOff)}`,
    en: `${shown}, against ${against}; data to ${dayWords(cutOff)}`,
    mn: `${shown}, суурь ${against}; ${asOf(cutOff)}`,
  }[language()];
}

/**
 * @param {string} day
 */
export function newestWords(day) {
  return {
    zh: `最近交易日 ${dayWords(day)}`,
    en: `Newest trade ${dayWords(day)}`,
    mn: `Сүүлийн худалдаа ${dayWords(day)}`,
  }[language()];
}

/**
 * @param {string} day
 */
export function cutOffWords(day) {
  return { zh: `截至 ${dayWords(day)}`, en: `To ${dayWords(day)}`, mn: asOf(day) }[language()];
}

/**
 * @param {string} ratio
 */
export function ratioWords(ratio) {
  return { zh: `为基期的 ${ratio} 倍`, en: `${ratio} times the base`, mn: `суурийн ${ratio} дахин` }[language()];
}

/**
 * @param {number} shown
 * @param {number} all
 */
export function restWords(shown, all) {
  return { zh: `前 ${shown} 项，共 ${all} 项`, en: `the largest ${shown} of ${all}`, mn: `${all}-аас эхний ${shown}` }[
    language()
  ];
}

/**
 * @param {string} position
 */
export function positionWords(position) {
  return {
    zh: `来源：互市账本，位置 ${position}；金额为人民币元，日期为亚洲/上海时区的交易日。`,
    en: `Source: the Hushi ledger at position ${position}. Amounts in CNY; business days in Asia/Shanghai.`,
    mn: `Эх сурвалж: Hushi дэвтэр, байрлал ${position}. Дүн юаниар, өдөр Asia/Shanghai цагаар.`,
  }[language()];
}
