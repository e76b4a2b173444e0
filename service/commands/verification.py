"""Records that the ledger was verified."""

from service.ledger import Ledger
from service.storage import verifications


def record_verification(ledger: Ledger, block: int) -> None:
    """Records that everything up to a block was recounted and is right; GET /v1/ledger tells when."""
    with ledger.database.writing() as connection:
        verifications.insert(connection, ledger.now(), block)
