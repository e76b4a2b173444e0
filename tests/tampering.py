"""Changes the database as a person would who wants to change history, and asks `hushi verify` what it finds."""

import contextlib

from service.ledger import Ledger
from service.queries.verifying import Wrong, verify_within

_TABLES = (
    "journal", "block", "audit", "resident_status", "resident_group", "fact", "consignment", "consignment_line",
    "mandate", "mandate_withdrawal", "rule_file", "enterprise", "enterprise_status", "transfer", "transfer_line",
    "transfer_reversal", "processing_batch", "processing_input", "processing_output", "processing_batch_reversal",
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


def verdict_after(ledger: Ledger, *statements: str, head_hash: str | None = None) -> str:
    """Runs statements past the service, returns what `hushi verify` says, and rolls the statements back."""
    said = RIGHT
    with contextlib.suppress(_Undone), ledger.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_of(ledger)], *statements):
            connection.exec_driver_sql(statement)
        try:
            verify_within(connection, ledger, head_hash)
        except Wrong as wrong:
            said = str(wrong)
        raise _Undone
    return said


def blob(ledger: Ledger, value: bytes) -> str:
    """Bytes as a literal in the engine's SQL."""
    return f"x'{value.hex()}'" if ledger.database.is_sqlite else f"'\\x{value.hex()}'::bytea"


def uuid_literal(ledger: Ledger, number: int) -> str:
    """A UUID as a literal in the engine's SQL."""
    return f"x'{number:032x}'" if ledger.database.is_sqlite else f"'{number:032x}'::uuid"
