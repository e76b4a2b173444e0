"""Says what recording transfers would do, by the code that records them, without writing or locking anything.

A check reads one snapshot. What an accepted transfer takes of a trade counts for the later ones of the same check.
"""

import contextlib
from collections.abc import Iterator

import orjson

from service.commands.once import Attempt
from service.commands.transfers import PlannedTransfer, plan_transfer
from service.domain.errors import IdempotencyKeyReused
from service.domain.idempotency import answer_message
from service.domain.transfer_lines import StatedGoods
from service.domain.transfers import GoneOn, NewTransfer
from service.ledger import Ledger
from service.storage import idempotency
from service.storage.engine import Connection


class TransferChecker:
    """A check of several transfers, one after the other."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        """Begins a check in the snapshot of the connection."""
        self._ledger, self._connection = ledger, connection
        self._gone: dict[int, GoneOn] = {}

    def find_known(self, attempt: Attempt) -> int | None:
        """The number of the transfer that was recorded under a key; None when there is none.

        Raises IdempotencyKeyReused when the key stands for another transfer.
        """
        before = idempotency.find_text(self._connection, attempt.digest)
        if before is None:
            return None
        mac, text = before
        message = answer_message(attempt.digest, attempt.fingerprint, text.encode())
        if not self._ledger.vault.macs.answers.fits(mac, message):
            raise IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
        number: int = orjson.loads(text)["told"]["transfer"]
        return number

    def check(self, stated: NewTransfer, goods: StatedGoods) -> PlannedTransfer:
        """The transfer that would be recorded after those that were checked before. Raises as `post_transfer`."""
        planned = plan_transfer(self._connection, self._ledger, stated, goods, locking=False, gone=self._gone)
        self._gone |= planned.gone
        return planned


@contextlib.contextmanager
def checking_transfers(ledger: Ledger) -> Iterator[TransferChecker]:
    """Opens a snapshot, and gives a check in it."""
    with ledger.database.reading() as connection:
        yield TransferChecker(ledger, connection)
