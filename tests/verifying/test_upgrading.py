"""What was recorded before there were MACs gets them from the upgrade that brings them, and from no other."""

import json
from dataclasses import replace
from uuid import UUID

import alembic.command
import pytest
import sqlalchemy as sa

from service.app import create_app
from service.domain.idempotency import fingerprint_of
from service.ledger import Ledger
from service.queries.verifying import Wrong, verify
from service.storage import schema
from service.storage.lineage import Lineage
from service.storage.tables import idempotency
from tests.builders import a_trade
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.tampering import UNPROTECTED, engine_of


def _before_seals(ledger: Ledger, admin: Caller) -> None:
    """A ledger with something of everything, as the revision before MACs has left it."""
    admin.register(2)
    admin.post("/v1/groups", {"name": "东", "kind": "village"})
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001"]})
    admin.post("/v1/residents/R00000002/status", {"status": "suspended", "reason": "x"})
    first = admin.trade(a_trade(), "first").get_json()["transaction_id"]
    admin.reverse(first, "wrong weight", "second")
    admin.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "third")
    entries = {entry.transaction_id: entry for entry in read_journal(ledger)}
    with ledger.database.writing() as connection:
        for row in connection.execute(sa.select(idempotency)).all():
            # As a row was before: its fingerprint plain, and none in the refusal.
            refusal = None if row.refusal is None else json.loads(row.refusal)
            plain = fingerprint_of(entries[row.transaction_id]).hex() if refusal is None else refusal.pop("fingerprint")
            changed = {"mac": UUID(plain), "refusal": None if refusal is None else json.dumps(refusal)}
            connection.execute(sa.update(idempotency).where(idempotency.c.digest == row.digest).values(changed))
        alembic.command.downgrade(schema._config(connection), "0003")


def test_an_older_ledger_is_sealed_by_its_upgrade(ledger: Ledger, admin: Caller) -> None:
    _before_seals(ledger, admin)
    schema.upgrade(ledger.database, ledger.vault.macs)
    verify(ledger)
    # The version that has upgraded is another process: it has seen nothing of the register before.
    admin.client = create_app(replace(ledger, lineage=Lineage())).test_client()
    again = [
        admin.trade(a_trade(), "first"),
        admin.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "third"),
    ]
    assert [answer.headers["Idempotency-Replayed"] for answer in again] == ["true", "true"]
    assert admin.trade(a_trade(commodity="x"), "first").get_json()["code"] == "idempotency-key-reused"
    admin.register(3)
    admin.trade(a_trade())
    verify(ledger)


def test_an_upgrade_of_what_is_current_seals_nothing(ledger: Ledger, admin: Caller) -> None:
    """Else whoever empties the register would only have to wait for the next start of the service."""
    admin.register(1)
    with ledger.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_of(ledger)], "DELETE FROM fact"):
            connection.exec_driver_sql(statement)
    schema.upgrade(ledger.database, ledger.vault.macs)
    with pytest.raises(Wrong, match="was never recorded"):
        verify(ledger)
