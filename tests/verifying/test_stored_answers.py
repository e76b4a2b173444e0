"""`hushi verify` reads answers in a short way, from stored values. It must read what the service has written."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.fields import ValueKind
from service.domain.idempotency import answer_message, fingerprint_of, outcomes_of
from service.domain.transactions import FIELDS, Transaction
from service.ledger import Ledger
from service.storage import recount
from service.storage.columns import instant_of
from service.storage.entry_rows import COLUMN_OF, COLUMNS, rows_of
from tests.builders import a_key, a_trade, an_enterprise
from tests.conftest import Caller
from tests.http.trucks import Trucks
from tests.recounting import read_journal

TEXTS = st.text(max_size=12)
VALUES: Mapping[ValueKind, st.SearchStrategy[Any]] = {
    ValueKind.ID: st.uuids(),
    ValueKind.ORDINAL: st.integers(0, 2**31 - 1),
    ValueKind.DAY: st.dates(),
    ValueKind.MEASURE: st.integers(-(10**15), 10**15),
    ValueKind.INSTANT: st.datetimes(timezones=st.just(datetime.UTC)),
    ValueKind.FLAG: st.booleans(),
    ValueKind.TEXT: TEXTS,
    ValueKind.PAIRS: st.dictionaries(TEXTS, TEXTS, max_size=3),
}
ENTRIES = st.builds(
    Transaction,
    **{field.name: VALUES[field.kind] | (st.none() if field.is_optional else st.nothing()) for field in FIELDS},
)
DIGEST = bytes(range(16))


def _stored(entry: Transaction, flag: Callable[[bool], object]) -> list[Any]:
    """The values of an entry as `recount.answers` reads them: UUIDs as bytes, and flags as the engine has them."""
    (row,) = rows_of([entry], "sqlite")
    by_column = dict(zip(COLUMNS, row, strict=True))
    plain = [by_column[COLUMN_OF[name]] for name in recount._ANSWERED]
    return [
        flag(value) if isinstance(value, bool) else value.bytes if isinstance(value, UUID) else value for value in plain
    ]


def _expected(entry: Transaction, digest: bytes = DIGEST) -> list[bytes]:
    return [answer_message(digest, fingerprint_of(entry), outcome) for outcome in outcomes_of(entry)]


def _read(stored: list[Any]) -> list[bytes]:
    return recount.answer_messages([DIGEST, b"", stored[0], None], list(stored))


@settings(max_examples=400)
@given(ENTRIES, st.sampled_from([int, bool]))
def test_any_entry_has_the_same_message_in_the_short_way(entry: Transaction, flag: Callable[[bool], object]) -> None:
    """SQLite has numbers for flags, and PostgreSQL has true and false."""
    assert _read(_stored(entry, flag)) == _expected(entry)


AT = datetime.datetime(2024, 6, 30, 9, 30, tzinfo=datetime.UTC)
TRADE = Transaction(
    UUID(int=1), 1, "meat", "冻马肉", "MN", None, "import", "erenhot", 50_000, 100_000, 100_000, 0, None, "v", AT,
    AT.date(), None, None, None, None, None, None, False, {"a": "b"}, None, None, None, None, None, None, AT, None,
)  # fmt: skip
REVERSAL = TRADE._replace(reverses=UUID(int=2), reason="x")
OTHER: Mapping[ValueKind, object] = {ValueKind.TEXT: "y", ValueKind.PAIRS: '{"x": "y"}', ValueKind.ID: bytes(16)}
KINDS = {field.name: field.kind for field in FIELDS}


@pytest.mark.parametrize("name", recount._ANSWERED)
def test_a_change_of_any_stored_value_changes_the_message(name: str) -> None:
    """The control: the short way leaves nothing out. A reversal states its id and its reason, a trade the others."""
    stored = _stored(REVERSAL if name in {"reverses", "reason"} else TRADE, int)
    changed = list(stored)
    changed[recount._ANSWERED.index(name)] = OTHER.get(KINDS[name], 7)
    assert _read(changed) != _read(stored)


def _answered_otherwise(ledger: Ledger) -> dict[str, int]:
    """Compares each stored answer with what was written; returns how many there are of trades, reversals, texts."""
    entries = {entry.transaction_id.bytes: entry for entry in read_journal(ledger)}
    macs, found = ledger.vault.macs.answers, {"trade": 0, "reversal": 0, "text": 0}
    with ledger.database.reading() as connection:
        for key, values in recount.answers(connection):
            digest, mac, _, text = key
            messages = recount.answer_messages(key, list(values))
            if text is None:
                entry = entries[values[0]]
                assert messages == _expected(entry, digest)
                found[entry.kind] += 1
            else:
                fingerprint = bytes.fromhex(orjson.loads(text)["fingerprint"])
                assert messages == [answer_message(digest, fingerprint, text.encode())]
                found["text"] += 1
            assert any(macs.fits(mac, message) for message in messages)
    return found


BODIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "resident_id": st.sampled_from(["R00000001", "R00000002", "R00000009"]),
        "amount_cny": st.sampled_from(["0.01", "10.00", "9000.00"]),
        "over_allowance": st.sampled_from(["tax", "refuse"]),
        "traded_at": st.integers(946_800_000_000_000, 1_735_500_000_000_000).map(
            lambda microseconds: instant_of(microseconds).isoformat()
        ),
    },
    optional={
        "seller": st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12),
        "vehicle_plate": st.sampled_from(["蒙H·1234", 'a"b\\c', "\U0001f69a"]),
        "hs_code": st.sampled_from(["02044200", "020442", "110100"]),
        "metadata": st.dictionaries(st.sampled_from(["a", "щ", '"']), st.text(max_size=8), max_size=2),
        "declarant_id": st.sampled_from(["R00000001", "R00000002"]),
        "direction": st.sampled_from(["import", "export"]),
    },
)


def _write_of_every_kind(admin: Caller) -> None:
    """A split, transfers, a processing batch, reversals of all of these, refusals that are remembered, replays."""
    ids = [str(admin.trade(a_trade(amount_cny="5.00")).get_json()["transaction_id"]) for _ in range(5)]
    trucks = Trucks(admin)
    trucks.register()
    trucks.propose_and_split(resident_ids=["R00000001", "R00000002"], remainder="leave")
    assert admin.post("/v1/enterprises", an_enterprise()).status_code == 201
    transfer = {"enterprise_id": "E00000001", "purpose": "processing", "transferred_on": "2024-07-01"}
    for one in ids[:2]:
        assert admin.post("/v1/transfers", {**transfer, "transaction_ids": [one]}, key=a_key()).status_code == 201
    output = {"commodity": "肉", "quantity_kg": "1"}
    batch = {"enterprise_id": "E00000001", "processed_on": "2024-07-02", "outputs": [output]}
    made = admin.post("/v1/processing-batches", {**batch, "transfer_ids": ["T00000001"]}, key=a_key())
    assert made.status_code == 201, made.get_json()
    assert admin.post("/v1/transfers/T00000002/reversal", {"reason": "退"}, key=a_key()).status_code == 201
    assert admin.reverse(ids[2], key="one").status_code == 201
    assert admin.reverse(ids[2], key="one").headers["Idempotency-Replayed"] == "true"
    assert admin.reverse(ids[2], key="two").status_code == 409
    assert admin.reverse(ids[0]).get_json()["code"] == "has-transfers"
    together = {"reason": "wrong", "transaction_ids": ids[3:]}
    assert admin.post("/v1/transactions/reversals", together, key=a_key()).status_code == 201


def test_every_answer_that_the_service_writes_is_read_as_it_was_written(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    given_mandate = {"representative_id": "R00000001", "resident_ids": ["R00000002"]}
    admin.post("/v1/mandates", {**given_mandate, "valid_from": "2000-01-01", "valid_until": "2024-12-31"})
    _write_of_every_kind(admin)
    of_all_kinds = _answered_otherwise(ledger)
    assert min(of_all_kinds.values()) >= 3, of_all_kinds

    @settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(BODIES, min_size=1, max_size=25), st.booleans())
    def post_together(bodies: list[dict[str, Any]], is_atomic: bool) -> None:
        items = [{**a_trade(**body), "key": a_key()} for body in bodies]
        for _ in range(2):  # The second time, they are replayed.
            answered = admin.post("/v1/transactions/batch", {"items": items, "atomic": is_atomic})
            assert answered.status_code in {200, 422}, answered.get_json()
        _answered_otherwise(ledger)

    post_together()
    assert sum(_answered_otherwise(ledger).values()) > sum(of_all_kinds.values())


def test_a_short_way_that_leaves_something_out_is_found(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the comparison."""
    admin.register(1)
    assert admin.trade(a_trade(metadata={"a": "b"})).status_code == 201
    _answered_otherwise(ledger)
    monkeypatch.setattr(recount, "pairs_of", lambda _text: {})
    with pytest.raises(AssertionError):
        _answered_otherwise(ledger)
