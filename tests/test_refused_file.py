"""The report of refused lines: only what an import has written is replaced or removed, and no link is followed."""

import os
import pathlib
from collections.abc import Callable

import pytest

from tests.servers import call_hushi

BAD = "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间\nR00000001,肉,马肉,蒙古国,1,1,2024-04-01\n"
CLEAN = "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间\n"
REPORT = "\ufeffline,code,reason,text\r\n2,unreadable-line,of an earlier run,x\r\n"

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a file that has a bad line, and one without a line."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "bad.csv").write_text(BAD, "utf-8")
    (folder / "clean.csv").write_text(CLEAN, "utf-8")
    return folder


def _contents(folder: pathlib.Path) -> dict[str, object]:
    return {
        path.name: ("link to", path.readlink()) if path.is_symlink() else path.read_bytes() for path in folder.iterdir()
    }


@pytest.mark.parametrize("name", ["bad.csv", "clean.csv"])
@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "\r\n2024年4月\r\n",
        "\ufeff\r\n",
        "line,code,reason,text\n",
        "line,code,reason,text,mine\r\n",
        " \n" + BAD,
    ],
)
def test_a_file_of_somebody_else_stays(
    environment: dict[str, str], ledger: object, folder: pathlib.Path, name: str, content: str
) -> None:
    (folder / "report.csv").write_text(content, "utf-8", newline="")
    before = _contents(folder)
    refused = call_hushi(environment, "import", str(folder / name), "--refused", str(folder / "report.csv"))
    assert refused.exit_code == 2
    assert "is no report of refused lines, and is not overwritten" in refused.stderr
    assert _contents(folder) == before


@pytest.mark.parametrize("above", ["", "\n", "\r\n\n"])
@pytest.mark.parametrize("lines", [BAD, CLEAN])
def test_the_imported_file_itself_stays(
    environment: dict[str, str], ledger: object, folder: pathlib.Path, lines: str, above: str
) -> None:
    file = folder / "day.csv"
    file.write_text(above + lines, "utf-8", newline="")
    (folder / "same.csv").hardlink_to(file)
    (folder / "link.csv").symlink_to("day.csv")
    before = _contents(folder)
    for name in ("day.csv", "same.csv", "link.csv"):
        assert call_hushi(environment, "import", str(file), "--refused", str(folder / name)).exit_code == 2
    assert _contents(folder) == before


@pytest.mark.parametrize("name", ["bad.csv", "clean.csv"])
@pytest.mark.parametrize("target", [REPORT, "mine", None])
def test_no_link_is_followed(
    environment: dict[str, str], ledger: object, folder: pathlib.Path, name: str, target: str | None
) -> None:
    if target is not None:
        (folder / "target.csv").write_text(target, "utf-8", newline="")
    (folder / "report.csv").symlink_to("target.csv")
    before = _contents(folder)
    assert call_hushi(environment, "import", str(folder / name), "--refused", str(folder / "report.csv")).exit_code == 2
    assert _contents(folder) == before


def test_an_earlier_report_is_replaced_or_removed_and_nothing_beside_it(
    environment: dict[str, str], ledger: object, folder: pathlib.Path
) -> None:
    report = folder / "report.csv"
    report.write_text(REPORT, "utf-8", newline="")
    (folder / "report.csv.part").symlink_to("mine")
    (folder / "mine").write_text("the only copy")
    assert call_hushi(environment, "import", str(folder / "bad.csv"), "--refused", str(report)).exit_code == 1
    assert report.read_bytes().startswith(b"\xef\xbb\xbfline,code,reason,text\r\n2,unreadable-line,")
    assert b"of an earlier run" not in report.read_bytes()
    assert report.stat().st_mode & 0o777 == 0o666 & ~_umask()

    assert call_hushi(environment, "import", str(folder / "clean.csv"), "--refused", str(report)).exit_code == 0
    assert sorted(_contents(folder)) == ["bad.csv", "clean.csv", "mine", "report.csv.part"]
    assert (folder / "mine").read_text() == "the only copy"


def test_what_takes_its_place_meanwhile_stays(
    environment: dict[str, str], ledger: object, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the start and the end of a long import, somebody may put a file there."""
    from service.cli import progress
    from service.importing.recording import import_lines

    report = folder / "report.csv"
    monkeypatch.setattr(progress, "import_lines", _and_then(import_lines, lambda: report.write_text("mine")))
    for name in ("bad.csv", "clean.csv"):
        told = call_hushi(environment, "import", str(folder / name), "--refused", str(report))
        assert told.exit_code == 2
        assert "is not overwritten" in told.stderr
        assert f"The refused lines are in {report}.\n" not in told.stderr
        assert report.read_text() == "mine"
        report.unlink()
    # What was refused is kept under a name of its own, which the message tells.
    (kept,) = folder.glob("report.csv.*.part")
    assert kept.read_bytes().startswith(b"\xef\xbb\xbfline,code,reason,text\r\n2,unreadable-line,")


def _and_then(first: Callable[..., None], then: Callable[[], object]) -> Callable[..., None]:
    def both(*arguments: object) -> None:
        first(*arguments)
        then()

    return both


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
