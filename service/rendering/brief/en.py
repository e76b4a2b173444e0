"""The brief in English.

Growth by 14 times is said as "15 times the figure of a year earlier", because English readers take "up 14 times"
for either.
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

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_UNITS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))
_COMPARED = {"yoy": "year on year", "previous": "on the previous period"}
_BASES = {"yoy": "a year earlier", "previous": "the previous period"}
_BASE_PERIODS = {"yoy": "in the same period a year earlier", "previous": "in the previous period"}
_ORDINALS = ("first", "second", "third", "fourth")
_SMALL_MULTIPLES = {20: "twice"} | dict(
    zip(
        range(30, 100, 10),
        (f"{n} times" for n in ["three", "four", "five", "six", "seven", "eight", "nine"]),
        strict=True,
    )
)
"""In tenths of times, as a movement has them."""

_DOUBLED = {1: "doubled", 2: "quadrupled"}

SCOPE = ScopeWords(
    lang="en",
    sentence="(Only {}.)",
    dimension="{}: {}",
    between_values=", ",
    between_dimensions="; ",
    names={
        "category": "category",
        "origin": "country of origin",
        "direction": "direction",
        "trade_point": "trade point",
        "group_id": "group",
        "settlement": "settlement",
    },
)


def sentences(facts: Facts) -> Iterator[Sequence[Piece]]:
    """The sentences of the brief."""
    yield from _without_trade(facts) if facts.is_without_trade else _trade(facts)
    yield from _registered(facts)
    yield from _new_categories(facts)


def period_words(period: Period) -> str:
    """A period with its preposition: In January–April 2024, In the first half of 2024, On 15 April 2024."""
    start, end = period.start, period.end
    match shape_of(period):
        case "years", count:
            return f"In {start.year}" if count == 1 else f"From {start.year} to {end.year}"
        case ("half" | "quarter") as part, number:
            return f"In the {_ORDINALS[number - 1]} {part} of {start.year}"
        case "months", 1:
            return f"In {_month(start)} {start.year}"
        case "months", _ if start.year == end.year:
            return f"In {_month(start)}–{_month(end)} {end.year}"
        case "months", _:
            return f"From {_month(start)} {start.year} to {_month(end)} {end.year}"
    return f"On {day_words(start)}" if start == end else f"From {_earlier_day(start, end)} to {day_words(end)}"


def day_words(day: date) -> str:
    """A date: 30 April 2024."""
    return f"{day.day} {_month(day)} {day.year}"


def base_day_words(day: date) -> str:
    """The day of a stock's base, with its preposition: at the end of 2023."""
    return f"at the end of {day.year}" if (day.month, day.day) == (12, 31) else f"on {day_words(day)}"


def amount_words(amount_fen: int) -> str:
    """An amount: CNY 130 million, about CNY 8.67 million, CNY 8,530.55."""
    rounded = round_amount(amount_fen)
    about = "" if rounded.is_exact else "about "
    for unit, name in _UNITS:
        if rounded.value >= unit * FEN_PER_CNY:
            return f"{about}CNY {decimal_text(rounded.value, unit * FEN_PER_CNY, ',')} {name}"
    return f"{about}CNY {cny_text(rounded.value, ',')}"


def heads_words(heads: int) -> str:
    """A count: more than 35,000, or 6,100."""
    rounded = round_heads_down(heads)
    more = "" if rounded.is_exact else "more than "
    for unit, name in _UNITS:
        if rounded.value >= unit:
            return f"{more}{decimal_text(rounded.value, unit, ',')} {name}"
    return f"{more}{rounded.value:,}"


def _counted(heads: int, noun: str) -> str:
    return f"{heads_words(heads)} {noun}{'' if heads == 1 else 's'}"


def _month(day: date) -> str:
    return _MONTHS[day.month - 1]


def _earlier_day(start: date, end: date) -> str:
    if start.year != end.year:
        return day_words(start)
    return f"{start.day}" if start.month == end.month else f"{start.day} {_month(start)}"


def _trade(facts: Facts) -> Iterator[Sequence[Piece]]:
    amount = facts.claim("amount_cny", amount_words(facts.amount_fen.current))
    yield f"{period_words(facts.period)}, border-resident trade came to ", amount, *_change(facts, "amount_cny"), "."
    yield from _directions(facts)
    participations = facts.claim("participations", _counted(facts.participations.current, "person-time"))
    residents = facts.claim("residents", _counted(facts.residents.current, "resident"))
    yield (
        *("Participation came to ", participations, *_change(facts, "participations")),
        *("; ", residents, " took part", *_change(facts, "residents"), "."),
    )


def _directions(facts: Facts) -> Iterator[Sequence[Piece]]:
    """That the value is of imports and exports together, where it is, and how much of it is either."""
    parts = facts.direction_claims(
        lambda direction, fen: f"{inside_of_a_sentence('direction', direction, 'en')} of {amount_words(fen)}"
    )
    if parts:
        yield "This is imports and exports together: ", parts[0], " and ", parts[1], "."


def _without_trade(facts: Facts) -> Iterator[Sequence[Piece]]:
    nothing = facts.claim("amount_cny", "no border-resident trade was recorded")
    yield f"{period_words(facts.period)}, ", nothing, *_base_of_nothing(facts), "."


def _base_of_nothing(facts: Facts) -> Sequence[Piece]:
    """What the base period had, where the period itself had nothing."""
    if facts.base_is_without_trade:
        return ", ", facts.claim("amount_cny", f"nor was any {_BASE_PERIODS[facts.compare]}")
    if facts.movement_of("amount_cny") is None:
        return ()
    amount = facts.claim("amount_cny", amount_words(facts.amount_fen.base))
    return f"; {_BASE_PERIODS[facts.compare]} it came to ", amount


def _change(facts: Facts, measure: Measure) -> Sequence[Piece]:
    movement = facts.movement_of(measure)
    if movement is None:
        says_so = measure == "amount_cny" and facts.base_is_without_trade
        phrase = "no trade was recorded"
        return ("; ", facts.claim(measure, f"{phrase} {_BASE_PERIODS[facts.compare]}")) if says_so else ()
    moved = _moved(movement)
    if movement.kind == "multiple":
        return ", ", facts.claim(measure, f"{moved} the figure of {_BASES[facts.compare]}")
    if movement.kind in {"equal", "level"}:
        return ", ", facts.claim(measure, f"{moved} from {_BASES[facts.compare]}")
    return ", ", facts.claim(measure, f"{moved} {_COMPARED[facts.compare]}")


def _moved(movement: Movement) -> str:
    match movement.kind:
        case "equal":
            return "unchanged"
        case "level":
            return "almost unchanged"
        case "rise":
            return f"up {decimal_text(movement.size, 100)}%"
        case "fall":
            return f"down {decimal_text(movement.size, 100)}%"
        case "plunge":
            return "down more than 99.99%"
        case "multiple":
            times = f"{decimal_text(movement.ratio_tenths, 10, ',')} times"
            return f"{'' if movement.is_exact else 'about '}{_SMALL_MULTIPLES.get(movement.ratio_tenths, times)}"


def _registered(facts: Facts) -> Iterator[Sequence[Piece]]:
    heads = heads_words(facts.registered.current) if facts.registered.current else "zero"
    yield (
        f"As of {day_words(facts.registered_on)}, ",
        facts.claim("registered_at_end", f"registered residents numbered {heads}"),
        *_registered_change(facts),
        ".",
    )


def _registered_change(facts: Facts) -> Sequence[Piece]:
    movement = facts.movement_of("registered_at_end")
    if movement is None:
        return ()
    base = f"{facts.registered.base:,} {base_day_words(facts.registered_base_on)}"
    doubled = doublings(facts.registered)
    if doubled is not None:
        more = "" if movement.kind == "multiple" and movement.is_exact else "more than "
        return ", ", facts.claim("registered_at_end", f"having {more}{_DOUBLED[doubled]} from {base}")
    joint = "the" if movement.kind == "multiple" else "from"
    return ", ", facts.claim("registered_at_end", f"{_moved(movement)} {joint} {base}")


def _new_categories(facts: Facts) -> Iterator[Sequence[Piece]]:
    named = [
        category_claim(category, inside_of_a_sentence("category", category.code, "en"))
        for category in facts.named_categories
    ]
    if not named:
        return
    compared = f"Compared with {_BASES[facts.compare]}, "
    if len(named) == 1:
        yield compared, named[0], " is a new category."
        return
    listed = [piece for claim in named[:-1] for piece in (", ", claim)]
    # A category can hold an "and" of its own: wool and cashmere.
    yield f"{compared}the new categories are ", *listed[1:], " as well as ", named[-1], "."
