"""What the pages say of limits, read from the schemas: a page takes what the API takes, and neither says it alone.

The server writes them into each page with a shell; templates and scripts (static/limits.js) have no limit of their own.
"""

import functools

from schemas.fields import HS_CODE_LENGTH_MAX, CitizenNumber, ResidentId, Text
from schemas.reports import COMPARISONS
from schemas.residents import (
    FOUND_MAX,
    GROUP_KINDS,
    GROUP_NAME_LENGTH_MAX,
    MEMBERS_MAX,
    PAGE_LIMIT_MAX,
    SETTLEMENT_LENGTH_MAX,
    ReasonSchema,
)
from schemas.several import FILTER_VALUES_MAX
from schemas.strict import StrictSchema
from schemas.transactions import OVER_ALLOWANCE, TradeSchema
from schemas.transfers import NewTransferSchema
from service.domain.enterprises import (
    CREDIT_CODE_CHARACTERS,
    CREDIT_CODE_LENGTH,
    ENTERPRISE_KINDS,
    ENTERPRISE_NAME_LENGTH_MAX,
)
from service.domain.money import CNY_LENGTH_MAX, KG_LENGTH_MAX
from service.domain.periods import PERIOD_YEARS_MAX
from service.domain.personal_data import NUMBER_LENGTH
from service.domain.residents import NAME_LENGTH_MAX, STATUSES
from service.domain.signals import RULES
from service.domain.transactions import DIRECTIONS, FIRST_TRADING_DAY
from service.domain.transfers import KIND_FOR, PURPOSES
from service.http.web.refusal_pages import TAGS

FILTERS = ("category", "origin", "direction", "trade_point", "settlement", "group_id")
"""The dimensions of reports, in the order in which the dashboard shows them."""


@functools.cache
def page_limits() -> dict[str, object]:
    """The limits by the names that static/types.d.ts gives them."""
    return {
        "first_day": FIRST_TRADING_DAY.isoformat(),
        "period_years_max": PERIOD_YEARS_MAX,
        "filter_values_max": FILTER_VALUES_MAX,
        "page_limit_max": PAGE_LIMIT_MAX,
        "found_max": FOUND_MAX,
        "members_max": MEMBERS_MAX,
        "statuses": list(STATUSES),
        "group_kinds": list(GROUP_KINDS),
        "resident_id": ResidentId.properties["pattern"],
        "citizen_number": CitizenNumber.properties["pattern"],
        "filters": list(FILTERS),
        "comparisons": [name for name in COMPARISONS if name != "none"],
        "directions": list(DIRECTIONS),
        "over_allowance": list(OVER_ALLOWANCE),
        "enterprise_kinds": list(ENTERPRISE_KINDS),
        "purposes": list(PURPOSES),
        "kind_for": dict(KIND_FOR),
        "credit_code_characters": CREDIT_CODE_CHARACTERS,
        "languages": list(TAGS),
        "signal_rules": list(RULES),
        "lengths_max": {
            **text_lengths_max(),
            "hs_code": HS_CODE_LENGTH_MAX,
            "quantity_kg": KG_LENGTH_MAX,
            "amount_cny": CNY_LENGTH_MAX,
            "id_number": NUMBER_LENGTH,
            "name": NAME_LENGTH_MAX,
            "settlement": SETTLEMENT_LENGTH_MAX,
            "group": GROUP_NAME_LENGTH_MAX,
            "enterprise_name": ENTERPRISE_NAME_LENGTH_MAX,
            "credit_code": CREDIT_CODE_LENGTH,
            **_text_lengths_of(NewTransferSchema()),
        },
    }


@functools.cache
def text_lengths_max() -> dict[str, int]:
    """How many characters each free text of a trade takes, and the reason of a reversal."""
    return _text_lengths_of(TradeSchema()) | _text_lengths_of(ReasonSchema())


def _text_lengths_of(schema: StrictSchema) -> dict[str, int]:
    return {name: field.length_max for name, field in schema.fields.items() if isinstance(field, Text)}
