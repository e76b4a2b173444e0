"""The totals of the live trades that some filters let through, as a clerk's list and a hand-over state them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar


class LiveSums(NamedTuple):
    """Sums and counts of live trades. `residents` and `participations` are counts of distinct ones."""

    transactions: int = 0
    participations: int = 0
    residents: int = 0
    quantity_g: int = 0
    amount_fen: int = 0
    exempt_fen: int = 0

    @property
    def taxable_fen(self) -> int:
        """The part above the allowance, in fen."""
        return self.amount_fen - self.exempt_fen


class EntryTotals(NamedTuple):
    """The sums of all live trades, and by key, category and verdict; largest amounts first.

    A key is the id of an API key, None for trades from before it was recorded. `reversals` is the number of the
    reversals that the same filters let through.
    """

    total: LiveSums
    by_recorder: Sequence[tuple[int | None, LiveSums]]
    by_category: Sequence[tuple[str, LiveSums]]
    by_verdict: Sequence[tuple[str, LiveSums]]
    reversals: int


K = TypeVar("K")


def largest_first(sums: Mapping[K, LiveSums]) -> list[tuple[K, LiveSums]]:
    """The sums by key, by amount, the largest first, then by key; the key None comes last among equal amounts."""
    return sorted(sums.items(), key=lambda one: (-one[1].amount_fen, one[0] is None, str(one[0])))
