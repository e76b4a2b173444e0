"""A table of residents is registered: what its cells mean, in each format and language, and what is refused."""

import datetime
import pathlib
from typing import Any

import pytest

from service.commands.groups import create_group
from service.importing.lines import ImportFileError
from service.ledger import Ledger
from service.queries.residents import get_resident
from service.queries.verifying import verify
from tests.builders import a_citizen_number
from tests.importing.files import csv_text, write_bytes, write_csv, write_workbook
from tests.importing.residents.tables import everything, row, run, run_rows

NUMBER = a_citizen_number(0)
HEADINGS = {
    "zh": "姓名,公民身份号码,备案日期,有效期至,社区（嘎查）,互助组",
    "en": "Name,Citizen number,Registered on,Valid until,Settlement,Group",
    "api": "name,id_number,registered_on,valid_until,settlement,group_id",
    "mn": "Нэр,Иргэний дугаар,Бүртгэсэн өдөр,Хүчинтэй хугацаа,Суурин,Бүлэг",
}


@pytest.mark.parametrize("lang", HEADINGS)
def test_headings_are_known_in_each_language(ledger: Ledger, tmp_path: pathlib.Path, lang: str) -> None:
    create_group(ledger, "陶力互助组", "mutual_aid")
    text = f"{HEADINGS[lang]}\nБат-Эрдэнэ,{NUMBER},2024-03-01,2030.1.31,陶力嘎查,陶力互助组\n"
    assert run(ledger, write_bytes(tmp_path, text.encode())) == ([1, 0, 0], [])
    made = get_resident(ledger, 1)
    assert (made.name, made.settlement, made.group_id) == ("Б****э", "陶力嘎查", "G000001")
    assert (made.registered_on, made.valid_until) == (datetime.date(2024, 3, 1), datetime.date(2030, 1, 31))
    verify(ledger)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_text_is_read_in_the_encodings_of_clerks(ledger: Ledger, tmp_path: pathlib.Path, encoding: str) -> None:
    path = write_bytes(tmp_path, csv_text([row(), row(1)]).encode(encoding))
    assert run(ledger, path)[0] == [2, 0, 0]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_workbook_is_read_with_its_dates(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    rows = [
        row(0, 备案日期=datetime.date(2024, 3, 1), 有效期至=datetime.date(2030, 1, 31)),
        row(1, 身份证号=f"'{a_citizen_number(1)}"),
    ]
    assert run(ledger, write_workbook(tmp_path, *rows)) == ([2, 0, 0], [])
    first = get_resident(ledger, 1)
    assert (first.registered_on, first.valid_until) == (datetime.date(2024, 3, 1), datetime.date(2030, 1, 31))


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_words_for_no_end_are_no_end(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    rows = [row(n, 有效期至=word) for n, word in enumerate(["长期", "Хугацаагүй", "无", "", "—"])]
    assert run_rows(ledger, tmp_path, *rows) == ([5, 0, 0], [])
    assert get_resident(ledger, 1).valid_until is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"身份证号": "152501199001011237"}, "validation-failed: id_number: The check character does not fit"),
        ({"身份证号": "15250119900101123"}, "validation-failed: id_number: Send the 18 characters"),
        ({"身份证号": ""}, "validation-failed: id_number: Send this field."),
        ({"身份证号": "1.52501E+17"}, "unreadable-line: 身份证号: This is what a spreadsheet has left"),
        ({"身份证号": "无"}, "validation-failed: id_number: Send the 18 characters"),
        ({"姓名": "王1"}, "validation-failed: name: A name has letters"),
        ({"备案日期": "3月1日"}, "unreadable-line: 备案日期: "),
        ({"备案日期": "1990-01-01"}, "validation-failed: id_number: The birth date must lie before"),
        ({"有效期至": "2023-01-01"}, "validation-failed: valid_until: Send a day not before registered_on"),
        ({"嘎查": "a,b"}, "validation-failed: settlement: Send a name without a comma."),
        ({"嘎查": "152501199001011238"}, "personal-data: settlement: Send the text without the citizen number"),
        ({"互助组": "没有的组"}, 'unknown-group: group: There is no group "没有的组"'),
        ({"互助组": "G000009"}, 'unknown-group: group: There is no group "G000009"'),
        ({"互助组": "同名"}, 'unknown-group: group: Several groups are called "同名": G000001, G000002'),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_can_not_be_registered_is_refused_and_the_others_are_registered(
    ledger: Ledger, tmp_path: pathlib.Path, changes: dict[str, Any], said: str
) -> None:
    for kind in ("mutual_aid", "cooperative"):
        create_group(ledger, "同名", kind)
    changed = {**row(3, 备案日期="2024-03-01"), **changes}
    if "备案日期" in changes and changes["备案日期"] == "1990-01-01":
        changed["身份证号"] = "152501199001011238"
    tally, refused = run_rows(ledger, tmp_path, row(0), changed, row(1))
    assert tally == [2, 0, 1]
    assert len(refused) == 1
    assert refused[0].startswith(f"3 {said}"), refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("姓名,备案日期\n王明,2024-01-01\n", "id_number (公民身份号码) is missing"),
        ("姓名,身份证号,备案日期,电话\n", '"电话" is no known heading'),
        ("姓名,身份证号,证件号码,备案日期\n", "are both id_number"),
        (f"王明,{NUMBER},2024-01-01\n", "no known heading"),
        ("", "empty"),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_table_with_other_columns_is_refused_whole(
    ledger: Ledger, tmp_path: pathlib.Path, text: str, said: str
) -> None:
    with pytest.raises(ImportFileError, match=said.replace("(", r"\(").replace(")", r"\)")):
        run(ledger, write_bytes(tmp_path, text.encode()))


@pytest.mark.parametrize("name", ["trades.ndjson", "trades.json", "trades.xlsx"])
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_other_files_are_refused(ledger: Ledger, tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(ImportFileError):
        run(ledger, write_bytes(tmp_path, b'{"name": "x"}\n', name))


def test_who_is_registered_already_is_known_and_nothing_changes(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    assert run_rows(ledger, tmp_path, row(0), row(1))[0] == [2, 0, 0]
    before = everything(ledger)
    again = [row(0, 姓名="阿拉坦 其其格", 嘎查="别处"), row(1)]
    assert run_rows(ledger, tmp_path, *again) == ([0, 2, 0], [])
    assert everything(ledger) == before


def test_a_known_number_under_another_name_is_refused(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    run_rows(ledger, tmp_path, row(0))
    tally, refused = run_rows(ledger, tmp_path, row(0, 姓名="王明"), row(5), row(5, 姓名="李雷"), row(5))
    masked = [f"1525**********{a_citizen_number(n)[-4:]}" for n in (0, 5)]
    assert tally == [1, 1, 2]
    why = "under another name; read the number and the name again."
    assert refused == [
        f"2 resident-exists: id_number: {masked[0]} is registered as R00000001 {why}",
        f"4 resident-exists: id_number: {masked[1]} is in line 3 {why}",
    ]


def test_a_check_says_what_the_import_says_and_does_nothing(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    run_rows(ledger, tmp_path, row(0))
    rows = [row(0), row(1), row(1), row(1, 姓名="王明"), row(2, 姓名="1"), *(row(n) for n in range(10, 600)), row(1)]
    path, before = write_csv(tmp_path, *rows), everything(ledger)
    checked = run(ledger, path, writes=False)
    assert everything(ledger) == before
    assert checked == run(ledger, path)
    assert checked[0] == [591, 3, 2]
