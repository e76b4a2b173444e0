"""Finds up to which block earlier runs have verified the chain, by records that nobody can make without the secrets."""

from typing import NamedTuple

from service.domain.macs import MacKeys, verified_message
from service.storage import blocks, verifications
from service.storage.columns import microseconds
from service.storage.engine import Connection


class VerifiedBefore(NamedTuple):
    """The newest block whose entries were hashed, and the last place whose answers fitted their MACs; 0 for none."""

    hashed: int = 0
    answered_seq: int = 0


NOTHING_VERIFIED = VerifiedBefore()


def find_verified(connection: Connection, mac_keys: MacKeys) -> VerifiedBefore:
    """What is known to be verified. A record counts when its MAC fits, and the chain has a block with its hash there.

    The hash of a block covers all blocks before it, so a chain that was written again has no block of any record.
    """
    hashed, answered_seq = 0, 0
    for record in verifications.list_blocks(connection):
        message = verified_message(
            record.block, record.hash, microseconds(record.verified_at), is_whole=record.is_whole
        )
        sealed = blocks.find(connection, record.block)
        if sealed is None or sealed.block.hash != record.hash or not mac_keys.fits(record.mac, message):
            continue
        hashed = max(hashed, record.block)
        if record.is_whole:
            answered_seq = max(answered_seq, sealed.last_seq)
    return VerifiedBefore(hashed, answered_seq)
