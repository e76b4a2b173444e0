"""I5 and I6: one key, one entry; each reversal is the negative of one trade, and a trade has one at most."""

from contextlib import closing

from service.queries.verifying.faults import Wrong, reading
from service.storage import recount
from service.storage.engine import Connection


def verify_keys_and_reversals(connection: Connection) -> None:
    """Raises Wrong, which names the entry."""
    with closing(recount.answers(connection)) as answers:
        for (_, _, transaction_id, refusal), entry in answers:
            if refusal is None and entry[0] is None:
                raise Wrong(f"Transaction {transaction_id} was answered under a key, and is not in the journal.")
    with reading("The id of an entry that has not one key, or is no right reversal,"):
        faults = (
            (
                recount.find_entry_without_key(connection),
                "is in the journal, and not under exactly one idempotency key",
            ),
            (recount.find_wrong_reversal(connection), "is a reversal, and not the negative of exactly one trade"),
        )
    for wrong_id, what in faults:
        if wrong_id is not None:
            raise Wrong(f"Transaction {wrong_id} {what}.")
