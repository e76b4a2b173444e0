"""Plans the split of a consignment. Proposing and posting a split use the same code, so that the two can't differ."""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.domain.allowance import Rules
from service.domain.consignments import RegisteredConsignment, SplitTerms, traded_at_of
from service.domain.errors import UnknownResident, ValidationFailed
from service.domain.groups import group_id
from service.domain.proposals import NoRoom, PlannedEntry, PlannedPart, plan_digest
from service.domain.residents import Eligibility, resident_id
from service.domain.rulebook import Rulebook
from service.domain.splitting import LineRemainder, NoRoomReason, Receiver, SplitPart, split
from service.domain.transactions import Trade, Transaction
from service.judging import Judge, prepare_judge
from service.ledger import Ledger
from service.storage import consignments, members, residents
from service.storage.engine import Connection

RECEIVERS_MAX = 10_000
"""How many residents a split may have at most."""
PARTS_MAX = 10_000
"""How many parts a split may have at most, as a batch has lines: a split of more takes several proposals."""

FindEligibilities = Callable[[Collection[int]], Mapping[int, Eligibility]]


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """A split of a consignment as it is judged now: its entries in order, what it leaves, and who has no room."""

    registered: RegisteredConsignment
    terms: SplitTerms
    entries: Sequence[PlannedEntry]
    left: Sequence[LineRemainder]
    no_room: Sequence[NoRoom]
    judge: Judge

    @property
    def digest(self) -> str:
        """The digest of the parts and of what is left."""
        parts = [
            PlannedPart(line, one.resident, one.quantity_g, one.amount_fen, one.exempt_fen)
            for line, one in self.entries
        ]
        return plan_digest(parts, self.left)

    @property
    def is_covered(self) -> bool:
        """Whether the split leaves nothing."""
        return not any(one.quantity_g for one in self.left)


def plan_split(
    connection: Connection,
    ledger: Ledger,
    rulebook: Rulebook,
    registered: RegisteredConsignment,
    terms: SplitTerms,
    find_eligibilities: FindEligibilities,
    *,
    recorded_by: int | None = None,
    locking: bool = False,
) -> SplitPlan:
    """Splits a consignment by these terms, and judges each part as it is posted.

    With `locking` it locks the allowances; the caller has locked the consignment then. Raises ValidationFailed,
    UnknownResident, and what judging a trade raises: for a declarant without a mandate, for one.
    """
    now = ledger.now()
    traded_at = traded_at_of(registered.stated, terms.day, now)
    rules = rulebook.on(terms.day)
    named, eligibilities = _people(connection, terms, find_eligibilities)
    active = [one for one in named if eligibilities[one].why_not_active(terms.day) is None]
    [state] = consignments.find_states(connection, [registered])
    lines = _whole_lines(registered, terms, traded_at)
    prospects = _prospects(lines, [*active, *([terms.remainder_to] if terms.remainder_to else [])], rules)
    judge = prepare_judge(
        connection,
        rulebook,
        now,
        ledger.new_id,
        prospects,
        eligibilities=eligibilities,
        prices=ledger.prices,
        locking=locking,
    )
    list_groups = [_list_group(rules, line) for line in lines]
    made = split(
        state.lines_to_split(list_groups),
        [_receiver(judge, rules, one, lines[0], list_groups) for one in active],
        terms.policy,
        terms.unit_g,
    )
    remainder, left = _remainder(terms, made.left)
    parts = [*made.parts, *remainder]
    _refuse_too_many("parts", len(parts), PARTS_MAX)
    entries = [
        PlannedEntry(part.line, _accept(judge, lines[part.line], part, recorded_by, is_taxed=place >= len(made.parts)))
        for place, part in enumerate(parts)
    ]
    no_room = _no_room(terms, named, eligibilities, made.no_room)
    return SplitPlan(registered, terms, entries, left, no_room, judge)


def _whole_lines(registered: RegisteredConsignment, terms: SplitTerms, traded_at: datetime.datetime) -> Sequence[Trade]:
    """A trade of each whole line, of nobody yet."""
    places = range(len(registered.stated.lines))
    return [registered.stated.trade_of(place, 0, traded_at)._replace(declarant=terms.declarant) for place in places]


def _people(
    connection: Connection, terms: SplitTerms, find_eligibilities: FindEligibilities
) -> tuple[Sequence[int], Mapping[int, Eligibility]]:
    """The residents of a split in their order, and the eligibilities of all whom its terms name."""
    candidates = terms.residents if terms.group is None else _joined(connection, terms.group, terms)
    others = [one for one in (terms.declarant, terms.remainder_to) if one is not None]
    eligibilities = find_eligibilities({*candidates, *others})
    # Also the resident who would buy what is left: a mistyped id must not show only on the day on which some is left.
    _refuse_unknown([*others, *terms.residents], eligibilities)
    return _named(terms, candidates, eligibilities), eligibilities


def _refuse_unknown(ordinals: Iterable[int], eligibilities: Mapping[int, Eligibility]) -> None:
    unknown = [resident_id(one) for one in ordinals if one not in eligibilities]
    if unknown:
        raise UnknownResident(f"Not registered: {', '.join(unknown[:10])}. Register them, or leave them out.")


def _joined(connection: Connection, group: int, terms: SplitTerms) -> Sequence[int]:
    if residents.find_group(connection, group, terms.day) is None:
        raise ValidationFailed.of("/group_id", "unknown-group", f"No group {group_id(group)} exists.")
    return members.joined_before(connection, group, terms.day)


def _named(terms: SplitTerms, candidates: Sequence[int], eligibilities: Mapping[int, Eligibility]) -> Sequence[int]:
    """The residents of the split in their order. Raises ValidationFailed when there are too many."""
    if terms.group is not None:
        found = [one for one in candidates if eligibilities[one].group_on(terms.day) == terms.group]
        _refuse_too_many("members", len(found), RECEIVERS_MAX)
        return found
    return candidates


def _refuse_too_many(what: str, count: int, most: int) -> None:
    if count > most:
        raise ValidationFailed.of(
            "/resident_ids",
            "too-many",
            f"The split has {count} {what}, and {most} are the most; name fewer residents, and split the rest later.",
        )


def _list_group(rules: Rules, line: Trade) -> str | None:
    group = rules.list_group_of(line.hs_code)
    return None if group is None else group.name


def _prospects(lines: Sequence[Trade], ordinals: Iterable[int], rules: Rules) -> list[Trade]:
    """Trades that depend on all that the split may depend on: for each resident, one of each list group and goods."""
    one_of_each = {(_list_group(rules, line), line.commodity): line for line in lines}.values()
    return [_of(line, resident) for resident in dict.fromkeys(ordinals) for line in one_of_each]


def _of(line: Trade, resident: int) -> Trade:
    """The trade of a line as one of this resident, who needs no declarant for own trades."""
    return line._replace(resident=resident, declarant=None if line.declarant == resident else line.declarant)


def _receiver(judge: Judge, rules: Rules, resident: int, line: Trade, list_groups: Iterable[str | None]) -> Receiver:
    listed = {name for name in list_groups if name is not None}
    free_g = {name: rules.list_groups[name].free_g - judge.uses[resident, line.day, name].quantity_g for name in listed}
    return Receiver(resident, judge.remaining_fen(line._replace(resident=resident)), free_g)


def _remainder(terms: SplitTerms, left: Sequence[LineRemainder]) -> tuple[Sequence[SplitPart], Sequence[LineRemainder]]:
    """The parts of the resident who buys what nobody has room for, and what is left then.

    What is worth 0 fen stays, because no trade can have it.
    """
    if terms.remainder_to is None:
        return [], left
    parts = [SplitPart(place, terms.remainder_to, *one) for place, one in enumerate(left) if one.amount_fen > 0]
    return parts, [LineRemainder(0, 0) if one.amount_fen > 0 else one for one in left]


def _accept(judge: Judge, line: Trade, part: SplitPart, recorded_by: int | None, *, is_taxed: bool) -> Transaction:
    trade = _of(line, part.resident)._replace(
        quantity_g=part.quantity_g, amount_fen=part.amount_fen, refuse_over_allowance=not is_taxed
    )
    return judge.accept(trade, recorded_by)


_SENTENCES: Mapping[NoRoomReason, str] = {
    "no-value-left": "nothing is left of the value limit",
    "no-weight-left": "nothing is left of the free weight of these goods",
    "less-than-a-unit": "the allowance takes less than one unit",
    "worth-nothing": "the part would be worth 0.00 CNY",
}


def _no_room(
    terms: SplitTerms,
    named: Sequence[int],
    eligibilities: Mapping[int, Eligibility],
    why: Mapping[int, NoRoomReason],
) -> list[NoRoom]:
    """Who gets no part and why, in the order of the split."""
    told = []
    for one in named:
        inactive = eligibilities[one].why_not_active(terms.day)
        if inactive is not None:
            told.append(NoRoom(one, "not-active", f"{resident_id(one)} {inactive}."))
        elif one in why:
            told.append(NoRoom(one, why[one], f"{resident_id(one)} gets no part: {_SENTENCES[why[one]]}."))
    return told
