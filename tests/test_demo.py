"""The demo: an invented market whose totals are, to the fen, the figures that the bureau published."""

import datetime
import pathlib
import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from service.cli.welcome import welcome_text
from service.commands.posting import Outcome
from service.commands.residents import Registration, register
from service.config import read_settings
from service.demo.after_market_told import IN_2024, IN_ITS_SECOND_HALF, ToldFigures, after_market_text
from service.demo.calibration import TARGET_SPANS
from service.demo.filling import NotFilled, fill, steps
from service.demo.live import play
from service.demo.market import EXPORT, FLOURS, GOODS, TAXED_GOODS
from service.demo.plan import DemoPlan, make_plan
from service.domain.growth import ComparedShare, Comparison
from service.domain.periods import Period
from service.domain.reports import Question
from service.ledger import Ledger, open_ledger
from service.queries.reports import Reporter
from service.queries.rules import read_rulebook
from service.queries.verifying import verify
from service.rendering.brief import write_brief
from service.vault import create_secrets
from tests.servers import call_hushi

TO_APRIL = Period(datetime.date(2024, 1, 1), datetime.date(2024, 4, 30))
FIRST_HALF = Period(datetime.date(2024, 1, 1), datetime.date(2024, 6, 30))
YEAR = Period(datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
SECOND_HALF = Period(datetime.date(2024, 7, 1), datetime.date(2024, 12, 31))
PUBLISHED = {TO_APRIL: (13_000_000_000, 866_666_700), FIRST_HALF: (30_600_000_000, 6_298_370_000)}


@pytest.fixture(scope="module")
def plan() -> DemoPlan:
    return make_plan()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, sqlite_template: pathlib.Path) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(sqlite_template, folder / "hushi.db")
    create_secrets(folder / "secrets.json")
    return {"HUSHI_DATA_DIR": str(folder), "HUSHI_LOG_LEVEL": "WARNING"}


@pytest.fixture(scope="module")
def filled(environment: dict[str, str], plan: DemoPlan) -> Iterator[tuple[Ledger, int]]:
    """The demo's ledger, without waiting for the disk, and how far its filling has advanced."""
    ledger, advanced = open_ledger(read_settings(environment)), list[int]()
    sa.event.listen(ledger.database.engines[0], "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
    fill(ledger, plan, advanced.append)
    yield ledger, sum(advanced)
    ledger.database.close()


@pytest.fixture(scope="module")
def demo(filled: tuple[Ledger, int]) -> Ledger:
    return filled[0]


@pytest.fixture(scope="module")
def reporter(demo: Ledger) -> Reporter:
    return Reporter(demo)


def compared(measures: object, name: str) -> Comparison:
    assert isinstance(measures, dict)
    value = measures[name]
    assert isinstance(value, Comparison)
    return value


def count(ledger: Ledger, where: str) -> int:
    with ledger.database.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM journal WHERE {where}").scalar_one())


@pytest.mark.parametrize("period", [TO_APRIL, FIRST_HALF])
def test_value_is_what_was_published_to_the_fen(reporter: Reporter, period: Period) -> None:
    amount = compared(reporter.trade(Question(period)).answer.total, "amount_fen")
    assert (amount.current, amount.base) == PUBLISHED[period]
    assert amount.growth_pct == {TO_APRIL: 140_000, FIRST_HALF: 38_584}[period]


def test_person_times_to_april_are_a_little_over_35_000(reporter: Reporter) -> None:
    participations = compared(reporter.trade(Question(TO_APRIL)).answer.total, "participations")
    assert 35_000 < participations.current < 35_100
    assert (participations.current, participations.base) == (
        TARGET_SPANS[3].participations,
        TARGET_SPANS[0].participations,
    )


def test_lines_per_participation_are_few(reporter: Reporter) -> None:
    total = reporter.trade(Question(FIRST_HALF)).answer.total
    assert 1.0 < compared(total, "transactions").current / compared(total, "participations").current < 1.2


def test_registered_residents_have_quadrupled_since_the_end_of_2023(reporter: Reporter) -> None:
    total = reporter.residents(Question(TO_APRIL)).answer.total
    assert compared(total, "registered_at_start").current == 1_525
    assert compared(total, "registered_at_end").current == 6_142
    assert 4 <= 6_142 / 1_525 < 4.05
    later = reporter.residents(Question(FIRST_HALF)).answer
    assert compared(later.total, "registered_at_end").current == 6_328
    before = Question(Period(datetime.date(2022, 12, 31), datetime.date(2022, 12, 31)), compare="none")
    assert reporter.residents(before).answer.total["registered_at_end"] == 1_180


def test_the_brief_says_what_the_bureau_said(reporter: Reporter) -> None:
    facts = reporter.brief(Question(TO_APRIL), datetime.date(2024, 7, 1)).answer
    text = write_brief(facts, "zh").text
    for phrase in ("边民互市贸易额1.3亿元，同比增长约14倍", "3.5万人次", "6100余人", "翻两番", "预包装食品为新增品类"):
        assert phrase in text, text
    half = write_brief(reporter.brief(Question(FIRST_HALF), datetime.date(2024, 7, 1)).answer, "zh").text
    assert "3.06亿元" in half
    assert "385.84%" in half


def test_the_year_2024_is_what_was_published_and_515_million_of_it_went_on_to_processing(reporter: Reporter) -> None:
    """The seed's sentence: "it traded 534 M CNY, of which about 515 M went to landing processing"."""
    assert compared(reporter.trade(Question(YEAR)).answer.total, "amount_fen").current == 53_400_000_000
    assert _processed(reporter, YEAR) == IN_2024
    assert round(IN_2024.amount_fen / 100_000_000) == 515


def test_96_40_percent_of_the_imports_of_the_second_half_went_on_to_processing(reporter: Reporter) -> None:
    assert _processed(reporter, SECOND_HALF) == IN_ITS_SECOND_HALF
    assert IN_ITS_SECOND_HALF.share_of_imports == 9640
    report = reporter.processing(Question(SECOND_HALF, by=("purpose",))).answer
    growth = {str(row.key["purpose"]): compared(row.measures, "amount_fen") for row in report.rows}
    assert set(growth) == {"processing", "secondary_market"}
    assert growth["processing"].growth_pct == 48_801
    assert 0 < growth["secondary_market"].current < growth["processing"].current // 30
    enterprises = reporter.processing(Question(SECOND_HALF, by=("enterprise_id",))).answer.rows
    assert [row.key["enterprise_id"] for row in enterprises] == ["E00000001", "E00000002", "E00000003"]


def _processed(reporter: Reporter, period: Period) -> ToldFigures:
    filters = (("purpose", frozenset({"processing"})),)
    report = reporter.processing(Question(period, filters=filters)).answer
    total, of_imports = report.total, report.of_imports
    assert isinstance(of_imports, ComparedShare)
    assert of_imports.current is not None
    return ToldFigures(
        compared(total, "amount_fen").current, of_imports.current, compared(total, "enterprises").current
    )


def test_the_demo_says_what_it_tells(demo: Ledger, tmp_path: pathlib.Path) -> None:
    told = after_market_text(demo)
    for said in ("invented", "of 534,000,000.00 CNY", "216,516,042.96 CNY, 96.40 % of the imports, to 2 enterprises"):
        assert said in told
    assert told in welcome_text(demo, tmp_path, 8123)


def test_packaged_food_is_new_in_2024(reporter: Reporter) -> None:
    rows = reporter.trade(Question(FIRST_HALF, by=("category", "year"))).answer.rows
    now = {str(row.key["category"]) for row in rows if compared(row.measures, "transactions").current}
    before = {str(row.key["category"]) for row in rows if compared(row.measures, "transactions").base}
    assert before == {"meat", "grain", "wool"}
    assert now == before | {"packaged_food"}


def test_settlements_groups_and_countries_are_those_of_the_market(reporter: Reporter, plan: DemoPlan) -> None:
    question = Question(FIRST_HALF, by=("settlement",))
    assert len(reporter.residents(question).answer.rows) == 12
    groups = reporter.trade(Question(FIRST_HALF, by=("group_id",))).answer.rows
    assert len(groups) == len(plan.groups) + 1
    assert {group.kind for group in plan.groups} == {"mutual_aid", "cooperative", "village"}
    assert 0.57 < sum(person.group is not None for person in plan.residents) / len(plan.residents) < 0.63
    origins = {str(row.key["origin"]) for row in reporter.trade(Question(FIRST_HALF, by=("origin",))).answer.rows}
    assert origins == {"MN", "RU", "BY", "KZ", "CN"}
    points = {
        str(row.key["trade_point"]) for row in reporter.trade(Question(FIRST_HALF, by=("trade_point",))).answer.rows
    }
    assert points == {"erenhot", "erenhot-city"}


def test_hs_codes_fit_and_a_truck_is_shared_by_a_dozen_residents_or_more(plan: DemoPlan, demo: Ledger) -> None:
    rules = read_rulebook(demo).on(datetime.date(2024, 6, 29))
    assert all(rules.allows(good.category, good.hs_code) for good in (*GOODS, *FLOURS, *TAXED_GOODS, EXPORT))
    sharing: dict[tuple[object, ...], set[int]] = {}
    for trade in (planned.trade for planned in plan.trades if planned.trade.consignment):
        sharing.setdefault((trade.consignment, trade.vehicle_plate, trade.commodity), set()).add(trade.resident)
    assert sum(len(residents) for residents in sharing.values()) / len(sharing) > 12


def test_some_trades_are_reversed_taxed_partly_taxed_and_exported(demo: Ledger) -> None:
    assert count(demo, "reverses IS NOT NULL") > 100
    trades = "reverses IS NULL AND direction = 'import'"
    assert count(demo, f"{trades} AND exempt_fen = 0 AND hs_code LIKE '5101%'") > 20
    assert count(demo, f"{trades} AND exempt_fen > 0 AND exempt_fen < amount_fen AND hs_code NOT LIKE '1101%'") > 100
    assert count(demo, f"{trades} AND exempt_fen > 0 AND exempt_fen < amount_fen AND hs_code LIKE '1101%'") > 50
    assert count(demo, "reverses IS NULL AND direction = 'export'") > 100


def test_nothing_is_wrong_with_the_ledger(filled: tuple[Ledger, int], plan: DemoPlan) -> None:
    ledger, advanced = filled
    verified = verify(ledger)
    reversals = sum(planned.reversed_because is not None for planned in plan.trades)
    assert (verified.transactions, verified.tail) == (len(plan.trades) + reversals, 0)
    assert advanced == steps(plan)


def test_a_ledger_that_is_not_empty_is_refused(demo: Ledger, environment: dict[str, str], plan: DemoPlan) -> None:
    with pytest.raises(NotFilled, match="not empty"):
        fill(demo, plan)
    refused = call_hushi(environment, "demo")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "The ledger is not empty" in refused.stderr
    silent = call_hushi(environment, "demo", "--if-empty")
    assert (silent.exit_code, silent.stdout, silent.stderr) == (0, "", "")


def test_nothing_is_played_into_a_ledger_that_the_demo_has_not_filled(
    tmp_path: pathlib.Path, sqlite_template: pathlib.Path, environment: dict[str, str]
) -> None:
    """Not even one with residents: invented trades must not stand among real ones."""
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'real.db')}"
    real = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url}))
    register(real, Registration("阿拉坦", "152501199001011238", datetime.date(2023, 1, 3), None, None, group=None))
    real.database.close()
    refused = call_hushi(environment, "demo", "--live", "--database", url)
    assert refused.exit_code == 1
    assert "fill it first: hushi demo" in refused.stderr


def test_what_is_played_live_is_dated_now_and_accepted(demo: Ledger) -> None:
    heard: list[Outcome] = []

    def pause(_seconds: float) -> None:
        if len(heard) > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(demo, pause, heard.append)
    accepted = [outcome.transaction for outcome in heard if outcome.transaction is not None]
    assert accepted
    assert all(abs(trade.traded_at - demo.now()) < datetime.timedelta(minutes=1) for trade in accepted)
    before = demo.today() - datetime.timedelta(days=1)
    led_in = f"day > 20241231 AND day <= {before:%Y%m%d}"
    posted = count(demo, led_in)
    assert posted > 0
    with pytest.raises(KeyboardInterrupt):
        play(demo, pause, heard.append)
    assert count(demo, led_in) == posted, "what it leads in with is posted once"
