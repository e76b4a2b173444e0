"""Two equal ledgers: one takes batches by the quick way, the other reads, judges and writes each line with care."""

import contextlib
import dataclasses
import datetime
import itertools
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from schemas.transactions import TradeSchema
from service.app import create_app
from service.commands import posting
from service.commands.keys import create_key
from service.config import read_settings
from service.domain.transactions import MARKET_TIME
from service.http import lines
from service.ledger import Ledger, open_ledger
from service.storage import journal
from service.storage.tables import metadata
from tests.conftest import Caller

NOW = datetime.datetime(2024, 7, 1, 12, tzinfo=MARKET_TIME)
NEVER = 10**9
_copied = [table for table in metadata.sorted_tables if table.name not in {"journal", "idempotency", "allowance_use"}]


class Answer(NamedTuple):
    """The status and the bytes of an answer."""

    status: int
    body: bytes


@dataclasses.dataclass
class Side:
    """One of the two applications, its ledger and a caller."""

    app: Flask
    ledger: Ledger
    caller: Caller
    _requests: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))

    def batch(self, media_type: str, body: bytes, query: str) -> Answer:
        """Posts a batch."""
        return self._answer(f"/v1/transactions/batch{query}", data=body, headers={"Content-Type": media_type})

    def reverse(self, transaction_id: str, key: str) -> Answer:
        """Reverses a trade."""
        return self._answer(f"/v1/transactions/{transaction_id}/reversal", {"reason": "wrong weight"}, key=key)

    def _answer(self, path: str, body: Any = None, **more: Any) -> Answer:
        asked_as = {"X-Request-Id": f"request-{next(self._requests)}", **more.pop("headers", {})}
        told = self.caller.post(path, body, headers=asked_as, **more)
        return Answer(told.status_code, told.get_data())

    def tables(self) -> dict[str, list[Any]]:
        """All rows of all tables, but for the instants at which the keys were used."""
        with self.ledger.database.reading() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
                for table in metadata.sorted_tables
                if table.name != "key_use"
            }


class Sides(NamedTuple):
    """Both applications."""

    quick: Side
    careful: Side

    def both(self, ask: Callable[[Side], Any]) -> tuple[Any, Any]:
        """What each of the two says."""
        quick = ask(self.quick)
        with careful_way():
            return quick, ask(self.careful)


@contextlib.contextmanager
def careful_way() -> Iterator[None]:
    """Inside, each line is read by the schemas, judged alone by the judge of a single post, and written in full."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lines, "plain_object", lambda _: None)
        patched.setattr(lines, "plain_object_without_backslash", lambda _: None)
        patched.setattr(TradeSchema, "read_quickly", lambda *_: None)
        patched.setattr(posting, "PLAIN_FROM_ENTRIES", NEVER)
        patched.setattr(journal, "ENTRIES_TO_SHORTEN_MIN", NEVER)
        yield


@contextlib.contextmanager
def opened_sides(environment: dict[str, str], other_url: str) -> Iterator[Sides]:
    """Two applications with equal ledgers: four residents, one of them cancelled, and much traded goods."""
    opened = [
        _open({**environment, "HUSHI_DATABASE_URL": url}) for url in (environment["HUSHI_DATABASE_URL"], other_url)
    ]
    first, second = opened
    secret = _prepare(first)
    _copy(first, second)
    sides = []
    for ledger in opened:
        app = create_app(ledger)
        sides.append(Side(app, ledger, Caller(app.test_client(), secret)))
    with pytest.MonkeyPatch.context() as patched:
        # The prices of both are then of one age.
        patched.setattr("service.storage.prices.time", types.SimpleNamespace(monotonic=lambda: 0.0))
        yield Sides(*sides)
    for side in sides:
        side.app.extensions["hushi"].committer.close()
        side.ledger.database.close()


def _open(environment: dict[str, str]) -> Ledger:
    numbers = itertools.count(1)
    made = open_ledger(read_settings(environment))
    return dataclasses.replace(
        made, clock=lambda: NOW, new_id=lambda: uuid.UUID(f"019058d0-0000-7000-8000-{next(numbers):012x}")
    )


def _prepare(ledger: Ledger) -> str:
    app = create_app(ledger)
    secret = create_key(ledger, "clerk", ["admin"])[1]
    caller = Caller(app.test_client(), secret)
    ids = caller.register(4)
    moved = {"status": "cancelled", "effective_on": "2024-06-29", "reason": "moved away"}
    assert caller.post(f"/v1/residents/{ids[3]}/status", moved).status_code < 300
    app.extensions["hushi"].committer.close()
    return secret


def _copy(source: Ledger, target: Ledger) -> None:
    """Copies the rows, so that encrypted names and the chain of facts are the same too."""
    with source.database.reading() as read, target.database.writing() as write:
        for table in _copied:
            rows = [dict(row) for row in read.execute(sa.select(table)).mappings()]
            if rows:
                write.execute(sa.insert(table), rows)
