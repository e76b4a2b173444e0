"""Files of all transactions: the same entries as the pages, one snapshot, and a last line that tells their number."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from openpyxl.utils.escape import unescape

from service.ledger import Ledger
from service.queries import transactions as queries
from service.queries.transactions import stream_transactions
from service.rendering.entry_files import columns
from service.storage.entry_filters import TransactionFilters
from tests.builders import a_trade
from tests.conftest import Caller

PATH = "/v1/transactions"
ODD = ("=1+1", "'quoted", "@x", "-5", 'a,b"c', "_x0041_", "<&>", "同上", "NA", "+1 'two'")


def _market(admin: Caller) -> None:
    admin.register(2)
    for number, odd in enumerate(ODD):
        changes = {"seller": odd, "metadata": {"note": odd}} if number % 2 else {"commodity": odd}
        posted = admin.trade(a_trade(resident_id=f"R0000000{number % 2 + 1}", amount_cny=f"{number + 1}.50", **changes))
        assert posted.status_code == 201
    admin.reverse(posted.get_json()["transaction_id"], reason="=SUM(A1)")


def _pages(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    """The entries of pages; files have the same, but for what of a trade has gone on."""
    items: list[dict[str, Any]] = caller.get(f"{PATH}?limit=500{query}").get_json()["items"]
    return [{name: value for name, value in item.items() if not name.startswith("transferred_")} for item in items]


def _flat(item: dict[str, Any]) -> dict[str, str]:
    """An entry as its line has it."""
    recorder = item["recorded_by"]
    flat: dict[str, Any] = {}
    for name, value in item.items():
        named = {"recorded_by": recorder["id"], "recorded_by_name": recorder["name"]}
        flat |= named if name == "recorded_by" else {name: value}
    return {name: _text(value) for name, value in flat.items()}


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _guarded(name: str, text: str) -> str:
    is_number = name.endswith(("_cny", "_kg"))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "'") and not is_number else text


def _csv_rows(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_has_every_entry_and_its_last_line_their_number(admin: Caller) -> None:
    _market(admin)
    answer = admin.get(f"{PATH}?format=csv")
    head, *rows, last = _csv_rows(answer.data)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="hushi-transactions-')
    assert last[:2] == ["count", str(len(ODD) + 1)]
    assert {len(row) for row in (head, *rows, last)} == {len(head)}
    guarded = [{name: _guarded(name, text) for name, text in _flat(item).items()} for item in _pages(admin)]
    assert [dict(zip(head, row, strict=True)) for row in rows] == guarded


def test_ndjson_has_the_entries_as_the_pages_have_them(admin: Caller) -> None:
    _market(admin)
    answer = admin.get(f"{PATH}?order=oldest", headers={"Accept": "application/x-ndjson"})
    *lines, last = [json.loads(line) for line in answer.data.splitlines()]
    assert lines == _pages(admin)[::-1]
    assert last == {"count": len(lines)}


def test_a_workbook_has_real_numbers_and_no_formula(admin: Caller) -> None:
    _market(admin)
    answer = admin.get(f"{PATH}?format=xlsx")
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    head, *rows, last = _sheet(answer.data)
    names = [str(cell.value) for cell in head]
    assert [cell.value for cell in last[:2]] == ["count", str(len(ODD) + 1)]
    for row, item in zip(rows, _pages(admin), strict=True):
        for (name, text), cell in zip(_flat(item).items(), row, strict=True):
            assert names[cell.column - 1] == name
            if name.endswith(("_cny", "_kg")):
                assert f"{cell.value:.{3 if name.endswith('_kg') else 2}f}" == text
            else:
                assert (unescape(str(cell.value or "")), cell.data_type) == (text, "s" if text else "n")


def _sheet(data: bytes) -> list[Any]:
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(data))["transactions"].iter_rows()]


@pytest.mark.parametrize("shape", ["csv", "ndjson", "xlsx"])
def test_a_file_takes_the_filters_of_the_list_and_may_be_empty(admin: Caller, shape: str) -> None:
    _market(admin)
    for query, wanted in (("&resident_id=R00000002", len(ODD) // 2 + 1), ("&kind=reversal", 1), ("&category=wool", 0)):
        data = admin.get(f"{PATH}?format={shape}{query}").data
        assert _count(data, shape) == (wanted, wanted), query


def _count(data: bytes, shape: str) -> tuple[int, int]:
    """The number of entries in a file, and the number that its last line tells."""
    if shape == "csv":
        _, *rows, last = _csv_rows(data)
        return len(rows), int(last[1])
    if shape == "ndjson":
        *lines, end = data.splitlines()
        return len(lines), json.loads(end)["count"]
    _, *cells, end_of_sheet = _sheet(data)
    return len(cells), int(end_of_sheet[1].value)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("format=csv&limit=5", "/limit"), ("format=csv&cursor=x", "/cursor"), ("format=pdf", "/format"),
        ("format=csv&origin=XX", "/origin"),
    ],
)  # fmt: skip
def test_what_a_file_can_not_be_of_is_refused(admin: Caller, query: str, pointer: str) -> None:
    refused = admin.get(f"{PATH}?{query}")
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, pointer)


def test_more_entries_than_a_sheet_holds_are_refused_before_the_file_begins(
    admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _market(admin)
    monkeypatch.setattr("service.http.api.transaction_lists.ENTRIES_MAX", len(ODD))
    refused = admin.get(f"{PATH}?format=xlsx")
    assert refused.get_json()["errors"][0]["code"] == "too-large-for-xlsx"
    assert admin.get(f"{PATH}?format=xlsx&kind=trade").status_code == 200


def test_a_stream_is_one_snapshot_and_keeps_nobody_from_writing(ledger: Ledger, admin: Caller) -> None:
    _market(admin)
    entries = stream_transactions(ledger, TransactionFilters(), "oldest")
    first = next(entries)
    for _ in range(3):
        assert admin.trade(a_trade()).status_code == 201
    assert len([first, *entries]) == len(ODD) + 1
    assert len(list(stream_transactions(ledger, TransactionFilters(), "oldest"))) == len(ODD) + 4


@pytest.mark.parametrize("shape", ["csv", "ndjson", "xlsx"])
def test_a_file_that_fails_half_way_has_no_last_line(
    admin: Caller, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    """The server takes the end of the pieces for the end of the answer: only the last line tells the difference."""
    _market(admin)
    whole = stream_transactions

    def half(*arguments: Any) -> Iterator[Any]:
        entries = whole(*arguments)
        yield from (next(entries) for _ in range(4))
        entries.close()
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(queries, "stream_transactions", half)
    monkeypatch.setattr(columns.pieces_of, "__defaults__", (2,))
    download = admin.client.get(f"{PATH}?format={shape}", headers=admin.headers, buffered=False)
    received: list[bytes] = []
    with pytest.raises(RuntimeError):
        received.extend(download.iter_encoded())
    data = b"".join(received)
    assert data
    if shape == "xlsx":
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(data))
    else:
        assert b"count" not in data.splitlines()[-1]


def test_a_download_that_is_given_up_frees_its_snapshot_and_its_place(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _market(admin)
    monkeypatch.setattr(columns.pieces_of, "__defaults__", (2,))
    before = _checked_out(ledger)
    held = [admin.client.get(f"{PATH}?format=csv", headers=admin.headers, buffered=False) for _ in range(2)]
    assert _checked_out(ledger) == before + 2
    refused = admin.get(f"{PATH}?format=csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert admin.get(PATH).status_code == 200
    for download in held:
        download.close()
    assert _checked_out(ledger) == before
    assert admin.get(f"{PATH}?format=csv").status_code == 200
    assert _checked_out(ledger) == before


def _checked_out(ledger: Ledger) -> int:
    pool = ledger.database.engines[1].pool
    assert isinstance(pool, sa.pool.QueuePool)
    return pool.checkedout()


def test_files_need_the_scope(call: Callable[..., Caller]) -> None:
    assert call("reports:read").get(f"{PATH}?format=csv").status_code == 403
    assert call("transactions:read").get(f"{PATH}?format=csv").status_code == 200
