"""Reads the context of a batch in one statement: the known outcomes of its keys, and the state it is judged in."""

import datetime
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.chain import RegisterHead
from service.storage import revisions, rule_files
from service.storage.columns import Uuid, microseconds
from service.storage.entry_rows import entry_of
from service.storage.idempotency import Remembered
from service.storage.lineage import head_columns, head_of
from service.storage.prepared import Prepared, digest_of
from service.storage.rowsets import value_set, values_parameter
from service.storage.rule_files import RulesHead
from service.storage.tables import api_key, fact, idempotency, journal, resident_group, resident_status


class _State(NamedTuple):
    """The columns of the state that a batch is judged in, in the order of the SELECT."""

    revision: str
    revoked_keys: str | None
    expired_keys: str | None
    newest_status: int | None
    newest_membership: int | None
    register_no: Any
    register_mac: Any
    mac_at_known: Any
    rules_no: Any
    rules_mac: Any


_KNOWN = len(_State._fields)
"""The number of the state's columns. Behind them a row has a known key's digest, MAC, refusal and journal row."""


class BatchContext(NamedTuple):
    """What a batch is judged by.

    `revoked_keys` and `expired_keys` are ids of API keys that nothing may be written under any more. `known` has the
    known outcomes by digest. `facts` are the newest numbers of statuses and memberships: they grow when one of a
    resident is recorded. `register` is the head of the register, and `mac_at_known` the MAC that the register has at
    the number that was asked for. `rules` is the newest rule file: the batch is judged by its rules.
    """

    known: Mapping[bytes, Remembered]
    revoked_keys: frozenset[int]
    expired_keys: frozenset[int]
    facts: tuple[int, int]
    register: RegisterHead
    mac_at_known: bytes | None
    rules: RulesHead


def read(
    connection: sa.Connection, digests: Collection[bytes], now: datetime.datetime, known_fact: int = 0
) -> BatchContext:
    """The context of a batch with these digests of idempotency keys; `known_fact` is a number in the register.

    `now` is the instant by which API keys have expired. Raises OtherRevision.
    """
    rows = _STATEMENT.rows(
        connection,
        digests=values_parameter(map(bytes.hex, digests)),
        known_fact=str(known_fact),
        now=str(microseconds(now)),
    )
    state = _State._make(rows[0][:_KNOWN])
    revisions.refuse_other(state.revision)
    known = [row[_KNOWN:] for row in rows]
    return BatchContext(
        known=dict(_remembered(*row) for row in known if row[0] is not None),
        revoked_keys=_ids(state.revoked_keys),
        expired_keys=_ids(state.expired_keys),
        facts=(state.newest_status or 0, state.newest_membership or 0),
        register=head_of(state.register_no, state.register_mac),
        mac_at_known=None if state.mac_at_known is None else bytes(state.mac_at_known),
        rules=rule_files.head_of(state.rules_no, state.rules_mac),
    )


def _remembered(digest: Any, mac: Any, refusal: str | None, *entry: Any) -> tuple[bytes, Remembered]:
    known = digest_of(digest)
    place = entry[0]
    return known, Remembered(known, digest_of(mac), None if place is None else entry_of(entry), refusal)


_NONE: frozenset[int] = frozenset()


def _ids(listed: str | None) -> frozenset[int]:
    return frozenset(map(int, listed.split(","))) if listed else _NONE


def _listed(condition: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    """The ids of the API keys for which a condition holds, in one text; null when there is no such key."""
    ids = sa.func.string_agg(sa.cast(api_key.c.id, sa.Text), sa.literal_column("','"))
    return sa.select(ids).where(condition).scalar_subquery()


def _statement(dialect: str) -> sa.Select[tuple[object, ...]]:
    now = sa.cast(sa.bindparam("now", type_=sa.Text), sa.BigInteger)
    ended = (
        _listed(api_key.c.revoked_at.is_not(None)),
        _listed(sa.type_coerce(api_key.c.expires_at, sa.BigInteger) <= now),
    )
    newest = [sa.select(sa.func.max(facts.c.id)).scalar_subquery() for facts in (resident_status, resident_group)]
    known_fact = sa.cast(sa.bindparam("known_fact", type_=sa.Text), sa.Integer)
    at_known = sa.select(fact.c.mac).where(fact.c.no == known_fact).scalar_subquery()
    rules = rule_files.head_columns()
    columns = [revisions.STORED, *ended, *newest, *head_columns(), at_known, *rules]
    state = sa.select(*(column.label(name) for name, column in zip(_State._fields, columns, strict=True))).subquery(
        "state"
    )
    digests = value_set(dialect, "digests", Uuid)
    known = (
        sa.select(idempotency.c.digest, idempotency.c.mac, idempotency.c.refusal, *journal.c)
        .select_from(digests)
        .join(idempotency, idempotency.c.digest == digests.c.value)
        .outerjoin(journal, journal.c.transaction_id == idempotency.c.transaction_id)
        .subquery("known")
    )
    # The outer join gives at least one row: when no key is known, it holds the state alone.
    return sa.select(state, known).select_from(state.outerjoin(known, sa.true()))


_STATEMENT = Prepared(_statement)
