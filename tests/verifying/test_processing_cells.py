"""`hushi verify` finds each change of the cells of transfers, and of the row that says how far they are folded."""

from collections.abc import Callable, Iterator

import pytest
from pyroaring import BitMap, BitMap64

from service.commands.processing_folding import fold_all_transfers
from service.ledger import Ledger
from tests.small_transfers import call_back
from tests.tampering import RIGHT, blob, verdict_after
from tests.twelve_trades import HALF_G, send, twelve_trades

COPIED = "quantity_g, amount_fen, paid_fen, whole, residents, parts, fold FROM processing_cell WHERE grain = 1"
CELL = "The processing cell of 2024-06-03, grain 1"
CHANGES = {
    "a changed value": ("UPDATE processing_cell SET amount_fen = amount_fen + 100 WHERE grain = 1", CELL),
    "a changed weight": ("UPDATE processing_cell SET quantity_g = quantity_g + 1 WHERE grain = 1", CELL),
    "a changed payment": ("UPDATE processing_cell SET paid_fen = paid_fen + 1 WHERE grain = 1", CELL),
    "a trade more": ("UPDATE processing_cell SET whole = whole + 1 WHERE grain = 1", CELL),
    "other residents": ("UPDATE processing_cell SET residents = {residents} WHERE grain = 1", CELL),
    "other trades in parts": ("UPDATE processing_cell SET parts = {parts} WHERE grain = 1", CELL),
    "bytes behind a set": ("UPDATE processing_cell SET parts = {parts and byte} WHERE grain = 1", "written otherwise"),
    "no set": ("UPDATE processing_cell SET parts = {parts cut} WHERE grain = 1", "can't be read"),
    "another fact": ("UPDATE processing_cell SET fold = fold - 1 WHERE grain = 1", "changed it last"),
    "a deleted cell": ("DELETE FROM processing_cell WHERE grain = 4", "is missing"),
    "an added cell": (f"INSERT INTO processing_cell SELECT grain, 20200101, dimensions, {COPIED}", "2020-01-01"),
    "a cell of an unknown grain": (f"INSERT INTO processing_cell SELECT 9, day, dimensions, {COPIED}", "grain 9"),
    "dimensions with a space": (
        "UPDATE processing_cell SET dimensions = replace(dimensions, ',', ', ') WHERE grain = 1",
        "written otherwise",
    ),
    "a fold that has not been": ("UPDATE processing_fold SET no = no + 1", "The fold of transfers up to fact"),
    "fewer transfers in the fold": ("UPDATE processing_fold SET transfer = transfer - 1", "The fold of transfers up"),
    "no reversal in the fold": ("UPDATE processing_fold SET transfer_reversal = 0", "The fold of transfers up to fact"),
    "no fold": ("DELETE FROM processing_fold", "is not what its lines add up to"),
}  # fmt: skip


@pytest.fixture
def market(new_database: Callable[[], str], environment: dict[str, str]) -> Iterator[Ledger]:
    """Folded transfers of whole trades and of parts, one of them reversed, and a transfer that is not folded."""
    with twelve_trades(new_database(), environment) as ledger:
        send(ledger, 1, 3)
        send(ledger, 5, grams=HALF_G)
        call_back(ledger, send(ledger, 5, 7, grams=HALF_G))
        send(ledger, 2, enterprise=2)
        fold_all_transfers(ledger)
        send(ledger, 9)
        yield ledger


def test_tampering_with_cells_of_transfers_is_found_and_named(market: Ledger) -> None:
    sets = {
        "{residents}": BitMap([1, 4]).serialize(),
        "{parts}": BitMap64([5, 7]).serialize(),
        "{parts and byte}": BitMap64([5]).serialize() + b"x",
        "{parts cut}": BitMap64([5]).serialize()[:-3],
    }
    assert verdict_after(market) == RIGHT
    for kind, (change, named) in CHANGES.items():
        statement = change
        for mark, value in sets.items():
            statement = statement.replace(mark, blob(market, value))
        assert named in verdict_after(market, statement), kind
