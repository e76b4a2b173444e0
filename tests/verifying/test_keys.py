"""`hushi verify` finds keys and entries that do not belong to each other, and reversals that reverse nothing."""

from uuid import UUID

import pytest

from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import uuid_literal, verdict_after

BY = "(SELECT transaction_id FROM journal WHERE seq = {})"
OF_4, OF_5, OF_25 = (f"WHERE transaction_id = {BY.format(seq)}" for seq in (4, 5, 25))
REFUSED = "WHERE refusal = (SELECT min(refusal) FROM idempotency)"
UNANSWERED = "was not answered with transaction"
REFUSAL = "was not answered with a refusal"
KEYS = {
    "an entry taken out of the tail": (["DELETE FROM journal WHERE seq = 25"], "was answered under a key"),
    "a forgotten key": ([f"DELETE FROM idempotency {OF_4}"], "not under exactly one idempotency key"),
    "an invented key": (
        [f"INSERT INTO idempotency SELECT {{a uuid}}, mac, transaction_id, NULL FROM idempotency {OF_4}"],
        UNANSWERED,
    ),
    "another meaning": ([f"UPDATE idempotency SET mac = {{a uuid}} {OF_4}"], UNANSWERED),
    "another key": ([f"UPDATE idempotency SET digest = {{a uuid}} {OF_4}"], UNANSWERED),
    "two keys with each other's trades": (
        [
            f"UPDATE idempotency SET transaction_id = {{a uuid}} {OF_4}",
            f"UPDATE idempotency SET transaction_id = {BY.format(4)} {OF_5}",
            f"UPDATE idempotency SET transaction_id = {BY.format(5)} WHERE transaction_id = {{a uuid}}",
        ],
        UNANSWERED,
    ),
    "a refusal in other words": (
        [f"UPDATE idempotency SET refusal = replace(refusal, 'CNY', 'RUB') {REFUSED}"],
        REFUSAL,
    ),
    "a refusal of another request": ([f"UPDATE idempotency SET mac = {{a uuid}} {REFUSED}"], REFUSAL),
    "a refusal under another key": ([f"UPDATE idempotency SET digest = {{a uuid}} {REFUSED}"], REFUSAL),
    "a refusal that is none": ([f"UPDATE idempotency SET refusal = '[]' {REFUSED}"], "can't be read"),
    "an invented refusal": (
        [f"INSERT INTO idempotency SELECT {{a uuid}}, mac, NULL, refusal FROM idempotency {REFUSED}"],
        REFUSAL,
    ),
    "a trade that became a refusal": (
        [f"UPDATE idempotency SET transaction_id = NULL, refusal = (SELECT min(refusal) FROM idempotency) {OF_25}"],
        REFUSAL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
def test_tampering_with_keys_is_found_and_named(market: Ledger, kind: str) -> None:
    statements, named = KEYS[kind]
    assert named in verdict_after(market, *(s.replace("{a uuid}", uuid_literal(market, 1)) for s in statements))


def test_nobody_gets_the_trade_of_somebody_else(ledger: Ledger, admin: Caller) -> None:
    """A retry after two keys were exchanged is told that its key means something else, and not what another bought."""
    admin.register(2)
    bodies = [a_trade(resident_id=f"R0000000{n}") for n in (1, 2)]
    ids = [admin.trade(body, f"key-{n}").get_json()["transaction_id"] for n, body in enumerate(bodies)]
    with ledger.database.writing() as connection:
        one, other = (uuid_literal(ledger, UUID(known).int) for known in ids)
        connection.exec_driver_sql(
            f"UPDATE idempotency SET transaction_id = CASE transaction_id WHEN {one} THEN {other} ELSE {one} END"
        )
    answers = [admin.trade(body, f"key-{n}").get_json() for n, body in enumerate(bodies)]
    assert [answer["code"] for answer in answers] == ["idempotency-key-reused"] * 2


REVERSALS = {
    "a dearer one": "amount_fen = amount_fen - 1",
    "a heavier one": "quantity_g = quantity_g - 1",
    "one of other goods": "commodity = 'x'",
    "one of another group": "market_group = 1",
    "one with a reference": "reference = 'x'",
    "one of another trade": "reverses = (SELECT transaction_id FROM journal WHERE seq = 23)",
    "one of a reversal": "reverses = (SELECT transaction_id FROM journal WHERE seq = 27)",
    "one of nothing": "reverses = transaction_id",
}


@pytest.mark.parametrize("kind", REVERSALS)
def test_a_reversal_that_is_not_the_negative_of_one_trade_is_found(market: Ledger, kind: str) -> None:
    assert "is a reversal, and not" in verdict_after(market, f"UPDATE journal SET {REVERSALS[kind]} WHERE seq = 28")


def test_a_second_reversal_of_one_trade_is_found(market: Ledger) -> None:
    """The table refuses it, so its index has to go first."""
    one = "(SELECT reverses FROM journal WHERE seq = 27)"
    said = verdict_after(
        market, "DROP INDEX uq_journal_reverses", f"UPDATE journal SET reverses = {one} WHERE seq = 28"
    )
    assert "is a reversal, and not" in said
