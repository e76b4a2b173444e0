"""The dashboard's panel of what went on after the market: the report of processing, by enterprise and purpose."""

import datetime
import pathlib
from collections.abc import Iterator

import pytest

from service.config import Settings
from service.ledger import open_ledger
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration, a_trade
from tests.servers import environment_of_new_ledger, serving
from tests.small_transfers import live_imports, register_enterprises, send_on

JULY = datetime.date(2024, 7, 1)
ASKED = "period=2024-H1"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A ledger of some trades in two years; those of 2024 have gone on for the most part, served by a process."""
    folder = tmp_path_factory.mktemp("processing")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Bureau(server, environment)
        bearer = {"Authorization": f"Bearer {found.new_key('admin')}"}
        assert server.ask("POST", "/v1/residents", a_registration(0, registered_on="2022-03-01"), bearer)[0] == 201
        lines = [
            a_trade(
                key=str(n),
                amount_cny=f"{n}500.25",
                quantity_kg="10",
                traded_at=f"{2023 + n // 4}-03-0{n}T10:00:00+08:00",
            )
            for n in range(1, 9)
        ]
        status, answer, _ = server.ask("POST", "/v1/transactions/batch", {"items": lines}, bearer)
        assert (status, answer["refused"]) == (200, 0)
        _send_goods_on(environment)
        yield found


def _send_goods_on(environment: dict[str, str]) -> None:
    data = pathlib.Path(environment["HUSHI_DATA_DIR"])
    secrets = pathlib.Path(environment["HUSHI_SECRETS_FILE"])
    ledger = open_ledger(Settings(environment["HUSHI_DATABASE_URL"], data, secrets, False, "ERROR"))
    register_enterprises(ledger, 2)
    with ledger.database.reading() as connection:
        places = live_imports(connection, JULY)
    send_on(ledger, 1, "processing", JULY, dict.fromkeys(places[:6], 10_000), 4_200_00)
    send_on(ledger, 2, "secondary_market", JULY, {places[6]: 2_500})
    ledger.database.close()


def test_the_panel_shows_what_the_report_says(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in(ASKED)
    rows = bureau.report(f"/v1/reports/processing?{ASKED}&by=purpose")["rows"]
    said = clerk.page.text_content("#processing .purposes")
    assert [row["key"]["purpose"] for row in rows] == ["processing", "secondary_market"]
    for row, name in zip(rows, ("Landing processing", "Second market"), strict=True):
        assert name in said
        assert f"{float(row['amount_cny']['current']):,.2f}" in said
        assert f"Share of imports, % {row['share_of_imports_pct']['current']}" in said
    assert f"+{rows[0]['amount_cny']['growth_pct']}%" in said
    clerk.page.click("#processing summary")
    cells = clerk.page.eval_on_selector_all("#processing tbody tr", "all => all.map(row => row.innerText)")
    report = bureau.report(f"/v1/reports/processing?{ASKED}&by=enterprise_id,purpose")
    assert len(cells) == len(report["rows"]) == 2
    for line, row in zip(cells, report["rows"], strict=True):
        assert line.startswith(f"{row['key']['enterprise_id']}\t"), "a key that reads reports alone sees ids"
        assert line.endswith(f"\t{row['share_of_imports_pct']['current']}")
        assert f"{float(row['paid_cny']['current']):,.2f}" in line
    address = clerk.page.get_attribute("#processing .csv", "href")
    assert "/v1/reports/processing?" in address
    assert "by=enterprise_id,purpose&format=csv" in address
    assert clerk.page.query_selector("#processing .plot canvas") is not None
    assert clerk.complaints == []
    assert clerk.violations() == []
    clerk.page.set_viewport_size({"width": 360, "height": 800})
    assert clerk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling to the side"


def test_enterprises_have_names_for_keys_that_may_read_entries(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in(ASKED, key=bureau.new_key("admin"), state=False)
    clerk.wait_for_report()
    clerk.page.click("#processing summary")
    clerk.wait_until("document.querySelector('#processing table').innerText.includes('企业1')")
    assert "E00000001" not in clerk.page.text_content("#processing table")


def test_the_brief_on_the_page_tells_of_processing_without_a_link(clerk: Clerk) -> None:
    clerk.sign_in(ASKED)
    assert "went to landing processing" in clerk.page.text_content("#brief")
    assert "of the value of imports" not in "".join(
        clerk.page.eval_on_selector_all("#brief a", "all => all.map(a => a.textContent)")
    )


def test_there_is_no_panel_where_nothing_went_on(clerk: Clerk, bureau: Bureau) -> None:
    asked = "period=2022-H1"
    assert bureau.report(f"/v1/reports/processing?{asked}")["rows"] == []
    clerk.sign_in(asked)
    assert not clerk.page.is_visible("#processing")
