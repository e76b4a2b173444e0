"""`hushi verify` finds what was changed in the tail, which no block seals yet."""

import dataclasses
import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from service.app import create_app
from service.commands.folding import fold
from service.commands.residents import add_members
from service.domain.idempotency import answer_message, fingerprint_of
from service.domain.transactions import Trade, Transaction
from service.judging import Judge
from service.ledger import Ledger
from service.storage.tables import idempotency
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.tampering import RIGHT, uuid_literal, verdict_after

STRANGE = {
    "another settlement": ("settlement = '乌兰社区'", "where R00000002 was not"),
    "no settlement": ("settlement = NULL", "where R00000002 was not"),
    "another group": ("market_group = 2", "where R00000002 was not"),
    "a resident whom nobody knows": ("resident = 5", "R00000005, who is not registered"),
    "another day": ("day = 20240411", "is entered under 2024-04-11"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_an_entry_of_the_tail_that_does_not_fit_its_resident_is_found(market: Ledger, kind: str) -> None:
    change, named = STRANGE[kind]
    assert named in verdict_after(market, f"UPDATE journal SET {change} WHERE seq = 22")


STATED = {
    "an amount": "amount_fen = amount_fen + 1",
    "a weight": "quantity_g = quantity_g + 1",
    "a category": "category = 'wool'",
    "goods": "commodity = 'x'",
    "an origin": "origin = 'RU'",
    "a code": "hs_code = '0204'",
    "a trade point": "trade_point = 'x'",
    "an instant": "traded_at = traded_at + 1",
    "a consignment": "consignment = 'x'",
    "a plate": "vehicle_plate = 'x'",
    "a seller": "seller = 'x'",
    "a reference": "reference = 'x'",
    "metadata": 'metadata = \'{"a":"b"}\'',
    "when it was recorded": "recorded_at = recorded_at + 1",
    "who recorded it": "recorded_by = 2",
    "that anybody recorded it": "recorded_by = NULL",
    "what it asked for": "refuse_over_allowance = {true}",
    "an id": "transaction_id = {a uuid}",
    "that its rules were not verified": "rule_verified = CASE WHEN rule_verified THEN {false} ELSE {true} END",
    "whether its rules were verified": "rule_verified = NULL",
    "what was warned of": "warnings = 'hs-code-unknown'",
    "that anything was warned of": "warnings = NULL",
}


@pytest.mark.parametrize("kind", STATED)
def test_what_a_caller_stated_is_found_by_the_key_that_it_was_stated_under(market: Ledger, kind: str) -> None:
    change = STATED[kind].replace("{a uuid}", uuid_literal(market, 1))
    for word, number in (("true", "1"), ("false", "0")):
        change = change.replace(f"{{{word}}}", number if market.database.is_sqlite else word)
    said = verdict_after(market, f"UPDATE journal SET {change} WHERE seq = 21")
    assert "was not answered with transaction" in said or "was answered under a key" in said


def test_a_reversal_for_another_reason_is_found(market: Ledger) -> None:
    assert "was not answered" in verdict_after(market, "UPDATE journal SET reason = 'x' WHERE seq = 28")


@pytest.mark.parametrize("recorded_by", ["0", "2", "NULL"])
def test_a_reversal_by_somebody_else_is_found(market: Ledger, recorded_by: str) -> None:
    said = verdict_after(market, f"UPDATE journal SET recorded_by = {recorded_by} WHERE seq = 28")
    assert "was not answered" in said


HOUR = datetime.timedelta(hours=1)


def _at(ledger: Ledger, moved: datetime.timedelta) -> Ledger:
    return dataclasses.replace(ledger, clock=lambda: ledger.now() + moved)


@pytest.mark.parametrize("ahead", [-HOUR, datetime.timedelta(0), HOUR])
def test_an_entry_bears_the_group_that_was_known_when_it_was_recorded(
    ledger: Ledger, admin: Caller, ahead: datetime.timedelta
) -> None:
    """Whatever the clock said of the memberships before and after it: what counts is what was recorded first."""
    admin.register(2)
    for name in ("东", "西"):
        admin.post("/v1/groups", {"name": name, "kind": "village"})
    add_members(_at(ledger, ahead), 1, [1], datetime.date(2024, 1, 1))
    assert admin.trade(a_trade()).get_json()["group_id"] == "G000001"
    add_members(_at(ledger, -ahead), 2, [1], datetime.date(2024, 1, 1))

    assert verdict_after(ledger) == RIGHT
    for other in ("NULL", "2"):
        said = verdict_after(ledger, f"UPDATE journal SET market_group = {other} WHERE seq = 1")
        assert "was not answered with transaction" in said


def test_a_clock_that_was_ahead_makes_no_entry_wrong(ledger: Ledger, admin: Caller) -> None:
    """Nor one that is set back in between, for facts of any kind, blocks and the tail."""
    admin.register(1)
    admin.post("/v1/groups", {"name": "东", "kind": "village"})
    for hours in (5, -3, 0):
        moved = _at(ledger, hours * HOUR)
        caller = Caller(create_app(moved).test_client(), None)
        caller.headers = admin.headers
        add_members(moved, 1, [1], datetime.date(2024, 1, 2))
        caller.post("/v1/residents", a_registration(20 + hours, group_id="G000001"))
        assert caller.trade(a_trade()).status_code == 201
        caller.client.application.extensions["hushi"].committer.close()
        if hours:
            fold(moved)
    assert verdict_after(ledger) == RIGHT


def test_an_answer_that_was_sealed_before_the_group_was_is_still_right(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is replayed, too; only what its MAC does not cover can't be found."""
    admin.register(1)
    # Neither was known who recorded an entry, whether its rules were verified, or what was warned of.
    accept = Judge.accept

    def accept_as_before(judge: Judge, trade: Trade, _recorded_by: int) -> Transaction:
        return accept(judge, trade)._replace(rule_verified=None, warnings=None)

    monkeypatch.setattr(Judge, "accept", accept_as_before)
    answered = admin.trade(a_trade(), "before").get_json()
    entry = read_journal(ledger)[0]
    with ledger.database.writing() as connection:
        stored = connection.execute(sa.select(idempotency.c.digest)).scalar_one()
        message = answer_message(stored.bytes, fingerprint_of(entry), entry.transaction_id.bytes)
        mac = UUID(bytes=ledger.vault.macs.answers.mac_of(message))
        connection.execute(sa.update(idempotency).values(mac=mac))
    assert verdict_after(ledger) == RIGHT
    again = admin.trade(a_trade(), "before")
    assert (again.status_code, again.get_json(), again.headers["Idempotency-Replayed"]) == (201, answered, "true")
    assert "was not answered" in verdict_after(ledger, "UPDATE journal SET commodity = 'x' WHERE seq = 1")


def test_entries_of_one_resident_and_day_in_another_order_are_found(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    for amount in ("7999.00", "5000.00"):
        admin.trade(a_trade(amount_cny=amount))
    exchanged = [f"UPDATE journal SET seq = {to} WHERE seq = {of}" for of, to in ((1, 9), (2, 1), (9, 2))]
    assert "place 1 of the journal was judged otherwise" in verdict_after(ledger, *exchanged)


NOT_FOUND = {
    "a refusal that is deleted": "DELETE FROM idempotency WHERE refusal = (SELECT min(refusal) FROM idempotency)",
}


@pytest.mark.parametrize("kind", NOT_FOUND)
def test_what_the_architecture_says_is_not_found_is_not_found(market: Ledger, kind: str) -> None:
    """When one of these begins to fail, the page promises too little."""
    assert verdict_after(market, NOT_FOUND[kind]) == RIGHT
