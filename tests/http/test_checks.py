"""Dry runs: each line is told what the write would tell it, and nothing is written or remembered."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands import checking
from service.importing import FileLine, open_lines, recording
from service.importing.refused_lines import RefusedLine
from service.ledger import Ledger
from service.storage.tables import allowance_use, idempotency, journal
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi

BATCH = "/v1/transactions/batch"


def _lines() -> list[dict[str, Any]]:
    """Lines that use one allowance, take one reference, use one key twice and can't be."""
    return [
        a_trade(key="a", amount_cny="7000.00", reference="D-1"),
        a_trade(key="b", amount_cny="7000.00"),
        a_trade(key="c", amount_cny="1.00", over_allowance="refuse"),
        a_trade(key="d", reference="D-1"),
        a_trade(key="a", amount_cny="7000.00", reference="D-1"),
        a_trade(key="b", amount_cny="7.00"),
        a_trade(key="e", resident_id="R00000099"),
        a_trade(key="f", amount_cny="x"),
        a_trade(key="known"),
        a_trade(key="g", resident_id="R00000002", direction="export"),
    ]


def _rows(ledger: Ledger) -> list[int]:
    with ledger.database.reading() as connection:
        counted = [sa.select(sa.func.count()).select_from(t) for t in (journal, idempotency, allowance_use)]
        return [int(connection.execute(one).scalar_one()) for one in counted]


def _meaning(item: dict[str, Any]) -> dict[str, Any]:
    """What a check and the write say alike of a line."""
    problem = item.get("problem", {})
    kept = {name: item.get(name) for name in ("index", "key", "verdict", "exempt_cny", "taxable_cny")}
    return {**kept, "code": problem.get("code"), "errors": problem.get("errors"), "limit": problem.get("remaining_cny")}


def test_a_check_tells_each_line_what_the_batch_then_answers(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    admin.post(BATCH, {"items": [a_trade(key="known")]})
    before = _rows(ledger)
    told = admin.post(f"{BATCH}?check=true", {"items": _lines()})
    assert _rows(ledger) == before
    assert told.data != b""
    done = admin.post(BATCH, {"items": _lines()}).get_json()
    checked = told.get_json()
    assert told.status_code == 200
    assert list(map(_meaning, checked["items"])) == list(map(_meaning, done["items"]))
    assert [checked[name] for name in ("accepted", "replayed", "refused")] == [3, 2, 5]
    assert [done[name] for name in ("accepted", "replayed", "refused")] == [3, 2, 5]
    good = [item for item in checked["items"] if "problem" not in item]
    assert {item["status"] for item in good} == {200}
    assert not any("transaction_id" in item for item in checked["items"])
    assert [item["key"] for item in good if item.get("replayed")] == ["a", "known"]


def test_a_checked_atomic_batch_is_refused_as_it_would_be(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    before = _rows(ledger)
    told = admin.post(f"{BATCH}?check=true", {"atomic": True, "items": _lines()[:4]})
    assert (told.status_code, told.get_json()["code"]) == (422, "batch-refused")
    assert _rows(ledger) == before
    good = admin.post(f"{BATCH}?check=true", {"atomic": True, "items": _lines()[:2]})
    assert [item["verdict"] for item in good.get_json()["items"]] == ["exempt", "partly_taxed"]
    assert _rows(ledger) == before


def test_a_check_needs_what_the_write_needs(call: Callable[..., Caller]) -> None:
    body = {"items": [a_trade(key="a")]}
    assert call("transactions:read").post(f"{BATCH}?check=true", body).status_code == 403
    assert call().post(f"{BATCH}?check=maybe", body).get_json()["errors"][0]["pointer"] == "/check"


@pytest.mark.parametrize("at_once", [1, 5000])
def test_import_check_says_what_the_import_does(
    ledger: Ledger, environment: dict[str, str], admin: Caller, tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch, at_once: int,
) -> None:  # fmt: skip
    """Also when the lines are judged in parts: a part sees what the parts before would have written."""
    monkeypatch.setattr(recording, "LINES_PER_COMMIT", at_once)
    admin.register(2)
    file = tmp_path / "day.csv"
    names = [*a_trade(), "reference", "over_allowance", "key"]
    rows = [",".join([*names]), *(",".join(str(line.get(name, "")) for name in names) for line in _lines()[:8])]
    file.write_text("\n".join(rows) + "\n", "utf-8")
    before = _rows(ledger)
    told = _run(ledger, file, is_check=True)
    assert _rows(ledger) == before
    done = _run(ledger, file, is_check=False)
    assert told == done
    assert str(told[0]) == "2 accepted, 1 known already, 5 refused"
    assert _rows(ledger)[0] == before[0] + 2


def _run(ledger: Ledger, file: pathlib.Path, *, is_check: bool) -> tuple[recording.Tally, list[tuple[int, str]]]:
    tally, refused = recording.Tally(), []

    def refuse(line: RefusedLine) -> None:
        refused.append((line.line.number, line.code))

    with open_lines(file) as lines:
        if is_check:
            recording.check_lines(ledger, lines, tally, refuse, lambda: None, lambda *_: None)
        else:
            recording.import_lines(ledger, lines, tally, refuse, lambda: None)
    return tally, refused


def test_without_the_state_of_the_parts_before_a_check_would_say_too_much(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: parts that forget each other promise the same allowance twice."""
    admin.register(1)
    lines = [a_trade(amount_cny="7000.00"), a_trade(amount_cny="7001.00")]
    entries = [recording._read(_file_line(number, line)) for number, line in enumerate(lines)]
    with checking.checking(ledger) as checker:
        kept = [checker.check([entry])[0].transaction for entry in entries]  # type: ignore[list-item] # (they can be read)
        checker._uses.clear()
        forgotten = [checker.check([entries[1]._replace(digest=bytes(16))])[0].transaction]  # type: ignore[union-attr] # (so)
    assert [entry.verdict for entry in kept if entry] == ["exempt", "partly_taxed"]
    assert [entry.verdict for entry in forgotten if entry] == ["exempt"]


def _file_line(number: int, body: dict[str, Any]) -> FileLine:
    return FileLine(number, f"k{number}", body, None, "")


def test_the_command_prints_every_line_and_exits_as_the_import_would(
    environment: dict[str, str], admin: Caller, tmp_path: pathlib.Path
) -> None:
    admin.register(1)
    file = tmp_path / "day.csv"
    head = "resident_id,category,commodity,origin,quantity_kg,amount_cny,traded_at"
    good, bad = "R00000001,meat,beef,MN,1,9000.00,2024-06-30 09:30", "R00000009,meat,beef,MN,1,1.00,2024-06-30 09:30"
    file.write_text(f"{head}\n{good}\n{bad}\n", "utf-8")
    told = call_hushi(environment, "import", "--check", str(file))
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "line 2: accepted: partly_taxed, 8000.00 CNY exempt, 1000.00 CNY taxable",
        "line 3: refused: unknown-resident: No resident R00000009 is registered; register the resident first.",
        "Nothing is written. The import would have 1 accepted, 0 known already, 1 refused.",
    ]
    assert [path.name for path in tmp_path.iterdir() if "refused" in path.name] == []
    file.write_text(f"{head}\n{good}\n", "utf-8")
    assert "1 accepted" in call_hushi(environment, "import", "--check", str(file)).stdout
    assert "1 accepted" in call_hushi(environment, "import", str(file)).stdout
    assert "line 2: known already" in call_hushi(environment, "import", "--check", str(file)).stdout
