"""hushi report: the same answers as over HTTP, and tables whose columns stand under each other."""

import datetime
import io
import json
import pathlib
import subprocess
from typing import Any

import openpyxl
import pytest
from rich.cells import cell_len
from rich.console import Console

from service.ledger import Ledger
from service.rendering.terminal import print_report
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.servers import HUSHI, call_hushi, run_hushi
from tests.small_transfers import register_enterprises, send_on

TRADE = ("report", "trade", "--period", "2024-H1", "--by", "category")


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """A little trade in both years; one settlement with a Chinese name."""
    admin.post("/v1/residents", a_registration(0, settlement="东社区"))
    for day, category, amount in (
        ("2023-05-04", "meat", "1000.00"), ("2024-05-06", "meat", "5000.00"), ("2024-05-07", "wool", "1234567.89"),
    ):  # fmt: skip
        admin.trade(a_trade(traded_at=f"{day}T10:00:00+08:00", category=category, amount_cny=amount))
    return admin


def test_json_and_csv_are_the_bytes_of_the_http_answer(market: Caller, environment: dict[str, str]) -> None:
    for shape in ("json", "csv"):
        printed = call_hushi(environment, *TRADE, "--format", shape)
        assert printed.exit_code == 0, printed.stderr
        answer = market.get(f"/v1/reports/trade?period=2024-H1&by=category&format={shape}")
        assert printed.stdout.encode() == answer.data.replace(b"\r\n", b"\n")


def test_the_table_is_aligned_and_says_how_much_things_have_grown(market: Caller, environment: dict[str, str]) -> None:
    printed = call_hushi(environment, *TRADE)
    assert printed.exit_code == 0, printed.stderr
    assert "\x1b" not in printed.stdout
    table = [line for line in printed.stdout.splitlines() if line and line[0] in "┏┃┡│├└"]
    assert len({cell_len(line) for line in table}) == 1
    assert "肉类" in printed.stdout
    assert "1,234,567.89" in printed.stdout
    assert "▲ +400.00%" in printed.stdout
    assert "▲ 新增" in printed.stdout
    assert "2023-01-01 – 2023-06-30" in printed.stdout
    english = call_hushi(environment, *TRADE, "--lang", "en", "--all").stdout
    assert "Person-times" in english
    assert "Оролцоо, давхардсан тоогоор" in call_hushi(environment, *TRADE, "--lang", "mn").stdout
    assert "0.3" in english  # The position.


def test_a_period_that_is_not_over_is_printed_with_its_days_so_far(market: Caller, environment: dict[str, str]) -> None:
    asked = ("--from", "2024-01-01", "--to", "2033-12-31")
    document = market.get("/v1/reports/trade?from=2024-01-01&to=2033-12-31").get_json()
    printed = call_hushi(environment, "report", "trade", *asked).stdout
    assert f"2023-01-01 – {document['base_period']['to']}" in printed
    assert f"数据截至 {document['through']}" in printed
    told = json.loads(call_hushi(environment, "report", "trade", *asked, "--format", "json").stdout)
    assert {**told, "position": ""} == {**document, "position": ""}


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
@pytest.mark.parametrize("width", [80, 120])
def test_keys_and_figures_stay_in_one_piece_on_a_narrow_terminal(market: Caller, lang: str, width: int) -> None:
    market.trade(a_trade(category="packaged_food", amount_cny="123456789.00", traded_at="2024-05-08T10:00:00+08:00"))
    document = market.get("/v1/reports/trade?period=2024-H1&by=category,origin,month").get_json()
    out = Console(width=width, file=io.StringIO())
    print_report(out, document, lang, datetime.date(2024, 6, 30), whole=True)
    assert isinstance(out.file, io.StringIO)
    printed = out.file.getvalue()
    words = {
        "zh": ("预包装食品", "人次"),
        "en": ("Packaged food", "Person-times"),
        "mn": ("Савласан хүнс", "Оролцсон хүн"),
    }
    assert [word for word in (*words[lang], "2024-05", "123,456,789.00") if word not in printed] == []
    table = [line for line in printed.splitlines() if line and line[0] in "┏┃┡│├└"]
    assert {cell_len(line) for line in table} <= set(range(width + 1))
    assert "…" not in printed


WIDTHS = (*range(20, 125, 8), 200)


def _figures(document: dict[str, Any]) -> set[str]:
    """Every figure of a report as it has to be printed."""
    rows = [document["total"], *document["rows"]]
    measures = [value for row in rows for name, value in row.items() if name not in {"key", "share_pct"}]
    plain = {str(measure[name]) for measure in measures for name in ("current", "base") if measure[name] is not None}
    shares = {row["share_pct"] for row in document["rows"] if document["by"] and row.get("share_pct")}
    wholes = [figure.partition(".") for figure in plain]
    return {f"{int(whole):,}{point}{rest}" for whole, point, rest in wholes} | shares


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
@pytest.mark.parametrize(
    "question",
    ["trade?by=", "trade?by=category,month", "residents?by=settlement"],
)
def test_no_terminal_is_so_narrow_that_a_digit_is_cut(market: Caller, lang: str, question: str) -> None:
    market.trade(a_trade(category="packaged_food", amount_cny="1234567890.12", traded_at="2024-05-08T10:00:00+08:00"))
    document = market.get(f"/v1/reports/{question}&period=2024-H1".replace("by=&", "")).get_json()
    wanted = {*_figures(document), "2024-01-01 – 2024-06-30"[:10], document["position"]}
    for width in WIDTHS:
        out = Console(width=width, file=io.StringIO())
        print_report(out, document, lang, datetime.date(2024, 6, 30), whole=True)
        assert isinstance(out.file, io.StringIO)
        printed = out.file.getvalue()
        assert [figure for figure in wanted if figure not in printed] == [], (width, printed)
        assert "…" not in printed
        boxed = [line for line in printed.splitlines() if line and line[0] in "┏┃┡│├└"]
        assert all(cell_len(line) <= width for line in boxed), width


def test_residents_and_brief(market: Caller, environment: dict[str, str]) -> None:
    residents = call_hushi(environment, "report", "residents", "--period", "2024", "--by", "settlement")
    assert "东社区" in residents.stdout
    assert "期末备案人数" in residents.stdout
    brief = call_hushi(environment, "report", "brief", "--period", "2024-H1", "--lang", "en")
    assert brief.stdout.strip() == market.get("/v1/reports/brief?period=2024-H1&lang=en").get_json()["text"]


def test_a_workbook_goes_into_a_new_file_only(
    market: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "trade.xlsx"
    command = (*TRADE, "--format", "xlsx", "--output", str(file))
    assert call_hushi(environment, *command).exit_code == 0
    sheet = openpyxl.load_workbook(io.BytesIO(file.read_bytes())).worksheets[0]
    assert sheet["A1"].value == "品类"
    english = tmp_path / "english.xlsx"
    assert call_hushi(environment, *command[:-1], str(english), "--lang", "en").exit_code == 0
    assert openpyxl.load_workbook(english).worksheets[0]["A1"].value == "Category"
    before = file.read_bytes()
    again = call_hushi(environment, *command)
    assert again.exit_code == 1
    assert "is not overwritten" in again.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize("width", [100, 20])
def test_a_period_that_has_not_begun_is_printed_without_a_base(ledger: Ledger, market: Caller, width: int) -> None:
    ahead = ledger.today().year + 1
    document = market.get(f"/v1/reports/trade?period={ahead}&by=category").get_json()
    out = Console(width=width, file=io.StringIO())
    print_report(out, document, "en", ledger.today(), whole=True)
    assert isinstance(out.file, io.StringIO)
    printed = out.file.getvalue()
    assert "Not compared" in " ".join(printed.split())
    assert ("Growth" in printed, "Base" in printed, "—" in printed) == (False, False, False)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_file_is_written_in_the_format_that_it_is_named_after(
    market: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    assert call_hushi(environment, *TRADE, "--output", str(tmp_path / "trade.csv")).exit_code == 0
    answer = market.get("/v1/reports/trade?period=2024-H1&by=category&format=csv")
    assert (tmp_path / "trade.csv").read_bytes() == answer.data
    for options in (("--output", "trade.txt"), ("--output", "trade.csv", "--format", "table")):
        refused = call_hushi(environment, *TRADE, *options)
        assert (refused.exit_code, "named .json, .csv or .xlsx" in refused.stderr) == (2, True)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_report_that_can_not_be_written_is_one_line(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    nowhere = run_hushi(environment, *TRADE, "--output", str(tmp_path / "none" / "trade.csv"))
    assert nowhere.stderr == f"hushi: {tmp_path}/none/trade.csv: No such file or directory\n"
    for shape in ("csv", "table"):
        with pathlib.Path("/dev/full").open("w") as full:
            failed = subprocess.run(
                [HUSHI, *TRADE, "--format", shape], env=environment, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert (failed.returncode, failed.stderr) == (1, "hushi: standard output: No space left on device\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trade", "--period", "2024-13"), "hushi: --period: Send a period as"),
        (("trade", "--period", "2024", "--group-id", "G000009"), "hushi: --group-id: No group G000009 exists."),
        (("trade",), "Send exactly one of from and to, period, or ytd"),
        (("residents", "--period", "2024", "--by", "category"), "hushi: --by:"),
    ],
)
def test_a_wrong_question_names_its_option(
    environment: dict[str, str], ledger: Ledger, arguments: tuple[str, ...], said: str
) -> None:
    refused = call_hushi(environment, "report", *arguments)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_empty_ledger_prints_zeros(environment: dict[str, str], ledger: Ledger) -> None:
    printed = call_hushi(environment, *TRADE)
    assert printed.exit_code == 0
    assert "0.00" in printed.stdout


def test_completion_scripts_are_printed(environment: dict[str, str], ledger: Ledger) -> None:
    for shell in ("bash", "zsh", "fish"):
        printed = call_hushi(environment, "completion", shell)
        assert "_HUSHI_COMPLETE" in printed.stdout


def test_what_went_on_is_printed_with_its_share_and_its_words(
    market: Caller, ledger: Ledger, environment: dict[str, str]
) -> None:
    register_enterprises(ledger, 1)
    send_on(ledger, 1, "processing", datetime.date(2024, 5, 8), {2: 20_000})
    asked = ("report", "processing", "--period", "2024-H1", "--by", "enterprise_id,purpose")
    printed = call_hushi(environment, *asked).stdout
    for said in ("E00000001", "落地加工", "占进口额比重（%）", "2,000.00", "0.16"):
        assert said in printed
    english = call_hushi(environment, *asked, "--lang", "en", "--all", "--on", "transferred").stdout
    assert "Landing processing" in english
    assert "Paid by enterprises" in english
    assert "Дотоодод боловсруулах" in call_hushi(environment, *asked, "--lang", "mn", "--purpose", "processing").stdout
    answer = market.get("/v1/reports/processing?period=2024-H1&by=enterprise_id,purpose")
    assert call_hushi(environment, *asked, "--format", "json").stdout.encode() == answer.data
    refused = call_hushi(environment, *asked, "--enterprise-id", "E00000002")
    assert (refused.exit_code, refused.stderr.strip()) == (
        2, "hushi: --enterprise-id: No enterprise E00000002 is registered.",
    )  # fmt: skip
