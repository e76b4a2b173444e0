"""What was recorded before there were seals is sealed by the upgrade that brings them, and by no other."""

import alembic.command
import pytest

from service.ledger import Ledger
from service.queries.verifying import Wrong, verify
from service.storage import schema
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import UNPROTECTED, engine_of


def _before_seals(ledger: Ledger, admin: Caller) -> None:
    """A ledger with something of everything, as the revision before seals has left it."""
    admin.register(2)
    admin.post("/v1/groups", {"name": "东", "kind": "village"})
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001"]})
    admin.post("/v1/residents/R00000002/status", {"status": "suspended", "reason": "x"})
    admin.trade(a_trade(), "first")
    with ledger.database.writing() as connection:
        alembic.command.downgrade(schema._config(connection), "0003")


def test_an_older_ledger_is_sealed_by_its_upgrade(ledger: Ledger, admin: Caller) -> None:
    _before_seals(ledger, admin)
    schema.upgrade(ledger.database, ledger.vault.signets)
    verify(ledger)
    admin.register(3)
    admin.trade(a_trade())
    verify(ledger)


def test_an_upgrade_of_what_is_current_seals_nothing(ledger: Ledger, admin: Caller) -> None:
    """Else whoever empties the register would only have to wait for the next start of the service."""
    admin.register(1)
    with ledger.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_of(ledger)], "DELETE FROM fact"):
            connection.exec_driver_sql(statement)
    schema.upgrade(ledger.database, ledger.vault.signets)
    with pytest.raises(Wrong, match="was never recorded"):
        verify(ledger)
