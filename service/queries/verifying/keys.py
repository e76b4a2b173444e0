"""I5 and I6: a key has one entry and one answer; a reversal is the negative of one trade, which has one at most."""

from contextlib import closing

from service.domain.macs import MacKeys
from service.queries.verifying.faults import UNREADABLE, Wrong, reading, unreadable
from service.storage import recount
from service.storage.engine import Connection
from service.storage.prepared import uuid_of
from service.storage.raw_rows import Raw


def verify_reversals(connection: Connection) -> None:
    """Checks I6. Raises Wrong, which names the reversal."""
    with reading("The id of a reversal that is not the negative of one trade"):
        wrong_id = recount.find_wrong_reversal(connection)
    if wrong_id is not None:
        raise Wrong(f"Transaction {wrong_id} is a reversal, and not the negative of exactly one trade.")


def verify_answers(connection: Connection, mac_keys: MacKeys, half: int, answered_seq: int = 0) -> None:
    """Checks that what is under each key of one half was answered so. Raises Wrong, which names the digest of the key.

    The answers of entries up to the place `answered_seq` were checked before, and are not checked again.
    """
    with closing(recount.answers(connection, half, answered_seq)) as answers:
        for key, entry in answers:
            try:
                wrong = _why_wrong(key, entry, mac_keys)
            except UNREADABLE as error:
                raise unreadable(f"What was answered under key {_named(key[0])}", error) from None
            if wrong is not None:
                raise Wrong(wrong)


def verify_entries_have_keys(connection: Connection) -> None:
    """Checks that each entry is under exactly one key. Raises Wrong, which names the entry."""
    with reading("The id of an entry that is not under one key"):
        wrong_id = recount.find_entry_without_key(connection)
    if wrong_id is not None:
        raise Wrong(f"Transaction {wrong_id} is in the journal, and not under exactly one idempotency key.")


def _why_wrong(key: Raw, entry: Raw, mac_keys: MacKeys) -> str | None:
    """What is wrong with a key and the entry that it was answered with; None when nothing is wrong."""
    digest, mac, transaction_id, refusal = key
    if refusal is None and entry[0] is None:
        return f"Transaction {_named(transaction_id)} was answered under a key, and is not in the journal."
    for message in recount.answer_messages(key, entry):
        if mac_keys.fits(mac, message):
            return None
    answered = "a refusal" if refusal is not None else f"transaction {_named(transaction_id)}"
    return f"Key {_named(digest)} was not answered with {answered} as it is there, or was asked something else."


def _named(value: object) -> str:
    """The text of a UUID or of a digest from the driver's value; any other value is shown as it is."""
    return str(uuid_of(value)) if isinstance(value, bytes) and len(value) == 16 else str(value)
