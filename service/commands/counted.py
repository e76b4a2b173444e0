"""Counts the outcomes of a commit for /metrics."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Sequence

from service.commands.posting import Outcome
from service.commands.together import TogetherOutcome
from service.domain.transactions import EntryKind, Transaction
from service.figures.posting import ACCEPTED_CNY, COMMITS_FAILED, ENTRIES_ACCEPTED, ENTRIES_REFUSED, ENTRIES_REPLAYED
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown


def count_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Counts what a commit has recorded, given again and refused. It adds once for each figure, not for each entry."""
    count_accepted(one.transaction for one in outcomes if one.transaction is not None and not one.replayed)
    _count_answers(outcomes)


def count_together(outcome: TogetherOutcome) -> None:
    """Counts a request that was posted all or none."""
    if not outcome.replayed:
        count_accepted(outcome.transactions)
    _count_answers([outcome])


def count_accepted(transactions: Iterable[Transaction]) -> None:
    """Counts trades and reversals that were recorded, and their value."""
    by_kind = defaultdict[tuple[EntryKind, str], list[Transaction]](list)
    for one in transactions:
        by_kind["trade" if one.reverses is None else "reversal", one.direction].append(one)
    for (kind, direction), alike in by_kind.items():
        ENTRIES_ACCEPTED.add(len(alike), kind)
        # The amounts of a reversal are negative, and those of one kind have one sign.
        amount_fen = abs(sum(one.amount_fen for one in alike))
        exempt_fen = abs(sum(one.exempt_fen for one in alike))
        if direction == "import":
            ACCEPTED_CNY.add(exempt_fen, kind, "exempt")
            ACCEPTED_CNY.add(amount_fen - exempt_fen, kind, "taxable")
        else:
            ACCEPTED_CNY.add(amount_fen, kind, "export")


def count_failure(error: Exception) -> None:
    """Counts a transaction that was given up."""
    match error:
        case NotWritten():
            COMMITS_FAILED.add(1, "not_written")
        case OutcomeUnknown():
            COMMITS_FAILED.add(1, "outcome_unknown")
        case DatabaseUnavailable():
            COMMITS_FAILED.add(1, "unavailable")
        case _:
            COMMITS_FAILED.add(1, "other")


def _count_answers(outcomes: Sequence[Outcome | TogetherOutcome]) -> None:
    replayed = sum(one.replayed for one in outcomes)
    if replayed:
        ENTRIES_REPLAYED.add(replayed)
    refused = Tally(one.refusal.code for one in outcomes if one.refusal is not None and not one.replayed)
    for code, number in refused.items():
        ENTRIES_REFUSED.add(number, code)
