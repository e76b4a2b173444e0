"""The service that most people would write for this task: FastAPI, pydantic, SQLAlchemy's ORM on asyncpg.

Each request is one database transaction, which is committed to disk before the answer. It reads the API key, the
idempotency key and the resident, opens and locks the allowance row, and writes the journal and the outcome by key. A
session has a pooled connection with prepared statements, and there are as many connections as the load has. The service
does less than Hushi: no limits by weight, no dated rules, no groups, no tail to fold, no refusals that are remembered.
PEER_DATABASE_URL says where its database is.
"""

import datetime
import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Header, Response
from fastapi.exceptions import HTTPException
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from loadtests.peers.columns import TradeColumns
from loadtests.peers.trades import MARKET_TIME, Trade, cny, fen, grams

LIMIT_FEN = 800_000


class Base(DeclarativeBase):
    """The peer's tables, in their own database."""


class ApiKey(Base):
    """The API key of a caller, kept as a digest."""

    __tablename__ = "api_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[str]


class Resident(Base):
    """A registered resident."""

    __tablename__ = "resident"
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str]
    registered_on: Mapped[datetime.date]
    settlement: Mapped[str | None]


class AllowanceUse(Base):
    """How much of a day's allowance a resident has used."""

    __tablename__ = "allowance_use"
    resident: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[datetime.date] = mapped_column(primary_key=True)
    exempt_fen: Mapped[int]


class Entry(TradeColumns, Base):
    """A trade as it was recorded, with the indexes of Hushi's journal."""

    __tablename__ = "journal"
    seq: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    exempt_fen: Mapped[int] = mapped_column(sa.BigInteger)
    settlement: Mapped[str | None]
    __table_args__ = (
        sa.Index("ix_journal_resident_day", "resident", "day"),
        sa.Index("ix_journal_day", "day"),
        sa.Index("ix_journal_consignment", "consignment", postgresql_where=sa.text("consignment IS NOT NULL")),
        sa.Index("uq_journal_reference", "trade_point", "reference", unique=True),
    )


class KnownKey(Base):
    """An idempotency key, and the answer that it got."""

    __tablename__ = "idempotency"
    api_key: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    answer: Mapped[str]


class Answer(Trade):
    """The trade as it was recorded."""

    transaction_id: uuid.UUID
    kind: Literal["trade", "reversal"] = "trade"
    day: datetime.date
    settlement: str | None
    exempt_cny: str
    taxable_cny: str
    verdict: Literal["exempt", "partly_taxed", "taxed", "export"]
    recorded_at: datetime.datetime


engine = create_async_engine(
    os.environ.get("PEER_DATABASE_URL", "postgresql+asyncpg://"),
    pool_size=int(os.environ.get("PEER_POOL_SIZE", "64")),
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    """A session for the request."""
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def caller(database: Session, authorization: Annotated[str, Header()] = "") -> ApiKey:
    """The API key of the request."""
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    found = await database.scalar(sa.select(ApiKey).where(ApiKey.digest == digest))
    if found is None:
        raise HTTPException(401, "unauthenticated")
    if "transactions:write" not in found.scopes:
        raise HTTPException(403, "forbidden")
    return found


async def _allowance(database: AsyncSession, resident: int, day: datetime.date) -> AllowanceUse:
    """Makes the allowance row if it does not exist, locks it and returns it."""
    fresh = insert(AllowanceUse).values(resident=resident, day=day, exempt_fen=0).on_conflict_do_nothing()
    await database.execute(fresh)
    where = (AllowanceUse.resident == resident, AllowanceUse.day == day)
    return (await database.scalars(sa.select(AllowanceUse).where(*where).with_for_update())).one()


async def _record(database: AsyncSession, trade: Trade) -> Answer:
    """Judges and records a trade."""
    resident = await database.get(Resident, int(trade.resident_id[1:]))
    if resident is None:
        raise HTTPException(422, "unknown-resident")
    day = trade.traded_at.astimezone(MARKET_TIME).date()
    if resident.status != "active" or resident.registered_on > day:
        raise HTTPException(422, "resident-not-active")
    amount_fen = exempt_fen = fen(trade.amount_cny)
    if trade.direction == "import":
        use = await _allowance(database, resident.ordinal, day)
        exempt_fen = min(amount_fen, LIMIT_FEN - use.exempt_fen)
        if exempt_fen < amount_fen and trade.over_allowance == "refuse":
            raise HTTPException(422, "allowance-exceeded")
        use.exempt_fen += exempt_fen
    entry = Entry(
        transaction_id=uuid.uuid4(), resident=resident.ordinal, day=day, amount_fen=amount_fen, exempt_fen=exempt_fen,
        quantity_g=grams(trade.quantity_kg), recorded_at=datetime.datetime.now(datetime.UTC),
        settlement=resident.settlement, details=trade.metadata,
        **trade.model_dump(exclude={"resident_id", "quantity_kg", "amount_cny", "over_allowance", "metadata"}),
    )  # fmt: skip
    database.add(entry)
    verdict = "exempt" if exempt_fen == amount_fen else "partly_taxed" if exempt_fen else "taxed"
    recorded: dict[str, Any] = {
        **trade.model_dump(), "transaction_id": entry.transaction_id, "day": day, "settlement": resident.settlement,
        "exempt_cny": cny(exempt_fen), "taxable_cny": cny(amount_fen - exempt_fen),
        "verdict": "export" if trade.direction == "export" else verdict, "recorded_at": entry.recorded_at,
    }  # fmt: skip
    return Answer.model_construct(**recorded)


@app.post("/v1/transactions", status_code=201, response_model=Answer)
async def post_transaction(
    trade: Trade,
    database: Session,
    api_key: Annotated[ApiKey, Depends(caller)],
    idempotency_key: Annotated[str, Header(min_length=1, max_length=255)],
) -> Response:
    """Records a trade once."""
    fingerprint = hashlib.sha256(trade.model_dump_json().encode()).digest()
    known = await database.get(KnownKey, (api_key.id, idempotency_key))
    if known is not None:
        if known.fingerprint != fingerprint:
            raise HTTPException(422, "idempotency-key-reused")
        replayed = {"Idempotency-Replayed": "true"}
        return Response(known.answer, 201, replayed, "application/json")
    answer = (await _record(database, trade)).model_dump_json()
    database.add(KnownKey(api_key=api_key.id, key=idempotency_key, fingerprint=fingerprint, answer=answer))
    await database.commit()
    return Response(answer, 201, media_type="application/json")
