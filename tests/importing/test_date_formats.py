"""Date cells: what their format shows beside the date, a zone or less than the cell holds."""

import datetime
import re
import zipfile
from pathlib import Path

import pytest

from tests.importing.files import bodies, only_error, write_archive
from tests.importing.test_number_formats import workbook_of_formats

HALF_PAST_FOUR = datetime.datetime.fromisoformat("2024-04-01 16:30")


def _workbook(folder: Path, code: str, moment: object = HALF_PAST_FOUR) -> Path:
    """A workbook of one trade, whose time has the format."""
    return workbook_of_formats(folder, {"交易时间": code}, 交易时间=moment)


ZONES = [
    *('yyyy-mm-dd hh:mm" UTC"', 'yyyy-mm-dd"T"hh:mm:ss"Z"', "yyyy-mm-ddThh:mm:ssZ", r"yyyy-mm-dd hh:mm:ss\Z"),
    *('yyyy-mm-dd hh:mm" (GMT)"', 'yyyy-mm-dd hh:mm" UTC+7"', 'yyyy-mm-dd hh:mm"+00:00"', "yyyy-mm-dd hh:mm+00:00"),
    *('"UTC "yyyy-mm-dd hh:mm', 'hh:mm" CST "yyyy-mm-dd', 'yyyy-mm-dd hh:mm" EST"', 'yyyy-mm-dd hh:mm" МСК"'),
    *(
        'yyyy-mm-dd hh:mm"（世界时）"',
        'yyyy/m/d hh:mm"乌兰巴托时间"',
        'yyyy-mm-dd hh:mm AM/PM" ULAT"',
        'yyyy-mm-dd hh:mm" −05"',
    ),
    *('[$-409]yyyy-mm-dd hh:mm" Z";@', "yyyy-mm-dd hh:mm[$UTC]", 'yyyy-mm-dd hh:mm:ss.000"Z"'),
]


@pytest.mark.parametrize("code", ZONES)
def test_a_format_that_names_a_zone_is_refused(tmp_path: Path, code: str) -> None:
    assert "shows the date with the name of a zone" in only_error(_workbook(tmp_path, code))


@pytest.mark.parametrize(
    "code",
    [
        *("yyyy-mm-dd hh:mm:ss", 'yyyy"年"m"月"d"日" h"时"mm"分"ss"秒"', "yyyy-mm-ddThh:mm:ss", 'yyyy-mm-dd"T"hh:mm'),
        *(
            "[$-804]yyyy/m/d 上午/下午 h:mm;@",
            "[$-F400]yyyy/m/d h:mm:ss AM/PM",
            "dd-mmm-yyyy hh:mm",
            "m/d/yy h:mm",
            "yyyy-mm-dd hh:mm:ss.000",
        ),
        *(
            'yyyy-mm-dd hh:mm"+08:00"',
            'yyyy-mm-dd hh:mm" UTC+8"',
            'yyyy-mm-dd hh:mm" (北京时间)"',
            'yyyy-mm-dd hh:mm"GMT+0800"',
        ),
        *(
            'yyyy "оны" mm "сарын" dd hh "цаг" mm "минут"',
            "dd.mm.yyyy hh:mm",
            r"yyyy\-mm\-dd\ hh\:mm",
            '"交易时间："yyyy-mm-dd hh:mm',
        ),
        *("yyyy-mm-dd hh:mm_ ", "dd/mm/yyyy hh\\hmm", "yyyy-mm-dd aaaa hh:mm"),
    ],
)
def test_other_formats_show_the_clock_of_the_market(tmp_path: Path, code: str) -> None:
    (body,) = bodies(_workbook(tmp_path, code))
    assert body["traded_at"] == "2024-04-01T16:30:00+08:00"


def test_a_date_of_text_is_refused_under_the_name_of_a_zone_as_well(tmp_path: Path) -> None:
    path = _workbook(tmp_path, 'yyyy-mm-dd hh:mm" UTC"')
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    dated = re.sub(r'( s="[0-9]+")><v>45383\.6875', r'\1 t="d"><v>2024-04-01T16:30:00', parts[sheet])
    assert dated != parts[sheet]
    assert "name of a zone" in only_error(write_archive(tmp_path, parts | {sheet: dated}))


LAST_MOMENT = 45383.99999999
"""0.9 ms before midnight."""


@pytest.mark.parametrize("code", ["yyyy-mm-dd hh:mm:ss", "yyyy/m/d h:mm", "yyyy-mm-dd", "m/d/yy h:mm"])
@pytest.mark.parametrize("moment", [LAST_MOMENT, 45384 - 0.4 / 86_400, 45384 - 1e-9])
def test_the_last_half_second_of_a_day_is_refused_where_it_is_not_shown(
    tmp_path: Path, code: str, moment: float
) -> None:
    assert "is less than half a second before midnight" in only_error(_workbook(tmp_path, code, moment))


@pytest.mark.parametrize(
    ("code", "moment", "traded_at"),
    [
        ("yyyy-mm-dd hh:mm:ss.000", LAST_MOMENT, "2024-04-01T23:59:59.999+08:00"),
        (r"yyyy-mm-dd hh:mm:ss\.000", LAST_MOMENT, "2024-04-01T23:59:59.999+08:00"),
        ("yyyy-mm-dd hh:mm:ss", 45384 - 0.6 / 86_400, "2024-04-01T23:59:59.400+08:00"),
        ("yyyy-mm-dd hh:mm:ss", 45383 + 86_399 / 86_400, "2024-04-01T23:59:59+08:00"),
        ("yyyy-mm-dd hh:mm:ss", 45384 - 1e-10, "2024-04-02T00:00:00+08:00"),
        ("yyyy-mm-dd hh:mm:ss", 45384 + 1e-8, "2024-04-02T00:00:00+08:00"),
        ("yyyy-mm-dd hh:mm:ss", 45383.68749999, "2024-04-01T16:30:00+08:00"),
        ("yyyy-mm-dd hh:mm:ss", 45383.68750001, "2024-04-01T16:30:00+08:00"),
        ("yyyy-mm-dd hh:mm:ss.0", 45383.68750001, "2024-04-01T16:30:00.001+08:00"),
        ("yyyy-mm-dd hh:mm", 45383.6875 + 45.3 / 86_400, "2024-04-01T16:30:45.300+08:00"),
    ],
)
def test_what_is_held_beside_a_whole_second_is_noise(tmp_path: Path, code: str, moment: float, traded_at: str) -> None:
    (body,) = bodies(_workbook(tmp_path, code, moment))
    assert body["traded_at"] == traded_at
