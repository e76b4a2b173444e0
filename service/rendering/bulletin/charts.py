"""The charts of a printed bulletin: where each bar stands, in the units of the drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.rendering.words import word
from service.rendering.words.terms import value_name

WIDTH, HEIGHT, LEFT = 680, 190, 58
_TOP, _BOTTOM = 12, 24
_TOP_MIN = 10_000
_UNITS = {"zh": 10_000, "en": 1_000_000, "mn": 1_000_000}
"""What the scale counts in, as people do in each language."""
_LABELS_MAX = 16
_STEPS = (
    Decimal(1),
    Decimal("1.2"),
    Decimal("1.6"),
    Decimal(2),
    Decimal("2.4"),
    Decimal("3.2"),
    Decimal(4),
    Decimal(6),
    Decimal(8),
)
"""Whatever the axis ends at, a quarter of it is a number that people count in."""
_GAP = Decimal("0.25")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; `is_base` is drawn hatched, so that it can be told apart without colour."""

    x: float
    y: float
    width: float
    height: float
    is_base: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing: its title, what it says in words for those who can't see it, its bars, its grid and its labels."""

    name: str
    title: str
    says: str
    bars: Sequence[Bar]
    lines: Sequence[float]
    labels: Sequence[Label]
    height: int = HEIGHT
    has_base: bool = False


def charts_of(document: Mapping[str, Any], lang: str) -> list[Chart]:
    """The charts of a bulletin's document: value by day, by month with the year before, and by category."""
    days = _every_day(document)
    months = [
        (row["key"]["month"][5:], row["amount_cny"]["current"], row["amount_cny"]["base"]) for row in document["months"]
    ]
    charts = [
        _columns("chart_days", [(day[8:], value, None) for day, value in days], lang),
        _columns("chart_months", months, lang),
        _shares(document["categories"], lang),
    ]
    return [chart for chart in charts if chart.bars]


def _every_day(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every day of the month with its value; a day without trade is 0, so that time runs evenly."""
    traded = {row["key"]["day"]: row["amount_cny"]["current"] for row in document["days"]}
    month, last = document["month"], int(document["period"]["to"][8:])
    days = [f"{month}-{day:02d}" for day in range(1, last + 1)]
    return [(day, traded.get(day, "0.00")) for day in days] if traded else []


def _columns(name: str, rows: Sequence[tuple[str, str, str | None]], lang: str) -> Chart:
    """Upright bars; beside each the one of its base, where there is one."""
    values = [Decimal(value) for _, *pair in rows for value in pair if value is not None]
    top = _round_up(max(values, default=Decimal(0)))
    tall, per_row = HEIGHT - _TOP - _BOTTOM, Decimal(WIDTH - LEFT) / max(len(rows), 1)
    bars, labels = [], []
    every = -(-len(rows) // _LABELS_MAX)
    for place, (text, *pair) in enumerate(rows):
        shown = [(value, is_base) for value, is_base in zip(pair, (False, True), strict=True) if value is not None]
        wide = per_row * (1 - _GAP) / max(len(shown), 1)
        start = LEFT + place * per_row + per_row * _GAP / 2
        for nth, (value, is_base) in enumerate(reversed(shown)):
            height = tall * Decimal(value) / top
            bars.append(_bar(start + nth * wide, _TOP + tall - height, wide, height, is_base))
        if place % every == 0:
            labels.append(Label(_short(start + per_row * (1 - _GAP) / 2), HEIGHT - 8, text, "middle"))
    lines = [_short(_TOP + tall * (4 - n) / Decimal(4)) for n in range(5)]
    for n, y in enumerate(lines):
        labels.append(Label(LEFT - 6, y + 4, f"{(top * n / 4 / _UNITS[lang]).normalize():,f}", "end"))
    has_base = any(bar.is_base for bar in bars)
    title = f"{word(f'bulletin.{name}', lang)} ({word('bulletin.chart_unit', lang)})"
    return Chart(name, title, _in_words(rows, lang), bars, lines, labels, has_base=has_base)


def _shares(rows: Sequence[Mapping[str, Any]], lang: str) -> Chart:
    """Lying bars, one for each category, with its share of the month's value."""
    step, left = 26, 150
    bars, labels = [], []
    shown = [row for row in rows if row["share_pct"] is not None]
    for place, row in enumerate(shown):
        y, share = Decimal(4 + place * step), Decimal(row["share_pct"])
        width = (WIDTH - left - 70) * share / 100
        bars.append(_bar(Decimal(left), y, width, Decimal(step - 10), is_base=False))
        labels.append(Label(left - 8, _short(y) + 13, value_name("category", row["key"]["category"], lang), "end"))
        labels.append(Label(_short(left + width) + 6, _short(y) + 13, f"{row['share_pct']} %", "start"))
    said = [(value_name("category", row["key"]["category"], lang), f"{row['share_pct']} %", None) for row in shown]
    title, height = word("bulletin.chart_shares", lang), 8 + step * max(len(shown), 1)
    return Chart("chart_shares", title, _in_words(said, lang), bars, [], labels, height)


def _in_words(rows: Sequence[tuple[str, str, str | None]], lang: str) -> str:
    base = word("part.base.yoy", lang)
    return "; ".join(f"{text}: {value}" + (f" ({base}: {before})" if before else "") for text, value, before in rows)


def _round_up(value: Decimal) -> Decimal:
    """The next step above, with zeros: at least 10,000."""
    size = Decimal(_TOP_MIN)
    while True:
        for step in _STEPS:
            if value <= size * step:
                return size * step
        size *= 10


def _bar(x: Decimal, y: Decimal, width: Decimal, height: Decimal, is_base: bool) -> Bar:
    return Bar(_short(x), _short(y), _short(width), _short(height), is_base)


def _short(value: Decimal) -> float:
    return float(round(value, 1))
