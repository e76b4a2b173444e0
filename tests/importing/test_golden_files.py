"""The golden files through `hushi import`: files of real programs and clerks are read as their screens show them."""

import json
import pathlib
import re
from typing import Any

import pytest

from service.ledger import Ledger
from tests.cases import FOLDER
from tests.conftest import Caller
from tests.servers import call_hushi

FILES = FOLDER / "files"
EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
EXPECTED: dict[str, Any] = json.loads((FILES / "expected.json").read_text("utf-8"))["files"]
TAKEN = [
    *("01-sheetjs-0.20.3-cellDates.xlsx", "02-merged-direction.xlsx", "03-document-number-by-format.xlsx"),
    "03-document-number-by-format-libreoffice.csv",
    *("04-invisible-characters.csv", "05-spreadsheet-guards.csv", "06-words-for-nothing.csv"),
    *(
        "07-cp1251-flour.csv",
        "08-times-of-databases.csv",
        "09-times-of-clerks.csv",
        "15-line-breaks.xlsx",
        "17-key-used-twice.csv",
    ),
]
TALLY = re.compile(r"(\d+) accepted, (\d+) known already, (\d+) refused\n")
REFUSED_LINE = re.compile(r"^line (\d+): ", re.MULTILINE)

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """A ledger with the eight residents of the examples."""
    for line in (EXAMPLES / "residents.ndjson").read_text("utf-8").splitlines():
        assert admin.post("/v1/residents", json.loads(line)).status_code == 201
    return admin


@pytest.mark.parametrize("name", TAKEN)
def test_a_golden_file_comes_to_what_it_shows(
    market: Caller, environment: dict[str, str], tmp_path: pathlib.Path, name: str
) -> None:
    expected = EXPECTED[name]
    if "after" in expected:
        assert (
            call_hushi(
                environment, "import", str(FILES / expected["after"]), "--refused", str(tmp_path / "0")
            ).exit_code
            == 0
        )
    before = _entries(market)
    imported = call_hushi(environment, "import", str(FILES / name), "--refused", str(tmp_path / "refused.csv"))
    either = set(expected.get("either", []))
    tally = TALLY.fullmatch(imported.stdout)
    accepted, known, refused = map(int, tally.groups()) if tally else (0, 0, 0)
    refused_lines = {int(number) for number in REFUSED_LINE.findall(imported.stderr)}

    assert refused_lines - either == set(expected["refused_lines"])
    assert known == expected["known"]
    assert len(expected["accepted"]) <= accepted <= len(expected["accepted"]) + len(either - refused_lines)
    assert imported.exit_code == expected.get("exit", 1 if refused else 0)
    entries = [entry for entry in _entries(market) if entry not in before]
    assert len(entries) == accepted
    for values in expected["accepted"]:
        found = next((entry for entry in entries if values.items() <= entry.items()), None)
        assert found is not None, (values, entries)
        entries.remove(found)


def _entries(market: Caller) -> list[dict[str, Any]]:
    """Every entry of the ledger, the oldest first."""
    items: list[dict[str, Any]] = market.get("/v1/transactions?limit=500").get_json()["items"]
    return items[::-1]
