"""The document of an enterprise, for the API and the command line."""

import datetime
from collections.abc import Callable
from typing import Any

from schemas.enterprises import EnterpriseSchema
from service.domain.enterprises import Enterprise, enterprise_id

_ENTERPRISE = EnterpriseSchema()


def enterprise_document(
    enterprise: Enterprise, today: datetime.date, name_of: Callable[[int], str | None]
) -> dict[str, Any]:
    """The document of an enterprise as of today; `name_of` gives the name of an API key by its id."""
    key = enterprise.recorded_by
    shown: dict[str, Any] = _ENTERPRISE.dump(
        {
            **enterprise._asdict(),
            "enterprise_id": enterprise_id(enterprise.number),
            "status": enterprise.shown_on(today),
            "recorded_by": {"id": key, "name": name_of(key)},
        }
    )
    return shown
