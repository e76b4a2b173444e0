"""A market of twelve trades for the tests of what went on: it sends goods on, and compares reports with a recount."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from service.commands.posting import post
from service.domain.periods import Period
from service.domain.processing_report import processing_report
from service.domain.reports import Question
from service.ledger import Ledger
from service.queries.reports import Reporter
from tests.recounting import PlainRecount, read_journal
from tests.small_market import opened, post_of
from tests.small_transfers import PlainTransfers, register_enterprises, send_on

WHOLE = Question(
    Period(datetime.date(2024, 1, 1), datetime.date(2024, 12, 31)), "none", ("enterprise_id", "category", "month")
)
DAY = datetime.date(2024, 7, 1)
HALF_G = 1000


@contextmanager
def twelve_trades(url: str, environment: dict[str, str]) -> Iterator[Ledger]:
    """A ledger with two enterprises, and twelve trades of 2 kg by four residents, two categories in turn."""
    with opened(url, environment) as ledger:
        register_enterprises(ledger, 2)
        post(
            ledger,
            [
                post_of({
                    "resident_id": f"R{n % 4 + 1:08d}", "category": ("meat", "grain")[n % 2], "quantity_kg": "2",
                    "amount_cny": f"{100 + n}.00", "traded_at": "2024-06-03T10:00:00+08:00",
                })
                for n in range(12)
            ],
        )  # fmt: skip
        yield ledger


def send(ledger: Ledger, *places: int, enterprise: int = 1, grams: int = 2 * HALF_G) -> int:
    """Sends grams of each of these trades on, and returns the number of the transfer."""
    return send_on(ledger, enterprise, "processing", DAY, dict.fromkeys(places, grams))


def agrees(ledger: Ledger, reporter: Reporter | None = None) -> bool:
    """Whether a process, or a new one, reports both ways what a plain recount says."""
    plain, trades = PlainTransfers(ledger), PlainRecount(read_journal(ledger))
    return all(
        (reporter or Reporter(ledger)).processing(WHOLE, on).answer
        == processing_report(WHOLE, on, plain.totals, trades.totals)
        for on in ("traded", "transferred")
    )
