"""Fresh ledgers on both engines, and a market's postings to fill them with: deterministic, in Erenhot's shape."""

import contextlib
import datetime
import pathlib
import random
import tempfile
import uuid
from collections.abc import Iterator

from service.commands.posting import Post
from service.commands.residents import Registration, register
from service.config import Settings
from service.domain.idempotency import key_digest, trade_fingerprint
from service.domain.transactions import MARKET_TIME, Trade
from service.ledger import Ledger, open_ledger
from service.storage import schema
from service.vault import create_secrets
from tests import postgresql
from tests.builders import a_citizen_number, a_key

FIRST_DAY = datetime.date(2023, 1, 2)
GOODS = (
    ("meat", "熟牛肉", "16025010", "MN", 1670),
    ("meat", "冻马肉", "02050000", "MN", 2400),
    ("grain", "亚麻籽", "12040000", "RU", 290),
    ("grain", "小麦粉", "11010000", "MN", 380),
    ("wool", "山羊绒", "51021920", "MN", 24000),
    ("packaged_food", "卤牛肉", "16025090", "MN", 7000),
)


@contextlib.contextmanager
def settings_on(engine: str, *, fsync: bool = True) -> Iterator[Settings]:
    """Settings of a database that does not exist yet: `sqlite` in a folder, `postgresql` on a server of its own."""
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="hushi-load-", ignore_cleanup_errors=True)
        folder = pathlib.Path(stack.enter_context(temporary))
        url = f"sqlite:///{folder}/hushi.db"
        if engine == "postgresql":
            server = stack.enter_context(postgresql.running({"fsync": "on", "full_page_writes": "on"} if fsync else {}))
            server.execute("CREATE DATABASE hushi")
            url = server.url("hushi")
        create_secrets(folder / "secrets.json")
        yield Settings(url, folder, folder / "secrets.json", False, "ERROR")


@contextlib.contextmanager
def ledger_on(engine: str, *, fsync: bool = True) -> Iterator[Ledger]:
    """A fresh, migrated ledger."""
    with settings_on(engine, fsync=fsync) as settings:
        ledger = open_ledger(settings)
        schema.upgrade(ledger.database, ledger.vault.macs)
        try:
            yield ledger
        finally:
            ledger.database.close()


def register_residents(ledger: Ledger, count: int) -> None:
    """Registers residents R00000001 to R<count>, each in one of twelve settlements."""
    for number in range(count):
        settlement = f"社区{number % 12 + 1}"
        register(ledger, Registration("阿拉坦其其格", a_citizen_number(number), FIRST_DAY, None, settlement, None))


def postings(count: int, residents: int, seed: int = 1) -> Iterator[Post]:
    """A market's trades over two years: a resident trades about once a day, a truck is shared by fifty."""
    chance = random.Random(seed)
    for number in range(count):
        category, commodity, hs_code, origin, price_fen = chance.choice(GOODS)
        quantity_g = chance.randrange(20_000, 460_000, 500)
        day = FIRST_DAY + datetime.timedelta(days=number * 730 // count)
        moment = datetime.time(9 + number % 8, chance.randrange(60), chance.randrange(60), tzinfo=MARKET_TIME)
        trade = Trade(
            resident=chance.randrange(residents) + 1,
            category=category,
            commodity=commodity,
            origin=origin,
            quantity_g=quantity_g,
            amount_fen=max(1, min(900_000, quantity_g * price_fen // 1000)),
            traded_at=datetime.datetime.combine(day, moment),
            hs_code=hs_code,
            consignment=f"P{day:%m%d}-{number // 50 % 40}",
            vehicle_plate=f"蒙H{10000 + number // 50 % 90000}",
            reference=f"EL-{day:%Y}-{number:08d}",
        )
        digest = key_digest(1, "transactions", str(uuid.UUID(int=chance.getrandbits(128), version=4)))
        yield Post(digest, trade_fingerprint(trade), "load", trade)


def fresh_posts(count: int, residents: int, seed: int = 1) -> list[Post]:
    """The same trades under new keys and without references, so that those of two calls do not meet."""
    trades = [entry.trade._replace(reference=None) for entry in postings(count, residents, seed)]
    return [Post(key_digest(1, "t", a_key()), trade_fingerprint(trade), "t", trade) for trade in trades]
