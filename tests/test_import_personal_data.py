"""A line with a citizen number in a clerk's file is refused, and the message hides the number. Others are imported."""

import datetime
import pathlib

import sqlalchemy as sa

from service.commands.residents import Registration, register
from service.ledger import Ledger
from service.storage.tables import metadata
from tests.builders import a_citizen_number
from tests.servers import call_hushi

HEADINGS = "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间,单据号,车牌\n"
NUMBER = "152501199001011238"


def test_a_line_with_a_citizen_number_is_refused_and_the_others_are_imported(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    register(ledger, Registration("巴特尔", a_citizen_number(0), datetime.date(2023, 6, 1), None, None, None))
    file, refused = tmp_path / "day.csv", tmp_path / "refused.csv"
    lines = [
        f"R00000001,肉类,马肉,蒙古国,100,10{n}.00,2024-04-01 09:30,D-{n},{plate}\n"
        for n, plate in enumerate(["蒙A12345", NUMBER, "蒙A 12345"])
    ]
    file.write_text(HEADINGS + "".join(lines), "utf-8")
    ran = call_hushi(environment, "import", str(file), "--refused", str(refused))
    assert ran.exit_code != 0
    assert NUMBER not in ran.stdout + ran.stderr
    told = refused.read_text("utf-8-sig")
    assert NUMBER not in told
    line = lines[1].strip().replace(NUMBER, "1525**********1238")
    assert told.splitlines()[1].startswith("3,personal-data,")
    assert told.splitlines()[1].endswith(f',"{line}"'), "and all else of the line is told as it is"
    with ledger.database.reading() as connection:
        amounts = connection.execute(sa.select(metadata.tables["journal"].c.amount_fen)).scalars().all()
        kept = repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])
    assert sorted(amounts) == [100_00, 102_00]
    assert NUMBER not in kept


def test_a_number_in_a_cell_that_can_not_be_read_is_not_repeated(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "day.csv"
    file.write_text(f"{HEADINGS}R00000001,肉类,马肉,{NUMBER},100,100.00,2024-04-01 09:30,D-1,\n", "utf-8")
    for more in (["--check"], []):
        ran = call_hushi(environment, "import", str(file), *more)
        assert ran.exit_code == 1
        assert 'unreadable-line: 原产国: "1525**********1238" is no country' in ran.output
        assert NUMBER not in ran.output
    assert NUMBER not in file.with_name("day.csv.refused.csv").read_text("utf-8-sig")
