"""The registry against its definition: going through everybody for each question."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from service.domain.periods import Period
from service.domain.registry import Person, Registry

DAYS = [datetime.date.max - datetime.timedelta(days=n) for n in reversed(range(8))]
"""The last of the calendar: whatever reckons with the day after one of them is found out."""

days = st.sampled_from(DAYS)
groups = st.sampled_from([None, "G000001", "G000002"])
memberships = st.dictionaries(days, groups, max_size=3).map(lambda found: tuple(sorted(found.items())))
people = st.builds(
    Person, days, st.none() | days, st.none() | days, st.sampled_from([None, "东", "西"]), memberships
).filter(lambda person: person.valid_until is None or person.valid_until >= person.registered_on)
bys = st.sampled_from([(), ("settlement",), ("group_id",)])
filters = st.fixed_dictionaries(
    {}, optional={"settlement": st.just(frozenset({"东"})), "group_id": st.just(frozenset({"G000001"}))}
)


def _group_on(person: Person, day: datetime.date) -> str | None:
    return next((group for since, group in reversed(person.memberships) if since <= day), None)


def _is_registered(person: Person, day: datetime.date) -> bool:
    """Registered on or before it, not cancelled on or before it, not expired before it."""
    return (
        person.registered_on <= day
        and (person.cancelled_on is None or person.cancelled_on > day)
        and (person.valid_until is None or person.valid_until >= day)
    )


def _was_in_the_stock_before(person: Person, cancelled_on: datetime.date) -> bool:
    """Who came and went on one day was in it for a moment; who had expired before was not."""
    eve = cancelled_on - datetime.timedelta(days=1)
    is_expired = person.valid_until is not None and person.valid_until < eve
    return person.registered_on <= cancelled_on and not is_expired


def _count(found: list[Person], day: datetime.date, by: tuple[str, ...], wanted: dict[str, frozenset[str]]) -> object:
    counts: dict[tuple[str | None, ...], int] = {}
    for person in found:
        values = {"settlement": person.settlement, "group_id": _group_on(person, day)}
        if all(values[name] in allowed for name, allowed in wanted.items()):
            key = tuple(values[name] for name in by)
            counts[key] = counts.get(key, 0) + 1
    return counts


@given(st.lists(st.tuples(st.integers(1, 6), people), max_size=12), days, days, bys, filters)
def test_the_registry_counts_what_going_through_everybody_counts(
    recorded: list[tuple[int, Person]],
    one: datetime.date,
    other: datetime.date,
    by: tuple[str, ...],
    wanted: dict[str, frozenset[str]],
) -> None:
    registry = Registry()
    for ordinal, person in recorded:
        registry.put(ordinal, person)
    everybody = list(dict(recorded).values())
    period = Period(min(one, other), max(one, other))
    assert registry.stock_on(one, by, wanted) == _count(
        [p for p in everybody if _is_registered(p, one)], one, by, wanted
    )
    came = [p for p in everybody if period.start <= p.registered_on <= period.end]
    assert registry.registered_in(period, by, wanted) == _count(came, period.end, by, wanted)
    went = [p for p in everybody if p.cancelled_on is not None and period.start <= p.cancelled_on <= period.end]
    went = [p for p in went if p.cancelled_on is not None and _was_in_the_stock_before(p, p.cancelled_on)]
    assert registry.cancelled_in(period, by, wanted) == _count(went, period.end, by, wanted)


@given(st.lists(people, max_size=12), days, days)
def test_the_stock_moves_by_who_comes_and_who_goes_and_never_by_less_than_nobody(
    found: list[Person], one: datetime.date, other: datetime.date
) -> None:
    """Start + registered - cancelled - lapsed = end, where those who lapsed are counted one by one."""
    found = [p for p in found if p.cancelled_on is None or p.registered_on <= p.cancelled_on]
    registry = Registry()
    for ordinal, person in enumerate(found):
        registry.put(ordinal, person)
    period = Period(min(one, other), max(one, other))
    eve = period.start - datetime.timedelta(days=1)
    start, end = (sum(_is_registered(p, day) for p in found) for day in (eve, period.end))
    came = registry.registered_in(period, (), {}).get((), 0)
    went = registry.cancelled_in(period, (), {}).get((), 0)
    lapsed = sum(
        _is_in_between(p, period) and not _is_registered(p, period.end) and not _left_by_cancellation(p, period)
        for p in found
    )
    assert start + came - went - lapsed == end
    assert went <= start + came


def _is_in_between(person: Person, period: Period) -> bool:
    """In the stock on the eve of the period, or registered in it."""
    eve = period.start - datetime.timedelta(days=1)
    return _is_registered(person, eve) or period.start <= person.registered_on <= period.end


def _left_by_cancellation(person: Person, period: Period) -> bool:
    cancelled_on = person.cancelled_on
    if cancelled_on is None or not period.start <= cancelled_on <= period.end:
        return False
    return _was_in_the_stock_before(person, cancelled_on)
