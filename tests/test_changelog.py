"""The changelog: the form of Keep a Changelog, so that people and programs find what a version brought."""

import datetime
import pathlib
import re

from service import __version__

CHANGELOG = (pathlib.Path(__file__).parents[1] / "CHANGELOG.md").read_text("utf-8")
HEADINGS = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
RELEASES = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d{2}-\d{2})", heading) for heading in HEADINGS[1:]]
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_what_is_not_released_comes_first_and_each_release_has_a_version_and_a_day() -> None:
    assert HEADINGS[0] == "[Unreleased]"
    assert None not in RELEASES


def test_releases_go_from_the_newest_to_the_oldest() -> None:
    releases = [
        (tuple(map(int, found.group(1, 2, 3))), datetime.date.fromisoformat(found[4])) for found in RELEASES if found
    ]
    assert releases == sorted(releases, reverse=True)


def test_the_newest_release_is_the_version_of_the_service() -> None:
    newest = RELEASES[0]
    assert newest is not None
    assert ".".join(newest.group(1, 2, 3)) == __version__


def test_each_version_sorts_its_lines_under_the_usual_headings_once() -> None:
    for version in re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.+)$", version, re.MULTILINE)
        assert kinds == sorted(set(kinds), key=KINDS.index), version.splitlines()[0]
        for section in re.split(r"^### ", version, flags=re.MULTILINE)[1:]:
            assert re.search(r"^- ", section, re.MULTILINE), f"{version.splitlines()[0]}: {section.splitlines()[0]}"


def test_each_line_belongs_to_a_list_below_a_heading() -> None:
    """A line that was added above the first heading of its version would stand nowhere."""
    for version in re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]:
        assert not re.search(r"^- ", version.split("### ")[0], re.MULTILINE), version.splitlines()[0]
