"""CONTRIBUTING.md and SECURITY.md: whoever follows them finds what they name."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = ["CONTRIBUTING.md", "SECURITY.md"]
FOLDERS = "service|schemas|tests|loadtests|docs|examples|findings"
PLACEHOLDER = "findings/NAME.sh"


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", text)) - {PLACEHOLDER}
    named |= {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    assert len(named) >= 3
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def test_every_command_of_make_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = set(makefile.partition(".PHONY: ")[2].partition("\n")[0].split())
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert (
        set(re.findall(r"`make ([a-z0-9-]+)`", text)) | set(re.findall(r"^make ([a-z0-9-]+)", text, re.MULTILINE))
        <= phony
    )


def test_the_names_of_code_that_are_named_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "service").rglob("*.py"))
    for name in ("CHINESE_HEADINGS", "cell_readers", "DEFAULTS", "FAMILIES", "Reporter"):
        assert f"`{name}`" in text
        assert re.search(rf"\b(?:def |class )?{name}\b", code)
