"""The least that records a trade durably: FastAPI, pydantic, SQLAlchemy's ORM on asyncpg, or on aiosqlite.

Each request is one database transaction, which is committed to disk before the answer. It inserts the entry and adds
its amount to the resident's total of the day. There is no API key, no idempotency key, no replay, no resident that has
to exist, no limit, and no index but the primary keys. So this is not what a market could use; it shows what the pieces
cost of which such a service is made. PEER_DATABASE_URL says where its database is.
"""

import datetime
import os
import uuid
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Response
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from loadtests.peers.columns import TradeColumns
from loadtests.peers.trades import MARKET_TIME, Trade, cny, fen, grams

SQLITE_WAITS_MS = 60_000
COPIED = (
    "category", "commodity", "origin", "direction", "trade_point", "traded_at", "hs_code", "consignment",
    "vehicle_plate", "seller", "reference",
)  # fmt: skip
HOW_SQLITE_WRITES = ("PRAGMA synchronous", "PRAGMA journal_mode")
HOW_POSTGRESQL_WRITES = ("SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes")


class Base(DeclarativeBase):
    """The thin peer's tables, in their own database."""


class DayTotal(Base):
    """What a resident has traded on a day."""

    __tablename__ = "day_total"
    resident: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[datetime.date] = mapped_column(primary_key=True)
    amount_fen: Mapped[int] = mapped_column(sa.BigInteger)


class Entry(TradeColumns, Base):
    """A trade as it was recorded."""

    __tablename__ = "entry"
    transaction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Recorded(Trade):
    """The trade as it was recorded, and the resident's total of the day with it."""

    transaction_id: uuid.UUID
    day: datetime.date
    day_total_cny: str
    recorded_at: datetime.datetime


engine = create_async_engine(
    os.environ.get("PEER_DATABASE_URL", "postgresql+asyncpg://"),
    pool_size=int(os.environ.get("PEER_POOL_SIZE", "64")),
    max_overflow=0,
    pool_timeout=60,
)
is_sqlite = engine.dialect.name == "sqlite"
sessions = async_sessionmaker(engine, expire_on_commit=False)
insert: Any = sqlite.insert if is_sqlite else postgresql.insert
app = FastAPI()

if is_sqlite:

    @sa.event.listens_for(engine.sync_engine, "connect")
    def write_to_disk(connection: Any, _record: object) -> None:
        """Lets each commit reach the disk before it returns, as Hushi does on SQLite."""
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={SQLITE_WAITS_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


_fresh = insert(DayTotal.__table__).values(
    resident=sa.bindparam("resident"), day=sa.bindparam("day"), amount_fen=sa.bindparam("amount_fen")
)
ADD_TO_THE_DAY = _fresh.on_conflict_do_update(
    index_elements=["resident", "day"],
    set_={"amount_fen": DayTotal.__table__.c.amount_fen + _fresh.excluded.amount_fen},
).returning(DayTotal.__table__.c.amount_fen)
"""Made once, and of the table: made for each request, of the mapped class, it would cost more."""


@app.post("/v1/transactions", status_code=201, response_model=Recorded)
async def post_transaction(trade: Trade) -> Response:
    """Records a trade."""
    resident, day = int(trade.resident_id[1:]), trade.traded_at.astimezone(MARKET_TIME).date()
    amount_fen, told = fen(trade.amount_cny), trade.__dict__
    entry = Entry(
        transaction_id=uuid.uuid4(), resident=resident, day=day, amount_fen=amount_fen,
        quantity_g=grams(trade.quantity_kg), recorded_at=datetime.datetime.now(datetime.UTC), details=trade.metadata,
        **{name: told[name] for name in COPIED},
    )  # fmt: skip
    async with sessions() as database:
        database.add(entry)
        await database.flush()  # Afterwards comes the row that others may wait for, and right after it the commit.
        of_day = {"resident": resident, "day": day, "amount_fen": amount_fen}
        total_fen: int = (await database.execute(ADD_TO_THE_DAY, of_day)).scalar_one()
        await database.commit()
    recorded = Recorded.model_construct(
        **told,
        transaction_id=entry.transaction_id,
        day=day,
        day_total_cny=cny(total_fen),
        recorded_at=entry.recorded_at,
    )
    return Response(recorded.model_dump_json(), 201, media_type="application/json")


@app.get("/durability")
async def durability() -> str:
    """What the database says about its durability, asked on a connection that writes."""
    asked = HOW_SQLITE_WRITES if is_sqlite else HOW_POSTGRESQL_WRITES
    async with sessions() as database:
        found = [(one.split()[1], await database.scalar(sa.text(one))) for one in asked]
    return ", ".join(f"{name}={said}" for name, said in found)
