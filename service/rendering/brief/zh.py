"""The brief in Chinese, in the words of the bureau.

倍 counts growth: 增长14倍 is 15 times the base. 翻两番 is 4 times the base, and only the stock of registered residents
is said so. Source: the domain rules, "Growth".
"""

from collections.abc import Iterator, Sequence
from datetime import date

from service.domain.brief.facts import Facts, Measure, Piece, category_claim
from service.domain.brief.figures import cny_text, decimal_text, round_amount, round_heads_down
from service.domain.brief.movement import Movement, doublings
from service.domain.brief.spans import shape_of
from service.domain.money import FEN_PER_CNY
from service.domain.periods import Period
from service.rendering.brief.scope import ScopeWords, inside_of_a_sentence

_UNITS = ((10**12, "万亿"), (10**8, "亿"), (10**4, "万"))
_COMPARED = {"yoy": "同比", "previous": "环比"}
_BASES = {"yoy": "上年同期", "previous": "上期"}
_DOUBLED = {1: "翻一番", 2: "翻两番"}

SCOPE = ScopeWords(
    lang="zh",
    sentence="（统计范围：{}）",
    dimension="{}为{}",
    between_values="、",
    between_dimensions="；",
    names={
        "category": "品类",
        "origin": "原产国",
        "direction": "进出口",
        "trade_point": "互市点",
        "group_id": "互助组",
        "settlement": "社区/嘎查",
    },
)


def sentences(facts: Facts) -> Iterator[Sequence[Piece]]:
    """The sentences of the brief."""
    yield from _without_trade(facts) if facts.is_without_trade else _trade(facts)
    yield from _registered(facts)
    yield from _new_categories(facts)


def period_words(period: Period) -> str:
    """A period: 2024年1—4月, 2024年上半年, 2024年第一季度, 2024年, 2024年1月1日至4月15日."""
    start, end = period.start, period.end
    year = f"{start.year}年"
    match shape_of(period):
        case "years", count:
            return year if count == 1 else f"{start.year}—{end.year}年"
        case "half", number:
            return f"{year}{'上下'[number - 1]}半年"
        case "quarter", number:
            return f"{year}第{'一二三四'[number - 1]}季度"
        case "months", count if start.year == end.year:
            return f"{year}{start.month}月" if count == 1 else f"{year}{start.month}—{end.month}月"
        case "months", _:
            return f"{year}{start.month}月至{end.year}年{end.month}月"
    return day_words(start) if start == end else f"{day_words(start)}至{_later_day(start, end)}"


def day_words(day: date) -> str:
    """A date: 2024年4月30日."""
    return f"{day.year}年{day.month}月{day.day}日"


def base_day_words(day: date) -> str:
    """The day of a stock's base: 2023年末."""
    return f"{day.year}年末" if (day.month, day.day) == (12, 31) else day_words(day)


def amount_words(amount_fen: int) -> str:
    """An amount: 1.3亿元, 约867万元, 8530.55元."""
    rounded = round_amount(amount_fen)
    for unit, name in _UNITS:
        if rounded.value >= unit * FEN_PER_CNY:
            return f"{'' if rounded.is_exact else '约'}{decimal_text(rounded.value, unit * FEN_PER_CNY)}{name}元"
    return f"{cny_text(rounded.value)}元"


def heads_words(heads: int, classifier: str) -> str:
    """A count: 6100余人, 6100人, 超3.5万人次."""
    rounded = round_heads_down(heads)
    for unit, name in _UNITS:
        if rounded.value >= unit:
            return f"{'' if rounded.is_exact else '超'}{decimal_text(rounded.value, unit)}{name}{classifier}"
    return f"{rounded.value}{'' if rounded.is_exact else '余'}{classifier}"


def _later_day(start: date, end: date) -> str:
    if start.year != end.year:
        return day_words(end)
    return f"{end.day}日" if start.month == end.month else f"{end.month}月{end.day}日"


def _trade(facts: Facts) -> Iterator[Sequence[Piece]]:
    amount = facts.claim("amount_cny", amount_words(facts.amount_fen.current))
    participations = facts.claim("participations", heads_words(facts.participations.current, "人次"))
    residents = facts.claim("residents", f"参与边民{heads_words(facts.residents.current, '人')}")
    yield (
        *(f"{period_words(facts.period)}，边民互市贸易额", amount, *_change(facts, "amount_cny"), *_directions(facts)),
        *("；参与交易", participations, *_change(facts, "participations")),
        *("，", residents, *_change(facts, "residents"), "。"),
    )


def _directions(facts: Facts) -> Sequence[Piece]:
    """That the value is of imports and exports together, where it is, and how much of it is either."""
    parts = facts.direction_claims(
        lambda direction, fen: f"{inside_of_a_sentence('direction', direction, 'zh')}{amount_words(fen)}"
    )
    return ("（为进出口合计，其中", parts[0], "，", parts[1], "）") if parts else ()


def _without_trade(facts: Facts) -> Iterator[Sequence[Piece]]:
    nothing = facts.claim("amount_cny", "无边民互市交易记录")
    yield f"{period_words(facts.period)}，", nothing, *_base_of_nothing(facts), "。"


def _base_of_nothing(facts: Facts) -> Sequence[Piece]:
    """What the base period had, where the period itself had nothing."""
    if facts.base_is_without_trade:
        return "，", facts.claim("amount_cny", f"{_BASES[facts.compare]}亦无")
    if facts.movement_of("amount_cny") is None:
        return ()
    amount = facts.claim("amount_cny", amount_words(facts.amount_fen.base))
    return f"；{_BASES[facts.compare]}贸易额", amount


def _change(facts: Facts, measure: Measure) -> Sequence[Piece]:
    movement = facts.movement_of(measure)
    if movement is None:
        says_so = measure == "amount_cny" and facts.base_is_without_trade
        return ("，", facts.claim(measure, f"{_BASES[facts.compare]}无交易记录")) if says_so else ()
    moved = _moved(movement)
    phrase = f"{_COMPARED[facts.compare]}{moved}" if moved else f"与{_BASES[facts.compare]}{_steady(movement)}"
    return "，", facts.claim(measure, phrase)


def _moved(movement: Movement) -> str:
    """The words of a rise or a fall; none where the figure has stayed."""
    match movement.kind:
        case "rise":
            return f"增长{decimal_text(movement.size, 100)}%"
        case "fall":
            return f"下降{decimal_text(movement.size, 100)}%"
        case "plunge":
            return "下降超过99.99%"
        case "multiple":
            return f"增长{'' if movement.is_exact else '约'}{decimal_text(movement.size, 10)}倍"
    return ""


def _steady(movement: Movement) -> str:
    return "持平" if movement.kind == "equal" else "基本持平"


def _registered(facts: Facts) -> Iterator[Sequence[Piece]]:
    heads = facts.registered.current
    phrase = f"备案边民{heads_words(heads, '人')}" if heads else "无备案边民"
    yield (
        f"截至{day_words(facts.registered_on)}，",
        facts.claim("registered_at_end", phrase),
        *_registered_change(facts),
        "。",
    )


def _registered_change(facts: Facts) -> Sequence[Piece]:
    movement = facts.movement_of("registered_at_end")
    if movement is None:
        return ()
    base = f"{base_day_words(facts.registered_base_on)}的{facts.registered.base}人"
    doubled = doublings(facts.registered)
    moved = _moved(movement) if doubled is None else _DOUBLED[doubled]
    return "，", facts.claim("registered_at_end", f"较{base}{moved}" if moved else f"与{base}{_steady(movement)}")


def _new_categories(facts: Facts) -> Iterator[Sequence[Piece]]:
    named: list[Piece] = []
    for category in facts.named_categories:
        named += ["、", category_claim(category, inside_of_a_sentence("category", category.code, "zh"))]
    if named:
        yield f"与{_BASES[facts.compare]}相比，", *named[1:], "为新增品类。"
