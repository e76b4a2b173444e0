"""The demo's plan: goods, prices, seasons, people and deliveries, before anything of it is recorded."""

import datetime
import random

import pytest

from schemas.transactions import TradeSchema
from service.demo.calibration import DraftTrade, Lot, calibrate
from service.demo.live import burst, lead_in_days
from service.demo.market import GOODS, Good
from service.demo.plan import DemoPlan, make_plan
from service.domain.enterprises import parse_credit_code
from service.domain.residents import parse_citizen_number, parse_name
from service.domain.transactions import MARKET_TIME

PRICES_CNY_PER_KG = {
    "熟牛肉": (15.5, 17.9), "冻马肉": (18, 30), "亚麻籽": (2.6, 3.2), "山羊绒": (185, 290), "无毛绒": (470, 760),
    "卤牛肉": (50, 90), "绵羊毛": (5, 15), "小麦粉": (2.5, 5),
}  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> DemoPlan:
    return make_plan()


def test_the_market_is_closed_on_sundays_and_holidays(plan: DemoPlan) -> None:
    days = {planned.trade.day for planned in plan.trades}
    assert (min(days), max(days)) == (datetime.date(2023, 1, 2), datetime.date(2024, 12, 31))
    assert not [day for day in days if day.weekday() == 6]
    assert not [day for day in days if datetime.date(2023, 1, 21) <= day <= datetime.date(2023, 1, 27)]
    assert not [day for day in days if datetime.date(2024, 2, 10) <= day <= datetime.date(2024, 2, 16)]
    assert not [day for day in days if day.month == 7 and 11 <= day.day <= 15]


def test_goods_keep_to_their_seasons(plan: DemoPlan) -> None:
    months: dict[str, list[int]] = {}
    for planned in plan.trades:
        months.setdefault(planned.trade.commodity, []).append(planned.trade.day.month)
    assert set(months["山羊绒"]) == {4, 5, 6, 7}
    assert max(range(1, 13), key=months["山羊绒"].count) == 5
    assert set(months["冻马肉"]) == {10, 11, 12, 1, 2, 3}
    assert set(months["亚麻籽"]) == {10, 11, 12, 1, 2, 3, 4}


def test_prices_stay_in_their_range(plan: DemoPlan) -> None:
    for trade in (planned.trade for planned in plan.trades):
        low, high = PRICES_CNY_PER_KG[trade.commodity]
        assert low <= trade.amount_fen * 10 / trade.quantity_g <= high, trade


def test_people_are_synthetic_and_valid(plan: DemoPlan) -> None:
    numbers = [person.id_number for person in plan.residents]
    assert len(set(numbers)) == len(numbers)
    assert [parse_citizen_number(number) for number in numbers] == numbers
    assert all(parse_name(person.name) == person.name for person in plan.residents)
    assert sum(person.cancelled_on is not None for person in plan.residents) == 82
    assert sum(person.suspended_on is not None for person in plan.residents) == 35


def test_two_plans_are_equal(plan: DemoPlan) -> None:
    assert make_plan() == plan


def test_goods_that_go_on_are_processed_with_plausible_yields(plan: DemoPlan) -> None:
    planned = plan.after_market
    assert [parse_credit_code(one.credit_code) for one in planned.enterprises]
    assert all("虚构" in one.name for one in planned.enterprises)
    put_in = {place for batch in planned.batches for place in batch.deliveries}
    for_processing = [place for place, one in enumerate(planned.deliveries) if one.purpose == "processing"]
    assert sorted(put_in) == for_processing
    for batch in planned.batches:
        numbers = [number for place in batch.deliveries for number in planned.deliveries[place].trades]
        input_g = sum(plan.trades[number].trade.quantity_g for number in numbers)
        assert 0.45 < sum(quantity_g for _, quantity_g in batch.outputs) / input_g < 0.99
    assert max(len(one.trades) for one in planned.deliveries) < 10_000


def test_today_is_led_in_by_the_month_so_far_and_the_same_days_of_the_year_before() -> None:
    led_in = lead_in_days(datetime.date(2026, 11, 25))
    assert led_in[0] == datetime.date(2025, 11, 1)
    assert datetime.date(2025, 11, 25) in led_in
    assert led_in[-1] == datetime.date(2026, 11, 24)
    assert datetime.date(2026, 11, 22) not in led_in, "a Sunday"
    assert lead_in_days(datetime.date(2028, 2, 29))[-1] == datetime.date(2028, 2, 28)
    assert lead_in_days(datetime.date(2026, 9, 1)) == [datetime.date(2025, 9, 1)]


def test_live_trades_are_in_season_and_in_the_market_s_time() -> None:
    late = datetime.datetime(2025, 5, 5, 23, 59, 59, tzinfo=datetime.UTC)
    trades = [trade for seed in range(50) for trade in burst(random.Random(seed), late, 6_000)]
    assert {trade.traded_at for trade in trades} == {datetime.datetime(2025, 5, 6, 7, 59, 59, tzinfo=MARKET_TIME)}
    assert "冻马肉" not in {trade.commodity for trade in trades}
    assert len({trade.resident for trade in trades}) > 50


def test_a_trade_of_the_demo_could_have_been_sent(plan: DemoPlan) -> None:
    planned = plan.trades[0].trade
    sent = {
        "resident_id": f"R{planned.resident:08d}", "category": planned.category, "commodity": planned.commodity,
        "origin": planned.origin, "quantity_kg": f"{planned.quantity_g / 1000:.3f}",
        "amount_cny": f"{planned.amount_fen / 100:.2f}", "traded_at": planned.traded_at.isoformat(),
        "hs_code": planned.hs_code, "trade_point": planned.trade_point, "consignment": planned.consignment,
        "vehicle_plate": planned.vehicle_plate, "seller": planned.seller, "reference": planned.reference,
    }  # fmt: skip
    assert TradeSchema().read(sent) == planned


def test_a_total_that_can_not_be_reached_is_an_error_and_not_a_near_miss() -> None:
    good: Good = GOODS[0]
    lines = [DraftTrade(1, datetime.date(2024, 1, 2), 0, Lot(good, 1670, "erenhot"), 100_000) for _ in range(3)]
    with pytest.raises(ValueError, match="can't be placed"):
        calibrate(lines, 3 * 800_000)
