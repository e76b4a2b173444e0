"""Tells whether secrets belong to a ledger, by trying them on what is stored there.

The encryption keys are tried on residents, and the index keys on residents, on facts of the register and on answers. A
row that somebody has changed does not fit the secrets either. So there are two questions. `why_foreign` refuses at the
first row that does not fit, which is safe for a command that may write. `why_all_foreign` asks whether no row fits at
all, so that `hushi verify` can report a changed row as a changed row.
"""

import itertools
from contextlib import closing

from service.domain.macs import MacKeys, fact_message
from service.storage import facts, recount, residents, schema
from service.storage.engine import Connection
from service.storage.facts import LinkedFact
from service.storage.raw_rows import Raw
from service.vault import SecretsError, Vault

SAMPLE = 4
"""How many facts are tried from each end of the register, and how many answers."""

_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
_NO_FACT = "it lacks the index key of the {} fact of the register"
_OR_CHANGED = ", or somebody has changed that fact, which hushi verify would tell"
_NO_ANSWER = "it lacks the index key of what was answered"


def why_foreign(connection: Connection, vault: Vault, written_at: str = schema.NEWEST_REVISION) -> str | None:
    """Why these secrets can't be those of the ledger, as a part of a sentence; None when they can.

    The first resident and the first fact were made with the oldest keys, the last ones with the newest keys. So a
    missing key is found at one end or the other. `written_at` is the revision of the schema at which the ledger was
    written. A ledger with another schema than this version's can't be read: an upgrade asks when it has the new one,
    before it commits.
    """
    if schema.revision(connection) != schema.NEWEST_REVISION:
        return None
    why = why_people_foreign(connection, vault)
    if why is not None or written_at < schema.MACS_SINCE:
        return why
    first, last = _fitting_facts(connection, vault.macs.facts)
    if first:
        fitting = {"first": first[0], "newest": [*first, *last][-1]}
        return next((_NO_FACT.format(end) + _OR_CHANGED for end, fits in fitting.items() if not fits), None)
    return None if _some_answer_fits(connection, vault.macs.answers) else _NO_ANSWER


def why_people_foreign(connection: Connection, vault: Vault) -> str | None:
    """Why these secrets can't be those of the first and the last resident; None when they can."""
    try:
        for identity in residents.first_and_last(connection):
            vault.refuse_foreign(*identity)
    except SecretsError as error:
        return str(error)
    return None


def why_all_foreign(connection: Connection, vault: Vault) -> str | None:
    """Why nothing at one end of the ledger fits these secrets, as a part of a sentence; None when something fits.

    The ends are those of the register of facts; a short register counts as one end, and answers take the place of an
    empty one. Of the first and the last resident, these secrets must decrypt a name or a number at least, because other
    encryption keys decrypt none.
    """
    first, last = _fitting_facts(connection, vault.macs.facts)
    ends = {"first": first, "newest": last} if len(last) == SAMPLE else {"first": [*first, *last]}
    for end, fitting in ends.items():
        if fitting and not any(fitting):
            return _NO_FACT.format(end)
    if not first and not _some_answer_fits(connection, vault.macs.answers):
        return _NO_ANSWER
    people = residents.first_and_last(connection)
    opened = [
        vault.decrypts(encrypted, ordinal, field)
        for ordinal, _, number, name in people
        for encrypted, field in ((number, "id_number"), (name, "name"))
    ]
    if opened and not any(opened):
        return f"it lacks the encryption key of resident {people[0][0]}"
    return None


def _fitting_facts(connection: Connection, mac_keys: MacKeys) -> tuple[list[bool], list[bool]]:
    """For each of the first facts, and for each of the last facts, whether it fits, in the order of the register."""
    with recount.any_text(connection):
        first, last = facts.read_ends(connection, SAMPLE)
    return [_fits(mac_keys, one) for one in first], [_fits(mac_keys, one) for one in last]


def _fits(mac_keys: MacKeys, fact: LinkedFact) -> bool:
    recorded = fact.recorded
    if recorded.line is None:
        return False
    return mac_keys.fits(recorded.mac, fact_message(fact.before, recorded.no, recorded.kind, recorded.line))


def _some_answer_fits(connection: Connection, mac_keys: MacKeys) -> bool:
    """Whether one of a few answers fits; true when there are no answers."""
    with recount.any_text(connection), closing(recount.answers(connection)) as answers:
        found = list(itertools.islice(answers, SAMPLE))
    return not found or any(_fits_answer(mac_keys, key, entry) for key, entry in found)


def _fits_answer(mac_keys: MacKeys, key: Raw, entry: Raw) -> bool:
    try:
        return any(mac_keys.fits(key[1], message) for message in recount.answer_messages(key, entry))
    except _UNREADABLE:
        return False
