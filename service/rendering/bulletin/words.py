"""The words of a bulletin in its three languages: Chinese, English, Mongolian."""

from typing import Any

from service.rendering.exports.headings import value_of

_ORDER = ("zh", "en", "mn")

_WORDS: dict[str, tuple[str, str, str]] = {
    "title": (
        "二连浩特边民互市贸易统计月报", "Border-resident trade at Erenhot: monthly bulletin",
        "Эрээн хотын хилийн оршин суугчдын худалдаа: сарын товхимол",
    ),
    "main_indicators": ("主要指标", "Main indicators", "Гол үзүүлэлтүүд"),
    "categories": ("分品类", "By category", "Барааны төрлөөр"),
    "commodities": ("主要商品（前十位）", "Top ten commodities", "Эхний арван бараа"),
    "origins": ("分国别", "By country of origin", "Гарал үүслийн улсаар"),
    "residents_table": ("边民备案与参与", "Registered residents and participation", "Бүртгэл ба оролцоо"),
    "groups": ("分互助组", "By mutual-aid group", "Харилцан туслах бүлгээр"),
    "settlements": ("分社区（嘎查）", "By settlement", "Суурингаар"),
    "trade_points": ("分互市点", "By trade point", "Худалдааны цэгээр"),
    "exempt_and_taxable": (
        "进口免税与应税", "Imports, exempt and taxable", "Импорт, татвараас чөлөөлөгдсөн ба татвартай",
    ),
    "directions": ("分进出口", "Imports and exports", "Импорт, экспорт"),
    "months": ("本年各月", "Months of the year", "Оны саруудаар"),
    "days": ("本月逐日", "Days of the month", "Сарын өдрүүдээр"),
    "indicator": ("指标", "Indicator", "Үзүүлэлт"),
    "month": ("本月", "Month", "Тайлант сар"),
    "previous": ("上月", "Month before", "Өмнөх сар"),
    "base": ("上年同期", "A year earlier", "Өмнөх оны мөн үе"),
    "yoy": ("同比（%）", "Year on year, %", "Өмнөх оноос, %"),
    "mom": ("环比（%）", "On month before, %", "Өмнөх сараас, %"),
    "year": ("年初至今", "Year to date", "Оны эхнээс"),
    "year_yoy": ("累计同比（%）", "Year to date, yoy, %", "Оны эхнээс, өмнөх оноос, %"),
    "share_pct": ("占比（%）", "Share, %", "Эзлэх хувь, %"),
    "taxed_pct": ("应税占比（%）", "Taxable share, %", "Татвартай хувь, %"),
    "category": ("品类", "Category", "Төрөл"),
    "commodity": ("商品", "Commodity", "Бараа"),
    "origin": ("原产国", "Country", "Улс"),
    "group_id": ("互助组", "Group", "Бүлэг"),
    "settlement": ("社区（嘎查）", "Settlement", "Суурин"),
    "trade_point": ("互市点", "Trade point", "Худалдааны цэг"),
    "direction": ("进出口", "Direction", "Чиглэл"),
    "day": ("日期", "Day", "Өдөр"),
    "month_key": ("月份", "Month", "Сар"),
    "amount_cny": ("交易额（元）", "Value, CNY", "Худалдааны дүн, юань"),
    "exempt_cny": ("免税额（元）", "Exempt, CNY", "Чөлөөлөгдсөн, юань"),
    "exempt_all_cny": (
        "免税额（含出口，元）", "Exempt, exports included, CNY", "Чөлөөлөгдсөн (экспорт орсон), юань",
    ),
    "taxable_cny": ("应税额（元）", "Taxable, CNY", "Татвартай, юань"),
    "quantity_kg": ("重量（千克）", "Weight, kg", "Жин, кг"),
    "transactions": ("交易笔数", "Transactions", "Гүйлгээ"),
    "participations": ("参与人次", "Person-times", "Оролцоо, давхардсан"),
    "residents": ("参与人数", "Residents taking part", "Оролцсон хүн"),
    "participating": ("参与人数", "Residents taking part", "Оролцсон хүн"),
    "amount_per_participation_cny": ("每人次交易额（元）", "Value per person-time, CNY", "Нэг оролцооны дүн, юань"),
    "registered_at_start": ("期初备案人数", "Registered at the start", "Эхний бүртгэлтэй"),
    "registered_in_period": ("本期新增备案", "Newly registered", "Шинээр бүртгэсэн"),
    "cancelled_in_period": ("本期注销备案", "Cancelled", "Хүчингүй болгосон"),
    "lapsed_in_period": ("到期及其他减少", "Expired and otherwise left", "Хугацаа дууссан ба бусад"),
    "registered_at_end": ("期末备案人数", "Registered at the end", "Эцсийн бүртгэлтэй"),
    "all": ("合计", "Total", "Нийт"),
    "nobody": ("（未填）", "(none)", "(байхгүй)"),
    "no_group": ("（无互助组）", "(no group)", "(бүлэггүй)"),
    "unit": (
        "单位：元、千克、笔、人、人次", "Units: CNY, kg, transactions, residents, person-times",
        "Нэгж: юань, кг, гүйлгээ, хүн, давхардсан оролцоо",
    ),
    "cut_off": ("数据截至", "Data to", "Мэдээлэл хүртэл"),
    "position": ("数据位置", "Ledger position", "Бүртгэлийн байрлал"),
    "preliminary": ("初步数：本月尚未结束。", "Preliminary: the month is not over.", "Урьдчилсан: сар дуусаагүй."),
    "final": (
        "正式数：本月已结束；此后补录或冲正将改变数据位置。",
        "Final: the month is over; a later entry or reversal of its days changes the position.",
        "Эцсийн: сар дууссан; хожуу бичилт, буцаалт байрлалыг өөрчилнө.",
    ),
    "base_zero": ("基期为零", "base is zero", "суурь тэг"),
    "both_zero": ("均为零", "both are zero", "хоёулаа тэг"),
    "no_base_day": ("无对应日", "no such day", "тийм өдөр байхгүй"),
    "base_negative": ("基期为负", "base is negative", "суурь сөрөг"),
    "chart_days": ("本月每日交易额", "Value by day", "Өдрийн худалдааны дүн"),
    "chart_months": ("各月交易额与上年同月", "Value by month, with the year before", "Сарын дүн, өмнөх онтой"),
    "chart_shares": ("各品类占比", "Share of each category", "Төрөл тус бүрийн эзлэх хувь"),
    "none": ("本月无交易。", "No trade in this month.", "Энэ сард худалдаа байхгүй."),
    "chart_unit": ("万元", "million CNY", "сая юань"),
    "pages": ("页面", "Pages", "Хуудсууд"),
    "dashboard": ("统计", "Statistics", "Тайлан"),
    "earlier": ("上月", "Month before", "Өмнөх сар"),
    "later": ("下月", "Month after", "Дараагийн сар"),
    "demo": (
        "演示数据：人物与数字均为虚构", "Demo data: people and figures are invented",
        "Үзүүлэнгийн өгөгдөл: хүн, тоо бүгд зохиомол",
    ),
}  # fmt: skip

_VALUES: dict[str, tuple[str, str]] = {
    "meat": ("Meat", "Мах"),
    "grain": ("Grain", "Үр тариа"),
    "wool": ("Wool and cashmere", "Ноос, ноолуур"),
    "packaged_food": ("Packaged food", "Савласан хүнс"),
    "MN": ("Mongolia", "Монгол"),
    "RU": ("Russia", "Орос"),
    "BY": ("Belarus", "Беларусь"),
    "KZ": ("Kazakhstan", "Казахстан"),
    "CN": ("China", "Хятад"),
    "erenhot": ("Erenhot", "Эрээн хот"),
    "import": ("Imports", "Импорт"),
    "export": ("Exports", "Экспорт"),
    "erenhot-city": ("Erenhot, in the city", "Эрээн хотын төв"),
}


def word(name: str, lang: str) -> str:
    """A word of the bulletin."""
    return _WORDS[name][_ORDER.index(lang)]


def named(dimension: str, value: Any, lang: str) -> str:
    """A key's value: categories, countries and trade points by their names, codes without a name as they are."""
    if value is None:
        return word("no_group" if dimension == "group_id" else "nobody", lang)
    if lang == "zh" or dimension not in {"category", "origin", "trade_point", "direction"}:
        return str(value_of(dimension, value))
    names = _VALUES.get(value)
    return str(value) if names is None else names[_ORDER.index(lang) - 1]
