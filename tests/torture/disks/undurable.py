"""Hushi with commits that do not wait for the disk: what the controls serve, which must lose entries."""

from typing import Any
from unittest import mock

import sqlalchemy as sa

from service.cli.main import main
from service.storage import engine, postgresql
from service.storage.engines import sqlite_engine

_OFF = "SELECT 'on', current_setting('transaction_read_only') FROM set_config('synchronous_commit', 'off', true)"


def weaken() -> None:
    """Takes synchronous=NORMAL on SQLite and synchronous_commit=off on PostgreSQL, for each connection from now on."""

    def weak_engine(*arguments: Any, **named: Any) -> sa.Engine:
        made = sqlite_engine(*arguments, **named)
        sa.event.listen(made, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"))
        return made

    mock.patch.object(engine, "sqlite_engine", weak_engine).start()
    mock.patch.object(postgresql, "_DURABLE", _OFF).start()


if __name__ == "__main__":
    weaken()
    main()
