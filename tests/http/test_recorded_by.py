"""Every entry says under which API key it was accepted (经办): by its id and its name."""

from typing import Any

import pytest
import sqlalchemy as sa

from schemas.transactions import TradeSchema
from service.commands import auditing
from service.commands.folding import fold
from service.commands.keys import create_key, revoke_key
from service.commands.posting import post
from service.commands.residents import change_status
from service.demo.live import _posting
from service.importing import FileLine
from service.importing.recording import Tally, import_lines
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.storage.faults import NotWritten
from service.storage.tables import api_key, journal
from tests.builders import a_trade
from tests.conftest import Caller

ADMIN, CLERK = {"id": 1, "name": "test"}, {"id": 2, "name": "窗口 1"}
OPERATOR = {"id": 0, "name": "operator"}


@pytest.fixture
def clerk(ledger: Ledger, admin: Caller) -> Caller:
    """A second key, with a name of its own."""
    admin.register(2)
    return Caller(admin.client, create_key(ledger, "窗口 1", ["transactions:write", "transactions:read"])[1])


def _shown(caller: Caller, transaction_id: str) -> Any:
    return caller.get(f"/v1/transactions/{transaction_id}").get_json()["recorded_by"]


def test_a_trade_says_who_posted_it_and_a_reversal_who_reversed_it(
    ledger: Ledger, admin: Caller, clerk: Caller
) -> None:
    trade = clerk.trade(a_trade()).get_json()
    reversal = admin.reverse(trade["transaction_id"]).get_json()
    assert (trade["recorded_by"], reversal["recorded_by"]) == (CLERK, ADMIN)
    for one in (trade, reversal):
        assert _shown(admin, one["transaction_id"]) == one["recorded_by"]
    listed = admin.get("/v1/transactions").get_json()["items"]
    assert [item["recorded_by"] for item in listed] == [ADMIN, CLERK]
    fold(ledger)
    proof = admin.get(f"/v1/transactions/{trade['transaction_id']}/proof").get_json()
    assert {**proof["transaction"], "warnings": trade["warnings"]} == trade


def test_a_batch_is_recorded_under_its_key(admin: Caller, clerk: Caller) -> None:
    lines = [{**a_trade(), "key": f"line-{number}"} for number in range(2)]
    accepted = clerk.post("/v1/transactions/batch", {"items": lines}).get_json()["items"]
    assert [_shown(admin, item["transaction_id"]) for item in accepted] == [CLERK, CLERK]


def test_a_replay_says_who_recorded_the_entry_also_when_the_key_is_revoked(
    ledger: Ledger, admin: Caller, clerk: Caller
) -> None:
    first, again = (clerk.trade(a_trade(), "k") for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    revoke_key(ledger, 2)
    assert _shown(admin, first.get_json()["transaction_id"]) == CLERK


def test_a_quote_is_no_entry_and_says_nothing_of_it(admin: Caller, clerk: Caller) -> None:
    assert "recorded_by" not in clerk.post("/v1/transactions/quote", a_trade()).get_json()


def test_what_the_command_line_records_is_the_operators(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    tally = Tally()
    import_lines(ledger, [FileLine(2, "D-1", a_trade(), None, "")], tally, print, lambda: None)
    assert tally.accepted == 1
    post(ledger, [_posting(TradeSchema().read(a_trade()), "live")])
    change_status(ledger, 1, "suspended", "x", None, auditing.Caller(0, "command line"))
    for path in ("/v1/transactions", "/v1/audit"):
        shown = [item["recorded_by"] for item in admin.get(path).get_json()["items"]]
        assert shown == [OPERATOR] * len(shown) != [], path


def test_the_key_is_no_part_of_what_a_request_means(ledger: Ledger, admin: Caller, clerk: Caller) -> None:
    """The same file twice, and an entry from before that is replayed: neither is another request."""
    posted = clerk.trade(a_trade(), "k")
    assert clerk.trade(a_trade(), "k").status_code == 201
    assert admin.trade(a_trade(), "k").get_json()["transaction_id"] != posted.get_json()["transaction_id"]


@pytest.mark.parametrize("recorded_by", [-1, -(2**31)])
def test_the_journal_holds_no_other_recorder(ledger: Ledger, admin: Caller, recorded_by: int) -> None:
    admin.register(1)
    admin.trade(a_trade())
    copied = [column for column in journal.c if column.name not in {"seq", "transaction_id", "recorded_by"}]
    row = {"transaction_id": ledger.new_id(), "recorded_by": recorded_by}
    with ledger.database.reading() as connection:
        row |= dict(connection.execute(sa.select(*copied)).mappings().one())
    with pytest.raises(NotWritten, match="recorded_by_a_key"), ledger.database.writing() as connection:
        connection.execute(sa.insert(journal).values(row))


def test_a_name_is_looked_up_once(ledger: Ledger, admin: Caller, clerk: Caller) -> None:
    asked: list[str] = []
    ring = ApiKeyCache(ledger)
    for engine in ledger.database.engines:
        sa.event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert [ring.name_of(key) for key in (2, 2, 0, 1, 9)] == ["窗口 1", "窗口 1", "operator", "test", None]
    assert sum(f"FROM {api_key.name}" in statement for statement in asked) == 3
