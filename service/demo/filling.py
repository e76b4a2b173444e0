"""Filling an empty ledger with the demo's plan, through the same commands that everybody uses."""

import datetime
import gc
from collections.abc import Callable, Sequence
from uuid import UUID

from service.commands.folding import fold
from service.commands.groups import create_group
from service.commands.posting import Entry, Post, Reverse, post
from service.commands.residents import Caller, Registration, add_members, change_status, register_all
from service.demo.mark import OPERATOR_KEY_ID, ROUTE, trade_digest
from service.demo.people import MOVED_ON, DemoResident
from service.demo.plan import Plan, PlannedTrade
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.domain.residents import Status
from service.ledger import Ledger
from service.queries.pulse import Pulse
from service.queries.residents import list_groups

RESIDENTS_PER_COMMIT = 500
TRADES_PER_COMMIT = 2_000
NOT_EMPTY = "The ledger is not empty; the demo fills an empty one only."

Advance = Callable[[int], None]


class NotFilled(Exception):
    """The ledger was not empty, or refused what the plan says; the message is one line."""


def steps(plan: Plan) -> int:
    """How far `fill` advances in all: residents, trades, and the entries that are folded."""
    reversals = sum(planned.reversed_because is not None for planned in plan.trades)
    return len(plan.residents) + 2 * (len(plan.trades) + reversals)


def fill(ledger: Ledger, plan: Plan, advance: Advance = lambda _: None) -> None:
    """Registers, posts and folds the whole plan. Raises NotFilled when the ledger is not empty."""
    if not is_empty(ledger):
        raise NotFilled(NOT_EMPTY)
    # The plan is a million objects that stay: unless it is told, the collector looks through them again and again.
    gc.freeze()
    try:
        _fill(ledger, plan, advance)
    finally:
        gc.unfreeze()


def _fill(ledger: Ledger, plan: Plan, advance: Advance) -> None:
    _make_groups(ledger, plan)
    _register(ledger, plan.residents, advance)
    _join_groups(ledger, plan)
    _change_statuses(ledger, plan.residents)
    _post(ledger, plan.trades, advance)
    while (folded := fold(ledger)) is not None:
        advance(folded.block.count)
        if not folded.is_more:
            break


def is_empty(ledger: Ledger) -> bool:
    """Whether nobody is registered and no group is made; API keys do not count, transactions need residents."""
    newest_resident = Pulse(ledger).now().registrations[0]
    return newest_resident == 0 and not list_groups(ledger, 0, 1)[0]


def _make_groups(ledger: Ledger, plan: Plan) -> None:
    for place, planned in enumerate(plan.groups):
        made = create_group(ledger, planned.name, planned.kind)
        if made.ordinal != _group(place):
            raise NotFilled("Another process makes groups in this ledger; the demo needs it alone.")


def _group(place: int) -> int:
    """The ordinal of a group by its place in the plan: a new ledger counts from one."""
    return place + 1


def _register(ledger: Ledger, people: Sequence[DemoResident], advance: Advance) -> None:
    for start in range(0, len(people), RESIDENTS_PER_COMMIT):
        chunk = people[start : start + RESIDENTS_PER_COMMIT]
        rows = register_all(ledger, [_registration(person) for person in chunk])
        if [row.standing.ordinal for row in rows] != [person.ordinal for person in chunk]:
            raise NotFilled("Another process registers residents in this ledger; the demo needs it alone.")
        advance(len(chunk))


def _registration(person: DemoResident) -> Registration:
    return Registration(person.name, person.id_number, person.registered_on, None, person.settlement, group=None)


def _join_groups(ledger: Ledger, plan: Plan) -> None:
    """All members of a group join at once, each from their registration on; later some move to another group."""
    for place in range(len(plan.groups)):
        joining = [person.ordinal for person in plan.residents if person.group == place]
        add_members(ledger, _group(place), joining, None)
    for person in plan.residents:
        if person.moves_to is not None:
            add_members(ledger, _group(person.moves_to), [person.ordinal], MOVED_ON)


def _change_statuses(ledger: Ledger, people: Sequence[DemoResident]) -> None:
    for person in people:
        changes: tuple[tuple[datetime.date | None, Status, str], ...] = (
            (person.suspended_on, "suspended", "证件待核"),
            (person.reinstated_on, "active", "复核通过"),
            (person.cancelled_on, "cancelled", "户籍迁出"),
        )
        for day, status, reason in changes:
            if day is not None:
                change_status(ledger, person.ordinal, status, reason, day, Caller(OPERATOR_KEY_ID, ROUTE))


def _post(ledger: Ledger, trades: Sequence[PlannedTrade], advance: Advance) -> None:
    """Posts the trades in order; a double entry is reversed at the beginning of the next commit."""
    reversals: list[Entry] = []
    for start in range(0, len(trades), TRADES_PER_COMMIT):
        chunk = trades[start : start + TRADES_PER_COMMIT]
        entries = [*reversals, *(_posting(number, planned) for number, planned in enumerate(chunk, start))]
        posted = _post_all(ledger, entries)[len(reversals) :]
        advance(len(entries))
        reversals = [
            _reversal(transaction_id, planned.reversed_because)
            for transaction_id, planned in zip(posted, chunk, strict=True)
            if planned.reversed_because is not None
        ]
    if reversals:
        _post_all(ledger, reversals)
        advance(len(reversals))


def _posting(number: int, planned: PlannedTrade) -> Entry:
    return Post(trade_digest(number), trade_fingerprint(planned.trade), f"{ROUTE}-{number}", planned.trade)


def _reversal(transaction_id: UUID, reason: str) -> Entry:
    digest = key_digest(OPERATOR_KEY_ID, ROUTE, f"reversal-{transaction_id}")
    return Reverse(digest, reversal_fingerprint(transaction_id, reason), ROUTE, transaction_id, reason)


def _post_all(ledger: Ledger, entries: Sequence[Entry]) -> list[UUID]:
    """The ids of the entries. Raises NotFilled when one of them is refused: the plan keeps all rules."""
    ids = []
    for outcome in post(ledger, entries):
        if outcome.transaction is None:
            why = "no answer" if outcome.refusal is None else outcome.refusal.detail
            raise NotFilled(f"The ledger refused {outcome.request_id}: {why}")
        ids.append(outcome.transaction.transaction_id)
    return ids
