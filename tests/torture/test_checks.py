"""Controls of the checks that read a ledger: a report that is no recount, and more sent on than there is, are found."""

from typing import Any, cast

from service.ledger import Ledger
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.tampering import UNPROTECTED, engine_of
from tests.torture.asking import Wire
from tests.torture.checking import sent_on_wrongly, wrong_reports
from tests.verifying.checked_market import fill


class _Asking:
    """Asks the application of a test, as a wire asks a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def ask(self, _method: str, path: str) -> tuple[int, bytes, Any]:
        answer = self._caller.get(path)
        return answer.status_code, answer.get_data(), answer.headers


def _wrong(ledger: Ledger, caller: Caller, entries: slice = slice(None)) -> list[str]:
    return list(wrong_reports(cast(Wire, _Asking(caller)), read_journal(ledger)[entries]))


def test_a_report_with_an_entry_more_or_less_is_found(ledger: Ledger, admin: Caller) -> None:
    fill(ledger, admin)
    assert _wrong(ledger, admin) == []
    totals = [told for told in _wrong(ledger, admin, slice(-1)) if told.startswith("the total")]
    assert len(totals) == len(("all", "category,origin", "day", "settlement", "group_id,category"))


def test_a_report_from_a_cell_that_is_wrong_is_found(ledger: Ledger, admin: Caller) -> None:
    fill(ledger, admin)
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE cell SET amount_fen = amount_fen + 1 WHERE grain = 1 AND day = 20240629")
    assert any(told.startswith("the rows by 'day'") for told in _wrong(ledger, admin))


def test_more_sent_on_than_there_is_is_found(ledger: Ledger, admin: Caller) -> None:
    fill(ledger, admin)
    assert sent_on_wrongly(ledger) == []
    with ledger.database.writing() as connection:
        for statement in UNPROTECTED[engine_of(ledger)]:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("UPDATE transfer_line SET quantity_g = quantity_g + 1 WHERE no = 1")
    assert len(sent_on_wrongly(ledger)) == 1
