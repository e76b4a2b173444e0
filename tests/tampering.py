"""What somebody would do who has the database and wants to change history, and what `hushi verify` says of it."""

import contextlib

from service.ledger import Ledger
from service.queries.verifying import Wrong, verify_within

_TABLES = ("journal", "block", "audit", "resident_status", "resident_group", "fact")

UNPROTECTED = {
    "sqlite": [f"DROP TRIGGER {table}_refuses_{action}" for table in _TABLES for action in ("update", "delete")],
    "postgresql": [f"DROP TRIGGER {table}_refuses_change ON {table}" for table in _TABLES],
}
"""What they would do first: take its protection away."""

RIGHT = "nothing is wrong"


class _Undone(Exception):
    """Takes a tampering back, so that the next test finds the ledger as it was."""


def engine_of(ledger: Ledger) -> str:
    """The name of the engine."""
    return "sqlite" if ledger.database.is_sqlite else "postgresql"


def verdict_after(ledger: Ledger, *statements: str, head_hash: str | None = None) -> str:
    """What `hushi verify` says once these statements were run behind the service's back. They are taken back."""
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
    """Bytes as a literal of the engine."""
    return f"x'{value.hex()}'" if ledger.database.is_sqlite else f"'\\x{value.hex()}'::bytea"


def uuid_literal(ledger: Ledger, number: int) -> str:
    """A UUID as a literal of the engine."""
    return f"x'{number:032x}'" if ledger.database.is_sqlite else f"'{number:032x}'::uuid"
