"""The brief in Mongolian, Cyrillic.

дахин counts the ratio, as Mongolian statistics do: 15 дахин өссөн is 15 times the base. Person-times are people
давхардсан тоогоор, counted as often as they came. No suffix hangs on a figure, except on the days of a month.
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

_UNITS = ((10**12, "их наяд"), (10**9, "тэрбум"), (10**6, "сая"))
_FROM_BASE = {"yoy": "өмнөх оны мөн үеэс", "previous": "өмнөх үеэс"}
_WITH_BASE = {"yoy": "өмнөх оны мөн үетэй", "previous": "өмнөх үетэй"}
_IN_BASE = {"yoy": "өмнөх оны мөн үед", "previous": "өмнөх үед"}
_HALVES = ("эхний", "сүүлийн")
_QUARTERS = ("нэгдүгээр", "хоёрдугаар", "гуравдугаар", "дөрөвдүгээр")
_FRONT_VOWELS = {1, 4, 9}
"""The last digits whose words (нэг, дөрөв, ес) take дүгээр and -ний; all others, 0 too, take дугаар and -ны."""

_TRADE = "хилийн оршин суугчдын харилцан худалдаа"

SCOPE = ScopeWords(
    lang="mn",
    sentence="(Хамрах хүрээ: {}.)",
    dimension="{} – {}",
    between_values=", ",
    between_dimensions="; ",
    names={
        "category": "ангилал",
        "origin": "гарал үүслийн улс",
        "direction": "чиглэл",
        "trade_point": "худалдааны цэг",
        "group_id": "бүлэг",
        "settlement": "суурин",
    },
)


def sentences(facts: Facts) -> Iterator[Sequence[Piece]]:
    """The sentences of the brief."""
    yield from _without_trade(facts) if facts.is_without_trade else _trade(facts)
    yield from _registered(facts)
    yield from _new_categories(facts)


def period_words(period: Period) -> str:
    """A period: 2024 оны 1–4 дүгээр сард, 2024 оны эхний хагас жилд, 2024 онд."""
    start, end = period.start, period.end
    year = f"{start.year} оны"
    match shape_of(period):
        case "years", count:
            return f"{start.year} онд" if count == 1 else f"{start.year}–{end.year} онд"
        case "half", number:
            return f"{year} {_HALVES[number - 1]} хагас жилд"
        case "quarter", number:
            return f"{year} {_QUARTERS[number - 1]} улиралд"
        case "months", 1:
            return f"{year} {_month(start)}д"
        case "months", _ if start.year == end.year:
            return f"{year} {start.month}–{_month(end)}д"
        case "months", _:
            return f"{year} {_month(start)}аас {end.year} оны {_month(end)}ыг дуустал"
    last = _day_of(end) if start.year == end.year else f"{end.year} оны {_day_of(end)}"
    return f"{year} {_day_of(start)} өдөр" if start == end else f"{year} {_day_of(start)} өдрөөс {last} өдрийг дуустал"


def as_of_words(day: date) -> str:
    """The day of a stock: 2024 оны 4 дүгээр сарын 30-ны өдрийн байдлаар."""
    return f"{day.year} оны {_day_of(day)} өдрийн байдлаар"


def base_day_words(day: date) -> str:
    """The figure of a base's day, before its case: 2023 оны эцсийнх."""
    is_end = (day.month, day.day) == (12, 31)
    return f"{day.year} оны {'эцсийнх' if is_end else f'{_day_of(day)} өдрийнх'}"


def amount_words(amount_fen: int) -> str:
    """An amount: 130 сая юань, ойролцоогоор 8.67 сая юань, 8,530.55 юань."""
    rounded = round_amount(amount_fen)
    about = "" if rounded.is_exact else "ойролцоогоор "
    for unit, name in _UNITS:
        if rounded.value >= unit * FEN_PER_CNY:
            return f"{about}{decimal_text(rounded.value, unit * FEN_PER_CNY, ',')} {name} юань"
    return f"{about}{cny_text(rounded.value, ',')} юань"


def heads_words(heads: int) -> str:
    """A count: 35,000 гаруй, or 6,100."""
    rounded = round_heads_down(heads)
    more = "" if rounded.is_exact else " гаруй"
    for unit, name in _UNITS:
        if rounded.value >= unit:
            return f"{decimal_text(rounded.value, unit, ',')} {name}{more}"
    return f"{rounded.value:,}{more}"


def _month(month_of: date) -> str:
    return f"{month_of.month} {'дүгээр' if month_of.month % 10 in _FRONT_VOWELS else 'дугаар'} сар"


def _day_of(day: date) -> str:
    """The day in its month: 4 дүгээр сарын 30-ны."""
    return f"{_month(day)}ын {day.day}-{'ний' if day.day % 10 in _FRONT_VOWELS else 'ны'}"


def _trade(facts: Facts) -> Iterator[Sequence[Piece]]:
    amount = facts.claim("amount_cny", amount_words(facts.amount_fen.current))
    yield f"{period_words(facts.period)} {_TRADE}ны дүн ", amount, *_amount_change(facts), " байна."
    yield from _directions(facts)
    participations = f"давхардсан тоогоор {heads_words(facts.participations.current)} хүн"
    residents = f"давхардаагүй тоогоор {heads_words(facts.residents.current)} хүн"
    yield (
        *("Худалдаанд ", facts.claim("participations", participations), *_in_brackets(facts, "participations")),
        *(", ", facts.claim("residents", residents), *_in_brackets(facts, "residents"), " оролцсон байна."),
    )


def _directions(facts: Facts) -> Iterator[Sequence[Piece]]:
    """That the value is of imports and exports together, where it is, and how much of it is either."""
    parts = facts.direction_claims(
        lambda direction, fen: f"{inside_of_a_sentence('direction', direction, 'mn')} {amount_words(fen)}"
    )
    if parts:
        yield "Энэ нь импорт, экспортын нийлбэр дүн бөгөөд ", parts[0], ", ", parts[1], " байна."


def _without_trade(facts: Facts) -> Iterator[Sequence[Piece]]:
    nothing = facts.claim("amount_cny", f"{_TRADE} бүртгэгдээгүй")
    yield f"{period_words(facts.period)} ", nothing, *_base_of_nothing(facts), " байна."


def _base_of_nothing(facts: Facts) -> Sequence[Piece]:
    """What the base period had, where the period itself had nothing."""
    if facts.base_is_without_trade:
        return ", ", facts.claim("amount_cny", f"{_IN_BASE[facts.compare]} ч бүртгэгдээгүй")
    if facts.movement_of("amount_cny") is None:
        return ()
    amount = facts.claim("amount_cny", amount_words(facts.amount_fen.base))
    return f", харин {_IN_BASE[facts.compare]} ", amount, " болсон"


def _amount_change(facts: Facts) -> Sequence[Piece]:
    movement = facts.movement_of("amount_cny")
    if movement is not None:
        return " болж, ", facts.claim("amount_cny", _changed(facts, movement))
    if facts.base_is_without_trade:
        phrase = f"{_IN_BASE[facts.compare]} худалдаа бүртгэгдээгүй"
        return " болсон бөгөөд ", facts.claim("amount_cny", phrase)
    return (" болсон",)


def _in_brackets(facts: Facts, measure: Measure) -> Sequence[Piece]:
    movement = facts.movement_of(measure)
    return () if movement is None else (" (", facts.claim(measure, _changed(facts, movement)), ")")


def _changed(facts: Facts, movement: Movement) -> str:
    case = _WITH_BASE if movement.kind in {"equal", "level"} else _FROM_BASE
    return f"{case[facts.compare]} {_moved(movement)}"


def _moved(movement: Movement) -> str:
    match movement.kind:
        case "equal":
            return "тэнцүү"
        case "level":
            return "бараг тэнцүү"
        case "rise":
            return f"{decimal_text(movement.size, 100)} хувиар өссөн"
        case "fall":
            return f"{decimal_text(movement.size, 100)} хувиар буурсан"
        case "plunge":
            return "99.99 хувиас илүү буурсан"
        case "multiple":
            about = "" if movement.is_exact else "ойролцоогоор "
            return f"{about}{decimal_text(movement.ratio_tenths, 10, ',')} дахин өссөн"


def _registered(facts: Facts) -> Iterator[Sequence[Piece]]:
    heads = heads_words(facts.registered.current) if facts.registered.current else "тэг"
    change = _registered_change(facts)
    yield (
        f"{as_of_words(facts.registered_on)} ",
        facts.claim("registered_at_end", f"бүртгэлтэй оршин суугчдын тоо {heads}"),
        *(" болж, " if change else "", *change, " байна."),
    )


def _registered_change(facts: Facts) -> Sequence[Piece]:
    movement = facts.movement_of("registered_at_end")
    if movement is None:
        return ()
    steady = movement.kind in {"equal", "level"}
    base = f"{base_day_words(facts.registered_base_on)}{'тэй' if steady else 'ээс'} ({facts.registered.base:,})"
    doubled = doublings(facts.registered)
    if doubled is None:
        return (facts.claim("registered_at_end", f"{base} {_moved(movement)}"),)
    times = "дахин" if movement.kind == "multiple" and movement.is_exact else "дахинаас илүү"
    return (facts.claim("registered_at_end", f"{base} {2**doubled} {times} өссөн"),)


def _new_categories(facts: Facts) -> Iterator[Sequence[Piece]]:
    named = [
        category_claim(category, inside_of_a_sentence("category", category.code, "mn"))
        for category in facts.named_categories
    ]
    if not named:
        return
    listed = [piece for claim in named[:-1] for piece in (", ", claim)]
    joint = [" болон "] if listed else []
    yield (
        f"{_WITH_BASE[facts.compare].capitalize()} харьцуулахад ",
        *(*listed[1:], *joint, named[-1], " шинэ ангилал болж нэмэгдсэн байна."),
    )
