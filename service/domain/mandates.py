"""Mandates (委托): a resident's permission for a representative to declare trades for the resident, on given days."""

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.domain.errors import NotMandated, ValidationFailed
from service.domain.residents import resident_id
from service.domain.transactions import Trade

MANDATE_NUMBER_MAX = 99_999_999
_MANDATE_ID = re.compile(r"M([0-9]{8})", re.ASCII)


class Mandate(NamedTuple):
    """A mandate as it was recorded; it holds on both its first and its last day.

    `withdrawn_from` is the day from which it does not hold any more; None when it was not withdrawn.
    """

    number: int
    representative: int
    resident: int
    valid_from: datetime.date
    valid_until: datetime.date
    withdrawn_from: datetime.date | None
    recorded_at: datetime.datetime
    recorded_by: int | None

    def covers(self, day: datetime.date) -> bool:
        """Whether the representative may declare for the resident on a business day."""
        is_withdrawn = self.withdrawn_from is not None and self.withdrawn_from <= day
        return self.valid_from <= day <= self.valid_until and not is_withdrawn


class MandatedPair(NamedTuple):
    """A representative, and a resident for whom the representative declares."""

    representative: int
    resident: int


def pairs_of(trades: Iterable[Trade]) -> set[MandatedPair]:
    """The pairs of the trades whose declarant is not the buyer."""
    return {MandatedPair(trade.declarant, trade.resident) for trade in trades if trade.declarant is not None}


def residents_of(trades: Sequence[Trade]) -> set[int]:
    """The residents whom trades name: the buyers, and the declarants who are not the buyers."""
    declarants = {trade.declarant for trade in trades if trade.declarant is not None}
    return declarants.union(trade.resident for trade in trades)


def refuse_unmandated(pair: MandatedPair, day: datetime.date, mandates: Iterable[Mandate]) -> None:
    """Raises NotMandated unless one of the pair's mandates covers the business day."""
    if not any(mandate.covers(day) for mandate in mandates):
        raise NotMandated(
            f"{resident_id(pair.representative)} has no mandate of {resident_id(pair.resident)} on {day}. "
            "Record the mandate, or leave declarant_id out when the buyer declares."
        )


def mandate_id(number: int) -> str:
    """The public id of a mandate: number 7 is "M00000007"."""
    return f"M{number:08d}"


def parse_mandate_id(text: str) -> int:
    """The number of a public id. Raises ValueError that says what to send."""
    match = _MANDATE_ID.fullmatch(text)
    if match is None or match[1] == "00000000":
        raise ValueError('Send a mandate id as "M" and 8 digits, such as "M00000001".')
    return int(match[1])


def refuse_impossible_term(valid_from: datetime.date, valid_until: datetime.date) -> None:
    """Raises ValidationFailed for a term that ends before it begins, or that is longer than a year."""
    if valid_until < valid_from:
        raise ValidationFailed.of("/valid_until", "too-early", f"Send a day not before valid_from, {valid_from}.")
    latest = _year_after(valid_from)
    if valid_until > latest:
        raise ValidationFailed.of(
            "/valid_until", "too-long", f"A mandate holds for a year at most: send a day not after {latest}."
        )


def refuse_impossible_withdrawal(mandate: Mandate, effective_on: datetime.date) -> None:
    """Raises ValidationFailed for a withdrawal from a day on which the mandate does not hold."""
    if not mandate.valid_from <= effective_on <= mandate.valid_until:
        raise ValidationFailed.of(
            "/effective_on",
            "outside-the-term",
            f"{mandate_id(mandate.number)} holds from {mandate.valid_from} to {mandate.valid_until}; "
            "send one of these days: the mandate does not hold from that day on.",
        )


def refuse_own_mandate(representative: int, resident: int) -> None:
    """Raises ValidationFailed when somebody is to be the representative of oneself."""
    if representative == resident:
        raise ValidationFailed.of(
            "/resident_ids",
            "own-representative",
            f"{resident_id(resident)} declares own trades without a mandate; leave this resident out.",
        )


def _year_after(day: datetime.date) -> datetime.date:
    """The same day a year later; 28 February for 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
