"""The body of POST /v1/transactions as pydantic checks it, for the web services that Hushi is compared with."""

import datetime
import decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

MARKET_TIME = datetime.timezone(datetime.timedelta(hours=8))

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Mark = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Cny = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?$")]
Kg = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,3})?$")]


class Trade(BaseModel):
    """One commodity line of one resident."""

    model_config = ConfigDict(extra="forbid", strict=False)
    resident_id: Annotated[str, StringConstraints(pattern=r"^R[0-9]{8}$")]
    category: Word
    commodity: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    origin: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    quantity_kg: Kg
    amount_cny: Cny
    traded_at: AwareDatetime
    hs_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{2}){0,2}$")] | None = None
    direction: Literal["import", "export"] = "import"
    trade_point: Word = "erenhot"
    consignment: Mark | None = None
    vehicle_plate: Mark | None = None
    seller: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    reference: Mark | None = None
    over_allowance: Literal["tax", "refuse"] = "tax"
    metadata: dict[str, str] = Field(default_factory=dict, max_length=20)


def cny(amount_fen: int) -> str:
    """The amount in yuan, as the API shows it."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def fen(amount_cny: str) -> int:
    """The amount in fen, exactly."""
    return int(decimal.Decimal(amount_cny) * 100)


def grams(quantity_kg: str) -> int:
    """The weight in grams, exactly."""
    return int(decimal.Decimal(quantity_kg) * 1000)
