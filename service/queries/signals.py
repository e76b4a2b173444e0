"""Finds the signals of a period in one snapshot."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from service.domain.periods import buckets_of
from service.domain.reports import Question
from service.domain.signal_rules import (
    busy_key_signals,
    limit_days_signals,
    never_declaring_signals,
    one_buyer_signals,
    price_order,
    price_signal,
)
from service.domain.signals import SIGNALS_MAX, EntryScope, FoundSignals, Signal, SignalRule, SignalsReport
from service.ledger import Ledger
from service.queries.masked_names import masked_names
from service.storage import signal_entries, signal_loads, signals
from service.storage.engine import Connection


def find_signals(
    ledger: Ledger, connection: Connection, question: Question, rules: Sequence[SignalRule]
) -> SignalsReport:
    """The signals of these rules in a question's days and trade points, with the residents' masked names."""
    points = dict(question.filters).get("trade_point")
    asked = EntryScope(question.span.start, question.span.end, points)
    found = [_found(connection, rule, _FINDERS[rule](connection, asked)) for rule in rules]
    shown = [signal for each in found for signal, _ in each.signals]
    names = masked_names(connection, ledger, {one for signal in shown for one in _residents_of(signal)})
    numbers = {int(one.buyer.key) for one in shown if one.buyer is not None and one.buyer.kind == "enterprise"}
    return SignalsReport(question, rules, found, names, signal_loads.enterprise_names(connection, numbers))


def _found(connection: Connection, rule: SignalRule, all_found: Sequence[Signal]) -> FoundSignals:
    shown = all_found[:SIGNALS_MAX]
    entries = signal_entries.find_entries(connection, [signal.scope for signal in shown])
    return FoundSignals(rule, len(all_found), list(zip(shown, entries, strict=True)))


def _one_buyer(connection: Connection, asked: EntryScope) -> list[Signal]:
    return one_buyer_signals(signal_loads.count_loads(connection, asked))


def _busy_keys(connection: Connection, asked: EntryScope) -> list[Signal]:
    return busy_key_signals(signals.read_trades(connection, asked), asked)


def _limit_days(connection: Connection, asked: EntryScope) -> list[Signal]:
    return limit_days_signals(signals.days_at_limit(connection, asked), asked)


def _prices(connection: Connection, asked: EntryScope) -> list[Signal]:
    return sorted(_prices_by_month(connection, asked), key=price_order)


def _prices_by_month(connection: Connection, asked: EntryScope) -> Iterator[Signal]:
    """The signals of each month, one month in memory at a time."""
    for month in buckets_of(asked.period, "month"):
        days = EntryScope(month.period.start, month.period.end, asked.trade_points)
        for (commodity, direction), trades in signals.prices_of(connection, days).items():
            found = price_signal(commodity, direction, days, trades)
            if found is not None:
                yield found


def _never_declaring(connection: Connection, asked: EntryScope) -> list[Signal]:
    return never_declaring_signals(signals.never_declaring(connection, asked), asked)


_FINDERS: Mapping[SignalRule, Callable[[Connection, EntryScope], list[Signal]]] = {
    "consignment-one-buyer": _one_buyer,
    "key-many-residents": _busy_keys,
    "resident-at-limit": _limit_days,
    "price-of-month": _prices,
    "never-self-declared": _never_declaring,
}


def _residents_of(signal: Signal) -> Iterator[int]:
    if signal.subject_kind == "resident":
        yield int(signal.subject)
    if signal.buyer is not None and signal.buyer.kind == "declarant":
        yield int(signal.buyer.key)
