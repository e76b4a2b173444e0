"""Registers residents, records their dated statuses and memberships, and reveals personal data with an audit record."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from service.commands.auditing import Caller, record
from service.commands.once import Attempt, refusing_durably, remember, writing_once
from service.domain.errors import NotFound, ResidentExists, ResidentNotActive, UnknownResident, ValidationFailed
from service.domain.groups import group_id
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.personal_data import refuse_personal_data
from service.domain.residents import (
    ORDINAL_MAX,
    Eligibility,
    Membership,
    Status,
    StatusChange,
    birth_date,
    resident_id,
)
from service.ledger import Ledger
from service.storage import facts, keys, residents, retried
from service.storage.engine import Connection
from service.storage.faults import NotWritten
from service.storage.keys import Recorder
from service.storage.resident_cache import find_eligibilities
from service.storage.residents import Group, ResidentRow


@dataclass(frozen=True, slots=True)
class Registration:
    """A resident to be registered; citizen number and name must be in their normal form."""

    name: str
    id_number: str
    registered_on: datetime.date
    valid_until: datetime.date | None
    settlement: str | None
    group: int | None


def register(ledger: Ledger, registration: Registration, *, recorded_by: int = OPERATOR_KEY_ID) -> ResidentRow:
    """Registers a resident under the next ordinal, and returns the row; ordinals have no gaps.

    `recorded_by` is the id of the API key that registers the resident.

    Raises ResidentExists for a known citizen number. Raises ValidationFailed for a birth date that is not before the
    registration, for an end of validity before the registration, and for an unknown group. Raises PersonalData for a
    citizen number in the settlement.
    """
    return register_all(ledger, [registration], recorded_by=recorded_by)[0]


def register_all(
    ledger: Ledger, registrations: Sequence[Registration], *, recorded_by: int = OPERATOR_KEY_ID
) -> list[ResidentRow]:
    """Registers residents under the next ordinals, in this order: all of them or none. Raises as `register`."""
    for registration in registrations:
        refuse_impossible(registration)
    with refusing_durably(ledger, ResidentExists):
        return _register_or_refuse(ledger, registrations, recorded_by)


def _register_or_refuse(ledger: Ledger, registrations: Sequence[Registration], recorded_by: int) -> list[ResidentRow]:
    try:
        with ledger.database.writing() as connection:
            return _register(connection, ledger, registrations, recorded_by)
    except NotWritten as race:
        if not race.is_race:
            raise
        # Another process has registered a number between our look and our insert, and its resident is in the ledger.
        with ledger.database.reading() as connection:
            _refuse_known(connection, ledger, registrations)
        raise


def _register(
    connection: Connection, ledger: Ledger, registrations: Sequence[Registration], recorded_by: int
) -> list[ResidentRow]:
    first = residents.next_ordinal(connection)
    if first + len(registrations) - 1 > ORDINAL_MAX:
        raise ValidationFailed(f"The ledger holds {ORDINAL_MAX} residents at most.")
    _refuse_known(connection, ledger, registrations)
    now, recorder = ledger.now(), keys.find_recorder(connection, recorded_by)
    rows = [_encrypted(ledger, one, ordinal, now, recorder) for ordinal, one in enumerate(registrations, first)]
    residents.insert(connection, rows, [ledger.vault.digest(one.id_number) for one in registrations])
    facts.add(connection, ledger.vault.macs.facts, "resident", [row.eligibility.ordinal for row in rows])
    for group in dict.fromkeys(one.group for one in registrations if one.group is not None):
        _refuse_unknown_group(connection, ledger, group)
        days = {
            row.eligibility.ordinal: one.registered_on
            for row, one in zip(rows, registrations, strict=True)
            if one.group == group
        }
        _join(connection, ledger, group, days, now, recorded_by)
    return rows


def _encrypted(
    ledger: Ledger, registration: Registration, ordinal: int, now: datetime.datetime, recorder: Recorder
) -> ResidentRow:
    memberships = [] if registration.group is None else [Membership(registration.registered_on, registration.group)]
    return ResidentRow(
        eligibility=Eligibility(
            ordinal, registration.registered_on, registration.valid_until, registration.settlement, (), memberships
        ),
        number_encrypted=ledger.vault.encrypt(registration.id_number, ordinal, "id_number"),
        name_encrypted=ledger.vault.encrypt(registration.name, ordinal, "name"),
        created_at=now,
        recorded_by=recorder,
    )


def _join(
    connection: Connection,
    ledger: Ledger,
    group: int,
    days: Mapping[int, datetime.date],
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> None:
    """Records that residents join a group, each on their own day."""
    added = residents.add_members(connection, group, days, recorded_at, recorded_by)
    facts.add(connection, ledger.vault.macs.facts, "resident_group", added)


def refuse_impossible(registration: Registration) -> None:
    """Raises what `register` raises of a registration by itself: for its dates, and a citizen number in a text."""
    refuse_personal_data([("/settlement", registration.settlement)])
    if birth_date(registration.id_number) >= registration.registered_on:
        raise ValidationFailed.of("/id_number", "born-too-late", "The birth date must lie before registered_on.")
    if registration.valid_until is not None and registration.valid_until < registration.registered_on:
        raise ValidationFailed.of("/valid_until", "too-early", "Send a day not before registered_on, or leave it out.")


def _refuse_unknown_group(connection: Connection, ledger: Ledger, group: int) -> None:
    if residents.find_group(connection, group, ledger.today()) is None:
        raise ValidationFailed.of("/group_id", "unknown-group", f"No group {group_id(group)} exists; create it first.")


def _refuse_known(connection: Connection, ledger: Ledger, registrations: Sequence[Registration]) -> None:
    digests = [digest for one in registrations for digest in ledger.vault.digests(one.id_number)]
    ordinal = residents.find_ordinal(connection, digests)
    if ordinal is not None:
        known = resident_id(ordinal)
        raise ResidentExists(f"This citizen number is registered as {known}.", resident_id=known)


def change_status(
    ledger: Ledger,
    ordinal: int,
    status: Status,
    reason: str,
    effective_on: datetime.date | None,
    caller: Caller,
    attempt: Attempt | None = None,
) -> ResidentRow:
    """Records a status of a resident from `effective_on` (today if None) on, and returns the resident.

    A cancellation is final from its day on, and does not change the days before. While it lies in the future, the
    resident may still be suspended, reactivated or cancelled earlier. The same change a second time is a retry and adds
    nothing. Raises NotFound, ResidentNotActive for a change that would take effect on or after a recorded cancellation,
    ValidationFailed for a day before the registration, IdempotencyKeyReused, PersonalData for a citizen number in the
    reason.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            return _get(connection, ordinal)
        refuse_personal_data([("/reason", reason)])
        row = _get(connection, ordinal)
        change = StatusChange(effective_on or ledger.today(), status)
        if row.eligibility.is_cancelled_on(change.effective_on):
            raise ResidentNotActive(
                f"{resident_id(ordinal)} is cancelled on {change.effective_on}, and a cancellation is final."
            )
        if change.effective_on < row.eligibility.registered_on:
            raise ValidationFailed.of(
                "/effective_on",
                "too-early",
                f"Send a day not before the registration, {row.eligibility.registered_on}.",
            )
        # An equal newest status means that this is a retry: the change is recorded and audited already.
        if retried.newest_status(connection, ordinal) != (change.effective_on, status, reason):
            added = residents.add_status(connection, ordinal, change, reason, ledger.now(), caller.api_key)
            facts.add(connection, ledger.vault.macs.facts, "resident_status", [added])
            record(connection, ledger, caller, f"status:{status}", reason, ordinal)
            row = _get(connection, ordinal)
        shown, group = row.eligibility.shown_on(ledger.today()), row.eligibility.group_on(ledger.today())
        remember(connection, ledger, attempt, status=shown, group_id=None if group is None else group_id(group))
        return row


def reveal(ledger: Ledger, ordinal: int, reason: str, caller: Caller) -> tuple[str, str]:
    """Returns the name and the citizen number, unmasked, and writes one audit record in the same transaction.

    Raises NotFound, PersonalData for a citizen number in the reason, because the audit would show it.
    """
    refuse_personal_data([("/reason", reason)])
    with ledger.database.writing() as connection:
        residents.lock_registrations(connection)
        row = _get(connection, ordinal)
        record(connection, ledger, caller, "reveal", reason, ordinal)
        vault = ledger.vault
        return vault.decrypt(row.name_encrypted, ordinal, "name"), vault.decrypt(
            row.number_encrypted, ordinal, "id_number"
        )


def add_members(
    ledger: Ledger,
    group: int,
    ordinals: Sequence[int],
    effective_on: datetime.date | None,
    attempt: Attempt | None = None,
    *,
    recorded_by: int = OPERATOR_KEY_ID,
) -> Group:
    """Moves residents into a group and returns the group. On the same day they leave the group they were in.

    When `effective_on` is None, a first membership counts from the resident's registration, and a move from today.
    `recorded_by` is the id of the API key that moves them. Raises NotFound for the group, UnknownResident,
    ValidationFailed for a day before a registration; then no resident has moved. Raises IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        today = ledger.today()
        found = residents.find_group(connection, group, today)
        if found is None:
            raise NotFound(f"No group {group_id(group)} exists.")
        if before is not None:
            return replace(found, members=before["members"])
        eligibilities = find_eligibilities(connection, set(ordinals))
        _refuse_unknown_residents(ordinals, eligibilities)
        days = {ordinal: _joins_on(eligibility, effective_on, today) for ordinal, eligibility in eligibilities.items()}
        # A membership is recorded also for a resident who is in the group already. Otherwise a membership in another
        # group, recorded later with an earlier day, would take the resident out of this one. The same membership with
        # the same day is not recorded twice.
        joining = {o: day for o, day in days.items() if not eligibilities[o].is_joined_on(day, group)}
        _join(connection, ledger, group, joining, ledger.now(), recorded_by)
        changed = residents.find_group(connection, group, today)
        assert changed is not None
        remember(connection, ledger, attempt, members=changed.members)
        return changed


def _joins_on(eligibility: Eligibility, effective_on: datetime.date | None, today: datetime.date) -> datetime.date:
    if effective_on is None:
        # A resident who is registered from a future day on joins on that day and not before.
        return max(today, eligibility.registered_on) if eligibility.memberships else eligibility.registered_on
    if effective_on < eligibility.registered_on:
        raise ValidationFailed.of(
            "/effective_on",
            "too-early",
            f"{resident_id(eligibility.ordinal)} is registered from {eligibility.registered_on} on; send a later day.",
        )
    return effective_on


def _refuse_unknown_residents(ordinals: Sequence[int], eligibilities: Mapping[int, Eligibility]) -> None:
    unknown = [resident_id(ordinal) for ordinal in ordinals if ordinal not in eligibilities]
    if unknown:
        raise UnknownResident(f"Not registered: {', '.join(unknown[:10])}. Nobody was added.")


def _get(connection: Connection, ordinal: int) -> ResidentRow:
    row = residents.find_row(connection, ordinal)
    if row is None:
        raise NotFound(f"No resident {resident_id(ordinal)} is registered.")
    return row
