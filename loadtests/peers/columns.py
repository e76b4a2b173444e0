"""The columns of a recorded trade that the tables of both peers have."""

import datetime
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column


class TradeColumns:
    """A trade as it was recorded: who, when, what, how much, and what its sender added."""

    transaction_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    resident: Mapped[int]
    day: Mapped[datetime.date]
    quantity_g: Mapped[int] = mapped_column(sa.BigInteger)
    amount_fen: Mapped[int] = mapped_column(sa.BigInteger)
    traded_at: Mapped[datetime.datetime] = mapped_column(sa.DateTime(timezone=True))
    recorded_at: Mapped[datetime.datetime] = mapped_column(sa.DateTime(timezone=True))
    category: Mapped[str]
    commodity: Mapped[str]
    origin: Mapped[str]
    direction: Mapped[str]
    trade_point: Mapped[str]
    hs_code: Mapped[str | None]
    consignment: Mapped[str | None]
    vehicle_plate: Mapped[str | None]
    seller: Mapped[str | None]
    reference: Mapped[str | None]
    details: Mapped[dict[str, str]] = mapped_column(sa.JSON)
