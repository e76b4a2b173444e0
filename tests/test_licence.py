"""The licence: what is of others is named, with its version, its origin and its own licence, and is unchanged."""

import hashlib
import pathlib
import re
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
NOTICE = (ROOT / "NOTICE").read_text("utf-8")
ENTRY = re.compile(
    r"^(?P<path>\S+)\n  project: (?P<project>.+), https://\S+\n  version: (?P<version>\d+\.\d+\.\d+) \(.+\)\n"
    r"  sha256: (?P<sha256>[0-9a-f]{64})\n  licence: (?P<licence>[\w.-]+), (?P<text>\S+)$",
    re.MULTILINE,
)
ENTRIES = [found.groupdict() for found in ENTRY.finditer(NOTICE)]
VENDORED = {
    str(path.relative_to(ROOT))
    for folder in ("service", "schemas", "tests", "loadtests", "docs", "examples")
    for vendor in (ROOT / folder).rglob("vendor")
    for path in vendor.rglob("*")
    if not path.name.endswith(".d.ts")  # Types of ours, for what others wrote.
    if path.is_file()
}


def test_every_file_of_others_is_named() -> None:
    assert {entry["path"] for entry in ENTRIES} | {entry["text"] for entry in ENTRIES} == VENDORED


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: pathlib.Path(entry["path"]).name)
def test_a_file_of_others_is_the_one_that_is_named(entry: dict[str, str]) -> None:
    assert hashlib.sha256((ROOT / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: pathlib.Path(entry["path"]).name)
def test_the_licence_of_a_file_of_others_stands_beside_it(entry: dict[str, str]) -> None:
    words = {"MIT": "Permission is hereby granted, free of charge", "MPL-2.0": "Mozilla Public License, version 2.0"}
    assert words[entry["licence"]] in (ROOT / entry["text"]).read_text("utf-8")


def test_the_package_is_under_the_licence_whose_text_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE", "NOTICE"])
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text
