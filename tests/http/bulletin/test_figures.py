"""The monthly bulletin: the figures of the other reports, commodities recounted, one position, and its days."""

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.bulletin_document import INDICATORS, RESIDENTS
from service.commands.folding import fold_all
from service.ledger import Ledger
from service.storage import commodities
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.http.bulletin.conftest import BULLETIN, MONTH, ask

TABLES = {
    "categories": "category", "origins": "origin", "groups": "group_id", "settlements": "settlement",
    "trade_points": "trade_point", "days": "day", "directions": "direction",
}  # fmt: skip


@pytest.mark.parametrize("is_folded", [False, True], ids=["with a tail", "folded"])
def test_its_figures_are_those_of_the_other_reports(ledger: Ledger, market: Caller, is_folded: bool) -> None:
    if is_folded:
        fold_all(ledger)
    bulletin = ask(market, BULLETIN)
    for table, dimension in TABLES.items():
        assert bulletin[table] == ask(market, f"/v1/reports/trade?period={MONTH}&by={dimension}")["rows"], table
        assert bulletin[table]
    assert bulletin["months"] == ask(market, "/v1/reports/trade?ytd=2024-04-30&by=month")["rows"]
    spans = {"month": f"period={MONTH}", "previous": f"period={MONTH}&compare=previous", "year": "ytd=2024-04-30"}
    indicators = {row["indicator"]: row for row in bulletin["main_indicators"]}
    assert tuple(indicators) == INDICATORS
    for span, question in spans.items():
        totals = {
            **ask(market, f"/v1/reports/residents?{question}")["total"],
            **ask(market, f"/v1/reports/trade?{question}")["total"],
        }
        assert {name: row[span] for name, row in indicators.items()} == {name: totals[name] for name in INDICATORS}
    assert indicators["amount_cny"]["previous"]["base"] != indicators["amount_cny"]["month"]["base"]


def test_commodities_are_a_plain_recount(ledger: Ledger, market: Caller) -> None:
    items = ask(market, "/v1/transactions?limit=500")["items"]
    reversed_ids = {item["reverses"] for item in items}
    wanted: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [Decimal(0), 0, Decimal(0)])
    for item in items:
        if item["kind"] == "trade" and item["transaction_id"] not in reversed_ids:
            found = wanted[item["category"], item["commodity"]]
            if item["day"].startswith(MONTH):
                found[0] += Decimal(item["amount_cny"])
                found[1] += 1
            if item["day"].startswith("2023-04"):
                found[2] += Decimal(item["amount_cny"])
    bulletin = ask(market, BULLETIN)
    told = {
        tuple(row["key"].values()): [
            Decimal(row["amount_cny"]["current"]), row["transactions"]["current"], Decimal(row["amount_cny"]["base"]),
        ]
        for row in bulletin["commodities"]
    }  # fmt: skip
    assert told == {goods: figures for goods, figures in wanted.items() if figures[1]}
    amounts = [Decimal(row["amount_cny"]["current"]) for row in bulletin["commodities"]]
    assert amounts == sorted(amounts, reverse=True)
    new = next(row for row in bulletin["commodities"] if row["key"]["commodity"] == "卤牛肉")
    assert (new["amount_cny"]["growth_pct"], new["amount_cny"]["reason"]) == (None, "base_zero")
    fold_all(ledger)
    assert ask(market, BULLETIN)["commodities"] == bulletin["commodities"]


def test_there_are_ten_commodities_at_most(admin: Caller) -> None:
    admin.register(1)
    for n in range(12):
        admin.trade(a_trade(commodity=f"货{n}", amount_cny=f"{n + 1}.00", traded_at=f"{MONTH}-02T09:00:00+08:00"))
    told = ask(admin, BULLETIN)["commodities"]
    assert [row["key"]["commodity"] for row in told] == [f"货{n}" for n in range(11, 1, -1)]
    assert told[0]["share_pct"] == "15.38", "of everything, not of the ten"


def test_commodities_are_of_the_same_state_as_all_else(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody posts after the cube was asked and before the journal is: the bulletin knows nothing of it."""
    _post_in_between(ledger, market, monkeypatch, same_snapshot=True)
    assert _commodity_sum(bulletin := ask(market, BULLETIN)) == _amount(bulletin)


def test_from_another_snapshot_they_would_not_be(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post_in_between(ledger, market, monkeypatch, same_snapshot=False)
    assert _commodity_sum(bulletin := ask(market, BULLETIN)) != _amount(bulletin)


def _post_in_between(ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch, *, same_snapshot: bool) -> None:
    sums_of = commodities.sums_of
    headers = market.headers

    def late(connection: sa.Connection, *told: Any) -> Any:
        other = Caller(market.client.application.test_client(), None)
        other.headers = headers
        assert other.trade(a_trade(traded_at=f"{MONTH}-03T09:00:00+08:00")).status_code == 201
        if same_snapshot:
            return sums_of(connection, *told)
        with ledger.database.reading() as newer:
            return sums_of(newer, *told)

    monkeypatch.setattr(commodities, "sums_of", late)


def _commodity_sum(bulletin: Any) -> Decimal:
    return sum((Decimal(row["amount_cny"]["current"]) for row in bulletin["commodities"]), Decimal(0))


def _amount(bulletin: Any) -> Decimal:
    return Decimal(bulletin["main_indicators"][0]["month"]["current"])


def test_the_stock_of_residents_adds_up(market: Caller) -> None:
    market.post(
        "/v1/residents/R00000002/status", {"status": "cancelled", "reason": "moved", "effective_on": f"{MONTH}-12"}
    )
    told = {row["figure"]: row["month"] for row in ask(market, BULLETIN)["residents"]}
    assert tuple(told) == RESIDENTS
    # Four at the start; one came, one was cancelled, one expired on the 10th.
    assert [told[name] for name in RESIDENTS[:5]] == [4, 1, 1, 1, 3]


def test_exempt_and_taxable_add_up_to_the_value(market: Caller) -> None:
    market.trade(a_trade(resident_id="R00000003", amount_cny="12000.00", traded_at=f"{MONTH}-20T10:00:00+08:00"))
    *rows, total = ask(market, BULLETIN)["exempt_and_taxable"]
    for row in (*rows, total):
        parts = [Decimal(row[name]["current"]) for name in ("exempt_cny", "taxable_cny")]
        assert sum(parts) == Decimal(row["amount_cny"]["current"])
    assert total["key"] == {"category": None}
    reported = ask(market, f"/v1/reports/trade?period={MONTH}")["total"]
    assert all(total[name] == reported[name] for name in ("amount_cny", "exempt_cny", "taxable_cny"))
    taxable = Decimal(total["taxable_cny"]["current"])
    assert taxable >= 4000
    share = taxable / Decimal(total["amount_cny"]["current"]) * 100
    assert abs(Decimal(total["taxed_pct"]) - share) <= Decimal("0.005")


def test_imports_and_exports_are_never_one_figure_without_saying_so(market: Caller) -> None:
    for day, amount in ((f"{MONTH}-20", "5000.00"), ("2023-04-20", "700.00")):
        line = a_trade(direction="export", amount_cny=amount, traded_at=f"{day}T10:00:00+08:00")
        assert market.trade(line).status_code == 201
    items = ask(market, "/v1/transactions?limit=500")["items"]
    wanted: dict[str, list[Decimal]] = {"import": [Decimal(0)] * 3, "export": [Decimal(0)] * 3}
    for item in items:  # A reversal has the negative figures of its trade.
        if item["day"].startswith((MONTH, "2023-04")):
            is_base, found = item["day"] < "2024", wanted[item["direction"]]
            found[is_base] += Decimal(item["amount_cny"])
            found[2] += 0 if is_base else Decimal(item["exempt_cny"])
    bulletin = ask(market, BULLETIN)
    told = {row["key"]["direction"]: row for row in bulletin["directions"]}
    for direction, (current, base, exempt) in wanted.items():
        amount = told[direction]["amount_cny"]
        assert (Decimal(amount["current"]), Decimal(amount["base"])) == (current, base)
        assert Decimal(told[direction]["exempt_cny"]["current"]) == exempt
    total = bulletin["exempt_and_taxable"][-1]
    assert Decimal(total["amount_cny"]["current"]) == wanted["import"][0]
    assert Decimal(total["exempt_cny"]["current"]) == wanted["import"][2]
    for lang, words, exports in (
        ("zh", "进口免税与应税", "出口"), ("en", "Imports, exempt and taxable", "Exports"),
        ("mn", "Импорт, татвараас", "Экспорт"),
    ):  # fmt: skip
        page = market.get(f"{BULLETIN}&format=html&lang={lang}").text
        assert words in page
        assert f'<th scope="row">{exports}</th>' in page.partition('<section id="directions"')[2]
    for lang in ("zh", "en", "mn"):
        brief = ask(market, f"/v1/reports/brief?period={MONTH}&lang={lang}")
        claims = {claim["measure"]: claim for claim in brief["claims"]}
        for direction, (current, base, _) in wanted.items():
            claim = claims[f"direction:{direction}"]
            assert claim["phrase"] in brief["text"]
            assert (Decimal(claim["current"]), Decimal(claim["base"])) == (current, base)
        for narrowed in ("import", "export"):
            one = ask(market, f"/v1/reports/brief?period={MONTH}&lang={lang}&direction={narrowed}")
            assert not any(claim["measure"].startswith("direction:") for claim in one["claims"])


def test_an_empty_month_is_a_bulletin_of_zeros(admin: Caller) -> None:
    bulletin = ask(admin, BULLETIN)
    assert [row["month"]["current"] for row in bulletin["main_indicators"][:2]] == ["0.00", "0.00"]
    assert bulletin["main_indicators"][0]["month"]["reason"] == "both_zero"
    assert bulletin["categories"] == bulletin["commodities"] == bulletin["days"] == []
    assert "No trade in this month." in admin.get(f"{BULLETIN}&format=html&lang=en").text


def test_it_is_preliminary_until_the_month_is_over(ledger: Ledger, admin: Caller) -> None:
    today = ledger.today()
    running = ask(admin, f"/v1/reports/bulletin?month={today:%Y-%m}")
    assert (running["status"], running["cut_off"]) == ("preliminary", today.isoformat())
    over = ask(admin, BULLETIN)
    assert (over["status"], over["cut_off"]) == ("final", f"{MONTH}-30")
    page = admin.get(f"/v1/reports/bulletin?month={today:%Y-%m}&format=html").text
    assert "初步数" in page


def test_days_to_come_are_left_out(ledger: Ledger, admin: Caller) -> None:
    today = ledger.today()
    last = (today.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)
    admin.post("/v1/residents", a_registration(0, registered_on="2020-01-01"))
    for day in (today.replace(day=1), last):
        before = day.replace(year=day.year - 1, day=min(day.day, 28))
        assert admin.trade(a_trade(traded_at=f"{before}T10:00:00+08:00")).status_code == 201
    told = ask(admin, f"/v1/reports/bulletin?month={today:%Y-%m}")
    days = [row["key"]["day"] for row in told["days"]]
    assert days[0] == f"{today:%Y-%m}-01"
    assert all(day <= told["cut_off"] for day in days)


@pytest.mark.parametrize("moment", ["2024-04-30T15:59:59", "2024-04-30T16:00:00"])
def test_the_month_ends_at_midnight_of_the_market(moment: str) -> None:
    from service.domain.bulletin import Bulletin, Spans, processing_questions, top_commodities, trade_parts
    from service.domain.periods import parse_period
    from service.domain.processing_report import processing_report
    from service.domain.transactions import business_day
    from service.rendering.bulletin import bulletin_document

    month = parse_period(MONTH)
    today = business_day(datetime.datetime.fromisoformat(f"{moment}+00:00"))
    parts = trade_parts(month, today, lambda _period, _selection: {})
    spans = parts.trade
    empty = Spans(*(_registered(each) for each in (spans.month, spans.previous, spans.year)))
    nothing = {
        name: processing_report(question, "traded", lambda _period, _selection: {}, lambda _period, _selection: {})
        for name, question in processing_questions(month, today).items()
    }
    bulletin = Bulletin(month, parts, empty, top_commodities({}, {}), nothing)
    status = bulletin_document(bulletin, today, "0.0")["status"]
    assert status == ("preliminary" if moment.endswith("59:59") else "final")


def _registered(report: Any) -> Any:
    from service.domain.registry import Registry
    from service.queries.reports import _residents

    return _residents(Registry(), report.question, lambda _period, _selection: {})
