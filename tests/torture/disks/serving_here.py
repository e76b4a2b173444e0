"""What the process of `poster` does: it opens a ledger and sends requests to the service's application in itself."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import sqlalchemy as sa
from flask.testing import FlaskClient

from service.app import create_app
from service.commands.folding import fold_all
from service.config import read_settings
from service.ledger import open_ledger
from service.storage import engine, engines
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.left_log import sync_log
from tests.torture.disks.undurable import weaken

Line = dict[str, Any]
FAULTS = (DatabaseUnavailable, NotWritten, OutcomeUnknown, OSError)


def serve(first: Line, lines: Iterator[Line], tell: Callable[[Line], None]) -> None:
    """Opens the ledger that the first line names, and answers the lines behind it until one says that it is the end."""
    _WEAKEN[first["weak"]]()
    try:
        ledger = open_ledger(read_settings(first["begin"]))
        application = create_app(ledger)
    except FAULTS as fault:
        tell({"fault": type(fault).__name__})
        return
    client = application.test_client()
    tasks: dict[str, Callable[[], object]] = {
        "fold": functools.partial(fold_all, ledger),
        "close": ledger.database.close,
        "write nothing": functools.partial(ledger.database.commit_nothing, with_room=True),
    }
    tell({"pid": os.getpid(), "fault": None})
    for line in lines:
        if line.get("do") == "end":
            application.extensions["hushi"].committer.close()
            tell(_tried(ledger.database.close))
            return
        tell(_tried(tasks[line["do"]]) if "do" in line else _answered(client, line))


def _answered(client: FlaskClient, line: Line) -> Line:
    """Sends a request, and returns what came of it."""
    answer = client.post(line["path"], json=line["body"], headers=line["headers"])
    is_replay = answer.headers.get("Idempotency-Replayed") == "true"
    return {"status": answer.status_code, "document": answer.get_json(silent=True) or {}, "replayed": is_replay}


def _tried(work: Callable[[], object]) -> Line:
    """Does something that the disk may forbid."""
    try:
        work()
    except FAULTS as fault:
        return {"fault": type(fault).__name__}
    return {"fault": None}


def _sync_only() -> None:
    """As it was before: the log of a process that was killed is synced, and not written again."""
    mock.patch.object(engines, "write_log_again", lambda url, _cursor: sync_log(url)).start()


def _answer_anyway() -> None:
    """A commit that fails counts as one that succeeds."""

    def commit(_connection: sa.Connection, transaction: sa.RootTransaction) -> None:
        with contextlib.suppress(sa.exc.DBAPIError):
            transaction.commit()

    mock.patch.object(engine, "commit", commit).start()


_WEAKEN: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "sync only": _sync_only,
    "answers anyway": _answer_anyway,
    "undurable": weaken,
}
