"""Lines of a table of deliveries that are refused: each says what to send, and no delivery is recorded in part."""

import pathlib

import pytest
import xlsxwriter

from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_citizen_number, a_credit_code, a_trade, an_enterprise
from tests.conftest import Caller
from tests.importing.deliveries.tables import (
    FOUR_TRADES,
    ON_SQLITE,
    PROCESSOR,
    TRADER,
    fill_market,
    recorded,
    row,
    run,
    run_rows,
    truck_row,
)
from tests.importing.files import write_bytes, write_csv
from tests.servers import call_hushi

pytestmark = ON_SQLITE
ANOTHER = "delivery-refused: Another line of the same delivery is refused ({}). Correct it, and import the file again."


@pytest.fixture
def ids(admin: Caller) -> dict[str, str]:
    """The ids of the market's trades by their documents."""
    return fill_market(admin)


UNKNOWN_TRADE = "The ledger has no such trade at erenhot; read the number again, or import the trade first."
REFUSED = [
    ({"交易号/单据号": "D-9"}, f"unknown-trade: transaction_id (交易号) D-9: {UNKNOWN_TRADE}"),
    ({"数量(公斤)": "40吨"}, "unreadable-line: 数量(公斤): "),
    ({"数量(公斤)": "0"}, "validation-failed: quantity_kg: Send a weight above zero."),
    ({"数量(公斤)": "100.001"}, "quantity-exceeded: transaction_id (交易号) D-2: 100.000 kg of "),
    ({"金额": "6.08万元"}, "unreadable-line: 金额: "),
    (
        {"金额": "100"},
        "amount-missing: paid_cny: State the amount in each row of the delivery, or in its first",
    ),
    ({"交易号/单据号": "D-1"}, "repeated: transaction_id (交易号) D-1: Line 2 names this trade already; add the"),
]


@pytest.mark.parametrize(("wrong", "why"), REFUSED)
def test_a_wrong_line_refuses_its_delivery_and_no_other(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path, wrong: dict[str, str], why: str
) -> None:
    right, other = [row("D-1"), row("D-2")], row("D-3", 合同号="HT-2")
    done = run_rows(ledger, tmp_path, right[0], {**right[1], **wrong}, other)
    assert done.counts == (1, 1, 0, 2)
    lines = {int(said.split()[0]): said.partition(" ")[2] for said in done.refused}
    culprit = 2 if "金额" in wrong and "amount-missing" in why else 3
    assert lines[culprit].startswith(why), lines
    assert lines[5 - culprit] == ANOTHER.format(culprit)
    assert [one[3] for one in recorded(ledger)] == ["HT-2"]
    corrected = run_rows(ledger, tmp_path, *right, other)
    assert (corrected.counts, corrected.refused) == ((1, 2, 1, 0), [])
    verify(ledger)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"用途": "销毁"}, 'unreadable-line: 用途: "销毁" is not known; send one of 落地加工, 加工, processing'),
        ({"日期": "7月1日"}, "unreadable-line: 日期: "),
        ({"日期": ""}, "validation-failed: transferred_on: Send this field."),
        ({"企业": ""}, "validation-failed: enterprise: Send the enterprise by its id, its credit code or its name."),
        ({"合同号": "1月2日"}, "unreadable-line: 合同号: "),
        ({"交易号/单据号": "同上", "企业": "同上"}, "unreadable-line: 企业: "),
    ],
)
def test_a_line_that_may_be_of_any_delivery_refuses_the_file(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path, wrong: dict[str, str], why: str
) -> None:
    done = run_rows(ledger, tmp_path, row("D-1"), {**row("D-2"), **wrong}, row("D-3", 合同号="HT-2"))
    assert (done.counts, done.tally.left) == ((0, 0, 0, 1), 2)
    assert done.refused[0].startswith(f"3 {why}"), done.refused
    assert recorded(ledger) == []


def test_a_row_with_another_number_of_cells_refuses_the_file(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    lines = "企业,用途,日期,单据号\nE00000001,加工,2024-07-01,D-1\nE00000001,加工,2024-07-01,D-2,更多\n"
    done = run(ledger, write_bytes(tmp_path, lines.encode()))
    assert (done.counts, done.refused) == (
        (0, 0, 0, 1),
        ["3 unreadable-line: The line has 5 cells, the header has 4; send the same number."],
    )
    assert recorded(ledger) == []


def test_a_row_without_goods_is_told_what_to_send(ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path) -> None:
    done = run_rows(ledger, tmp_path, row(""), truck_row(合同号="HT-2", **{"数量(公斤)": "5"}))
    assert done.refused == [
        "2 validation-failed: transaction_id: Send a trade by its id or its document number, or a whole truck.",
        "3 validation-failed: quantity_kg: A whole truck goes on without a quantity; name the trade as well.",
    ]


def test_a_truck_that_goes_on_whole_has_no_other_rows(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    done = run_rows(ledger, tmp_path, truck_row(), row("D-3", 批次="EL-17"), truck_row())
    assert done.counts == (0, 0, 0, 3)
    assert [said.split(":")[0] for said in done.refused] == ["2 delivery-refused", "3 repeated", "4 repeated"]


def test_a_trade_of_another_truck_is_refused(ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path) -> None:
    done = run_rows(ledger, tmp_path, row("D-1", 批次="EL-17"), row("D-4", 批次="EL-18"))
    assert [said.partition(" (交易号) ")[2] for said in done.refused] == [
        "D-1: The trade is of no truck, and not of EL-17; read the line again.",
        "D-4: The trade is of EL-17, and not of EL-18; read the line again.",
    ]


def test_an_enterprise_is_known_by_one_name_only(
    admin: Caller, ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    unknown = run_rows(ledger, tmp_path, row(企业="不存在的厂"), row("D-2", 统一社会信用代码=a_credit_code(1)))
    begin = "unknown-enterprise: enterprise: No enterprise is registered as"
    assert unknown.refused == [
        f"2 {begin} 不存在的厂; register it first, or read the name again.",
        f"3 {begin} {PROCESSOR} and {a_credit_code(1)}; register it first, or read the name again.",
    ]
    same_name = an_enterprise(2, name=TRADER, kinds=["trader"])
    assert admin.post("/v1/enterprises", same_name).status_code == 201
    double = run_rows(ledger, tmp_path, row(企业=TRADER, 用途="二级市场"))
    assert "Several enterprises are called 友谊商行: E00000002, E00000003; send the id or" in double.refused[0]
    by_code = row(企业=TRADER, 用途="二级市场", 统一社会信用代码=a_credit_code(2))
    assert run_rows(ledger, tmp_path, by_code).counts == (1, 1, 0, 0)


def test_what_the_ledger_refuses_may_be_sent_again_when_it_is_right(
    admin: Caller, ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    status = {"status": "suspended", "reason": "停产", "effective_on": "2024-07-01"}
    assert admin.post("/v1/enterprises/E00000001/status", status).status_code == 200
    refused = run_rows(ledger, tmp_path, row("D-1"), row("D-2"))
    assert refused.counts == (0, 0, 0, 2)
    assert refused.refused[0].startswith(
        "2 enterprise-not-active: E00000001 can't take goods for processing on 2024-07-"
    )
    assert admin.post("/v1/enterprises/E00000001/status", {**status, "status": "active"}).status_code == 200
    assert run_rows(ledger, tmp_path, row("D-1"), row("D-2")).counts == (1, 2, 0, 0)


def test_exports_reversed_trades_and_days_too_early_are_told_at_their_line(
    admin: Caller, ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    assert admin.reverse(ids["D-2"]).status_code == 201
    assert admin.trade(a_trade(reference="D-5", direction="export", origin="CN")).status_code == 201
    rows = [row(reference, 合同号=reference) for reference in ("D-2", "D-5")]
    done = run_rows(ledger, tmp_path, *rows, row("D-3", 日期="2024/6/29"), row("D-4", 日期="2099/1/1"))
    assert [said.split(":")[0] for said in done.refused] == [
        "2 already-reversed",
        "3 validation-failed",
        "4 validation-failed",
        "5 validation-failed",
    ]
    assert "is an export" in done.refused[1]
    assert "was traded on 2024-06-30; send that day or a later one" in done.refused[2]
    assert "Send a day not after today" in done.refused[3]


def test_one_merged_cell_for_several_amounts_is_refused(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    """It may be the sum of its rows, or the amount of each."""
    path = tmp_path / "deliveries.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet, rows = workbook.add_worksheet(), [row("D-1"), row("D-2")]
        sheet.write_row(0, 0, list(rows[0]))
        for number, one in enumerate(rows, 1):
            sheet.write_row(number, 0, list(one.values()))
        sheet.merge_range(1, list(rows[0]).index("金额"), 2, list(rows[0]).index("金额"), 3_000)
    done = run(ledger, path)
    assert done.counts == (0, 0, 0, 2)
    assert "金额: H2:H3 is one merged cell for several trades; unmerge it" in done.refused[0]


def test_a_citizen_number_is_refused_and_not_repeated(
    ids: dict[str, str], ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    number = a_citizen_number(0)
    path = write_csv(tmp_path, row("D-1", 合同号=f"HT-{number}"), row("D-2"))
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert (ran.exit_code, ran.stdout) == (1, "1 transfers of 1 lines recorded, 0 known already, 1 lines refused\n")
    assert "line 2: personal-data" in ran.stderr
    assert number not in ran.stderr
    assert [one[3] for one in recorded(ledger)] == ["HT-1"]
    told = path.with_name(f"{path.name}.refused.csv").read_text("utf-8-sig")
    assert number not in told
    assert f"{PROCESSOR},,落地加工,2024/7/1,,D-1,,,HT-{number[:4]}**********{number[-4:]}," in told


def test_a_citizen_number_among_the_headings_is_not_repeated(
    ids: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    number = a_citizen_number(0)
    path = write_bytes(tmp_path, f"用途,日期,{number}\n".encode())
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert (ran.exit_code, "is no known heading" in ran.stderr) == (1, True)
    assert number not in ran.output


def test_a_document_and_what_is_left_of_its_trade_are_both_told(
    admin: Caller, ids: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    document = "EL-2024-0036-01"
    known = admin.trade(a_trade(reference=document, quantity_kg="16491.5", amount_cny="100.00")).get_json()
    path = write_csv(tmp_path, row(document, **{"数量(公斤)": "99999"}))
    why = (
        f"quantity-exceeded: transaction_id (交易号) {document}: 16491.500 kg of {known['transaction_id']} have not "
        "gone on yet; send so much or less."
    )
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert f"line 2: {why}\n" in ran.stderr
    assert why.partition(": ")[2] in path.with_name(f"{path.name}.refused.csv").read_text("utf-8-sig")
    checked = call_hushi(environment, "transfers", "import", str(path), "--check")
    assert f"line 2: refused: {why}\n" in checked.stdout


def test_the_lines_of_a_scattered_delivery_are_told(
    ids: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """Their numbers, one beside the other, have more digits than a citizen number."""
    unknown = [row(f"X-{n}", 合同号=f"HT-{n % 2}") for n in range(20)]
    path = write_csv(tmp_path, *unknown, row("D-1", 合同号="HT-0"))
    ran = call_hushi(environment, "transfers", "import", str(path), "--check")
    assert f"line 22: refused: {ANOTHER.format('2, 4, 6, 8, 10, 12, 14, 16, 18, 20')}\n" in ran.stdout


def test_a_delivery_that_goes_on_twice_is_refused_with_what_is_left(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    first = run_rows(ledger, tmp_path, *(row(reference) for reference in FOUR_TRADES))
    assert first.counts == (1, 4, 0, 0)
    again = run_rows(ledger, tmp_path, row("D-2", 合同号="HT-2"))
    assert again.counts == (0, 0, 0, 1)
    assert "quantity-exceeded: transaction_id (交易号) D-2: 0.000 kg of" in again.refused[0]
    assert "leave the trade out" in again.refused[0]
