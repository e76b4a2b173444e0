"""A trade that another key has recorded is reversed only by a key with the scope transactions:reverse_any."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from schemas.transactions import TradeSchema
from service import judging
from service.commands.keys import create_key
from service.commands.posting import post
from service.demo.live import _posting
from service.domain.keys import ReversalRights
from service.judging import Judge
from service.ledger import Ledger
from service.storage.tables import journal
from tests.builders import a_trade
from tests.conftest import Caller

WRITES = "transactions:write"


@pytest.fixture
def clerk(ledger: Ledger, admin: Caller) -> Callable[..., Caller]:
    """Makes clerks, each with a key of their own that may write and have more scopes."""
    admin.register(2)
    return lambda *scopes: Caller(admin.client, create_key(ledger, "clerk", [WRITES, *scopes])[1])


def _trade_of(caller: Caller) -> str:
    return str(caller.trade(a_trade()).get_json()["transaction_id"])


def _of_the_operator(ledger: Ledger) -> str:
    outcome = post(ledger, [_posting(TradeSchema().read(a_trade()), "t")])[0]
    assert outcome.transaction is not None
    return str(outcome.transaction.transaction_id)


def test_a_clerk_reverses_what_the_clerks_own_key_has_recorded(clerk: Callable[..., Caller]) -> None:
    one = clerk()
    assert one.reverse(_trade_of(one)).status_code == 201


def test_the_trade_of_another_key_needs_the_scope(clerk: Callable[..., Caller]) -> None:
    one, other = clerk(), clerk()
    trade = _trade_of(one)
    refused = other.reverse(trade, key="k")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert "transactions:reverse_any" in refused.get_json()["detail"]
    assert clerk("transactions:reverse_any").reverse(trade).status_code == 201


def test_the_scope_admin_has_it(clerk: Callable[..., Caller], admin: Caller) -> None:
    assert admin.reverse(_trade_of(clerk())).status_code == 201


def test_the_scope_alone_writes_nothing(ledger: Ledger, admin: Caller, clerk: Callable[..., Caller]) -> None:
    only = Caller(admin.client, create_key(ledger, "only", ["transactions:reverse_any"])[1])
    assert only.reverse(_trade_of(clerk())).status_code == 403


def test_the_refusal_is_not_remembered(ledger: Ledger, clerk: Callable[..., Caller], admin: Caller) -> None:
    """When the trade's own key reverses it, a retry of the other clerk is told that, under the same key."""
    one, other = clerk(), clerk()
    trade = _trade_of(one)
    assert other.reverse(trade, key="k").status_code == 403
    assert other.reverse(_trade_of(other), key="k").status_code == 201


@pytest.mark.parametrize("scopes", [(), ("transactions:reverse_any",)])
def test_what_the_operator_has_recorded_needs_it_too(
    ledger: Ledger, clerk: Callable[..., Caller], scopes: tuple[str, ...]
) -> None:
    one = clerk(*scopes)
    assert one.reverse(_of_the_operator(ledger)).status_code == (201 if scopes else 403)


@pytest.mark.parametrize("scopes", [(), ("transactions:reverse_any",)])
def test_an_older_trade_that_names_no_key_needs_it_too(
    ledger: Ledger, clerk: Callable[..., Caller], scopes: tuple[str, ...]
) -> None:
    one = clerk(*scopes)
    own = _trade_of(one)
    with ledger.database.writing() as connection:
        if ledger.database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS journal_refuses_update")
        else:
            connection.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER USER")
        connection.execute(sa.update(journal).values(recorded_by=None))
    assert one.reverse(own).status_code == (201 if scopes else 403)


def test_a_reversal_that_was_made_is_replayed(clerk: Callable[..., Caller], admin: Caller) -> None:
    one = clerk()
    trade = _trade_of(one)
    first, again = (one.reverse(trade, key="k") for _ in range(2))
    assert again.data == first.data


def test_a_key_of_one_point_reverses_others_there_and_nowhere_else(
    ledger: Ledger, admin: Caller, clerk: Callable[..., Caller]
) -> None:
    one = clerk()
    here = str(one.trade(a_trade(trade_point="mandula")).get_json()["transaction_id"])
    there = _trade_of(one)
    _, key = create_key(ledger, "chief", [WRITES, "transactions:reverse_any"], trade_point="mandula")
    chief = Caller(admin.client, key)
    assert [chief.reverse(trade).status_code for trade in (here, there)] == [201, 404]


def test_without_the_look_of_the_judge_another_key_reverses(
    clerk: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the judge looks, and nothing in front of it."""
    reverse_entry = Judge.reverse_entry
    monkeypatch.setattr(
        judging.Judge,
        "reverse_entry",
        lambda self, known, reason, by, _rights: reverse_entry(self, known, reason, by, ReversalRights(True)),
    )
    one, other = clerk(), clerk()
    assert other.reverse(_trade_of(one)).status_code == 201
