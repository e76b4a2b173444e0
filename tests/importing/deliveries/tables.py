"""Builders of tables of deliveries, as the office of an enterprise or of the market keeps them."""

import pathlib
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from service.importing.deliveries import DeliveryColumns
from service.importing.delivering import DeliveryImport, DeliveryTally, Settled, recording
from service.importing.reader import open_table
from service.importing.refused_lines import RefusedLine
from service.ledger import Ledger
from service.storage.tables import transfer, transfer_line
from tests.builders import a_credit_code, a_trade, an_enterprise
from tests.conftest import Caller
from tests.importing.files import write_csv

PROCESSOR, TRADER = "二连浩特市边贸肉业有限公司", "友谊商行"
TRUCK = "EL-17"
ROW = {
    "企业": PROCESSOR,
    "统一社会信用代码": "",
    "用途": "落地加工",
    "日期": "2024/7/1",
    "批次": "",
    "交易号/单据号": "D-1",
    "数量(公斤)": "",
    "金额": "",
    "合同号": "HT-1",
    "发票号": "",
}
FOUR_TRADES = ("D-1", "D-2", "D-3", "D-4")


def row(reference: str = "D-1", **changes: Any) -> dict[str, Any]:
    """A row that names a trade by its document, with other cells by their headings."""
    return {**ROW, "交易号/单据号": reference, **changes}


def truck_row(consignment: str = TRUCK, **changes: Any) -> dict[str, Any]:
    """A row that names a whole truck."""
    return row("", 批次=consignment, **changes)


def fill_market(admin: Caller) -> dict[str, str]:
    """Registers a processor (E00000001), a trader (E00000002) and residents, and posts four trades of 100 kg.

    D-3 and D-4 came with a truck. Returns the ids of the trades by their documents.
    """
    admin.register(4)
    for ordinal, (name, kind) in enumerate(((PROCESSOR, "processor"), (TRADER, "trader"))):
        body = an_enterprise(ordinal, name=name, kinds=[kind])
        assert admin.post("/v1/enterprises", body).status_code == 201
    ids: dict[str, str] = {}
    for number, reference in enumerate(FOUR_TRADES, 1):
        truck = {"consignment": TRUCK, "vehicle_plate": "蒙H12345"} if number > 2 else {}
        sent = a_trade(
            resident_id=f"R{number:08d}", reference=reference, quantity_kg="100", amount_cny=f"{number}000.01", **truck
        )
        answer = admin.trade(sent)
        assert answer.status_code == 201, answer.get_json()
        ids[reference] = answer.get_json()["transaction_id"]
    return ids


class Run(NamedTuple):
    """What a run came to: recorded transfers, their lines, known transfers, refused lines; and what it said."""

    counts: tuple[int, int, int, int]
    refused: list[str]
    told: list[str]
    tally: DeliveryTally


def run(ledger: Ledger, path: pathlib.Path) -> Run:
    """Imports a table."""
    refused: list[RefusedLine] = []
    told: list[Settled] = []
    job = DeliveryImport(ledger, recording(ledger), refused.append, told.append)
    with open_table(path, None, DeliveryColumns) as lines:
        job.run(lines, lambda _: None)
    tally = job.tally
    counts = (tally.recorded, tally.lines, tally.known, tally.refused)
    said = [f"{one.line.number} {one.code}: {one.reason}" for one in refused]
    return Run(counts, said, [one.said for one in told], tally)


def run_rows(ledger: Ledger, folder: pathlib.Path, *rows: dict[str, Any]) -> Run:
    """Imports rows of a CSV file."""
    return run(ledger, write_csv(folder, *rows))


Recorded = tuple[int, str, int, str | None, int, int | None, list[tuple[int, int, int | None]]]


def recorded(ledger: Ledger) -> list[Recorded]:
    """Enterprise, purpose, day, contract, value, paid amount and lines (grams, fen, paid) of each transfer."""
    with ledger.database.reading() as connection:
        rows = connection.execute(sa.select(transfer).order_by(transfer.c.id)).all()
        lines: dict[int, list[tuple[int, int, int | None]]] = {one.id: [] for one in rows}
        for line in connection.execute(sa.select(transfer_line).order_by(transfer_line.c.transfer, transfer_line.c.no)):
            lines[line.transfer].append((line.quantity_g, line.amount_fen, line.paid_fen))
    return [
        (
            one.enterprise,
            one.purpose,
            one.transferred_on.year * 10_000 + one.transferred_on.month * 100 + one.transferred_on.day,
            one.contract,
            one.amount_fen,
            one.paid_fen,
            lines[one.id],
        )
        for one in rows
    ]


CODE = a_credit_code(0)
ON_BOTH = pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
