"""What a brief is written from: the figures of a period, and what of its imports has gone on to processing."""

import dataclasses
import datetime

from service.domain.brief import Facts, NewCategory, Processed
from service.domain.growth import Comparison, compare
from service.domain.processing_report import Needed, grains_needed, processing_report
from service.domain.reports import Ask, Question, trade_report
from service.domain.transactions import DIRECTIONS
from service.queries.cube import Known


def grains_of_brief(question: Question) -> Needed:
    """The grains of the cells that a brief is written from: those of trades, and those of what went on."""
    trades, transfers = grains_needed(_of_processing(question), "traded")
    return Needed({*question.grains, *trades}, transfers)


def brief_facts(question: Question, known: Known) -> Facts:
    """The facts that a brief is written from."""
    registry, ask = known.registry, known.cube.totals
    base_period = question.base_period
    if not question.has_begun:
        # A period that has not begun has no growth to tell, even when the caller names a base period.
        question = dataclasses.replace(question, compare="none")
    by_category = dataclasses.replace(question, by=("category",))
    report = trade_report(by_category, ask)
    total = {name: _compared(value) for name, value in report.total.items()}
    registered_on = question.through
    year_before = datetime.date(registered_on.year - 1, 12, 31)
    stocks = [registry.stock_on(day, (), dict(question.filters)).get((), 0) for day in (registered_on, year_before)]
    lives = [(str(row.key["category"]), _compared(row.measures["transactions"])) for row in report.rows]
    return Facts(
        period=question.span,
        base_period=base_period,
        compare=question.compare,
        amount_fen=total["amount_fen"],
        participations=total["participations"],
        residents=total["residents"],
        registered=compare(*stocks),
        registered_on=registered_on,
        registered_base_on=year_before,
        new_categories=tuple(NewCategory(code, live.current) for code, live in lives if live.current and not live.base),
        filters=question.filters,
        directions=_directions(question, ask),
        processed=_processed(question, known),
    )


def _processed(question: Question, known: Known) -> Processed | None:
    """What of the imports has gone on to processing; None when the question is about no imports."""
    if not _are_wanted("import", question):
        return None
    ask = known.cube.totals
    gone = processing_report(_of_processing(question), "traded", known.processing.totals, ask).total
    imports = trade_report(_narrowed(question, "direction", "import"), ask).total
    return Processed(
        amount_fen=_compared(gone["amount_fen"]),
        enterprises=_compared(gone["enterprises"]),
        imports_fen=_compared(imports["amount_fen"]),
    )


def _of_processing(question: Question) -> Question:
    return _narrowed(question, "purpose", "processing")


def _narrowed(question: Question, name: str, value: str) -> Question:
    """The question about one value of a dimension, in total."""
    others = tuple(pair for pair in question.filters if pair[0] != name)
    return dataclasses.replace(question, by=(), filters=(*others, (name, frozenset({value}))))


def _are_wanted(direction: str, question: Question) -> bool:
    return direction in dict(question.filters).get("direction", DIRECTIONS)


def _directions(question: Question, ask: Ask) -> tuple[tuple[str, Comparison], ...]:
    """The values of imports and exports; empty when the question is about one direction, or there are no exports."""
    by_direction = dataclasses.replace(question, by=("direction",))
    rows = {row.key["direction"]: _compared(row.measures["amount_fen"]) for row in trade_report(by_direction, ask).rows}
    if "export" not in rows or set(DIRECTIONS) - dict(question.filters).get("direction", frozenset(DIRECTIONS)):
        return ()
    none = compare(0, None if question.base_period is None else 0)
    return tuple((direction, rows.get(direction, none)) for direction in DIRECTIONS)


def _compared(value: Comparison | int) -> Comparison:
    return compare(value, None) if isinstance(value, int) else value
