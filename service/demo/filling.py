"""Fills an empty ledger with the demo's plan, through the same commands that everybody uses.

A filling that was cut, by Ctrl-C or by the machine, is continued: each step finds out which part of it is done.
"""

import bisect
import datetime
import gc
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from service.commands.auditing import Caller
from service.commands.folding import fold
from service.commands.groups import create_group
from service.commands.posting import NewEntry, Post, Reverse, post
from service.commands.processing_folding import fold_all_transfers
from service.commands.residents import Registration, add_members, change_status, register_all
from service.demo.after_market_filling import is_planned, record_after_market
from service.demo.invented import INVENTED
from service.demo.live import residents_known
from service.demo.mark import ROUTE, NotFilled, is_whole, last_digest, trade_digest
from service.demo.people import MOVED_ON, DemoResident
from service.demo.plan import DemoPlan, PlannedTrade
from service.domain.errors import Refusal
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.residents import Eligibility, Status
from service.ledger import Ledger
from service.queries.deliveries import enterprises_of_market
from service.queries.ledger import get_head
from service.queries.residents import eligibilities_of, find_ordinal, list_groups
from service.queries.transactions import is_answered
from service.storage.faults import NotWritten

RESIDENTS_PER_COMMIT = 500
TRADES_PER_COMMIT = 2_000
NOT_EMPTY = "The ledger is not empty; the demo fills an empty one only."

__all__ = ["NOT_EMPTY", "NotFilled", "fill", "is_empty", "steps"]

Advance = Callable[[int], None]


def steps(plan: DemoPlan) -> int:
    """How many steps `fill` advances in all.

    It is one for each resident, each entry that is posted or folded, and each line of a delivery.
    """
    reversals = sum(planned.reversed_because is not None for planned in plan.trades)
    lines = sum(len(delivery.trades) for delivery in plan.after_market.deliveries)
    return len(plan.residents) + 2 * (len(plan.trades) + reversals) + lines


def fill(ledger: Ledger, plan: DemoPlan, advance: Advance = lambda _: None) -> None:
    """Registers, posts and folds the whole plan, or what is left of it when an earlier filling was cut.

    Every step is done once, because residents and groups are counted and trades have keys. Raises NotFilled when the
    ledger holds the whole demo, or anything that is not of the demo.
    """
    if is_whole(ledger):
        raise NotFilled(NOT_EMPTY)
    # The plan is a million objects that stay. Without this the collector would look through them again and again.
    gc.freeze()
    try:
        _fill(ledger, plan, advance)
    except (Refusal, NotWritten) as error:
        raise NotFilled(f"Somebody else writes to this ledger ({error}); the demo needs it alone.") from None
    finally:
        gc.unfreeze()


def _fill(ledger: Ledger, plan: DemoPlan, advance: Advance) -> None:
    commits = _commits(plan)
    done = _count_posted(ledger, commits)
    _refuse_others(ledger, plan, sum(map(len, commits[:done])))
    _register(ledger, plan.residents, advance)
    _make_groups(ledger, plan)
    eligibilities = eligibilities_of(ledger, [person.ordinal for person in plan.residents])
    _join_groups(ledger, plan, eligibilities)
    _change_statuses(ledger, plan.residents, eligibilities)
    # The last commit that is done is replayed, to get the ids of trades to reverse.
    first = max(0, done - 1)
    advance(sum(map(len, commits[:first])))
    ids: dict[int, UUID] = {}
    _post(ledger, commits[first:-1], ids, advance)
    record_after_market(ledger, plan, ids, advance)
    _post(ledger, commits[-1:], ids, advance)
    while (folded := fold(ledger)) is not None:
        advance(folded.block.count)
        if not folded.is_more:
            break
    fold_all_transfers(ledger)


def is_empty(ledger: Ledger) -> bool:
    """Whether the ledger has no resident, group or enterprise. API keys do not count; transactions need residents."""
    return residents_known(ledger) == 0 and not list_groups(ledger, 0, 1)[0] and not enterprises_of_market(ledger)


def _refuse_others(ledger: Ledger, plan: DemoPlan, posted: int) -> None:
    """Raises NotFilled when the ledger holds a resident, a group, an enterprise or an entry that is not of the plan."""
    known = residents_known(ledger)
    ends = {plan.residents[0], plan.residents[min(known, len(plan.residents)) - 1]} if known else set()
    groups = [(group.name, group.kind) for group in list_groups(ledger, 0, len(plan.groups) + 1)[0]]
    if (
        known > len(plan.residents)
        or any(find_ordinal(ledger, person.id_number) != person.ordinal for person in ends)
        or groups != [(group.name, group.kind) for group in plan.groups[: len(groups)]]
        or (groups and not known)
        or not is_planned(ledger, plan)
    ):
        raise NotFilled(NOT_EMPTY)
    if get_head(ledger).transactions != posted:
        raise NotFilled(
            "The ledger holds a part of the demo and entries of somebody else, so that its totals can't become "
            "those of the demo; fill a new ledger."
        )


def _register(ledger: Ledger, people: Sequence[DemoResident], advance: Advance) -> None:
    known = residents_known(ledger)
    advance(known)
    for start in range(known, len(people), RESIDENTS_PER_COMMIT):
        chunk = people[start : start + RESIDENTS_PER_COMMIT]
        rows = register_all(ledger, [_registration(person) for person in chunk])
        if [row.eligibility.ordinal for row in rows] != [person.ordinal for person in chunk]:
            raise NotFilled("Another process registers residents in this ledger; the demo needs it alone.")
        advance(len(chunk))


def _registration(person: DemoResident) -> Registration:
    return Registration(person.name, person.id_number, person.registered_on, None, person.settlement, group=None)


def _make_groups(ledger: Ledger, plan: DemoPlan) -> None:
    """Creates the groups, after the residents: a resident shows that the demo made the ledger, a group's name does not.

    Raises NotFilled when another process creates groups in this ledger.
    """
    made = len(list_groups(ledger, 0, len(plan.groups))[0])
    for place, planned in enumerate(plan.groups[made:], made):
        group = create_group(ledger, planned.name, planned.kind)
        if group.ordinal != _group(place):
            raise NotFilled("Another process makes groups in this ledger; the demo needs it alone.")


def _group(place: int) -> int:
    """The ordinal of the group at a place in the plan: a new ledger counts from one."""
    return place + 1


def _join_groups(ledger: Ledger, plan: DemoPlan, before: Mapping[int, Eligibility]) -> None:
    """Adds all members of a group at once, each from their registration on; later it moves some to another group."""
    joined = {ordinal for ordinal, eligibility in before.items() if eligibility.memberships}
    for place in range(len(plan.groups)):
        joining = [person.ordinal for person in plan.residents if person.group == place]
        if not joined.issuperset(joining):
            add_members(ledger, _group(place), joining, None)
    for person in plan.residents:
        if person.moves_to is not None and not _has_moved(before[person.ordinal]):
            add_members(ledger, _group(person.moves_to), [person.ordinal], MOVED_ON)


def _has_moved(eligibility: Eligibility) -> bool:
    return any(membership.effective_on == MOVED_ON for membership in eligibility.memberships)


def _change_statuses(ledger: Ledger, people: Sequence[DemoResident], before: Mapping[int, Eligibility]) -> None:
    for person in people:
        changes: tuple[tuple[datetime.date | None, Status], ...] = (
            (person.suspended_on, "suspended"),
            (person.reinstated_on, "active"),
            (person.cancelled_on, "cancelled"),
        )
        planned = [(day, status) for day, status in changes if day is not None]
        for day, status in planned[len(before[person.ordinal].statuses) :]:
            change_status(
                ledger, person.ordinal, status, INVENTED["status_reasons"][status], day, Caller(OPERATOR_KEY_ID, ROUTE)
            )


class _Step(NamedTuple):
    """A trade of the plan, to be posted under a key, or to be reversed after it was posted."""

    number: int
    planned: PlannedTrade
    digest: bytes
    is_reversal: bool = False


def _commits(plan: DemoPlan) -> list[list[_Step]]:
    """The trades in order, divided into commits; a double entry is reversed at the beginning of the next commit.

    The last trade has its own commit: when the ledger holds it, the ledger holds all others as well.
    """
    numbered = [_Step(number, planned, trade_digest(number)) for number, planned in enumerate(plan.trades)]
    last = numbered.pop()._replace(digest=last_digest())
    assert last.planned.reversed_because is None, "the demo ends with a live trade"
    chunks = [numbered[start : start + TRADES_PER_COMMIT] for start in range(0, len(numbered), TRADES_PER_COMMIT)]
    commits, reversals = [], list[_Step]()
    for chunk in [*chunks, [last]]:
        commits.append([*reversals, *chunk])
        reversals = [step._replace(is_reversal=True) for step in chunk if step.planned.reversed_because is not None]
    return commits


def _count_posted(ledger: Ledger, commits: Sequence[Sequence[_Step]]) -> int:
    """How many of the commits are in the ledger: all commits before the first one that is not."""

    def is_left(commit: Sequence[_Step]) -> bool:
        """Whether its last trade is not in the ledger."""
        return not is_answered(ledger, commit[-1].digest)

    return bisect.bisect_left(commits, True, key=is_left)


def _post(ledger: Ledger, commits: Sequence[Sequence[_Step]], ids: dict[int, UUID], advance: Advance) -> None:
    """Posts commits, and adds the ids of their trades to `ids`, by the trades' numbers.

    Each commit is one transaction: it is in the ledger whole, or not at all. Reversals of trades without an id belong
    to a commit that is replayed, and are in the ledger.
    """
    for commit in commits:
        replayed = [step for step in commit if not step.is_reversal or step.number in ids]
        posted = _post_all(ledger, [_entry(step, ids) for step in replayed])
        ids |= {step.number: own_id for step, own_id in zip(replayed, posted, strict=True) if not step.is_reversal}
        advance(len(commit))


def _entry(step: _Step, ids: Mapping[int, UUID]) -> NewEntry:
    if step.is_reversal:
        return _reversal(ids[step.number], step.planned.reversed_because or "")
    return Post(step.digest, trade_fingerprint(step.planned.trade), f"{ROUTE}-{step.number}", step.planned.trade)


def _reversal(transaction_id: UUID, reason: str) -> NewEntry:
    digest = key_digest(OPERATOR_KEY_ID, ROUTE, f"reversal-{transaction_id}")
    return Reverse(digest, reversal_fingerprint(transaction_id, reason), ROUTE, transaction_id, reason)


def _post_all(ledger: Ledger, entries: Sequence[NewEntry]) -> list[UUID]:
    """Posts entries and returns their ids. Raises NotFilled when one is refused, because the plan keeps all rules."""
    ids = []
    for outcome in post(ledger, entries):
        if outcome.transaction is None:
            why = "no answer" if outcome.refusal is None else outcome.refusal.detail
            raise NotFilled(f"The ledger refused {outcome.request_id}: {why}")
        ids.append(outcome.transaction.transaction_id)
    return ids
