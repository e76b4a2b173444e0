"""Refuses filters by values that do not exist. A value that exists and fits nothing gives an empty answer."""

from collections.abc import Collection, Iterable, Mapping

from service.domain.enterprises import parse_enterprise_id
from service.domain.errors import ValidationFailed
from service.domain.groups import parse_group_id
from service.domain.rulebook import Rulebook
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.ledger import Ledger
from service.queries.cube import Known
from service.storage import enterprises, keys, residents

VALUES_NAMED_MAX = 300
"""How many of the known values an error names at most; there are some 250 countries."""

ReportFilters = Mapping[str, Collection[str]]


def refuse_unknown_words(rulebook: Rulebook, filters: ReportFilters) -> None:
    """Raises ValidationFailed for a category or an origin that is not in the rule data."""
    for name, known in (("category", rulebook.category_names()), ("origin", rulebook.countries)):
        _refuse_unknown(name, filters.get(name, ()), known)


def refuse_unknown_groups(ledger: Ledger, filters: ReportFilters) -> None:
    """Raises ValidationFailed for a group that does not exist."""
    if "group_id" not in filters:
        return
    with ledger.database.reading() as connection:
        for group in sorted(filters["group_id"]):
            if residents.find_group(connection, parse_group_id(group), ledger.today()) is None:
                raise ValidationFailed.of("/group_id", "unknown-group", f"No group {group} exists.")


def refuse_unknown_enterprises(ledger: Ledger, filters: ReportFilters) -> None:
    """Raises ValidationFailed for an enterprise that does not exist."""
    wanted = {parse_enterprise_id(text): text for text in filters.get("enterprise_id", ())}
    if not wanted:
        return
    with ledger.database.reading() as connection:
        unknown = wanted.keys() - enterprises.find(connection, wanted).keys()
    if unknown:
        missing = min(wanted[number] for number in unknown)
        raise ValidationFailed.of("/enterprise_id", "unknown-enterprise", f"No enterprise {missing} is registered.")


def refuse_unknown_places(ledger: Ledger, known: Known, filters: ReportFilters) -> None:
    """Raises ValidationFailed for an unknown trade point or settlement.

    A trade point is known when it is the default one, has a trade, or an API key is bound to it: such a key must get an
    empty report before the first trade, and no list of the other points. A settlement is known when it has a trade or a
    resident.
    `known` covers everything that was committed before the question, also the tail and new residents. So a report that
    is asked right after the first trade at a trade point knows the trade point.
    """
    if "trade_point" in filters:
        traded = {*known.cube.values_of("trade_point"), DEFAULT_TRADE_POINT}
        bound = set() if traded.issuperset(filters["trade_point"]) else _bound_points(ledger)
        _refuse_unknown("trade_point", filters["trade_point"], traded, bound)
    if "settlement" in filters:
        _refuse_unknown(
            "settlement", filters["settlement"], known.cube.values_of("settlement"), known.registry.settlements
        )


def _bound_points(ledger: Ledger) -> set[str]:
    with ledger.database.reading() as connection:
        return keys.trade_points(connection)


def _refuse_unknown(name: str, sent: Iterable[str], *known: Collection[str | None]) -> None:
    """Raises ValidationFailed for a value that is in none of the collections. The error does not repeat the value."""
    if not all(any(value in values for values in known) for value in sent):
        named = sorted({value for values in known for value in values if value is not None})[:VALUES_NAMED_MAX]
        detail = f"One that was sent is not known; send some of {', '.join(named)}."
        raise ValidationFailed.of(f"/{name}", f"unknown-{name.replace('_', '-')}", detail)
