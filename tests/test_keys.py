"""API keys: found by the beginning of their digest, and right only if the whole of it is."""

import hmac
import types

import pytest
import sqlalchemy as sa

from service.commands.keys import create_key
from service.domain.keys import NAME_BYTES, key_digest
from service.ledger import Ledger
from service.queries import keys
from service.queries.keys import ApiKeyCache, is_live
from service.queries.ledger_state import LedgerStateReader
from service.storage.tables import api_key


def _other_rest(ledger: Ledger, key: str) -> None:
    """Makes the stored key another one whose digest begins in the same way."""
    digest = key_digest(key)[:NAME_BYTES] + bytes(32 - NAME_BYTES)
    with ledger.database.writing() as connection:
        connection.execute(sa.update(api_key).values(digest=digest))


def _is_let_in(ledger: Ledger, key: str) -> list[bool]:
    ring, at = ApiKeyCache(ledger), LedgerStateReader(ledger).now()
    return [ring.find_live(key, at) is not None, ring.find_known(key) is not None, is_live(ledger, key)]


def test_a_key_whose_digest_only_begins_right_is_not_let_in(ledger: Ledger) -> None:
    _, key = create_key(ledger, "x", ["admin"])
    assert _is_let_in(ledger, key) == [True, True, True]
    _other_rest(ledger, key)
    assert _is_let_in(ledger, key) == [False, False, False]


def test_without_the_comparison_it_would_be(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control."""
    _, key = create_key(ledger, "x", ["admin"])
    _other_rest(ledger, key)
    monkeypatch.setattr(keys, "hmac", types.SimpleNamespace(compare_digest=lambda _one, _other: True))
    assert _is_let_in(ledger, key) == [True, True, True]


def test_the_whole_digest_is_compared_in_constant_time(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = create_key(ledger, "x", ["admin"])
    compared: list[tuple[bytes, bytes]] = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(keys, "hmac", types.SimpleNamespace(compare_digest=compare_digest))
    assert is_live(ledger, key)
    assert compared == [(key_digest(key), key_digest(key))]
