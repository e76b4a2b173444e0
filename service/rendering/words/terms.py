"""What measures, their parts, dimensions and values of dimensions are called: the same in every document and page."""

from typing import Any

from service.rendering.words import catalogue, say, word
from service.rules.names import is_named, name_of

_WITH_WORDS = frozenset({"direction", "trade_point", "purpose"})
"""The dimensions whose values the catalogue names; the rules name those of others, and people name settlements."""

_OF_A_REPORT = frozenset({"phrase", "measure", "code", "recorded_by_id", "recorded_by_name"})
"""The columns whose headings are words of reports."""

_TOTAL = "total"


def measure_name(measure: str, lang: str) -> str:
    """What a measure is called, without its unit: 交易额."""
    return word(f"measure.{measure}", lang)


def measure_heading(measure: str, lang: str) -> str:
    """A measure with the unit of money or weight: 交易额（元）. Counts have none."""
    return with_unit(measure_name(measure, lang), measure, lang)


def with_unit(name: str, measure: str, lang: str) -> str:
    """A name with the unit of a measure, where that is money or weight."""
    for ending, unit in (("_cny", "amount_cny"), ("_kg", "quantity_kg")):
        if measure.endswith(ending):
            return say("report.with_unit", lang, name=name, unit=word(f"unit.{unit}", lang))
    return name


def key_heading(name: str, lang: str) -> str:
    """The heading of a key's column: of a dimension, or of an interval such as a month."""
    return word(f"dimension.{name}", lang)


def part_heading(part: str, lang: str) -> str:
    """The heading of a measure's part: current, base, change, growth_pct, ratio or reason."""
    return word(f"part.{part}", lang)


def reason_words(reason: str, lang: str) -> str:
    """Why there is no growth, in words."""
    return word(f"reason.{reason}", lang)


def value_name(dimension: str, value: Any, lang: str) -> str:
    """A key's value by its name: a category, a country, a trade point; what has no name stays as it is."""
    if value is None:
        return word("report.no_group" if dimension == "group_id" else "report.unstated", lang)
    if is_named(dimension):
        return name_of(dimension, value, lang)
    key = f"{dimension}.{value}"
    return catalogue()[lang].get(key, str(value)) if dimension in _WITH_WORDS else str(value)


def column_heading(name: str, lang: str) -> str:
    """The heading of a column that is of no measure: of a key, a share, or a claim's phrase and figures."""
    if name in _OF_A_REPORT:
        return word(f"report.{name}", lang)
    return part_heading(name, lang) if f"part.{name}" in catalogue()[lang] else key_heading(name, lang)


def claimed_name(measure: str, lang: str) -> str:
    """What a claim of a brief is about: a measure, one of landing processing, or a value such as `category:meat`."""
    dimension, _, value = measure.partition(":")
    if not value:
        return measure_heading(measure, lang)
    if dimension == "processing":
        name = word("purpose.processing", lang)
        return say("report.named", lang, name=name, value=measure_heading(value, lang))
    return say("report.named", lang, name=key_heading(dimension, lang), value=value_name(dimension, value, lang))


def warning_name(code: str, lang: str) -> str:
    """What a warning says, in a few words."""
    return word(f"warning.{code}", lang)


def recorder_id(value: str, lang: str) -> str:
    """The id of a key in a report of warnings; of a total and of trades without a key, words."""
    if value == _TOTAL:
        return word("part.total", lang)
    return value or word("report.unstated", lang)
