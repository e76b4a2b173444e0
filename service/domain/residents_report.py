"""The residents report: how many residents are registered, came and went, and how many of them took part."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.domain.cells import Key
from service.domain.growth import compare
from service.domain.reports import Measures, Question, ReportRow, TradeReport
from service.domain.rounding import divide_half_up
from service.domain.totals import Totals

STOCKS_AND_FLOWS = ("registered_at_start", "registered_at_end", "registered_in_period", "cancelled_in_period")
_PER_PARTICIPATION = "amount_per_participation_fen"


@dataclass(frozen=True, slots=True)
class Registered:
    """Each of STOCKS_AND_FLOWS by key, for one period; the stocks are of the day before it and of its last day."""

    figures: Mapping[str, Mapping[Key, int]]

    def of(self, name: str, key: Key) -> int:
        """One figure; 0 for a key without residents."""
        return self.figures[name].get(key, 0)


_NOTHING = Totals()


def residents_report(
    question: Question,
    registered: tuple[Registered, Registered | None],
    traded: tuple[Mapping[Key, Totals], Mapping[Key, Totals]],
    total: tuple[Registered, Registered | None],
    total_traded: tuple[Totals, Totals],
) -> TradeReport:
    """Makes the report from the figures of the period and of its base, by key and in total.

    The base of both stocks, at the start and at the end, is the stock at the end of the base period.
    """
    current, base = registered
    keys = {key for figures in (current, base) if figures for part in figures.figures.values() for key in part}
    keys |= {key for part in traded for key, totals in part.items() if totals.transactions}
    ordered = sorted(keys, key=lambda key: (-current.of("registered_at_end", key), _sortable(key)))
    rows = [
        ReportRow(
            dict(zip(question.by, key, strict=True)),
            _measures(question, key, registered, (traded[0].get(key, _NOTHING), traded[1].get(key, _NOTHING))),
            None,
        )
        for key in ordered
    ]
    return TradeReport(question, _measures(question, (), total, total_traded), rows if question.by else rows[:1])


def _sortable(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in key)


def _measures(
    question: Question, key: Key, registered: tuple[Registered, Registered | None], traded: tuple[Totals, Totals]
) -> Measures:
    current = _figures(registered[0], key, traded[0])
    if question.compare == "none":
        return current
    if registered[1] is None or not question.has_begun:
        # This includes a base that lies in the future as well: registrations that expire until then are no development.
        return {name: compare(value, None) for name, value in current.items()}
    base = _figures(registered[1], key, traded[1])
    base["registered_at_start"] = base["registered_at_end"]
    return {name: compare(value, base[name]) for name, value in current.items()}


def _figures(registered: Registered, key: Key, traded: Totals) -> dict[str, int]:
    return {
        **{name: registered.of(name, key) for name in STOCKS_AND_FLOWS},
        "participating": len(traded.residents),
        "participations": traded.participations,
        _PER_PARTICIPATION: _per(traded.amount_fen, traded.participations),
    }


def _per(amount_fen: int, participations: int) -> int:
    """Fen per participation, half up; 0 without participations."""
    return 0 if participations == 0 else divide_half_up(amount_fen, participations)
