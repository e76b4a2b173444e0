import { groupName } from "./groups.js";

// The words of the page in its three languages, and how each of them says periods and days.

/** @type {Record<string, Said>} */
// prettier-ignore
const CATEGORIES = {
  meat: ["肉类", "Meat", "Мах"],
  grain: ["粮食", "Grain", "Үр тариа"],
  wool: ["绒毛", "Wool and cashmere", "Ноос, ноолуур"],
  packaged_food: ["预包装食品", "Packaged food", "Савласан хүнс"],
};
/** @type {Record<string, Record<string, Said>>} */
// prettier-ignore
const OTHERS = {
  direction: { import: ["进口", "Import", "Импорт"], export: ["出口", "Export", "Экспорт"] },
  trade_point: { erenhot: ["二连浩特", "Erenhot", "Эрээн хот"], "erenhot-city": ["二连浩特市区", "Erenhot, in the city", "Эрээн хотын төв"] },
};

/** @type {Record<string, Said>} */
// prettier-ignore
const WORDS = {
  title: ["边民互市贸易统计", "Border-resident trade", "Хилийн оршин суугчдын харилцан худалдаа"],
  skip: ["跳到报告", "Skip to the report", "Тайлан руу очих"],
  languages: ["语言", "Language", "Хэл"],
  controls: ["期间与筛选", "Period and filters", "Хугацаа ба шүүлтүүр"],
  signout: ["退出", "Sign out", "Гарах"],
  theme: ["配色", "Colours", "Өнгө"],
  "theme.auto": ["自动", "Auto", "Автомат"],
  "theme.light": ["浅色", "Light", "Цайвар"],
  "theme.dark": ["深色", "Dark", "Бараан"],
  reference: ["接口文档", "API reference", "API-ийн лавлах"],
  kind: ["期间", "Period", "Хугацаа"],
  "kind.year": ["全年", "Year", "Жил"],
  "kind.half": ["半年", "Half-year", "Хагас жил"],
  "kind.quarter": ["季度", "Quarter", "Улирал"],
  "kind.month": ["月份", "Month", "Сар"],
  "kind.ytd": ["年初至今", "Year to date", "Оны эхнээс"],
  "kind.free": ["自选", "Free", "Чөлөөт"],
  year: ["年份", "Year", "Он"],
  from: ["自", "From", "Эхлэх"],
  to: ["至", "To", "Дуусах"],
  earlier: ["前一期间", "Earlier period", "Өмнөх хугацаа"],
  later: ["后一期间", "Later period", "Дараагийн хугацаа"],
  compare: ["对比", "Compare with", "Харьцуулах"],
  "compare.yoy": ["同比", "A year earlier", "Өмнөх оны мөн үе"],
  "compare.previous": ["环比", "Previous period", "Өмнөх үе"],
  measure: ["图表指标", "Charts show", "Графикийн үзүүлэлт"],
  filters: ["筛选", "Filters", "Шүүлтүүр"],
  search: ["查找", "Search", "Хайх"],
  clear: ["清除筛选", "Clear filters", "Шүүлтүүр цуцлах"],
  "filter.category": ["品类", "Category", "Бараа"],
  "filter.origin": ["原产地", "Origin", "Гарал үүсэл"],
  "filter.direction": ["方向", "Direction", "Чиглэл"],
  "filter.trade_point": ["互市点", "Trade point", "Худалдааны цэг"],
  "filter.settlement": ["社区 / 嘎查", "Settlement", "Суурин"],
  "filter.group_id": ["互助组", "Group", "Бүлэг"],
  amount_cny: ["交易额", "Value", "Худалдааны дүн"],
  quantity_kg: ["重量", "Weight", "Жин"],
  transactions: ["交易笔数", "Transactions", "Гүйлгээний тоо"],
  participations: ["参与人次", "Person-times", "Оролцоо, давхардсан тоогоор"],
  residents: ["参与边民", "Residents taking part", "Оролцсон хүн"],
  registered_at_end: ["备案边民", "Registered residents", "Бүртгэлтэй хүн"],
  participating: ["参与边民", "Taking part", "Оролцсон"],
  "unit.amount_cny": ["元", "CNY", "юань"],
  "unit.quantity_kg": ["千克", "kg", "кг"],
  "unit.transactions": ["笔", "", ""],
  "unit.participations": ["人次", "", ""],
  "unit.residents": ["人", "", ""],
  "unit.registered_at_end": ["人", "", ""],
  current: ["本期", "This period", "Тайлант үе"],
  "base.yoy": ["上年同期", "A year earlier", "Өмнөх оны мөн үе"],
  "base.previous": ["上期", "Previous period", "Өмнөх үе"],
  change: ["增减", "Change", "Өөрчлөлт"],
  growth: ["增速 %", "Growth %", "Өсөлт %"],
  ratio: ["为基期的倍数", "Ratio", "Харьцаа"],
  share: ["占比 %", "Share %", "Хувь %"],
  taxable: ["应税额", "Taxable", "Татвартай дүн"],
  points: ["百分点", "points", "нэгж хувь"],
  day: ["日", "Day", "Өдөр"],
  month: ["月份", "Month", "Сар"],
  quarter: ["季度", "Quarter", "Улирал"],
  total: ["合计", "Total", "Бүгд"],
  months: ["分期走势", "Over the period", "Хугацааны явц"],
  category: ["按品类", "By category", "Барааны төрлөөр"],
  origin: ["按原产地", "By origin", "Гарал үүслээр"],
  people: ["备案与参与", "Registered and taking part", "Бүртгэлтэй ба оролцсон"],
  taxed: ["应税占比", "Share taxed", "Татвартай хувь"],
  "people.about": ["期末备案人数与本期参与人数，按社区 / 嘎查", "Registered at the end of the period, and taking part in it, by settlement", "Хугацааны эцэст бүртгэлтэй ба оролцсон хүн, суурингаар"],
  "taxed.about": ["超出免税额度的部分占交易额的百分比", "The part of the value above the allowance, in percent", "Чөлөөлөгдөх хэмжээнээс давсан дүнгийн хувь"],
  "buckets.previous": ["各时段对比其前一时段", "each against the one before it", "тус бүрийг өмнөхтэй нь харьцуулав"],
  new: ["新增", "new", "шинэ"],
  table: ["数据表", "Table", "Хүснэгт"],
  unstated: ["未登记", "Not stated", "Тодорхойгүй"],
  "reason.base_zero": ["基期为零，不计增速", "No growth: the base is zero", "Суурь тэг тул өсөлт тооцохгүй"],
  "reason.both_zero": ["本期与基期均为零", "Zero in both periods", "Хоёр үед хоёуланд тэг"],
  "reason.base_negative": ["基期为负，不计增速", "No growth: the base is negative", "Суурь сөрөг тул өсөлт тооцохгүй"],
  "reason.no_base_day": ["基期无此日", "The base has no such day", "Суурь үед ийм өдөр алга"],
  loading: ["正在读取……", "Loading…", "Ачаалж байна…"],
  "empty.both": ["本期与基期均无交易。", "No trade was recorded in this period, nor in its base.", "Энэ үед ч, суурь үед ч худалдаа бүртгэгдээгүй."],
  "empty.current": ["本期无交易；图中只有基期。", "No trade was recorded in this period; the charts show its base only.", "Энэ үед худалдаа бүртгэгдээгүй, зөвхөн суурь үеийг харуулав."],
  "empty.to-come": ["此期间尚未开始。", "This period has not begun.", "Энэ үе эхлээгүй байна."],
  "newest.base": ["；其后无数据，而基期为整个", "; there is nothing after it, while the base is the whole of", "; түүнээс хойш мэдээлэл үгүй, суурь нь бүтэн"],
  "empty.chart": ["没有可显示的数据。", "Nothing to show.", "Харуулах зүйл алга."],
  retry: ["重试", "Try again", "Дахин оролдох"],
  "state.offline": ["无法连接服务", "The service can't be reached", "Үйлчилгээнд холбогдсонгүй"],
  "state.offline.detail": ["请检查网络；连接恢复后本页会自动重试。", "Check the connection; the page asks again as soon as there is one.", "Холболтоо шалгана уу. Холбогдмогц дахин асууна."],
  "state.forbidden": ["此密钥无权查看报告", "This key may not see reports", "Энэ түлхүүр тайлан үзэх эрхгүй"],
  "state.forbidden.detail": ["缺少权限 reports:read。请使用具有该权限的密钥登录。", "It lacks the scope reports:read. Sign in with a key that has it.", "reports:read эрх дутуу байна. Тийм эрхтэй түлхүүрээр нэвтэрнэ үү."],
  "state.refused": ["无法生成此报告", "This report can't be made", "Энэ тайланг гаргах боломжгүй"],
  "wrong.unknown": ["没有此参数。", "There is no such parameter.", "Ийм параметр алга."],
  "wrong.repeated": ["只能出现一次。", "It may stand here once only.", "Зөвхөн нэг удаа байж болно."],
  "wrong.choice": ["可选值：", "Choose one of", "Сонголт:"],
  "wrong.one-period": ["期间只能用 period、ytd、from 与 to 三者之一。", "Give one period: period, or ytd, or from and to.", "Хугацааг нэгээр нь заана: period, эсвэл ytd, эсвэл from ба to."],
  "wrong.without": ["去掉这些参数后打开", "Open without them", "Эдгээргүйгээр нээх"],
  "state.broken": ["服务暂时无法回答", "The service can't answer now", "Үйлчилгээ одоо хариулж чадахгүй байна"],
  again: ["重新登录", "Sign in again", "Дахин нэвтрэх"],
  updated: ["已更新", "Updated", "Шинэчлэв"],
  demo: ["演示数据：人物与数字均为虚构", "Demo data: people and figures are invented", "Үзүүлэнгийн өгөгдөл: хүн, тоо бүгд зохиомол"],
  pages: ["页面", "Pages", "Хуудсууд"],
  bulletin: ["月报", "Monthly bulletin", "Сарын товхимол"],
  "page.dashboard": ["统计", "Statistics", "Тайлан"],
  "page.record": ["录入", "Record", "Бүртгэл"],
};

const AT = { zh: 0, en: 1, mn: 2 };
const HTML_LANGS = { zh: "zh-CN", en: "en", mn: "mn" };
/** @type {Lang} */
let lang = "zh";
/** @type {Record<string, Said>} */
let countries = {};

/**
 * Says from now on everything in this language.
 * @param {Lang} chosen
 * @param {Record<string, Said>} [countryNames]
 */
export function speak(chosen, countryNames) {
  lang = chosen;
  if (countryNames) countries = countryNames;
}

export const htmlLanguage = () => HTML_LANGS[lang];

/**
 * What a word is called in the language of the page; a word that there is not, by its name.
 * @param {string} name
 * @returns {string}
 */
export function word(name) {
  return WORDS[name]?.[AT[lang]] ?? name;
}

/**
 * The words of another page, beside these or in their place.
 * @param {Record<string, Said>} words
 */
export function teach(words) {
  Object.assign(WORDS, words);
}

export function language() {
  return lang;
}

/**
 * The name of a value of a dimension: a country, a category, a settlement as it is registered.
 * @param {string} dimension
 * @param {string | null} value
 * @returns {string}
 */
export function nameOf(dimension, value) {
  if (value === null || value === "") return word("unstated");
  if (dimension === "group_id") return groupName(value) ?? value;
  const names = dimension === "origin" ? countries : dimension === "category" ? CATEGORIES : OTHERS[dimension];
  return names?.[value]?.[AT[lang]] ?? value;
}
