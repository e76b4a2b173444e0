"""When the parts of a consignment are traded, and what of a consignment can't be."""

import datetime
from typing import Any

import pytest

from service.domain.consignments import Consignment, ConsignmentLine, refuse_impossible_consignment, traded_at_of
from service.domain.errors import PersonalData, ValidationFailed
from service.domain.transactions import MARKET_TIME

LINE = ConsignmentLine("meat", "冻马肉", None, "MN", 25_000_000, 41_675_000)


def _at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}+08:00").astimezone(MARKET_TIME)


def _truck(arrived_at: str = "2024-06-30T09:30:00") -> Consignment:
    return Consignment("EL-17", "erenhot", None, None, _at(arrived_at), (LINE,))


@pytest.mark.parametrize(
    ("day", "now", "traded_at"),
    [
        ("2024-06-30", "2024-06-30T18:00:00", "2024-06-30T09:30:00"),
        ("2024-07-01", "2024-07-01T18:00:00", "2024-07-01T12:00:00"),
        ("2024-07-01", "2024-07-01T08:15:00", "2024-07-01T08:15:00"),
        ("2024-07-01", "2024-07-05T08:15:00", "2024-07-01T12:00:00"),
        ("2024-06-30", "2024-06-30T09:27:00", "2024-06-30T09:27:00"),
    ],
)
def test_parts_are_traded_at_the_arrival_or_at_midday_and_never_in_the_future(
    day: str, now: str, traded_at: str
) -> None:
    assert traded_at_of(_truck(), datetime.date.fromisoformat(day), _at(now)) == _at(traded_at)


@pytest.mark.parametrize(("day", "code"), [("2024-06-29", "too-early"), ("2024-07-02", "in-the-future")])
def test_a_day_before_the_arrival_and_a_day_to_come_are_refused(day: str, code: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        traded_at_of(_truck(), datetime.date.fromisoformat(day), _at("2024-07-01T23:59:59"))
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/day", code)]


def test_the_day_of_the_arrival_is_that_of_the_market() -> None:
    truck = _truck("2024-06-30T00:10:00")
    assert traded_at_of(truck, datetime.date(2024, 6, 30), _at("2024-06-30T08:00:00")) == truck.arrived_at
    with pytest.raises(ValidationFailed):
        traded_at_of(truck, datetime.date(2024, 6, 29), _at("2024-06-30T08:00:00"))


@pytest.mark.parametrize("name", ["consignment", "vehicle_plate", "seller", "trade_point", "/lines/0/commodity"])
def test_a_citizen_number_in_a_text_is_refused(name: str) -> None:
    number = "152501199001011238"
    line = LINE._replace(commodity=f"肉 {number}")
    changes: dict[str, Any] = {"lines": (line,)} if name.startswith("/") else {name: f"a {number}"}
    with pytest.raises(PersonalData) as refused:
        refuse_impossible_consignment(_truck()._replace(**changes), _at("2024-07-01T12:00:00"))
    assert [error.pointer for error in refused.value.errors] == [f"/{name.removeprefix('/')}"]
    assert number not in str(refused.value)


def test_an_arrival_in_the_future_is_refused() -> None:
    refuse_impossible_consignment(_truck(), _at("2024-06-30T09:25:00"))
    with pytest.raises(ValidationFailed, match="5 minutes"):
        refuse_impossible_consignment(_truck(), _at("2024-06-30T09:24:59"))
