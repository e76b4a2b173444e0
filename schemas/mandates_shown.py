"""The document of a mandate, for the API and the command line."""

from collections.abc import Callable
from typing import Any

from schemas.mandates import MandateSchema
from service.domain.mandates import Mandate, mandate_id

_MANDATE = MandateSchema()


def mandate_document(mandate: Mandate, name_of: Callable[[int], str | None]) -> dict[str, Any]:
    """The document of a mandate; `name_of` gives the name of an API key by its id."""
    key = mandate.recorded_by
    shown: dict[str, Any] = _MANDATE.dump(
        {
            **mandate._asdict(),
            "mandate_id": mandate_id(mandate.number),
            "recorded_by": None if key is None else {"id": key, "name": name_of(key)},
        }
    )
    return shown
