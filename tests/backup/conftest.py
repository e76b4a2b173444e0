"""A ledger with a row in every table, and empty ones to restore it into."""

import datetime
import pathlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from service.app import create_app
from service.commands.folding import fold
from service.commands.keys import create_key, revoke_key
from service.commands.processing_folding import fold_all_transfers
from service.commands.rules import add_rule_file
from service.commands.sessions import end_session
from service.commands.transfers import post_transfer, reverse_transfer
from service.commands.verification import record_verification
from service.config import read_settings
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.ledger import Ledger, open_ledger
from service.storage import copying
from service.storage.engine import Database
from tests.builders import a_registration, a_trade, an_enterprise
from tests.conftest import Caller
from tests.rules.rule_documents import a_limit, a_text


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Ledger:
    """A row in every table: two blocks, a tail, reversals, a refusal, groups, statuses, a revoked key, a session."""
    admin.register(2)
    admin.post("/v1/residents", {**a_registration(2), "settlement": "东", "valid_until": "2030-01-01"})
    admin.post("/v1/groups", {"name": "互助组", "kind": "village"})
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001", "R00000003"]})
    admin.post("/v1/residents/R00000002/reveal", {"reason": "court order"})
    posted = []
    for number in range(12):
        posted.append(admin.trade(numbered_trade(number), f"key-{number}").get_json()["transaction_id"])
        if number in (4, 8):
            admin.reverse(posted[number - 1])
            fold(ledger)
    admin.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "refused")
    admin.post("/v1/residents/R00000002/status", {"status": "suspended", "reason": "x", "effective_on": "2024-06-01"})
    key_id, _ = create_key(ledger, "gone", ["reports:read"])
    revoke_key(ledger, key_id)
    add_rule_file(ledger, a_text(value_limits=[a_limit(valid_from="2035-01-01")]), "a-request")
    record_verification(ledger, 2, 0)
    end_session(ledger, b"\0" * 16, ledger.now())
    _send_on(ledger, admin, posted)
    return ledger


def _send_on(ledger: Ledger, admin: Caller, posted: list[str]) -> None:
    """Two transfers, of which one is reversed, and two batches of the other one, of which one is reversed."""
    admin.post("/v1/enterprises", an_enterprise())
    admin.post("/v1/enterprises/E00000001/status", {"status": "active", "reason": "年检", "effective_on": "2024-06-01"})
    post_transfer(ledger, a_transfer(), goods_of(posted[0], quantity_g=7))
    reverse_transfer(ledger, 1, "退货")
    post_transfer(ledger, a_transfer()._replace(paid_fen=100_000, contract="C-1"), goods_of(posted[0], posted[1]))
    for number in range(2):
        made = admin.post("/v1/processing-batches", a_batch("T00000002"))
        assert made.status_code == 201, made.get_json()
        if number == 0:
            admin.post("/v1/processing-batches/B00000001/reversal", {"reason": "录错"})
    assert fold_all_transfers(ledger) > 0


def a_transfer() -> NewTransfer:
    """A transfer to the only enterprise."""
    return NewTransfer(1, "processing", datetime.date(2024, 6, 30), None, None, None)


def goods_of(*ids: str, quantity_g: int | None = None) -> StatedGoods:
    """The goods of trades, all with one weight, or all that is left of each."""
    return StatedGoods.of_trades([WantedLine(UUID(one), quantity_g) for one in ids])


def a_batch(transfer: str) -> dict[str, Any]:
    """The body of a batch of one transfer."""
    made = [{"commodity": "酱牛肉", "quantity_kg": "40", "amount_cny": "5040.00"}]
    return {"enterprise_id": "E00000001", "transfer_ids": [transfer], "processed_on": "2024-07-01", "outputs": made}


def numbered_trade(number: int) -> dict[str, Any]:
    """The body of a trade; each number has one of its own."""
    return a_trade(
        resident_id=f"R0000000{number % 3 + 1}",
        amount_cny=f"{1000 + number}.00",
        hs_code=["02044200", "110100"][number % 2],
        category=["meat", "grain"][number % 2],
        traded_at=f"2024-0{number % 4 + 1}-10T10:00:00+08:00",
        **({"reference": f"D-{number}", "metadata": {"票": '一\\二"'}} if number % 3 == 0 else {}),
    )


@pytest.fixture
def other_engine(engine_name: str) -> str:
    """The engine that the ledger is not on."""
    return "postgresql" if engine_name == "sqlite" else "sqlite"


@pytest.fixture(params=["the same", "the other"])
def target(request: pytest.FixtureRequest, engine_name: str, other_engine: str) -> str:
    """The engine to restore on."""
    return engine_name if request.param == "the same" else other_engine


@pytest.fixture
def new_ledger(
    environment: dict[str, str], tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Ledger]]:
    """Makes ledgers in new databases without a schema, with the secrets of `ledger`."""
    opened: list[Ledger] = []
    created: list[str] = []

    def make(engine: str) -> Ledger:
        url = f"sqlite:///{tmp_path}/restored-{len(opened)}.db"
        if engine == "postgresql":
            server = request.getfixturevalue("postgresql")
            created.append(f"restored_{id(request)}_{len(opened)}")
            server.execute(f"CREATE DATABASE {created[-1]}")
            url = server.url(created[-1])
        opened.append(open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url})))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.database.close()
    for name in created:
        request.getfixturevalue("postgresql").execute(f"DROP DATABASE {name} WITH (FORCE)")


def raw_rows(ledger: Ledger) -> dict[str, list[bytes]]:
    """Every row of every table."""
    with ledger.database.reading() as connection:
        return {table: list(copying.read_lines(connection, table)) for table in copying.columns()}


def caller_of(ledger: Ledger, like: Caller) -> Caller:
    """A caller of another ledger with the key of one."""
    caller = Caller(create_app(ledger).test_client(), None)
    caller.headers = like.headers
    return caller


def is_empty(database: Database) -> bool:
    """Whether no table holds a row."""
    with database.reading() as connection:
        return copying.find_filled(connection) is None
