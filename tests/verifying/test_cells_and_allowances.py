"""`hushi verify` finds changed cells and allowances, and entries that were judged otherwise than the rules say."""

import dataclasses
import datetime

import pytest
from pyroaring import BitMap

from service.commands.folding import fold_all
from service.domain.rulebook import Rulebook
from service.ledger import Ledger
from service.rules import load_rulebook
from service.rules.loading import RulebookCache
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import RIGHT, blob, verdict_after

COPIED = (
    "amount_fen, exempt_fen, quantity_g, transactions, residents, block FROM cell WHERE grain = 1 AND day = 20240110"
)
CELLS = {
    "a changed sum": (
        "UPDATE cell SET amount_fen = amount_fen + 100 WHERE grain = 1 AND day = 20240110",
        "The cell of 2024-01-10, grain 1",
    ),
    "a deleted cell": ("DELETE FROM cell WHERE grain = 3 AND day = 20240210", "The cell of 2024-02-10, grain 3"),
    "an added cell": (
        f"INSERT INTO cell SELECT grain, 20200101, dimensions, {COPIED}",
        "The cell of 2020-01-01, grain 1",
    ),
    "a cell of a grain that nobody knows": (
        f"INSERT INTO cell SELECT 9, day, dimensions, {COPIED}",
        "The cell of 2024-01-10, grain 9",
    ),
    "other residents": (
        "UPDATE cell SET residents = {set of 1} WHERE grain = 1 AND day = 20240110",
        "The cell of 2024-01-10, grain 1",
    ),
    "the residents and a byte": (
        "UPDATE cell SET residents = {set and byte} WHERE grain = 1 AND day = 20240110",
        "written otherwise",
    ),
    "another block": ("UPDATE cell SET block = 2 WHERE grain = 2 AND block = 3", "names block 2, and block 3"),
    "dimensions with a space": (
        "UPDATE cell SET dimensions = replace(dimensions, ',', ', ') WHERE grain = 1 AND day = 20240110",
        "written otherwise",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CELLS)
def test_tampering_with_cells_is_found_and_named(market: Ledger, kind: str) -> None:
    statement, named = CELLS[kind]
    for mark, value in {
        "{set of 1}": BitMap([1]).serialize(),
        "{set and byte}": BitMap([1, 2, 3]).serialize() + b"x",
    }.items():
        statement = statement.replace(mark, blob(market, value))
    assert named in verdict_after(market, statement)


VALUE, WHEAT = "list_group = '' AND resident = 2", "list_group = 'wheat' AND resident = 2"
ALLOWANCES = {
    "less used": f"UPDATE allowance_use SET exempt_fen = exempt_fen - 1 WHERE {VALUE} AND exempt_fen > 0",
    "grams in the value limit's row": f"UPDATE allowance_use SET quantity_g = 0, limit_g = 1 WHERE {VALUE}",
    "used grams in the value limit's row": f"UPDATE allowance_use SET quantity_g = 1, limit_g = 1 WHERE {VALUE}",
    "less weight": f"UPDATE allowance_use SET quantity_g = quantity_g - 1 WHERE {WHEAT}",
    "fen in a list group's row": f"UPDATE allowance_use SET exempt_fen = 1, limit_fen = 1 WHERE {WHEAT}",
    "a limit of fen in a list group's row": f"UPDATE allowance_use SET limit_fen = 1 WHERE {WHEAT}",
    "a greater limit": f"UPDATE allowance_use SET limit_fen = 900000 WHERE {VALUE}",
    "a greater free weight": f"UPDATE allowance_use SET limit_g = limit_g + 1 WHERE {WHEAT}",
    "a deleted row": f"DELETE FROM allowance_use WHERE {VALUE} AND exempt_fen > 0",
    "a deleted row of weight": f"DELETE FROM allowance_use WHERE {WHEAT}",
    "an invented row of nothing": "INSERT INTO allowance_use VALUES (2, 20240601, '', 0, 0, 800000, 0)",
    "an invented row of weight": "INSERT INTO allowance_use VALUES (2, 20240210, 'sugar', 0, 0, 0, 1000)",
    "a row of another group": f"UPDATE allowance_use SET list_group = 'maize' WHERE {WHEAT}",
    "a row of another resident": f"UPDATE allowance_use SET resident = 4 WHERE {VALUE} AND day = 20240210",
}


@pytest.mark.parametrize("kind", ALLOWANCES)
def test_tampering_with_allowances_is_found_and_named(market: Ledger, kind: str) -> None:
    assert verdict_after(market, ALLOWANCES[kind]).startswith("The allowance of R0000000")


JUDGED = {
    "an exempt part": "exempt_fen = exempt_fen - 1 WHERE seq = 21",
    "a free weight": "exempt_quantity_g = exempt_quantity_g + 1 WHERE seq = 22",
    "a list group": "list_group = 'maize' WHERE seq = 22",
    "a list group that is none": "list_group = NULL WHERE seq = 22",
    "a version of the rules": "rule_version = '1998-11-01' WHERE seq = 21",
}


@pytest.mark.parametrize("kind", JUDGED)
def test_an_entry_of_the_tail_that_was_judged_otherwise_is_found(market: Ledger, kind: str) -> None:
    assert "was judged otherwise" in verdict_after(market, f"UPDATE journal SET {JUDGED[kind]}")


def test_what_is_sealed_may_say_what_was_known_about_its_rules_then(ledger: Ledger, admin: Caller) -> None:
    """The negative control: the same trade in the tail is wrong under rules that have been confirmed since."""
    admin.register(1)
    admin.trade(a_trade(traded_at="2024-06-30T10:00:00+08:00"))
    known = load_rulebook()
    groups = [
        dataclasses.replace(row, basis=dataclasses.replace(row.basis, verified_until=None))
        for row in known._list_groups
    ]
    book = Rulebook(known._value_limits, groups, known._categories, known.countries, known.hs_headings)
    confirmed = dataclasses.replace(ledger, rules=RulebookCache(book))
    assert "calls the rules of its day not verified" in verdict_after(confirmed)
    fold_all(ledger)
    assert verdict_after(confirmed) == RIGHT


def _under_other_rules(ledger: Ledger) -> Ledger:
    """The ledger with rules of the same days that have another version, and no limit but one fen."""
    known = load_rulebook()
    limits = [dataclasses.replace(row, limit_fen=1) for row in known._value_limits]
    since_june = dataclasses.replace(limits[-1].basis, valid_from=datetime.date(2024, 6, 1))
    limits.append(dataclasses.replace(limits[-1], basis=since_june))
    book = Rulebook(limits, known._list_groups, known._categories, known.countries, known.hs_headings)
    return dataclasses.replace(ledger, rules=RulebookCache(book))


def test_a_rule_is_never_applied_again_to_what_is_sealed(ledger: Ledger, admin: Caller) -> None:
    """Rules are data: a version that comes to know them better does not call old entries wrong."""
    admin.register(1)
    admin.trade(a_trade(traded_at="2024-06-30T10:00:00+08:00"))
    other = _under_other_rules(ledger)
    assert "was judged otherwise" in verdict_after(other)
    fold_all(ledger)
    assert verdict_after(other) == RIGHT


def test_what_is_sealed_under_other_rules_stays_within_the_limit_that_its_row_names(
    ledger: Ledger, admin: Caller
) -> None:
    admin.register(1)
    admin.trade(a_trade(traded_at="2024-06-30T10:00:00+08:00"))
    fold_all(ledger)
    unchecked = (
        "PRAGMA ignore_check_constraints = ON"
        if ledger.database.is_sqlite
        else "ALTER TABLE allowance_use DROP CONSTRAINT ck_allowance_use_value_within_limit"
    )
    said = verdict_after(_under_other_rules(ledger), unchecked, "UPDATE allowance_use SET limit_fen = exempt_fen - 1")
    assert "its limit is 99999" in said
