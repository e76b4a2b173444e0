"""Changes the database as a person would who wants to change history, and asks `hushi verify` what it finds."""

import contextlib
from collections.abc import Sequence

import sqlalchemy as sa

from service.domain.macs import NO_MAC, MacKeys, fact_message
from service.domain.transfers import TransferLine, lines_digest
from service.ledger import Ledger
from service.queries.verifying import Wrong, verify_within
from service.storage import facts
from service.storage.engine import Connection
from service.storage.tables import fact, transfer, transfer_line

_TABLES = (
    "journal", "block", "audit", "resident_status", "resident_group", "fact", "consignment", "consignment_line",
    "mandate", "mandate_withdrawal", "rule_file", "enterprise", "enterprise_status", "transfer", "transfer_line",
    "transfer_reversal", "processing_batch", "processing_input", "processing_output", "processing_batch_reversal",
    "cell_repair",
)  # fmt: skip

UNPROTECTED = {
    "sqlite": [f"DROP TRIGGER {table}_refuses_{action}" for table in _TABLES for action in ("update", "delete")],
    "postgresql": [f"DROP TRIGGER {table}_refuses_change ON {table}" for table in _TABLES],
}
"""The first thing that such a person would do: remove the database's protection."""

RIGHT = "nothing is wrong"


class _Undone(Exception):
    """Rolls a change back, so that the next test finds the ledger as it was."""


def engine_of(ledger: Ledger) -> str:
    """The name of the ledger's engine."""
    return "sqlite" if ledger.database.is_sqlite else "postgresql"


def verdict_after(
    ledger: Ledger, *statements: str, head_hash: str | None = None, has_secrets: bool = False, last: Sequence[str] = ()
) -> str:
    """Runs statements past the service, returns what `hushi verify` says, and rolls the statements back.

    With `has_secrets`, digests of lines and MACs of the register are then made right, as a faulty service would have
    made them: only the rules tell what is wrong. The `last` statements run after that.
    """
    said = RIGHT
    with contextlib.suppress(_Undone), ledger.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_of(ledger)], *statements):
            connection.exec_driver_sql(statement)
        if has_secrets:
            _make_digests_right(connection)
            _make_macs_right(connection, ledger.vault.macs.facts)
        for statement in last:
            connection.exec_driver_sql(statement)
        try:
            verify_within(connection, ledger, head_hash)
        except Wrong as wrong:
            said = str(wrong)
        raise _Undone
    return said


def _make_digests_right(connection: Connection) -> None:
    columns = [transfer_line.c[name] for name in TransferLine._fields]
    for number in connection.execute(sa.select(transfer.c.id)).scalars().all():
        own = sa.select(*columns).where(transfer_line.c.transfer == number).order_by(transfer_line.c.no)
        digest = lines_digest(map(TransferLine._make, connection.execute(own)))
        connection.execute(sa.update(transfer).where(transfer.c.id == number).values(lines_digest=digest))


def _make_macs_right(connection: Connection, mac_keys: MacKeys) -> None:
    """Numbers the facts that are there from 1 on, in their order, and gives each its MAC."""
    rows, mac = [], NO_MAC
    for no, one in enumerate(list(facts.read(connection)), 1):
        assert one.line is not None, "a fact without its row: delete it too"
        mac = mac_keys.mac_of(fact_message(mac, no, one.kind, one.line))
        rows.append({"no": no, "kind": one.kind, "id": one.id, "mac": mac})
    connection.execute(sa.delete(fact))
    connection.execute(sa.insert(fact), rows)


def blob(ledger: Ledger, value: bytes) -> str:
    """Bytes as a literal in the engine's SQL."""
    return f"x'{value.hex()}'" if ledger.database.is_sqlite else f"'\\x{value.hex()}'::bytea"


def uuid_literal(ledger: Ledger, number: int) -> str:
    """A UUID as a literal in the engine's SQL."""
    return f"x'{number:032x}'" if ledger.database.is_sqlite else f"'{number:032x}'::uuid"
