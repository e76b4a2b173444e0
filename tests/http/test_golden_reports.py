"""Golden reports over HTTP: the history before and after folding and in between, comparisons, base periods."""

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from service.commands.folding import fold, fold_all
from service.ledger import Ledger
from tests.builders import a_key, a_trade
from tests.cases import read_cases
from tests.conftest import Caller

RESIDENTS, STEPS, REPORTS = read_cases("history")


def _play(caller: Caller, steps: list[Any], after_each: Callable[[int], object] = lambda _: None) -> None:
    accepted: list[str] = []
    for number, step in enumerate(steps):
        answer = caller.reverse(accepted[step["reverse"]]) if "reverse" in step else caller.trade(step["post"])
        if "post" in step and answer.status_code == 201:
            accepted.append(answer.get_json()["transaction_id"])
        after_each(number)


def _query(report: dict[str, Any]) -> dict[str, str]:
    return {
        "from": report["from"],
        "to": report["to"],
        "by": ",".join(report["by"]),
        "compare": report["compare"],
        **{name: ",".join(values) for name, values in report["filters"].items()},
    }


def _compare_with_golden_reports(caller: Caller) -> None:
    for expected in REPORTS["reports"]:
        answer = caller.get("/v1/reports/trade", query_string=_query(expected))
        assert answer.status_code == 200, answer.text
        document = answer.get_json()
        base = document["base_period"]
        assert (None if base is None else [base["from"], base["to"]]) == expected["base_period"]
        assert document["total"] == expected["total"]
        rows = [{name: value for name, value in row.items() if name != "share_pct"} for row in document["rows"]]
        assert sorted(rows, key=lambda row: sorted(row["key"].items())) == sorted(
            expected["rows"], key=lambda row: sorted(row["key"].items())
        )


@pytest.mark.parametrize("moment", ["never folded", "folded at the end", "folded every ten steps", "folded every step"])
def test_the_golden_reports_are_the_same_whenever_the_tail_is_folded(
    ledger: Ledger, admin: Caller, moment: str
) -> None:
    admin.register(RESIDENTS["residents"])
    every = {"folded every ten steps": 10, "folded every step": 1}.get(moment)
    _play(admin, STEPS["steps"], lambda number: every and number % every == 0 and fold(ledger))
    if moment == "folded at the end":
        _compare_with_golden_reports(admin)
        fold_all(ledger)
    _compare_with_golden_reports(admin)


def test_a_report_that_was_asked_before_each_step_follows_the_ledger(ledger: Ledger, admin: Caller) -> None:
    """The cube of the process is brought up to date from wherever it stood, prepared or not."""
    admin.register(RESIDENTS["residents"])
    reporter = admin.client.application.extensions["hushi"].reporter

    def ask_and_fold(number: int) -> None:
        admin.get("/v1/reports/trade?period=2024&by=category,origin")
        if number % 7 == 0:
            fold(ledger)
        if number % 5 == 0:
            reporter.stay_warm()
            reporter.stay_warm()

    _play(admin, STEPS["steps"], ask_and_fold)


def _postable(amount: str) -> Iterator[str]:
    """An amount in parts that one trade may have; none of nothing."""
    left, most = Decimal(amount), Decimal("9999999999.99")
    while left:
        yield f"{min(left, most):.2f}"
        left -= min(left, most)


def test_the_golden_comparisons_are_met_by_posted_trades(admin: Caller) -> None:
    """Each case on a day of its own and a year before; what no live trade can be, a negative sum, is a pure test's."""
    admin.register(1)
    cases = [case for case in read_cases("growth") if "-" not in case["current"] + case["base"]]
    first = datetime.date(2023, 3, 1)
    days = [first + datetime.timedelta(days=number) for number in range(len(cases))]
    assert len(cases) >= 10
    trades = [
        a_trade(key=a_key(), traded_at=f"{when}T10:00:00+08:00", amount_cny=part)
        for day, case in zip(days, cases, strict=True)
        for when, amount in ((day, case["base"]), (day.replace(year=2024), case["current"]))
        for part in _postable(amount)
    ]
    posted = admin.post("/v1/transactions/batch", {"items": trades})
    assert posted.get_json()["accepted"] == len(trades), posted.text
    for day, case in zip(days, cases, strict=True):
        total = admin.get(f"/v1/reports/trade?period={day.replace(year=2024)}").get_json()["total"]
        assert total["amount_cny"] == case


@pytest.mark.parametrize("compare", ["yoy", "previous"])
def test_the_golden_base_periods_are_met(ledger: Ledger, admin: Caller, compare: str) -> None:
    # All of their periods are over by then; one that is not over has another base.
    object.__setattr__(ledger, "clock", lambda: datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    for case in read_cases("base_periods"):
        path = f"/v1/reports/trade?from={case['from']}&to={case['to']}&compare={compare}"
        assert list(admin.get(path).get_json()["base_period"].values()) == case[compare]
