"""Ids in the address of a request.

A text that is no id is answered as an id that does not exist. The refusal does not repeat the text, because it may be
a citizen number.
"""

from uuid import UUID

from service.domain.enterprises import parse_enterprise_id
from service.domain.errors import NotFound
from service.domain.groups import parse_group_id
from service.domain.mandates import parse_mandate_id
from service.domain.personal_data import has_citizen_number
from service.domain.processing_batches import parse_processing_batch_id
from service.domain.residents import parse_resident_id
from service.domain.texts import normal_text
from service.domain.transfers import parse_transfer_id


def transaction_id_in(text: str) -> UUID:
    """The id of a transaction. Raises NotFound."""
    try:
        if len(text) == 36:
            return UUID(text)
    except ValueError:
        pass
    raise NotFound("No such transaction is in the ledger; an id is a UUID.")


def consignment_in(text: str) -> str:
    """The name of a consignment, in the normal form in which it is registered. Raises NotFound."""
    name = normal_text(text)
    # PostgreSQL takes no text with a NUL, and no name has one.
    if not name or "\0" in name or has_citizen_number(name):
        raise NotFound("No such consignment is registered.")
    return name


def mandate_in(text: str) -> int:
    """The number of a mandate. Raises NotFound."""
    try:
        return parse_mandate_id(text)
    except ValueError:
        raise NotFound('No such mandate is recorded; an id is "M" and 8 digits.') from None


def enterprise_in(text: str) -> int:
    """The number of an enterprise. Raises NotFound."""
    try:
        return parse_enterprise_id(text)
    except ValueError:
        raise NotFound('No such enterprise is registered; an id is "E" and 8 digits.') from None


def transfer_in(text: str) -> int:
    """The number of a transfer. Raises NotFound."""
    try:
        return parse_transfer_id(text)
    except ValueError:
        raise NotFound('No such transfer is recorded; an id is "T" and 8 digits.') from None


def processing_batch_in(text: str) -> int:
    """The number of a processing batch. Raises NotFound."""
    try:
        return parse_processing_batch_id(text)
    except ValueError:
        raise NotFound('No such processing batch is recorded; an id is "B" and 8 digits.') from None


def resident_in(text: str) -> int:
    """The ordinal of a resident. Raises NotFound."""
    try:
        return parse_resident_id(text)
    except ValueError:
        raise NotFound('No such resident is registered; an id is "R" and 8 digits.') from None


def group_in(text: str) -> int:
    """The ordinal of a group. Raises NotFound."""
    try:
        return parse_group_id(text)
    except ValueError:
        raise NotFound('No such group exists; an id is "G" and 6 digits.') from None
