"""Masks the names of residents for answers that show many of them."""

from collections.abc import Collection

from service.domain.residents import mask_name
from service.ledger import Ledger
from service.storage import members
from service.storage.engine import Connection


def masked_names(connection: Connection, ledger: Ledger, ordinals: Collection[int]) -> dict[int, str]:
    """The masked names of those of these residents who exist. Each name is decrypted for this only."""
    encrypted = members.encrypted_names(connection, ordinals)
    return {ordinal: mask_name(ledger.vault.decrypt(name, ordinal, "name")) for ordinal, name in encrypted.items()}
