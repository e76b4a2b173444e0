"""Periods at the ends of the calendar are answered, or refused with a reason, in every report and every format."""

import itertools

import pytest

from tests.builders import a_trade
from tests.conftest import Caller

PERIODS = (
    "period=0001", "period=9999", "period=9999-12-31", "period=9999-Q4", "period=1901-01", "ytd=9999-12-31",
    "ytd=0001-01-01", "from=9990-01-01&to=9999-12-31", "from=9989-12-31&to=9999-12-31", "from=0001-01-01&to=9999-12-31",
    "from=2014-03-01&to=2024-02-29", "from=2014-02-28&to=2024-02-29",
)  # fmt: skip
REPORTS = (
    "trade?by=year,origin", "trade?by=day&format=csv", "trade?by=category&format=xlsx", "residents?by=settlement",
    "series?measure=amount_cny&interval=month", "series?measure=residents&interval=year", "brief?lang=zh",
)  # fmt: skip
MONTHS = ("0001-01", "1901-01", "9999-12")
BULLETINS = tuple(
    f"bulletin?format={kind}&lang={lang}" for kind, lang in itertools.product(("json", "html", "xlsx"), ("en", "mn"))
)
OTHERS = (
    "transactions?from=0001-01-01&to=9999-12-31", "transactions?from=9999-12-31", "transactions?to=0001-01-01",
    "residents/R00000001/allowance?day=0001-01-01", "residents/R00000001/allowance?day=9999-12-31",
)  # fmt: skip


@pytest.fixture
def caller(admin: Caller) -> Caller:
    """Somebody whose ledger is not empty."""
    admin.register(1)
    assert admin.trade(a_trade()).status_code == 201
    return admin


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_report_of_an_extreme_period_is_answered_or_refused(caller: Caller) -> None:
    paths = [f"reports/{report}&{period}" for report, period in itertools.product(REPORTS, PERIODS)]
    paths += [f"{path}&compare={compare}" for path in paths[::4] for compare in ("previous", "none")]
    paths += [f"reports/{bulletin}&month={month}" for bulletin, month in itertools.product(BULLETINS, MONTHS)]
    answers = {path: caller.get(f"/v1/{path}") for path in [*paths, *OTHERS]}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code not in {200, 422}} == {}
    assert all(answer.get_json()["errors"] for answer in answers.values() if answer.status_code == 422)
    assert answers["reports/bulletin?format=html&lang=en&month=9999-12"].status_code == 200
    assert answers["reports/trade?by=year,origin&from=9990-01-01&to=9999-12-31"].status_code == 200
