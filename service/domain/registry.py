"""The registry in memory: how many residents are registered on a day, and how many came and went in a period.

The stock on a day is the number of spells that have begun by then, minus the number that have ended. It takes two
searches in sorted lists for each settlement and group, for any number of residents. Most questions don't ask for
groups, and there may be hundreds of groups. So the lists are kept a second time, for each settlement alone.
"""

import datetime
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from service.domain.cells import Key
from service.domain.periods import Period

RegistryFilters = Mapping[str, frozenset[str]]

_KEY_NAMES = ("settlement", "group_id")
_Change = Callable[[list[int], int], None]
_Move = Callable[[tuple[int, "MembershipSpan"]], None]

FOREVER = datetime.date.max.toordinal() + 1
"""The day after the last day of the calendar: a registration that is valid until 9999-12-31 ends on it. It can't be a
date, so spells and sorted days are ordinals."""


@dataclass(frozen=True, slots=True)
class Person:
    """The registered days of a resident, the settlement, and the memberships: first day and group's id, ascending."""

    registered_on: datetime.date
    valid_until: datetime.date | None
    cancelled_on: datetime.date | None
    settlement: str | None
    memberships: tuple[tuple[datetime.date, str | None], ...] = ()

    @property
    def gone_on(self) -> int:
        """The ordinal of the first day on which the resident is no longer registered; FOREVER if there is none."""
        expired_on = FOREVER if self.valid_until is None else self.valid_until.toordinal() + 1
        return expired_on if self.cancelled_on is None else min(expired_on, self.cancelled_on.toordinal())

    @property
    def left_on(self) -> datetime.date | None:
        """The day on which a cancellation takes the resident out of the stock.

        None without a cancellation, and None for a cancellation after the registration has expired: a resident who is
        not in the stock can't leave it. A cancellation on the first day after the registration has expired still
        counts.
        """
        left = self.cancelled_on
        return left if left is not None and self.registered_on <= left and left.toordinal() == self.gone_on else None


@dataclass(frozen=True, slots=True)
class MembershipSpan:
    """The time of a resident in one settlement and group, from the ordinal `start` up to the day before `end`."""

    person: Person
    key: Key
    start: int
    end: int


def spells_of(person: Person) -> Iterator[MembershipSpan]:
    """Yields the spells of a resident: one without a group before the first membership, then one per membership."""
    start, group = datetime.date.min.toordinal(), None
    for effective_on, joined in person.memberships:
        if joined == group:
            continue
        joined_on = effective_on.toordinal()
        if joined_on > start:
            yield MembershipSpan(person, (person.settlement, group), start, joined_on)
        start, group = joined_on, joined
    yield MembershipSpan(person, (person.settlement, group), start, FOREVER)


def _spell_without_groups(person: Person) -> Iterator[MembershipSpan]:
    yield MembershipSpan(person, (person.settlement, None), datetime.date.min.toordinal(), FOREVER)


@dataclass(slots=True)
class _Days:
    """The days of one settlement and group, as ordinals in sorted lists."""

    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    registered: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)


class _Book:
    """The days of all residents, by settlement and, if it tells groups apart, by group."""

    def __init__(self, *, tells_groups: bool) -> None:
        """Begins without residents."""
        self._spells_of = spells_of if tells_groups else _spell_without_groups
        self._days: dict[Key, _Days] = {}
        self._moved: set[tuple[int, MembershipSpan]] = set()

    def add(self, ordinal: int, person: Person) -> None:
        """Adds the days of a resident."""
        self._count(ordinal, person, insort, self._moved.add)

    def take_out(self, ordinal: int, person: Person) -> None:
        """Removes the days of a resident who was added with the same days."""
        self._count(ordinal, person, _take_out, self._moved.discard)

    def _count(self, ordinal: int, person: Person, change: _Change, move: _Move) -> None:
        spells = list(self._spells_of(person))
        registered_on = person.registered_on.toordinal()
        left_on = FOREVER if person.left_on is None else person.left_on.toordinal()
        for spell in spells:
            days = self._days.setdefault(spell.key, _Days())
            start, end = max(spell.start, registered_on), min(spell.end, person.gone_on)
            if start < end:
                change(days.begun, start)
                change(days.ended, end)
        last = spells[-1]
        if last.start > min(registered_on, left_on):
            # The resident has changed groups: which group counts depends on the last day of the period asked for.
            for spell in spells:
                move((ordinal, spell))
            return
        days = self._days[last.key]
        change(days.registered, registered_on)
        if left_on != FOREVER:
            change(days.cancelled, left_on)

    def stock_on(self, on: int) -> Iterator[tuple[Key, int]]:
        """The number of residents who are registered on the day with this ordinal, by settlement and group."""
        return ((key, bisect_right(d.begun, on) - bisect_right(d.ended, on)) for key, d in self._days.items())

    def registered_in(self, period: Period) -> Iterator[tuple[Key, int]]:
        """The numbers of residents whose registration lies in the period, by settlement and group."""
        yield from ((key, _within(days.registered, period)) for key, days in self._days.items())
        yield from ((s.key, 1) for s in self._moved_at(period.end) if _is_in(s.person.registered_on, period))

    def cancelled_in(self, period: Period) -> Iterator[tuple[Key, int]]:
        """The numbers of residents whom a cancellation takes out of the stock in the period, by the same keys."""
        yield from ((key, _within(days.cancelled, period)) for key, days in self._days.items())
        yield from ((s.key, 1) for s in self._moved_at(period.end) if _is_in(s.person.left_on, period))

    def _moved_at(self, day: datetime.date) -> Iterator[MembershipSpan]:
        return (spell for _, spell in self._moved if spell.start <= day.toordinal() < spell.end)


class Registry:
    """Keeps the registered days of all residents, and counts them."""

    def __init__(self) -> None:
        """Begins without residents."""
        self._people: dict[int, Person] = {}
        self._by_group, self._by_settlement = _Book(tells_groups=True), _Book(tells_groups=False)
        self.settlements: set[str | None] = set()

    def put(self, ordinal: int, person: Person) -> None:
        """Adds a resident, or replaces what was known of the resident."""
        before = self._people.get(ordinal)
        self._people[ordinal] = person
        self.settlements.add(person.settlement)
        for book in (self._by_group, self._by_settlement):
            if before is not None:
                book.take_out(ordinal, before)
            book.add(ordinal, person)

    def stock_on(self, day: datetime.date, by: tuple[str, ...], filters: RegistryFilters) -> dict[Key, int]:
        """The numbers of residents registered on or before the day, not cancelled by then, not expired before it."""
        return _sum(self._book(by, filters).stock_on(day.toordinal()), by, filters)

    def registered_in(self, period: Period, by: tuple[str, ...], filters: RegistryFilters) -> dict[Key, int]:
        """The numbers of residents whose registration lies in the period, by the group that they are in at its end."""
        return _sum(self._book(by, filters).registered_in(period), by, filters)

    def cancelled_in(self, period: Period, by: tuple[str, ...], filters: RegistryFilters) -> dict[Key, int]:
        """The numbers of residents whom a cancellation takes out of the stock, by their groups at the period's end."""
        return _sum(self._book(by, filters).cancelled_in(period), by, filters)

    def _book(self, by: tuple[str, ...], filters: RegistryFilters) -> _Book:
        return self._by_group if "group_id" in by or "group_id" in filters else self._by_settlement


def _within(days: list[int], period: Period) -> int:
    return bisect_right(days, period.end.toordinal()) - bisect_left(days, period.start.toordinal())


def _is_in(day: datetime.date | None, period: Period) -> bool:
    return day is not None and period.start <= day <= period.end


def _take_out(days: list[int], day: int) -> None:
    del days[bisect_left(days, day)]


def _sum(counts: Iterable[tuple[Key, int]], by: tuple[str, ...], filters: RegistryFilters) -> dict[Key, int]:
    """Adds counts by settlement and group up, by the names asked for; a count of 0 gives no row."""
    places = [_KEY_NAMES.index(name) for name in by]
    wanted = [(_KEY_NAMES.index(name), values) for name, values in filters.items() if name in _KEY_NAMES]
    found: dict[Key, int] = {}
    for key, count in counts:
        if count and all(key[place] in values for place, values in wanted):
            asked = tuple(key[place] for place in places)
            found[asked] = found.get(asked, 0) + count
    return found
