"""Residents are registered in batches: all of them or none, and one is a batch of one."""

import datetime

import pytest

from service.commands.groups import create_group
from service.commands.residents import Registration, register, register_all
from service.domain.errors import ResidentExists, ValidationFailed
from service.ledger import Ledger
from service.queries.residents import list_groups
from service.storage.faults import NotWritten
from service.storage.residents import ResidentFilters, list_rows
from tests.builders import a_citizen_number

DAY = datetime.date(2020, 1, 2)


def _registration(number: int, group: int | None = None) -> Registration:
    return Registration("巴特尔", a_citizen_number(number), DAY, None, None, group)


def _registered(ledger: Ledger) -> list[int]:
    with ledger.database.reading() as connection:
        return [row.eligibility.ordinal for row in list_rows(connection, ResidentFilters(DAY), 0, 100)]


def test_a_batch_gets_dense_ordinals_in_its_order_and_joins_its_groups(ledger: Ledger) -> None:
    create_group(ledger, "东", "village")
    register(ledger, _registration(0))
    rows = register_all(ledger, [_registration(2, group=1), _registration(1), _registration(3, group=1)])
    assert [row.eligibility.ordinal for row in rows] == [2, 3, 4]
    assert _registered(ledger) == [1, 2, 3, 4]
    assert [group.members for group in list_groups(ledger, 0, 10)[0]] == [2]


@pytest.mark.parametrize(
    ("spoiling", "refusal"),
    [
        (_registration(0), ResidentExists),
        (_registration(1), NotWritten),  # It is in the batch already, and registered nowhere.
        (_registration(2, group=9), ValidationFailed),
        (Registration("巴特尔", a_citizen_number(2), DAY, datetime.date(2019, 1, 1), None, None), ValidationFailed),
    ],
)
def test_one_that_can_not_be_registered_keeps_out_its_whole_batch(
    ledger: Ledger, spoiling: Registration, refusal: type[Exception]
) -> None:
    register(ledger, _registration(0))
    with pytest.raises(refusal):
        register_all(ledger, [_registration(1), spoiling])
    assert _registered(ledger) == [1]
