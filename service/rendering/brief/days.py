"""Days and periods as the sentences of a brief say them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from service.domain.brief.spans import shape_of
from service.domain.periods import Period
from service.rendering.words import Lang, say, word


@dataclass(frozen=True, slots=True)
class _Day:
    """A day in a message: whole as `{start}`, without its year as `{start:day_of_year}`."""

    day: date
    lang: Lang

    def __format__(self, how: str) -> str:
        parts = {
            "year": self.day.year,
            "month": _Month(self.day.month, self.lang),
            "day": _DayNumber(self.day.day, self.lang),
        }
        return say(f"brief.{how or 'day'}", self.lang, **parts)


@dataclass(frozen=True, slots=True)
class _Month:
    """A month in a message: by its name as `{month}`, by its number as `{month:number}`."""

    month: int
    lang: Lang

    def __format__(self, how: str) -> str:
        return str(self.month) if how == "number" else _nth("brief.months", self.month, self.lang)


@dataclass(frozen=True, slots=True)
class _DayNumber:
    """The number of a day in its month as `{day}`, and the ending that its last digit takes as `{day:endings}`."""

    day: int
    lang: Lang

    def __format__(self, how: str) -> str:
        return word("phrase.endings", self.lang).split(" ")[self.day % 10] if how == "endings" else str(self.day)


_Place = Literal["period", "base"]
"""Where the words of a period stand: at the start of a sentence, or behind what is said of the base period."""


def period_words(period: Period, lang: Lang) -> str:
    """A period as a sentence begins with it: 2024年1—4月, In the first half of 2024, 2024 оны 4 дүгээр сард."""
    return _period_words(period, lang, "period")


def during_words(period: Period, lang: Lang) -> str:
    """The same inside of a sentence: 2022年上半年, in the first half of 2022."""
    words = period_words(period, lang)
    return words[:1].lower() + words[1:]


def base_words(period: Period, lang: Lang) -> str:
    """A base period as its name alone: 2022年上半年, the first half of 2022, 2022 оны эхний хагас жилийн (үе)."""
    return _period_words(period, lang, "base")


def _period_words(period: Period, lang: Lang, place: _Place) -> str:
    start, end = period.start, period.end
    shape, number = shape_of(period)
    parts = {"year": start.year, "end_year": end.year}
    months = {"month": _Month(start.month, lang), "end_month": _Month(end.month, lang)}
    match shape:
        case "years":
            return say(f"brief.{place}.year" if number == 1 else f"brief.{place}.years", lang, **parts)
        case "half":
            return say(f"brief.{place}.half", lang, year=start.year, half=_nth("brief.halves", number, lang))
        case "quarter":
            return say(f"brief.{place}.quarter", lang, year=start.year, quarter=_nth("brief.quarters", number, lang))
        case "months" if start.year != end.year:
            return say(f"brief.{place}.months_of_years", lang, **parts, **months)
        case "months":
            return say(f"brief.{place}.month" if number == 1 else f"brief.{place}.months", lang, **parts, **months)
        case "days":
            return _days_words(start, end, lang, place)


def _days_words(start: date, end: date, lang: Lang, place: _Place) -> str:
    days = {"start": _Day(start, lang), "end": _Day(end, lang)}
    if start == end:
        return say(f"brief.{place}.day", lang, **days)
    if start.year != end.year:
        return say(f"brief.{place}.days", lang, **days)
    is_one_month = start.month == end.month
    return say(f"brief.{place}.days_of_month" if is_one_month else f"brief.{place}.days_of_year", lang, **days)


def day_words(day: date, lang: Lang) -> str:
    """A date: 2024年4月30日, 30 April 2024, 2024 оны 4 дүгээр сарын 30-ны."""
    return f"{_Day(day, lang)}"


def base_day_words(day: date, lang: Lang) -> str:
    """The day of a stock's base: 2023年末, at the end of 2023, 2023 оны эцсийнх."""
    if (day.month, day.day) == (12, 31):
        return say("brief.base_year_end", lang, year=day.year)
    return say("brief.base_day", lang, day=day_words(day, lang))


def _nth(key: str, number: int, lang: Lang) -> str:
    return word(key, lang).split("|")[number - 1]
