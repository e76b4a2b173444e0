"""Makes a market half of whose goods have gone on: a truck goes to one enterprise, or each trade in two halves to two.

It always makes the same rows. `cells_of_a_market` fills the cells of trade and of transfers as folds would, without
journal and blocks, because a report reads nothing else: so 10 M transactions take minutes, not an hour.
`transfers_of_rows` makes the rows of transfers for a real fold.
"""

import contextlib
import datetime
import itertools
import pathlib
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from loadtests.histories import JOURNAL_COLUMNS, insert
from loadtests.market import MarketShape, days_of_rows
from service.config import Settings
from service.domain.cells import DIMENSION_FIELDS, Cell, CellKey, CountedEntry, apply, key_of
from service.domain.processing_cells import ALL_GRAINS, CountedLine, ProcessingCell, apply_lines, processing_key
from service.domain.rounding import divide_half_up
from service.domain.transfers import GoneOn, TransferLine, lines_digest, parts_paid
from service.ledger import Ledger, open_ledger
from service.storage import cells, processing_cells, schema
from service.storage.columns import day_number, day_of, microseconds
from service.storage.entry_rows import COLUMN_OF
from service.storage.processing_cells import NOTHING_FOLDED, FoldedUpTo
from service.vault import create_secrets

ENTERPRISES, TRADERS = 12, 2
SENT_PERCENT, IN_PARTS_PERCENT, LATEST_AFTER_DAYS = 87, 10, 3
PAID_PERCENT = 105
AT = microseconds(datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))
NO_REAL_MAC = bytes(16)

_Row = tuple[Any, ...]
"""A row of the journal, as loadtests.market makes it."""

_PLACES = {name: place for place, name in enumerate(JOURNAL_COLUMNS)}
_RESIDENT, _DAY, _AMOUNT, _EXEMPT, _QUANTITY, _CONSIGNMENT, _DIRECTION = (
    _PLACES[name] for name in ("resident", "day", "amount_fen", "exempt_fen", "quantity_g", "consignment", "direction")
)
_DIMENSIONS = [_PLACES[COLUMN_OF[name]] for name in DIMENSION_FIELDS]
_OF_LINES = [_PLACES[name] for name in ("category", "origin", "trade_point", "market_group", "settlement")]


class SentOn(NamedTuple):
    """A transfer of the benchmarks: its lines, and the row of each line's trade."""

    enterprise: int
    transferred_on: datetime.date
    lines: list[TransferLine]
    trades: list[_Row]

    @property
    def purpose(self) -> str:
        """The first enterprises are traders, the others processors."""
        return "secondary_market" if self.enterprise <= TRADERS else "processing"

    def counted(self) -> Iterator[CountedLine]:
        """The lines as cells count them."""
        for line, trade in zip(self.lines, self.trades, strict=True):
            yield CountedLine(
                trade[_RESIDENT], line.place, day_of(trade[_DAY]), self.transferred_on,
                processing_key(self.enterprise, self.purpose, *(trade[place] for place in _OF_LINES)),
                line.amount_fen, line.quantity_g, line.paid_fen or 0, line.is_whole, is_reversal=False,
            )  # fmt: skip


def transfers_of_rows(
    rows: Sequence[_Row], live: Sequence[int], before: int, chance: random.Random
) -> Iterator[SentOn]:
    """The transfers of a day's trucks; `before` entries are in the journal already, and `live` are the live rows."""
    imports = [n for n in live if rows[n][_CONSIGNMENT] is not None and rows[n][_DIRECTION] == "import"]
    for _, places in itertools.groupby(imports, key=lambda n: rows[n][_CONSIGNMENT]):
        if chance.randrange(100) < SENT_PERCENT:
            yield from _of_truck([(before + n + 1, rows[n]) for n in places], chance)


def _of_truck(trades: list[tuple[int, _Row]], chance: random.Random) -> Iterator[SentOn]:
    is_in_parts = chance.randrange(100) < IN_PARTS_PERCENT
    day = day_of(trades[0][1][_DAY]) + datetime.timedelta(days=chance.randrange(LATEST_AFTER_DAYS + 1))
    for half in (0, 1) if is_in_parts else (None,):
        worth = [_taken(row[_QUANTITY], row[_AMOUNT], half) for _, row in trades]
        paid = parts_paid(divide_half_up(sum(each.amount_fen for each in worth) * PAID_PERCENT, 100), worth)
        lines = [
            TransferLine(no, place, taken.quantity_g, taken.amount_fen, part, half is None)
            for no, ((place, _), taken, part) in enumerate(zip(trades, worth, paid, strict=True), 1)
        ]
        yield SentOn(chance.randrange(ENTERPRISES) + 1, day, lines, [row for _, row in trades])


def _taken(quantity_g: int, amount_fen: int, half: int | None) -> GoneOn:
    if half is None:
        return GoneOn(quantity_g, amount_fen)
    first_g = quantity_g // 2
    first = GoneOn(first_g, divide_half_up(amount_fen * first_g, quantity_g))
    return first if half == 0 else GoneOn(quantity_g - first_g, amount_fen - first.amount_fen)


def register_enterprises(ledger: Ledger) -> None:
    """Inserts the enterprises."""
    columns = ("id", "name", "credit_code", "processor", "trader", "valid_from", "recorded_at", "recorded_by")
    numbers = range(1, ENTERPRISES + 1)
    insert(
        ledger, "enterprise", columns,
        [(n, f"企业{n}", f"{n:018d}", n > TRADERS, n <= TRADERS, 20200101, AT, 0) for n in numbers],
    )  # fmt: skip


def record(ledger: Ledger, sent: Sequence[SentOn]) -> None:
    """Inserts transfers as the first facts of a register."""
    rows = [
        (
            n, one.enterprise, one.purpose, day_number(one.transferred_on), len(one.lines), len(one.lines),
            sum(line.quantity_g for line in one.lines), sum(line.amount_fen for line in one.lines),
            lines_digest(one.lines), AT, 0,
        )
        for n, one in enumerate(sent, 1)
    ]  # fmt: skip
    columns = ("id", "enterprise", "purpose", "transferred_on", "lines", "residents", "quantity_g", "amount_fen")
    insert(ledger, "transfer", (*columns, "lines_digest", "recorded_at", "recorded_by"), rows)
    lines: list[_Row] = [(n, *line) for n, one in enumerate(sent, 1) for line in one.lines]
    of_lines = ("transfer", "no", "place", "quantity_g", "amount_fen", "paid_fen", "is_whole")
    insert(ledger, "transfer_line", of_lines, lines)
    facts = [(n, "transfer", n, NO_REAL_MAC) for n in range(1, len(sent) + 1)]
    insert(ledger, "fact", ("no", "kind", "id", "mac"), facts)


@contextlib.contextmanager
def cells_of_a_market(folder: pathlib.Path, count: int) -> Iterator[Ledger]:
    """A ledger on SQLite with the cells of so many transactions; it is built in the folder when it is not there yet."""
    is_new = not (folder / "secrets.json").exists()
    if is_new:
        folder.mkdir(parents=True)
        create_secrets(folder / "secrets.json")
    settings = Settings(f"sqlite:///{folder}/hushi.db", folder, folder / "secrets.json", False, "ERROR")
    ledger = open_ledger(settings)
    schema.upgrade(ledger.database, ledger.vault.macs)
    if is_new:
        _fill(ledger, MarketShape(count))
    yield ledger
    ledger.database.close()


def _fill(ledger: Ledger, shape: MarketShape) -> None:
    register_enterprises(ledger)
    groups = [(n, f"互助组{n}", "mutual-aid", AT) for n in range(1, shape.groups + 1)]
    insert(ledger, "market_group", ("ordinal", "name", "kind", "created_at"), groups)
    chance, made, transfers = random.Random(2), 0, 0
    open_cells: dict[CellKey, ProcessingCell] = {}
    for rows, live in days_of_rows(shape):
        today = day_of(rows[0][_DAY])
        _save_trades(ledger, [rows[n] for n in live])
        sent = list(transfers_of_rows(rows, live, made, chance))
        made, transfers = made + len(rows), transfers + len(sent)
        apply_lines([line for one in sent for line in one.counted()], [], open_cells, ALL_GRAINS)
        # Nothing that is sent on later changes a cell of an earlier day.
        done = {key: cell for key, cell in open_cells.items() if key[1] < today or key[0] <= len(ALL_GRAINS) // 2}
        _save_transfers(ledger, done)
        for key in done:
            del open_cells[key]
    _save_transfers(ledger, open_cells)
    with ledger.database.writing() as connection:
        processing_cells.save_folded(connection, FoldedUpTo(1, transfers, 0), NOTHING_FOLDED)


def _save_trades(ledger: Ledger, rows: Sequence[_Row]) -> None:
    found: dict[CellKey, Cell] = {}
    entries = [
        CountedEntry(
            row[_RESIDENT], day_of(row[_DAY]), key_of(tuple(row[place] for place in _DIMENSIONS)), row[_AMOUNT],
            row[_EXEMPT], row[_QUANTITY], is_reversal=False,
        )
        for row in rows
    ]  # fmt: skip
    apply(entries, defaultdict(set), found)
    with ledger.database.writing() as connection:
        cells.save(connection, found, 1)


def _save_transfers(ledger: Ledger, found: dict[CellKey, ProcessingCell]) -> None:
    if found:
        with ledger.database.writing() as connection:
            processing_cells.save(connection, found, dict.fromkeys(found, 1))
