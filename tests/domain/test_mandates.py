"""The term of a mandate: a year at most, both days included, and its end by a withdrawal."""

import datetime

import pytest

from service.domain.errors import ValidationFailed
from service.domain.mandates import (
    Mandate,
    mandate_id,
    parse_mandate_id,
    refuse_impossible_term,
    refuse_impossible_withdrawal,
)


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _mandate(withdrawn_from: str | None = None) -> Mandate:
    recorded_at = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    ended = None if withdrawn_from is None else _day(withdrawn_from)
    return Mandate(7, 1, 2, _day("2024-03-01"), _day("2024-03-31"), ended, recorded_at, 1)


@pytest.mark.parametrize(
    ("day", "withdrawn_from", "covered"),
    [
        ("2024-02-29", None, False), ("2024-03-01", None, True), ("2024-03-31", None, True),
        ("2024-04-01", None, False),
        ("2024-03-09", "2024-03-10", True), ("2024-03-10", "2024-03-10", False), ("2024-03-01", "2024-03-01", False),
    ],
)  # fmt: skip
def test_a_mandate_covers_its_days_until_it_is_withdrawn(day: str, withdrawn_from: str | None, covered: bool) -> None:
    assert _mandate(withdrawn_from).covers(_day(day)) is covered


@pytest.mark.parametrize(
    ("valid_from", "latest"), [("2024-03-01", "2025-03-01"), ("2024-02-29", "2025-02-28"), ("2023-02-28", "2024-02-28")]
)
def test_a_mandate_holds_for_a_year_at_most(valid_from: str, latest: str) -> None:
    refuse_impossible_term(_day(valid_from), _day(latest))
    with pytest.raises(ValidationFailed, match="a year at most"):
        refuse_impossible_term(_day(valid_from), _day(latest) + datetime.timedelta(days=1))


def test_a_mandate_does_not_end_before_it_begins() -> None:
    refuse_impossible_term(_day("2024-03-01"), _day("2024-03-01"))
    with pytest.raises(ValidationFailed, match="not before valid_from"):
        refuse_impossible_term(_day("2024-03-01"), _day("2024-02-29"))


@pytest.mark.parametrize("day", ["2024-02-29", "2024-04-01"])
def test_a_mandate_is_not_withdrawn_outside_of_its_term(day: str) -> None:
    refuse_impossible_withdrawal(_mandate(), _day("2024-03-01"))
    refuse_impossible_withdrawal(_mandate(), _day("2024-03-31"))
    with pytest.raises(ValidationFailed, match="2024-03-01 to 2024-03-31"):
        refuse_impossible_withdrawal(_mandate(), _day(day))


def test_an_id_is_read_as_it_is_written() -> None:
    assert parse_mandate_id(mandate_id(7)) == 7
    for text in ("M00000000", "M7", "R00000007", "M000000007", "m00000007"):
        with pytest.raises(ValueError, match="M00000001"):
            parse_mandate_id(text)
