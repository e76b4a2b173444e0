"""Measures reports in a process that has prepared everything: `python loadtests/inside/questions.py ENGINE COUNT`.

The ledger is that of loadtests.histories with COUNT transactions, which the build has made for itself. Some questions
are asked again and again, the others were never asked before. It prints the milliseconds of each, without HTTP.
"""

import gc
import sys
import time
from collections.abc import Callable

import orjson

from loadtests.histories import history
from loadtests.questions import EIGHT_MONTHS, HEADLINE, TWO_YEARS, never_asked
from service.domain.reports import Question
from service.queries.reports import Reporter
from service.server.memory import look_for_cycles_rarely

AGAIN, NEVER_ASKED = 100, 1000


def asked(reporter: Reporter) -> dict[str, tuple[int, Callable[[], object]]]:
    """The questions by name, and how often each is asked."""
    questions = never_asked()

    def by(*dimensions: str) -> Question:
        return Question(EIGHT_MONTHS, "yoy", dimensions)

    months = Question(TWO_YEARS, "yoy", ("month",))
    return {
        "by category": (AGAIN, lambda: reporter.trade(HEADLINE)),
        "by origin and month": (AGAIN, lambda: reporter.trade(by("origin", "month"))),
        "by group": (AGAIN, lambda: reporter.trade(by("group_id"))),
        "by settlement": (AGAIN, lambda: reporter.trade(by("settlement"))),
        "residents": (AGAIN, lambda: reporter.residents(by())),
        "series of 24 months": (AGAIN, lambda: reporter.series(months, "residents")),
        "never asked": (NEVER_ASKED, lambda: reporter.trade(next(questions))),
    }


def main(engine: str, count: int) -> None:
    """Asks, and prints how long each question took."""
    look_for_cycles_rarely()  # Every process of Hushi does this.
    with history(engine, count) as ledger:
        reporter = Reporter(ledger)
        reporter.warm_up()
        gc.collect()
        gc.freeze()
        found: dict[str, list[float]] = {}
        for name, (times, ask) in asked(reporter).items():
            ask()
            found[name] = [_ms(ask) for _ in range(times)]
    print(orjson.dumps(found).decode())


def _ms(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
