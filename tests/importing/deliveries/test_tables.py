"""Tables of deliveries become transfers: which rows are one delivery, and what each cell means."""

import datetime
import pathlib

import pytest

from service.ledger import Ledger
from service.queries.verifying import verify
from tests.conftest import Caller
from tests.importing.deliveries.tables import (
    CODE,
    FOUR_TRADES,
    ON_SQLITE,
    TRADER,
    fill_market,
    recorded,
    row,
    run,
    run_rows,
    truck_row,
)
from tests.importing.files import csv_text, write_bytes, write_csv, write_workbook

WHOLE = [(100_000, n * 100_000 + 1, None) for n in range(1, 5)]


@pytest.fixture
def ids(admin: Caller) -> dict[str, str]:
    """The ids of the market's trades by their documents."""
    return fill_market(admin)


def test_rows_of_one_delivery_become_one_transfer_and_a_second_run_repeats_nothing(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    rows = [*(row(reference) for reference in FOUR_TRADES[:2]), *(row(r, 合同号="HT-2") for r in FOUR_TRADES[2:])]
    first = run_rows(ledger, tmp_path, *rows)
    assert (first.counts, first.refused) == ((2, 4, 0, 0), [])
    assert recorded(ledger) == [
        (1, "processing", 20240701, "HT-1", 300_002, None, WHOLE[:2]),
        (1, "processing", 20240701, "HT-2", 700_002, None, WHOLE[2:]),
    ]
    again = run_rows(ledger, tmp_path, *reversed(rows))
    assert (again.counts, again.refused) == ((0, 0, 2, 0), [])
    assert again.told == ["lines 2-3: known already as T00000002", "lines 4-5: known already as T00000001"]
    verify(ledger)


def test_a_row_may_be_a_part_of_a_trade_or_a_whole_truck(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    part = row(**{"数量(公斤)": "40.5", "金额": "￥500.00"})
    rest = row(企业=TRADER, 用途="二级市场", 日期="2024年7月2日")
    done = run_rows(ledger, tmp_path, part, rest, truck_row(金额="8,000"))
    assert (done.counts, done.refused) == ((3, 3, 0, 0), [])
    assert recorded(ledger) == [
        (1, "processing", 20240701, "HT-1", 40_500, 50_000, [(40_500, 40_500, 50_000)]),
        (2, "secondary_market", 20240702, "HT-1", 59_501, None, [(59_500, 59_501, None)]),
        (
            *(1, "processing", 20240701, "HT-1", 700_002, 800_000),
            [(100_000, 300_001, 342_857), (100_000, 400_001, 457_143)],
        ),
    ]
    verify(ledger)


@ON_SQLITE
@pytest.mark.parametrize(
    "same",
    [
        {"用途": "加工"},
        {"日期": "2024-07-01 16:30"},
        {"日期": "20240701"},
        {"企业": "E00000001"},
        {"企业": "", "统一社会信用代码": CODE},
        {"企业": "", "统一社会信用代码": CODE.lower()},
        {"企业": CODE},
        {"统一社会信用代码": CODE},
        {"企业": "  二连浩特市边贸肉业有限公司\u200b"},
        {"合同号": "HT-1\u3000"},
        {"发票号": "无"},
    ],
)
def test_other_spellings_of_what_rows_share_are_the_same_delivery(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path, same: dict[str, str]
) -> None:
    assert run_rows(ledger, tmp_path, row("D-1"), row("D-2", **same)).counts == (1, 2, 0, 0)


@ON_SQLITE
@pytest.mark.parametrize(
    "other",
    [
        {"企业": TRADER, "用途": "二级市场"},
        {"日期": "2024/7/2"},
        {"合同号": "HT-2"},
        {"发票号": "24152000000012345678"},
        {"批次": "EL-17", "交易号/单据号": "D-3"},
    ],
)
def test_rows_that_differ_in_what_a_delivery_shares_are_two(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path, other: dict[str, str]
) -> None:
    assert run_rows(ledger, tmp_path, row("D-1"), row("D-2", **other)).counts == (2, 2, 0, 0)


@ON_SQLITE
def test_a_trade_is_named_by_its_id_its_document_or_both(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    lines = (
        "enterprise,purpose,transferred_on,transaction_id,reference\n"
        f"E00000001,processing,2024-07-01,{ids['D-1']},\n"
        f"E00000001,processing,2024-07-01,{ids['D-2'].upper()},D-2\n"
        "E00000001,processing,2024-07-01,,D-3\n"
        f"E00000001,processing,2024-07-01,{ids['D-4'].replace('-', '')},\n"
    )
    done = run(ledger, write_bytes(tmp_path, lines.encode()))
    assert (done.counts, done.refused) == ((1, 4, 0, 0), [])


@ON_SQLITE
def test_what_is_paid_is_added_up_or_stated_once_for_all_rows(
    ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    each = [row("D-1", 金额="1100"), row("D-2", 金额="2200.50")]
    once = [row("D-3", 合同号="HT-2", 金额="9000"), row("D-4", 合同号="HT-2")]
    assert run_rows(ledger, tmp_path, *each, *once).counts == (2, 4, 0, 0)
    assert [one[5] for one in recorded(ledger)] == [330_050, 900_000]


@ON_SQLITE
def test_a_file_of_an_office_is_read_in_gb18030(ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path) -> None:
    text = csv_text([row(reference, 金额="1,100.00") for reference in FOUR_TRADES], line_end="\r\n")
    done = run(ledger, write_bytes(tmp_path, text.encode("gb18030")))
    assert (done.counts, done.refused) == ((1, 4, 0, 0), [])
    assert recorded(ledger)[0][5] == 440_000


@ON_SQLITE
def test_a_workbook_says_the_same_as_the_text_file(ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path) -> None:
    rows = [
        row(reference, 日期=datetime.datetime(2024, 7, 1), 金额=1100.5, **{"数量(公斤)": 99.5})  # noqa: DTZ001 (a cell)
        for reference in FOUR_TRADES
    ]
    done = run(ledger, write_workbook(tmp_path, *rows))
    assert (done.counts, done.refused) == ((1, 4, 0, 0), [])
    assert [line[0] for line in recorded(ledger)[0][6]] == [99_500] * 4
    as_text = [{**one, "日期": "2024/7/1"} for one in rows]
    assert run(ledger, write_csv(tmp_path, *as_text)).counts == (0, 0, 1, 0)


@ON_SQLITE
def test_headings_may_be_english_and_mongolian(ids: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path) -> None:
    english = "Enterprise name,Purpose,Date,Document number,Contract number\n"
    mongolian = "Аж ахуйн нэгж,Зориулалт,Огноо,Баримтын дугаар,Гэрээний дугаар\n"
    row_of = "{0},{1},2024-07-01,{2},{3}\n".format
    first = write_bytes(tmp_path, (english + row_of("E00000001", "Landing processing", "D-1", "A")).encode())
    assert run(ledger, first).counts == (1, 1, 0, 0)
    second = write_bytes(tmp_path, (mongolian + row_of("E00000001", "Боловсруулалт", "D-2", "A")).encode())
    assert run(ledger, second).counts == (1, 1, 0, 0)
