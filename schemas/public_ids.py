"""Public ids of what happens after the market, on the wire; in the domain they are numbers."""

from typing import Any, ClassVar

from schemas.strict import Translated
from service.domain.enterprises import enterprise_id, parse_enterprise_id
from service.domain.processing_batches import parse_processing_batch_id, processing_batch_id
from service.domain.transfers import parse_transfer_id, transfer_id


class EnterpriseId(Translated):
    """An enterprise: the public id on the wire, the number in the domain."""

    slug = "not-an-enterprise-id"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^E(?!0{8})[0-9]{8}$", "examples": ["E00000001"]}

    def parse(self, text: str) -> int:
        """Reads the public id as the number."""
        return parse_enterprise_id(text)

    def render(self, value: int) -> str:
        """Writes the number as the public id."""
        return enterprise_id(value)


class TransferId(Translated):
    """A transfer: the public id on the wire, the number in the domain."""

    slug = "not-a-transfer-id"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^T(?!0{8})[0-9]{8}$", "examples": ["T00000001"]}

    def parse(self, text: str) -> int:
        """Reads the public id as the number."""
        return parse_transfer_id(text)

    def render(self, value: int) -> str:
        """Writes the number as the public id."""
        return transfer_id(value)


class ProcessingBatchId(Translated):
    """A processing batch: the public id on the wire, the number in the domain."""

    slug = "not-a-processing-batch-id"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^B(?!0{8})[0-9]{8}$", "examples": ["B00000001"]}

    def parse(self, text: str) -> int:
        """Reads the public id as the number."""
        return parse_processing_batch_id(text)

    def render(self, value: int) -> str:
        """Writes the number as the public id."""
        return processing_batch_id(value)
