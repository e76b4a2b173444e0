"""The tables of a bulletin as people read them: headings in words, and of each measure what a bureau prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.rendering.bulletin.edition import Edition
from service.rendering.exports.columns import CellKind, kind_of
from service.rendering.words import word
from service.rendering.words.terms import (
    key_heading,
    measure_heading,
    part_heading,
    reason_words,
    value_name,
)

_TRADED = ("amount_cny", "quantity_kg", "transactions", "participations", "residents")
_OF_BOTH_DIRECTIONS = frozenset({"exempt_cny"})
"""The indicators whose words say that exports are in them; elsewhere the same measure is of imports alone."""

_PROCESSED = ("amount_cny", "quantity_kg", "paid_cny", "transactions", "residents", "share_of_imports_pct")
_COMMODITY = ("amount_cny", "quantity_kg", "transactions")


@dataclass(frozen=True, slots=True)
class BulletinCell:
    """A value as the document has it (None is empty), and what it is; `note` says why there is no growth."""

    value: Any
    kind: CellKind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name in the document, its title, headings, and rows of as many cells."""

    name: str
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[BulletinCell]]
    total: Sequence[BulletinCell] = ()


def sheets_of(document: Mapping[str, Any], edition: Edition) -> list[Sheet]:
    """Every table of a bulletin's document, in the order of print."""
    tell = _Teller(edition)
    whole = {row["indicator"]: row["month"] for row in document["main_indicators"]}
    gone = {"measures": _PROCESSED, "total": document["processing_total"]}
    processing = [
        tell.keyed("processing_enterprises", document["processing_enterprises"], ("enterprise_id",), **gone),
        tell.keyed("processing_categories", document["processing_categories"], ("category",), **gone),
    ]
    return [
        tell.indicators(document["main_indicators"]),
        tell.keyed("categories", document["categories"], ("category",), _TRADED, total=whole),
        tell.keyed("commodities", document["commodities"], ("category", "commodity"), _COMMODITY),
        tell.keyed("origins", document["origins"], ("origin",), _TRADED, total=whole),
        tell.residents(document["residents"]),
        tell.keyed("groups", document["groups"], ("group_id",), _TRADED),
        tell.keyed("settlements", document["settlements"], ("settlement",), _TRADED),
        tell.keyed("trade_points", document["trade_points"], ("trade_point",), _TRADED),
        tell.keyed("directions", document["directions"], ("direction",), _TRADED, total=whole),
        tell.taxed(document["exempt_and_taxable"]),
        # A market from which nothing goes on to processing has no tables about it.
        *(sheet for sheet in processing if sheet.rows),
        tell.keyed("months", document["months"], ("month",), _TRADED, share=False),
        tell.keyed("days", document["days"], ("day",), _TRADED, share=False),
    ]


class _Teller:
    """Tells tables in one language."""

    def __init__(self, edition: Edition) -> None:
        self._edition, self._lang = edition, edition.lang

    def indicators(self, rows: Sequence[Mapping[str, Any]]) -> Sheet:
        """The main indicators: month, year on year, month before, year to date."""
        month, base, *others = self._words("month", "yoy", "previous", "mom", "year", "year_yoy")
        headings = [word("report.measure", self._lang), month, self._year_earlier(), base, *others]
        told = [
            [
                BulletinCell(self._indicator(row["indicator"]), "text"),
                *self._parts(row["indicator"], row["month"], ("current", "base", "growth_pct")),
                *self._parts(row["indicator"], row["previous"], ("base", "growth_pct")),
                *self._parts(row["indicator"], row["year"], ("current", "growth_pct")),
            ]
            for row in rows
        ]
        return Sheet("main_indicators", self._word("main_indicators"), headings, told)

    def keyed(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        keys: Sequence[str],
        measures: Sequence[str],
        *,
        share: bool = True,
        total: Mapping[str, Any] | None = None,
    ) -> Sheet:
        """Rows by key: the share, the value with the year before, then the other measures of the month.

        `total` is of the whole month and no sum of the rows: residents and person-times do not add up.
        """
        headings = [self._key_heading(key) for key in keys]
        headings += [part_heading("share_pct", self._lang)] if share else []
        headings += [self._measure("amount_cny"), self._year_earlier(), self._word("yoy")]
        headings += [self._measure(measure) for measure in measures[1:]]
        told = [
            [
                *(BulletinCell(self._name(key, row["key"][key]), "text") for key in keys),
                *([BulletinCell(row["share_pct"], "percent")] if share else []),
                *self._measures(row, measures),
            ]
            for row in rows
        ]
        last = () if total is None or not rows else (*self._all(), *self._measures(total, measures))
        return Sheet(name, self._word(name), headings, told, last)

    def _all(self) -> Sequence[BulletinCell]:
        return BulletinCell(word("part.total", self._lang), "text"), BulletinCell("100.00", "percent")

    def _measures(self, row: Mapping[str, Any], measures: Sequence[str]) -> list[BulletinCell]:
        others = (cell for measure in measures[1:] for cell in self._parts(measure, row[measure], ("current",)))
        return [*self._parts("amount_cny", row["amount_cny"], ("current", "base", "growth_pct")), *others]

    def _name(self, key: str, value: Any) -> str:
        named = {"group_id": self._edition.groups, "enterprise_id": self._edition.enterprises}
        name = named[key].get(value) if key in named else None
        return name or value_name(key, value, self._lang)

    def residents(self, rows: Sequence[Mapping[str, Any]]) -> Sheet:
        """Stocks, flows and participation, of the month and of the year so far."""
        told = [
            [
                BulletinCell(self._measure(row["figure"]), "text"),
                *(BulletinCell(row[span], _kind(row["figure"], "current")) for span in ("month", "year")),
            ]
            for row in rows
        ]
        headings = [word("report.measure", self._lang), *self._words("month", "year")]
        return Sheet("residents", self._word("residents_table"), headings, told)

    def taxed(self, rows: Sequence[Mapping[str, Any]]) -> Sheet:
        """Exempt and taxable parts of the imports, by category and in total."""
        measures = ("amount_cny", "exempt_cny", "taxable_cny")
        headings = [self._key_heading("category"), *map(self._measure, measures), *self._words("yoy", "taxed_pct")]
        told = [
            [
                BulletinCell(self._category_or_all(row["key"]["category"]), "text"),
                *(BulletinCell(row[measure]["current"], "money") for measure in measures),
                *self._parts("taxable_cny", row["taxable_cny"], ("growth_pct",)),
                BulletinCell(row["taxed_pct"], "percent"),
            ]
            for row in rows
        ]
        return Sheet("exempt_and_taxable", self._word("exempt_and_taxable"), headings, told)

    def _category_or_all(self, category: str | None) -> str:
        return word("part.total", self._lang) if category is None else self._name("category", category)

    def _parts(self, name: str, measure: Mapping[str, Any], parts: Sequence[str]) -> list[BulletinCell]:
        reason = measure.get("reason")
        return [
            BulletinCell(
                None if part == "base" and reason == "no_base_day" else measure[part],
                _kind(name, part),
                reason_words(reason, self._lang) if part == "growth_pct" and reason else "",
            )
            for part in parts
        ]

    def _word(self, name: str) -> str:
        return word(f"bulletin.{name}", self._lang)

    def _words(self, *names: str) -> list[str]:
        return [self._word(name) for name in names]

    def _year_earlier(self) -> str:
        return word("part.base.yoy", self._lang)

    def _measure(self, measure: str) -> str:
        return measure_heading(measure, self._lang)

    def _indicator(self, measure: str) -> str:
        if measure in _OF_BOTH_DIRECTIONS:
            return self._word("exempt_all_cny")
        return self._measure(measure)

    def _key_heading(self, key: str) -> str:
        return word("field.commodity", self._lang) if key == "commodity" else key_heading(key, self._lang)


def _kind(measure: str, part: str) -> CellKind:
    kind = kind_of(measure, part)
    assert kind in {"money", "weight", "count", "percent"}
    return kind
