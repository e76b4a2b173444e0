"""hushi export: the same file as over HTTP, whole or not at all."""

import pathlib

import pytest
from click.testing import CliRunner, Result

from service.cli.main import hushi
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller


@pytest.fixture
def export(environment: dict[str, str], admin: Caller) -> "Export":
    """The command, on a ledger with three entries."""
    admin.register(1)
    for category in ("meat", "wool"):
        posted = admin.trade(a_trade(category=category)).get_json()
    admin.reverse(posted["transaction_id"])
    return Export(environment)


class Export:
    """Runs the command with the settings of one ledger."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Keeps the settings."""
        self._environment = environment

    def run(self, *arguments: str) -> Result:
        """What the command did."""
        return CliRunner(env=self._environment).invoke(hushi, ["export", *arguments])


@pytest.mark.parametrize("shape", ["csv", "ndjson", "xlsx"])
def test_it_writes_what_http_answers(export: Export, admin: Caller, tmp_path: pathlib.Path, shape: str) -> None:
    asked = admin.get(f"/v1/transactions?format={shape}&kind=trade&category=wool,meat&order=oldest").data
    filters = ("--kind", "trade", "--category", "wool", "--category", "meat", "--order", "oldest")
    assert export.run(*filters, "--format", shape).stdout_bytes == asked
    assert export.run(*filters, "-o", str(tmp_path / f"e.{shape}")).exit_code == 0
    assert (tmp_path / f"e.{shape}").read_bytes() == asked
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_file_that_exists_is_not_touched(export: Export, tmp_path: pathlib.Path) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    refused = export.run("-o", str(there))
    assert (refused.exit_code, there.read_text()) == (1, "mine")
    assert "is not overwritten" in refused.output


def test_an_export_that_fails_leaves_no_file(
    export: Export, ledger: Ledger, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.rendering.entry_files import columns

    monkeypatch.setattr(columns.pieces_of, "__defaults__", (1,))
    monkeypatch.setattr("service.storage.entry_lists.entry_of", _fails_at_the_third())
    assert export.run("-o", str(tmp_path / "e.csv")).exit_code == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("e.csv")] == []


def _fails_at_the_third() -> object:
    from service.storage.entry_rows import entry_of

    rows: list[object] = []

    def read(row: list[object]) -> object:
        rows.append(row)
        if len(rows) == 3:
            raise RuntimeError("the disk is gone")
        return entry_of(row)

    return read


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--category", "fish"), "--category"), (("--hs-code", "x"), "--hs-code"), (("--from", "1.1.24"), "--from"),
        (("-o", "e.pdf"), "--output takes"), (("--format", "pdf"), "pdf"),
    ],
)  # fmt: skip
def test_what_can_not_be_exported_is_named(export: Export, arguments: tuple[str, ...], said: str) -> None:
    refused = export.run(*arguments)
    assert refused.exit_code == 2
    assert said in refused.output
